"""A plate as a file: what was written is read, old files too, damage is told."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeds.errors import PlateError, SinkError, SinkFailed
from edgeds.plate.file import keeps_depth, plate_from_file, plate_to_file
from edgeds.plate.ground.geometry import GroundView
from edgeds.plate.ground.ground_from_people import Ground
from edgeds.plate.ground.metric_scale import MetricScale
from edgeds.plate.plate import Plate, plate_at_size
from edgeds.sources import SyntheticSource

WALL = SyntheticSource(size=(24, 32)).plate
WHOLE = Plate(
    WALL,
    origin="capture",
    samples=32,
    noise=np.linspace(0, 8, WALL[..., 0].size, dtype=np.float32).reshape(WALL.shape[:2]),
    camera={"exposure": 250.0, "white balance": 4600.0},
    taken="2026-03-01T12:00:00+00:00",
)


def test_everything_known_of_a_plate_survives_its_file(tmp_path: Path) -> None:
    plate_to_file(WHOLE, tmp_path / "plate.npz")
    plate = plate_from_file(tmp_path / "plate.npz")
    assert (plate.pixels == WALL).all()
    assert plate.noise is not None
    assert WHOLE.noise is not None
    # float16 has 11 bits: a two-thousandth of 8 levels.
    assert np.abs(plate.noise - WHOLE.noise).max() < 0.005
    kept = ("origin", "samples", "doubtful", "camera", "taken")
    assert all(getattr(plate, name) == getattr(WHOLE, name) for name in kept)
    assert [p.name for p in tmp_path.iterdir()] == ["plate.npz"]


def test_a_png_keeps_the_pixels(tmp_path: Path) -> None:
    plate_to_file(WHOLE, tmp_path / "plate.png")
    plate = plate_from_file(tmp_path / "plate.png")
    assert (plate.pixels == WALL).all()
    assert plate.origin == "file"


@pytest.mark.parametrize("old", [{"pixels": WALL}, {"pixels": WALL, "origin": "clip"}])
def test_older_plate_files_are_read(tmp_path: Path, old: dict[str, object]) -> None:
    np.savez_compressed(tmp_path / "old.npz", **old)  # type: ignore[arg-type]
    plate = plate_from_file(tmp_path / "old.npz")
    assert (plate.pixels == WALL).all()
    assert plate.origin == old.get("origin", "file")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"pixels": WALL[..., 0]}, "not uint8 (H, W, 3)"),
        ({"pixels": WALL.astype(float)}, "not uint8 (H, W, 3)"),
        ({"noise": WALL[..., 0]}, "pixels"),
        ({"pixels": WALL, "origin": "heaven"}, "origin is 'heaven'"),
        ({"pixels": WALL, "noise": WALL}, "noise"),
        ({"pixels": WALL, "sha256": "0" * 64}, "not those that were written"),
        ({"pixels": WALL, "about": "{"}, "damaged"),
        ({"pixels": np.array([None])}, "damaged"),
    ],
)
def test_what_is_no_plate_is_refused_with_the_reason(
    tmp_path: Path, content: dict[str, object], why: str
) -> None:
    np.savez_compressed(tmp_path / "plate.npz", **content)  # type: ignore[arg-type]
    with pytest.raises(PlateError) as caught:
        plate_from_file(tmp_path / "plate.npz")
    assert why in caught.value.why
    assert "edgeds capture" in caught.value.fix


def test_a_missing_plate_file_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(PlateError, match="no such file"):
        plate_from_file(tmp_path / "plate.npz")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6), hits=st.integers(1, 3), cut=st.booleans())
def test_a_damaged_plate_file_never_gives_another_plate(
    tmp_path: Path, seed: int, hits: int, cut: bool
) -> None:
    path = tmp_path / "plate.npz"
    plate_to_file(WHOLE, path)
    data = bytearray(path.read_bytes())
    chance = random.Random(seed)
    for _ in range(hits):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data[: chance.randrange(len(data))] if cut else data)
    try:
        plate = plate_from_file(path)
    except PlateError:
        return
    assert (plate.pixels == WALL).all()


def test_a_plate_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "plate.npz").mkdir()
    with pytest.raises(SinkError, match="it is a folder"):
        plate_to_file(WHOLE, tmp_path / "plate.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["plate.npz"]


def test_whether_a_file_keeps_depth_is_known_without_reading_it(tmp_path: Path) -> None:
    plate_to_file(WHOLE, tmp_path / "plain.npz")
    depth = np.ones(WALL.shape[:2], np.float32)
    deep = replace(WHOLE, network_depth=depth, depth_network="one")
    plate_to_file(deep, tmp_path / "deep.npz")
    plate_to_file(WHOLE, tmp_path / "image.png")
    names = ("deep.npz", "plain.npz", "image.png", "missing.npz")
    assert [keeps_depth(tmp_path / name) for name in names] == [True, False, False, False]


def test_depth_ground_and_scale_are_kept(tmp_path: Path) -> None:
    view = GroundView(size=(36, 64), focal_px=60, pitch=0.3, roll=0.01, camera_height=2.0)
    ground = Ground(
        view=view, people=12, seen=14, places=6, at_once=3, scatter=0.05, uncertainty=0.07
    )
    scale = MetricScale(per_unit=0.2, uncertainty=0.07, origin="people", focal_px=60)
    depth = np.full((36, 64), 0.7, np.float32)
    pixels = np.zeros((36, 64, 3), np.uint8)
    plate_to_file(Plate(pixels, depth=depth, ground=ground, scale=scale), tmp_path / "plate.npz")

    kept = plate_from_file(tmp_path / "plate.npz")
    half = plate_at_size(kept, (18, 32))

    assert kept.depth == pytest.approx(depth, rel=1e-3)
    assert kept.ground is not None
    assert kept.ground.as_json() == ground.as_json()
    assert kept.scale == scale
    assert half.depth is not None
    assert half.depth.shape == (18, 32)
    assert half.ground is not None
    assert half.ground.view.size == (18, 32)


@pytest.mark.parametrize("name", ["plate.npz", "plate.png"])
def test_a_disk_that_takes_no_more_is_no_bad_input(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
    with pytest.raises(SinkFailed, match="cannot write the plate") as failed, _room(1000):
        plate_to_file(Plate(noise), tmp_path / name)
    assert failed.value.exit_code == 1
    assert not list(tmp_path.iterdir())


@contextmanager
def _room(size: int) -> Iterator[None]:
    """Bytes that a file may have, as on a full disk: the tests' own log, too, so not for long."""
    resource = pytest.importorskip("resource", reason="no limits of files here")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
