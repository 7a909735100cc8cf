"""What a run does before its first frame, and what it leaves out."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeds.cli.live import live_command
from edgeds.cli.live_outputs import OutputOptions
from edgeds.cli.open_engine_beside import engine_beside
from edgeds.engine import DifferenceEngine, open_engine
from edgeds.errors import PlateError
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.kept_depth import KnownDepth, no_depth
from edgeds.plate.file import plate_from_file
from edgeds.plate.plate import Plate
from edgeds.sources.process_memory import return_what_opening_used
from edgeds.sources.sampling import spread_frames, spread_pixels
from edgeds.types import Maps, Pixels, PlateFeatures

PLATE = Plate(np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8))


class Counting(DifferenceEngine):
    """Counts the frames that it is asked about."""

    def __init__(self) -> None:
        super().__init__(size=(45, 80))
        self.asked = 0

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        self.asked += 1
        return super().infer(frame, plate)


def test_a_command_imports_no_other_command() -> None:
    code = (
        "import sys; from edgeds.cli import app_of; app_of(['video']); "
        "print(sorted(name for name in sys.modules if name.startswith('edgeds.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'edgeds.cli.video'" in done.stdout
    for other in ("live", "bench.command", "batch.command", "doctor.command", "capture"):
        assert f"'edgeds.cli.{other}'" not in done.stdout


def test_what_a_command_loads_is_not_searched_for_garbage() -> None:
    code = (
        "import gc, edgeds.cli; edgeds.cli.main = lambda: print(gc.get_threshold()[0]);"
        "import edgeds.__main__ as m; m.main(); import atexit; atexit._run_exitfuncs();"
        "print(gc.get_freeze_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    threshold, frozen = (int(line) for line in done.stdout.split())
    assert threshold >= 10_000
    assert frozen > 1_000


def test_the_library_that_compiles_is_there_before_the_plates_network_is_opened() -> None:
    """Its import would hold up the imports of others, and they the compiling."""
    code = (
        "import sys; from edgeds.cli.open_engine_beside import DepthBeside\n"
        "with DepthBeside(None, 'cpu', soon=True):\n"
        "    print(hasattr(sys.modules.get('edgeds.engine.openvino'), 'OpenVinoEngine'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_a_depth_that_is_known_is_not_computed() -> None:
    engine = Counting()
    depth = np.random.default_rng(1).uniform(0.1, 1, PLATE.size).astype(np.float32)
    estimate = Estimator(engine, PLATE, known=KnownDepth(depth, "another", None))
    assert engine.asked == 0
    np.testing.assert_array_equal(estimate.plate_depth, depth)
    assert estimate.plate_to_keep.depth_network == "another"


def test_alpha_is_the_same_without_a_depth(data: Path) -> None:
    clip, plate = data / "moving_person.mp4", plate_from_file(data / "moving_person_plate.jpg")
    frame = spread_frames(clip, 2)[1]
    with open_engine(device="cpu") as engine:
        known = Estimator(engine, plate)(frame).alpha
        without = Estimator(engine, plate, known=no_depth(plate.size))(frame)
    assert known.max() == 1
    np.testing.assert_array_equal(without.alpha, known)
    np.testing.assert_allclose(without.inverse_depth, 1, rtol=1e-5)  # not the network's


def test_a_callers_depth_is_copied_and_stays_writable() -> None:
    depth = np.full(PLATE.size, 0.5, np.float32)
    estimate = Estimator(Counting(), PLATE)
    estimate.take_known(KnownDepth(depth, "", None))
    depth[...] = 2
    np.testing.assert_array_equal(estimate.plate_depth, np.float32(0.5))


@pytest.mark.parametrize("size", [None, (24, 32)])
def test_samples_as_pixels_are_those_of_the_frames(
    data: Path, size: tuple[int, int] | None
) -> None:
    clip = data / "moving_person.mp4"
    frames, samples = spread_frames(clip, 5), spread_pixels(clip, 5, size=size)
    assert len(samples) == len(frames)
    for frame, sample in zip(frames, samples, strict=True):
        np.testing.assert_array_equal(sample, frame.rgb(size))


@pytest.mark.parametrize(("size", "is_gone"), [((720, 1280), False), ((2160, 3840), True)])
def test_what_the_start_used_is_freed_before_large_frames(
    size: tuple[int, int], *, is_gone: bool
) -> None:
    class Used:
        pass

    gc.collect()
    gc.disable()
    try:
        used = Used()
        used.itself = used  # type: ignore[attr-defined]  # as an estimator and its looks
        left = weakref.ref(used)
        del used
        return_what_opening_used(size)
        assert (left() is None) == is_gone
    finally:
        gc.enable()


def test_what_went_wrong_is_reported_before_the_engine_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_open, closed = threading.Event(), threading.Event()

    class Engine(DifferenceEngine):
        def close(self) -> None:
            closed.set()

    def open_slowly(*_: object, **__: object) -> Engine:
        assert may_open.wait(60)
        return Engine()

    monkeypatch.setattr("edgeds.engine.open_engine", open_slowly)
    with pytest.raises(PlateError, match="another view"), engine_beside(None, "auto"):
        raise PlateError("the plate shows another view")
    may_open.set()
    assert closed.wait(60), "it is closed nevertheless"


def test_a_plate_of_another_shape_is_refused_whatever_the_engine(
    make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "square.png"), np.zeros((90, 90, 3), np.uint8))
    with pytest.raises(PlateError, match="the plate is 90x90 and the frames are 160x90"):
        live_command(
            f"file:{make_clip()}", plate=str(tmp_path / "square.png"), engine="nowhere",
            outputs=OutputOptions(show=False),
        )  # fmt: skip
