"""How long a plate's depth takes, and how long until `edgeds video` has its first frame written.

    python docs/start_up.py CLIP [--turns 3]

Prints a Markdown table: medians over the turns, on the machine as it is, nothing beside it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from edgeds.engine import open_engine
from edgeds.engine.plate_depth_engine import open_plate_depth
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.plate_depth import plate_depth_of
from edgeds.plate.open_plate import open_plate
from edgeds.plate.plate import Plate, fitted
from edgeds.sources import open_source

WITHOUT_DEPTH, WITH_DEPTH = ("mask", "overlay"), ("depth", "side-by-side")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    print("| what | seconds |\n| --- | --- |")
    with open_source(str(given.clip)) as source:
        plate = open_plate(None, str(given.clip), source.info.size)
    for size in (plate.size, (720, 1280), (1080, 1920)):
        pixels = fitted_to(plate, size).pixels
        secs = _timed(partial(plate_depth_of, network(), pixels), given)
        print(f"| plate depth by its network, {size[1]}x{size[0]} | {secs:.2f} |")
    with open_engine(device="cpu") as engine:
        secs = _timed(lambda: Estimator(engine, plate), given)
    print(f"| plate depth by the frame's network, {plate.size[1]}x{plate.size[0]} | {secs:.2f} |")
    for view in (*WITHOUT_DEPTH, *WITH_DEPTH):
        secs = median(until_first_frame(given.clip, view) for _ in range(given.turns))
        print(f"| first frame written, from the command on, view {view} | {secs:.2f} |")


_opened: list[object] = []


def network() -> object:
    if not _opened:
        found = open_plate_depth(device="cpu")
        assert found is not None, "this engine has no plate_depth.onnx"
        _opened.append(found)
    return _opened[0]


def fitted_to(plate: Plate, size: tuple[int, int]) -> Plate:
    """The plate stretched to a size: what it shows does not matter here."""
    if abs(plate.size[0] * size[1] - plate.size[1] * size[0]) < max(size):
        return fitted(plate, size)
    from edgeds.sources.scaling import resized

    return Plate(resized(plate.pixels, size))


def _timed(work: Callable[[], object], given: argparse.Namespace) -> float:
    work()
    secs = []
    for _ in range(given.turns):
        began = time.perf_counter()
        work()
        secs.append(time.perf_counter() - began)
    return median(secs)


def until_first_frame(clip: Path, view: str) -> float:
    """Frames are written as pictures, so that the first one can be seen to be there."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "frames" / "%05d.png"
        output.parent.mkdir()
        command = [sys.executable, "-m", "edgeds", "video", str(clip), "--view", view]
        began = time.perf_counter()
        run = subprocess.Popen([*command, "-o", str(output)], stderr=subprocess.DEVNULL)
        while not any(output.parent.glob("*.png")) and run.poll() is None:
            time.sleep(0.005)
        secs = time.perf_counter() - began
        run.terminate()
        run.wait()
    return secs


if __name__ == "__main__":
    main()
