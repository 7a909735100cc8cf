"""plates.jpg: what good and bad plates do to a mask, with the rendered clip and its true plate."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from edgeds import Estimator, Frame, Plate, composer, open_engine, open_source, plate_from_file
from figures.files import PERSON, PERSON_PLATE, write_jpeg
from figures.labels import labelled

WIDTH = 420
SHOWN = 20
"""The frame of the clip that is shown, and another in which the person stands elsewhere."""
ELSEWHERE = 55

Change = Callable[[np.ndarray, list[Frame]], np.ndarray]


def darker(plate: np.ndarray, _: list[Frame]) -> np.ndarray:
    return np.clip(plate * 0.5, 0, 255).astype(np.uint8)


def shifted(plate: np.ndarray, _: list[Frame]) -> np.ndarray:
    move = np.float32([[1, 0, 40], [0, 1, 24]])
    return cv2.warpAffine(plate, move, plate.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


PLATES: tuple[tuple[str, Change], ...] = (
    ("good: the empty scene", lambda plate, _: plate),
    ("a person stands in the plate", lambda _, frames: frames[ELSEWHERE].pixels),
    ("exposure changed by a stop", darker),
    ("the camera was bumped (40 px)", shifted),
)


def make() -> None:
    with open_engine() as engine, open_source(PERSON) as source:
        frames = list(source)
        true = plate_from_file(PERSON_PLATE).pixels
        rows = []
        for label, change in PLATES:
            pixels = change(true, frames)
            plate = Plate(pixels, origin="file")
            estimate = Estimator(engine, plate)
            compose = composer(
                "mask",
                plate=pixels,
                plate_depth=estimate.plate_depth,
                depth_range=estimate.depth_range,
            )
            frame = frames[SHOWN]
            mask = compose(frame, estimate(frame)).pixels
            rows.append(row(label, [pixels, frame.pixels, mask]))
    write_jpeg("plates.jpg", np.vstack(rows)[..., ::-1])


def row(label: str, pictures: list[np.ndarray]) -> np.ndarray:
    """Plate, frame and mask beside each other, the label written into the plate."""
    size = (WIDTH, round(WIDTH * pictures[0].shape[0] / pictures[0].shape[1]))
    small = [
        labelled(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), {(8, 6): text})
        for text, picture in zip((label, "frame", "mask"), pictures, strict=True)
    ]
    return np.hstack([cv2.copyMakeBorder(p, 1, 1, 1, 1, cv2.BORDER_CONSTANT) for p in small])
