"""Where `edgeds video` writes: never over an input, and never two things in one place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgeds.cli.effects_options import EffectOptions
from edgeds.cli.layers_options import LayerOptions
from edgeds.cli.mesh_options import MeshOptions
from edgeds.cli.video_checks import Wanted, check_options
from edgeds.errors import InputError
from edgeds.sources import SyntheticSource

Edgeds = Callable[..., subprocess.CompletedProcess[str]]
FAST = ("--engine", "difference")
SCENE = SyntheticSource(size=(90, 160), frame_count=8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plate, one shot, a folder of shots."""
    cv2.imwrite(str(tmp_path / "plate.png"), SCENE.plate[..., ::-1])
    (tmp_path / "shots").mkdir()
    for frame in SyntheticSource(size=(90, 160), frame_count=8):
        cv2.imwrite(str(tmp_path / "shots" / f"{frame.index:05d}.png"), frame.pixels[..., ::-1])
    (tmp_path / "one.png").write_bytes((tmp_path / "shots" / "00003.png").read_bytes())
    (tmp_path / "link.png").symlink_to("one.png")
    return tmp_path


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


REPLACE = ("--view", "replace", "--backdrop", "plate.png")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("one.png", "-b", "plate.png", "-o", "one.png"), "is the input itself"),
        (("one.png", "-b", "plate.png", "-o", "shots/../one.png"), "is the input itself"),
        (("one.png", "-b", "plate.png", "-o", "link.png"), "is the input itself"),
        (("one.png", "-b", "plate.png", "-o", "plate.png"), "is the plate itself"),
        (("one.png", "-b", "one.png", "-o", "x.png", "--sheet", "one.png"), "sheet 'one.png'"),
        (("shots", "-b", "plate.png", "--sheet", "plate.png"), "is the plate itself"),
        (("shots", "-b", "plate.png", "--save-plate", "plate.png"), "is the plate itself"),
        (("shots", "-b", "one.png", *REPLACE, "-o", "plate.png"), "is the backdrop itself"),
        (("one.png", "-b", "plate.png", "-o", "n.png", "--sheet", "n.png"), "is the output itself"),
        (
            ("shots", "-b", "plate.png", "--insert", "one.png@0.4", "--sheet", "one.png"),
            "is the inserted picture itself",
        ),
        (("shots", "-b", "plate.png", "--format", "exr"), "--format was given without --layers"),
        (("shots/*.png", "-b", "plate.png", "-o", "shots/%05d.png"), "00000.png is there already"),
        (("shots/*.png", "-b", "plate.png", "-o", "shots/%d.png"), "is there already"),
        (("shots", "-b", "plate.png", "-o", "shots"), "is not empty"),
        (
            ("shots", "-b", "plate.png", "--layers", "alpha", "-o", "q.mov"),
            "fix: --format prores -o q",
        ),
        (("shots", "-b", "plate.png", "-o", "-"), "standard output"),
        (("shots", "-b", "plate.png", "--sheet", "-"), "standard output"),
        (("shots", "-b", "plate.png", "--save-plate", "-"), "standard output"),
        (("shots", "-b", "plate.png", "-o", "n" * 252 + ".mp4"), "name is too long"),
        (("shots", "-b", "plate.png", "-o", "n" * 300), "name is too long"),
        (("shots", "-b", "plate.png", "-o", "n" * 300 + ".png"), "name is too long"),
        (("shots", "-b", "plate.png", "--sheet", "n" * 300 + ".png"), "name is too long"),
        (("shots", "-b", "plate.png", "--sheet", "one.png/sheet.png"), "no folder"),
        (("shots", "-b", "plate.png", "-o", "o.mp4", "--sheet", "o.mp4/s.png"), "no folder"),
        (
            ("shots", "-b", "plate.png", "--layers", "alpha", "-o", "new", "--mesh", "new/m.ply"),
            "'new' holds the layers, and nothing else",
        ),
        (
            ("shots", "-b", "plate.png", "--layers", "alpha", "--events", "shots.layers/e.jsonl"),
            "'shots.layers' holds the layers, and nothing else",
        ),
    ],
)
def test_what_would_be_lost_is_refused_and_stays(
    edgeds: Edgeds, folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    before = _contents(folder)
    done = edgeds("video", *arguments, *FAST)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert _contents(folder) == before


@pytest.mark.parametrize(
    "idle",
    [
        {"layers": LayerOptions(layer_format="exr")},
        {"layers": LayerOptions(bits=8)},
        {"layers": LayerOptions(layers="alpha", layer_format="exr", bits=8)},
        {"layers": LayerOptions(premultiplied=True)},
        {"layers": LayerOptions(premultiplied=False)},
        {"layers": LayerOptions(shadow="keep")},
        {"layers": LayerOptions(layers="alpha", shadow="keep")},
        {"effects": EffectOptions(fog=1, aperture=0.1)},
        {"mesh": MeshOptions(at=1.5)},
    ],
)
def test_an_option_that_would_do_nothing_is_refused(idle: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="was given without"):
        check_options(_wanted(**idle))


def test_an_option_beside_the_one_it_belongs_to_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.mp4").touch()
    assert not _refusal(layers=LayerOptions(layers="composite", shadow="keep", bits=8))
    assert not _refusal(layers=LayerOptions(shadow="keep"), view="replace")
    assert not _refusal(effects=EffectOptions(focus="foreground", aperture=0.1))
    assert not _refusal(mesh=MeshOptions(mesh=Path("m.ply"), at=1.5))


@pytest.mark.parametrize("height", ["0", "0.0", "0m"])
def test_an_inserted_picture_without_height_is_refused(height: str) -> None:
    with pytest.raises(InputError, match="cannot read --insert"):
        check_options(_wanted(effects=EffectOptions(insert=[f"chair.png@0.4:h={height}"])))


def _refusal(**changes: Any) -> str:
    try:
        check_options(_wanted(**changes))
    except InputError as error:
        return str(error)
    return ""


def _wanted(**changes: Any) -> Wanted:
    return Wanted(**{"source": "in.mp4", **changes})


def test_a_mesh_of_a_time_after_the_end_is_refused_before_the_run(
    edgeds: Edgeds, folder: Path
) -> None:
    done = edgeds(
        "video", "shots", "-b", "plate.png", "-o", "o.mp4", "--mesh", "m.ply", "--at", "60", *FAST
    )
    assert done.returncode == 2, done.stderr
    assert "there is no such time in the clip" in done.stderr
    assert not (folder / "o.mp4").exists()


def test_a_mesh_after_an_end_that_no_header_states_fails_and_keeps_the_video(
    edgeds: Edgeds, folder: Path, make_clip: Callable[..., Path]
) -> None:
    """Joined recordings may be longer than their clock."""
    clip = make_clip("joined.ts", frame_count=12, codec="mpeg2video")
    done = edgeds("video", str(clip), "-o", "o.mp4", "--mesh", "m.ply", "--at", "60", *FAST)
    assert done.returncode == 1, done.stderr
    assert "no mesh of the time 60 s" in done.stderr
    assert (folder / "o.mp4").is_file()
    assert not (folder / "m.ply").exists()


def test_names_with_a_colon_are_files(edgeds: Edgeds, folder: Path) -> None:
    (folder / "shots").rename(folder / "2024-05-01T12:30:00")
    done = edgeds("video", "2024-05-01T12:30:00", "-b", "plate.png", *FAST, "-o", "out:1.mp4")
    assert done.returncode == 0, done.stderr
    again = edgeds("video", "out:1.mp4", "-b", "plate.png", *FAST)
    assert again.returncode == 0, again.stderr
    assert (folder / "out:1.edgeds.mp4").exists()


@pytest.mark.parametrize("name", [".", "../shots/."])
def test_a_folder_given_by_dots_gives_its_name_to_the_output(folder: Path, name: str) -> None:
    command = [sys.executable, "-m", "edgeds", "video", name, "-b", "../plate.png", *FAST]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        command, cwd=folder / "shots", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "shots.edgeds.mp4").exists()


def test_a_long_name_just_fits(edgeds: Edgeds, folder: Path) -> None:
    name = "n" * 251 + ".mp4"
    done = edgeds("video", "shots", "-b", "plate.png", *FAST, "-o", name)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.glob("*.mp4")] == [name]


def test_an_input_that_breaks_the_estimate_half_way_keeps_what_was_written(
    edgeds: Edgeds, folder: Path
) -> None:
    other = np.zeros((40, 40, 3), np.uint8)
    cv2.imwrite(str(folder / "shots" / "00005.png"), other)
    done = edgeds("video", "shots", "-b", "plate.png", *FAST, "-o", "out.mp4", "--json")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert (report["status"], report["frames"]) == ("failed", 5)


@pytest.mark.parametrize("output", ["new", "new/%03d.png"])
def test_everything_goes_into_a_folder_that_the_run_makes(
    edgeds: Edgeds, folder: Path, output: str
) -> None:
    beside = {"--save-plate": "new/kept/p.npz", "--sheet": "new/s.png", "--mesh": "new/m.ply",
              "--events": "new/e.jsonl"}  # fmt: skip
    options = [word for pair in beside.items() for word in pair]
    done = edgeds("video", "shots", "-b", "plate.png", "-o", output, *options, *FAST)
    assert done.returncode == 0, done.stderr
    assert all((folder / path).is_file() for path in beside.values())
    assert len(list((folder / "new").glob("0*.png"))) == 8


def test_no_empty_folder_stays_of_a_run_that_never_began(edgeds: Edgeds, folder: Path) -> None:
    kept = ("--save-plate", "new/kept/p.npz")
    done = edgeds("video", "shots", "-b", "shots", "-o", "new", *kept, *FAST)
    assert done.returncode == 2
    assert not (folder / "new").exists()
