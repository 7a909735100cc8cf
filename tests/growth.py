"""Does memory grow while a file is processed? `edgeds video` over a clip that goes on and on.

    python tests/growth.py --frames 10000                        the bundled clip, 640x360
    python tests/growth.py --frames 600 --clip in.mp4 --plate plate.npz

Decoder, estimator with upkeep of the plate, overlay and encoder are the command's own. The first
tenth is for warming up. Prints a JSON object: resident memory in MB at each twentieth of the run,
growth from the first to the last third of the rest (medians), and the most there was.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2

from edgeds import open_engine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.maintained_estimator import MaintainedEstimator
from edgeds.pipeline import max_waiting_for, run
from edgeds.plate.open_plate import open_plate
from edgeds.sinks import open_sink
from edgeds.sources import open_source
from edgeds.sources.process_memory import peak_bytes
from edgeds.sources.threads import threads
from edgeds.types import Frame
from edgeds.views.compose import composer

CLIP = Path(__file__).parent / "data" / "moving_person.mp4"
PARTS = 20


def grown(clip: Path, plate_path: Path | None, frames: int, engine_name: str | None) -> list[float]:
    """Resident memory in MB after each twentieth of the run."""
    share = threads()
    cv2.setNumThreads(share.opencv)
    with open_source(clip) as first:
        info = replace(first.info, has_audio=False, path=None)
    plate = open_plate(plate_path, str(clip), info.size)
    found: list[float] = []
    every = max(1, frames // PARTS)

    def measured(_: object) -> None:
        nonlocal count
        count += 1
        if count % every == 0:
            found.append(resident_mb())

    count = 0
    with (
        open_engine(engine_name, device="cpu", threads=share.network) as engine,
        tempfile.TemporaryDirectory() as folder,
    ):
        estimate = MaintainedEstimator(Estimator(engine, plate))
        compose = composer(
            "overlay", plate=plate.pixels, plate_depth=estimate.plate_depth,
            depth_range=estimate.depth_range,
        )  # fmt: skip
        with open_sink(Path(folder) / "out.mp4", info) as sink:
            run(
                looped(clip, frames), estimate, compose, sink, on_frame=measured,
                max_waiting=max_waiting_for(info.size),
            )  # fmt: skip
    return found


def looped(clip: Path, frames: int) -> Iterator[Frame]:
    """The clip again and again, its times going on."""
    index = shift = 0
    while index < frames:
        with open_source(clip) as source:
            end = shift
            for frame in source:
                step = max(1, frame.duration)
                pts = shift + frame.pts
                end = pts + step
                yield replace(frame, index=index, pts=pts)
                index += 1
                if index >= frames:
                    return
            shift = end


def resident_mb() -> float:
    found = re.search(r"VmRSS:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--clip", type=Path, default=CLIP)
    parser.add_argument("--plate", type=Path)
    parser.add_argument("--engine")
    given = parser.parse_args()
    found = grown(given.clip, given.plate, given.frames, given.engine)
    warm = found[len(found) // 10 :]
    third = max(1, len(warm) // 3)
    growth = statistics.median(warm[-third:]) - statistics.median(warm[:third])
    peak = peak_bytes()
    print(
        json.dumps(
            {
                "clip": given.clip.name,
                "frames": given.frames,
                "resident_mb": [round(mb, 1) for mb in found],
                "growth_mb": round(growth, 1),
                "peak_mb": None if peak is None else round(peak / 1e6),
            }
        )
    )


if __name__ == "__main__":
    main()
