"""depth-people.jpg: frames beside the network's depth and the depth that people measure.

Clips that are given on the command line, after `--`, come after the bundled ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from edgeds import Estimator, open_engine, open_plate, open_source
from edgeds.estimate.plate_depth_by_people import people_in, use_people
from edgeds.sources.sampling import spread_frames
from edgeds.types import Frame
from edgeds.views.depth import depth_picture
from figures.files import IMAGES, PEOPLE, PERSON, PERSON_PLATE
from figures.labels import labelled

COLUMN_WIDTH = 400
SAMPLES = 32
MOMENT = 0.7
QUALITY = 80
LABELS = ("frame", "depth from the network", "depth from people")


def make() -> None:
    more = [Path(name) for name in sys.argv[sys.argv.index("--") + 1 :]] if "--" in sys.argv else []
    clips = [(PEOPLE, None), (PERSON, PERSON_PLATE), *((clip, None) for clip in more)]
    picture = np.vstack([row(clip, plate) for clip, plate in clips])
    texts = {(i * COLUMN_WIDTH + 8, 6): label for i, label in enumerate(LABELS)}
    path = IMAGES / "depth-people.jpg"
    bgr = cv2.cvtColor(labelled(picture, texts), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    print(f"docs/images/{path.name}: {path.stat().st_size / 1000:.0f} kB")


def row(clip: Path, plate_file: Path | None) -> np.ndarray:
    """One frame of a clip with its depth before and after, uint8 RGB."""
    frames = [frame.pixels for frame in spread_frames(clip, SAMPLES)]
    pixels = frames[round(MOMENT * (len(frames) - 1))]
    with open_engine() as engine, open_source(clip) as source:
        plate = open_plate(plate_file, clip, source.info.size)
        estimate = Estimator(engine, plate)
        panels = [pixels, shown(estimate, pixels)]
        print(clip.name, use_people(estimate, people_in(frames, engine, plate)), sep=": ")
        panels.append(shown(estimate, pixels))
    height = round(COLUMN_WIDTH * pixels.shape[0] / pixels.shape[1])
    size = (COLUMN_WIDTH, height)
    return np.hstack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in panels])


def shown(estimate: Estimator, pixels: np.ndarray) -> np.ndarray:
    return depth_picture(estimate(Frame(pixels)).inverse_depth, estimate.depth_range)
