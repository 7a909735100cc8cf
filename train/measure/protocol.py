"""The measurement protocol of the course project from which edgeds grew.

Pictures are scaled to 224x224 without keeping their aspect; the scores are root mean square errors
of mask and depth. Their target for depth was a teacher's picture, 0 to 1. Here it is the true
inverse depth divided by the picture's largest, and a prediction is first fitted to it by scale and
shift. Knows nothing about weights or files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from edgeds.estimate.estimator import Estimator
from edgeds.evaluation.dataset import Dataset
from edgeds.evaluation.metrics import depth_from_fit
from edgeds.evaluation.sample import load
from edgeds.plate.plate import Plate
from edgeds.types import Engine, Frame

SIDE = 224
Picture = TypeVar("Picture", NDArray[np.uint8], NDArray[np.float32])


@dataclass(slots=True)
class SquareError:
    """Sums of squares over pixels of all pictures."""

    total: float = 0.0
    pixels: int = 0

    def add(self, difference: NDArray[np.floating[Any]]) -> None:
        self.total += float(np.square(difference, dtype=np.float64).sum())
        self.pixels += difference.size

    @property
    def root_mean(self) -> float | None:
        return (self.total / self.pixels) ** 0.5 if self.pixels else None


@dataclass(slots=True)
class Protocol:
    """Mask and depth errors of a set."""

    mask: SquareError = field(default_factory=SquareError)
    depth: SquareError = field(default_factory=SquareError)


def measured(engine: Engine, dataset: Dataset) -> Protocol:
    """Run an engine of 224x224 over a set."""
    assert engine.size == (SIDE, SIDE)
    result = Protocol()
    for item in dataset.items:
        sample = load(item)
        frame, plate = (squashed(x, cv2.INTER_AREA) for x in (sample.frame, sample.plate))
        maps = Estimator(engine, Plate(plate, origin="file"))(Frame(frame))
        if sample.alpha is not None and not item.plate_is_frame:
            result.mask.add(maps.alpha - squashed(sample.alpha, cv2.INTER_AREA))
        if sample.depth_m is not None:
            depth_m = squashed(sample.depth_m, cv2.INTER_NEAREST)
            known = depth_m > 0
            nearest_m = depth_m[known].min()
            fitted_m = depth_from_fit(maps.inverse_depth, depth_m, known)[known]
            off = nearest_m / np.maximum(fitted_m, nearest_m) - nearest_m / depth_m[known]
            result.depth.add(off)
    return result


def squashed(picture: Picture, how: int) -> Picture:
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=how), picture.dtype)
