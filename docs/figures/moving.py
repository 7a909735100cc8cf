"""moving.webp: frame, mask and depth of the two bundled clips side by side, as an animation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from edgeds import Estimator, composer, open_engine, open_plate, open_source
from figures.files import IMAGES, PEOPLE, PERSON, PERSON_PLATE
from figures.labels import labelled

COLUMN_WIDTH = 320
GAP = 4
FRAME_MS = 100
FRAMES = 60
"""Six seconds: the rendered clip has 60 frames at 24 fps, so it plays at less than half speed."""
QUALITY = 60
VIEWS = ("mask", "depth")
LABELS = ("frame", "mask", "depth")


def make() -> None:
    clips = [
        rows(PEOPLE, None, crop=(180, 64, 576, 768), first=75),
        rows(PERSON, PERSON_PLATE, crop=(0, 0, 360, 640)),
    ]
    texts = {(i * (COLUMN_WIDTH + GAP) + 8, 6): label for i, label in enumerate(LABELS)}
    pictures = [
        Image.fromarray(labelled(np.vstack(both), texts)) for both in zip(*clips, strict=True)
    ]
    path = IMAGES / "moving.webp"
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=FRAME_MS,
        loop=0,
        quality=QUALITY,
        method=6,
    )
    print(f"docs/images/{path.name}: {path.stat().st_size / 1000:.0f} kB")


def rows(
    clip: Path, plate_file: Path | None, *, crop: tuple[int, int, int, int], first: int = 0
) -> Iterator[np.ndarray]:
    """Frame, mask and depth beside each other, uint8 RGB, of some frames of a clip.

    `crop` is top, left, bottom and right, in px of the clip.
    """
    with open_engine() as engine, open_source(clip) as source:
        plate = open_plate(plate_file, clip, source.info.size)
        estimate = Estimator(engine, plate)
        draw = [
            composer(
                view,
                plate=plate.pixels,
                plate_depth=estimate.plate_depth,
                depth_range=estimate.depth_range,
            )
            for view in VIEWS
        ]
        for frame in source:
            if not first <= frame.index < first + FRAMES:
                continue
            maps = estimate(frame)
            panels = [frame.pixels, *(compose(frame, maps).pixels for compose in draw)]
            yield beside([small(panel, crop) for panel in panels])


def small(picture: np.ndarray, crop: tuple[int, int, int, int]) -> np.ndarray:
    top, left, bottom, right = crop
    picture = picture[top:bottom, left:right]
    height = round(COLUMN_WIDTH * picture.shape[0] / picture.shape[1])
    return cv2.resize(picture, (COLUMN_WIDTH, height), interpolation=cv2.INTER_AREA)


def beside(panels: list[np.ndarray]) -> np.ndarray:
    """Panels in one row, white between them and below."""
    white = np.full((panels[0].shape[0], GAP, 3), 255, np.uint8)
    row = np.hstack([part for panel in panels for part in (panel, white)][:-1])
    return np.vstack([row, np.full((GAP, row.shape[1], 3), 255, np.uint8)])
