"""Mistakes of programs that use edgeds: each is named, with a remedy, where it was made."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgeds
from edgeds import Estimator, Frame, LiveRun, MaintainedEstimator, Maps, Plate
from edgeds.engine import DifferenceEngine
from edgeds.errors import EdgedsError, RunError
from edgeds.plate.ground.geometry import GroundView
from edgeds.plate.ground.ground_from_people import Ground
from edgeds.plate.ground.metric_scale import metres_of
from edgeds.sinks import MemorySink
from edgeds.sources import RealTimeSource, SyntheticSource
from edgeds.views.settings import VIEWS

SIZE = (90, 160)
PIXELS = np.zeros((*SIZE, 3), np.uint8)
DEPTH = np.ones(SIZE, np.float32)
MakeClip = Callable[..., Path]
# A type checker would see these mistakes.
BARE: Any = PIXELS
NOTHING: Any = None
NUMBER: Any = 7
NAME: Any = "x.npz"
PLATE: Any = Plate(PIXELS)
NOT_LIVE: Any = SyntheticSource()
ENGINE: Any = DifferenceEngine(size=SIZE)


def estimator() -> Any:
    return Estimator(DifferenceEngine(size=SIZE), Plate(PIXELS))


def compose() -> Any:
    return edgeds.composer("overlay", plate=PIXELS, plate_depth=DEPTH, depth_range=(0.0, 1.0))


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "a bare array as a frame": (lambda: estimator()(PIXELS), "Frame(pixels)"),
    "no frame": (lambda: estimator()(None), "Frame(pixels)"),
    "a bare array again": (lambda: MaintainedEstimator(estimator())(BARE), "Frame(pixels)"),
    "an array as a plate": (lambda: Estimator(DifferenceEngine(), BARE), "Plate(pixels)"),
    "no plate": (lambda: Estimator(DifferenceEngine(), NOTHING), "plate_from_file"),
    "engine and plate swapped": (lambda: Estimator(PLATE, ENGINE), "open_engine()"),
    "a plate to maintain": (lambda: MaintainedEstimator(PLATE), "MaintainedEstimator(Est"),
    "an unknown origin": (lambda: Plate(PIXELS, origin=NAME), "leave it out"),
    "an array to scale": (lambda: edgeds.plate_at_size(BARE, SIZE), "plate_from_file"),
    "a size of nothing": (lambda: edgeds.plate_at_size(Plate(PIXELS), (0, 0)), "info.size"),
    "a negative size": (lambda: edgeds.plate_at_size(Plate(PIXELS), (-90, -160)), "info.size"),
    "a size of one number": (lambda: edgeds.plate_at_size(PLATE, (180,)), "info.size"),  # type: ignore[arg-type]
    "a misspelt view": (lambda: edgeds.matte_for_view("cut"), "overlay"),
    "threads in words": (lambda: edgeds.open_engine("difference", threads=NAME), "leave it out"),
    "no thread at all": (lambda: edgeds.open_engine("difference", threads=0), "leave it out"),
    "a size of one side": (lambda: edgeds.plate_at_size(Plate(PIXELS), NUMBER), "info.size"),
    "no plate file": (lambda: edgeds.plate_from_file(NOTHING), "empty scene"),
    "an array as a plate's name": (lambda: edgeds.open_plate(BARE, "in.mp4", SIZE), "empty scene"),
    "plate and file swapped": (lambda: edgeds.plate_to_file(NAME, PLATE), "Plate(pixels)"),
    "no file for the plate": (lambda: edgeds.plate_to_file(Plate(PIXELS), NOTHING), "name"),
    "no source": (lambda: edgeds.open_source(NOTHING), "open_live_source"),
    "an empty name": (lambda: edgeds.open_source(""), "open_live_source"),
    "a camera as a file": (lambda: edgeds.open_source(NUMBER), "open_live_source(0)"),
    "no output": (lambda: edgeds.open_sink(NOTHING, SyntheticSource().info), "name"),
    "an array to write": (lambda: MemorySink().write(BARE), "Frame(pixels)"),
    "a plate to a composer": (
        lambda: edgeds.composer(
            "mask", plate=PLATE, plate_depth=DEPTH, depth_range=(0.0, 1.0)
        ),
        "plate.pixels",
    ),
    "an array to compose": (lambda: compose()(PIXELS, Maps(DEPTH, DEPTH)), "Frame(pixels)"),
    "arrays for maps": (lambda: compose()(Frame(PIXELS), DEPTH), "Maps(alpha"),
    "colours of two sizes": (
        lambda: edgeds.foreground_colours(PIXELS[:50], DEPTH, PIXELS), "plate_at_size"
    ),
    "a file as a live source": (
        lambda: LiveRun(NOT_LIVE, DifferenceEngine(), Plate(PIXELS)), "open_live_source"
    ),
    "an array as a live plate": (
        lambda: LiveRun(RealTimeSource(SyntheticSource), DifferenceEngine(), BARE), "Plate(pixels)"
    ),
    "no engine of that kind": (lambda: edgeds.open_engine(NUMBER), "open_engine()"),
    "no such device": (lambda: edgeds.open_engine(device="gpu"), "auto"),
    "no such preset": (lambda: edgeds.open_engine(preset=NAME), "balanced"),
    "metres without a scale": (lambda: metres_of(DEPTH, NOTHING), "use_people"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_a_remedy(mistake: str) -> None:
    make, fix = MISTAKES[mistake]
    with pytest.raises(EdgedsError) as caught:
        make()
    error = caught.value
    assert error.what
    assert error.why
    assert error.exit_code == 2
    assert "--" not in str(error).replace("edgeds video --save-plate", "")
    assert fix in error.fix


@pytest.mark.parametrize("size", [(180,), (-1, 3)])
def test_a_size_that_is_wrong_is_shown(size: Any) -> None:
    with pytest.raises(EdgedsError) as caught:
        edgeds.plate_at_size(PLATE, size)
    assert caught.value.what == f"the size is {size}"


@pytest.mark.parametrize("view", ["layers", *VIEWS])
def test_every_view_has_a_border(view: str) -> None:
    assert edgeds.matte_for_view(view)


@pytest.mark.parametrize("name", [name for name in vars(edgeds.errors) if name[0].isupper()])
def test_every_error_can_be_imported_from_edgeds(name: str) -> None:
    assert name in edgeds.__all__ or not isinstance(getattr(edgeds.errors, name), type)


def test_a_plate_is_written_where_a_text_says(tmp_path: Path) -> None:
    edgeds.plate_to_file(Plate(PIXELS), f"{tmp_path}/plate.npz")
    assert edgeds.plate_from_file(f"{tmp_path}/plate.npz").size == SIZE


def test_frames_and_maps_can_be_copied_and_sent_to_other_processes(make_clip: MakeClip) -> None:
    with edgeds.open_source(make_clip(frame_count=3)) as source:
        frames = list(source)
    estimate = Estimator(DifferenceEngine(), Plate(frames[0].pixels))
    for frame in (frames[2], Frame(PIXELS, index=4)):
        for other in (pickle.loads(pickle.dumps(frame)), copy.deepcopy(frame)):
            assert np.array_equal(other.pixels, frame.pixels)
            assert (other.index, other.pts, other.size) == (frame.index, frame.pts, frame.size)
            assert other.picture.layout == frame.picture.layout
    maps = estimate(frames[2])
    for same in (pickle.loads(pickle.dumps(maps)), copy.deepcopy(maps)):
        assert np.array_equal(same.alpha, maps.alpha)
        assert np.array_equal(same.inverse_depth, maps.inverse_depth)


def test_a_deep_picture_keeps_its_bits_on_the_way() -> None:
    deep = np.arange(90 * 160 * 3, dtype=np.uint16).reshape(90, 160, 3)
    picture = edgeds.types.RgbPicture(PIXELS, lambda: deep.copy())
    sent = pickle.loads(pickle.dumps(Frame(picture=picture))).deep_pixels()
    assert sent is not None
    assert np.array_equal(sent, deep)


@pytest.mark.parametrize("kind", ["video", "images"])
def test_a_closed_source_says_so(kind: str, make_clip: MakeClip, tmp_path: Path) -> None:
    if kind == "images":
        with edgeds.open_sink(tmp_path / "shots", SyntheticSource(size=SIZE).info) as sink:
            sink.write(Frame(PIXELS))
    place = tmp_path / "shots" if kind == "images" else make_clip(frame_count=3)
    with edgeds.open_source(place) as source:
        assert list(source)
    with pytest.raises(RunError, match=r"is closed\n.*why.*\n.*fix"):
        next(iter(source))


def test_a_clip_in_real_time_that_is_closed_before_it_begins_ends(make_clip: MakeClip) -> None:
    """A live run may be stopped before its thread has begun."""
    source = edgeds.open_live_source(f"file:{make_clip(frame_count=3)}")
    source.close()
    assert list(source) == []


def test_a_video_that_was_read_says_so(make_clip: MakeClip) -> None:
    with edgeds.open_source(make_clip(frame_count=3)) as source:
        assert len(list(source)) == 3
        with pytest.raises(RunError, match="read to its end"):
            list(source)


def test_a_ground_prints_as_a_sentence_in_metres() -> None:
    view = GroundView(size=SIZE, focal_px=100.0, pitch=0.2, roll=0.0, camera_height=2.0)
    ground = Ground(view=view, people=9, seen=10, places=5, at_once=2, scatter=0.1, uncertainty=0.2)
    assert f"is {2.0 * ground.person_m:.1f} m up" in str(ground)
