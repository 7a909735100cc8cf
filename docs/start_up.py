"""How long until `edgeds video` has its first frame written, and how long a plate's depth takes.

    python docs/start_up.py CLIP [--plate PLATE] [--turns 3] [--against CHECKOUT]

Prints a Markdown table: medians over the turns, on the machine as it is, nothing beside it. With
another checkout of edgeds, commands of both take turns (A B A B).
"""

from __future__ import annotations

import argparse
import os
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
from edgeds.plate.plate import Plate, plate_at_size
from edgeds.sources import open_source

HERE = Path(__file__).resolve().parents[1]
VIEWS = ("mask", "overlay", "depth")
"""The last two show depth."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--plate", type=Path, help="measured with this plate, too")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout of edgeds")
    given = parser.parse_args()
    checkouts = [HERE] if given.against is None else [HERE, given.against]
    print(
        "| first frame written | seconds | CPU seconds |" + " the other's |" * (len(checkouts) - 1)
    )
    print("| --- | --- | --- |" + " --- |" * (len(checkouts) - 1))
    for plate in [None] if given.plate is None else [None, given.plate]:
        for view in VIEWS:
            turns = [
                [until_first_frame(c, given.clip, plate, view) for c in checkouts]
                for _ in range(given.turns + 1)
            ][1:]  # the first one fills caches
            cells = [
                " | ".join(f"{median(t[number][i] for t in turns):.2f}" for i in range(2))
                for number in range(len(checkouts))
            ]
            cells[1:] = [cell.replace(" | ", " s, CPU ") for cell in cells[1:]]
            name = "-b " + plate.name if plate else "no plate"
            print(f"| view {view}, {name} | {' | '.join(cells)} |", flush=True)
    _plate_depths(given)


def _plate_depths(given: argparse.Namespace) -> None:
    print("\n| plate depth | seconds |\n| --- | --- |")
    with open_source(str(given.clip)) as source:
        plate = open_plate(None, str(given.clip), source.info.size)
    network = open_plate_depth(device="cpu")
    assert network is not None, "this engine has no plate_depth.onnx"
    for size in (plate.size, (720, 1280), (1080, 1920)):
        pixels = fitted_to(plate, size).pixels
        secs = _timed(partial(plate_depth_of, network, pixels), given)
        print(f"| by its network, {size[1]}x{size[0]} | {secs:.2f} |", flush=True)
    with open_engine(device="cpu") as engine:
        secs = _timed(lambda: Estimator(engine, plate), given)
    print(f"| by the frame's network, {plate.size[1]}x{plate.size[0]} | {secs:.2f} |")


def fitted_to(plate: Plate, size: tuple[int, int]) -> Plate:
    """The plate stretched to a size: what it shows does not matter here."""
    if abs(plate.size[0] * size[1] - plate.size[1] * size[0]) < max(size):
        return plate_at_size(plate, size)
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


def until_first_frame(
    checkout: Path, clip: Path, plate: Path | None, view: str
) -> tuple[float, float]:
    """(seconds, CPU seconds). Frames are written as pictures, so that the first can be seen."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "frames" / "%05d.png"
        output.parent.mkdir()
        command = [sys.executable, "-m", "edgeds", "video", str(clip.resolve()), "--view", view]
        command += [] if plate is None else ["-b", str(plate.resolve())]
        before = os.times()
        began = time.perf_counter()
        run = subprocess.Popen(
            [*command, "-o", str(output)],
            stderr=subprocess.DEVNULL,
            cwd=checkout,
            env=_environment(checkout),
        )
        while not any(output.parent.glob("*.png")) and run.poll() is None:
            time.sleep(0.005)
        secs = time.perf_counter() - began
        run.kill()  # at once: what follows is no start-up
        run.wait()
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user
    return secs, cpu - before.children_system


def _environment(checkout: Path) -> dict[str, str]:
    """With Python's byte code kept, as it is where edgeds is installed."""
    kept = Path(tempfile.gettempdir()) / "edgeds-start-up-bytecode"
    others = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**others, "PYTHONPATH": str(checkout), "PYTHONPYCACHEPREFIX": str(kept)}


if __name__ == "__main__":
    main()
