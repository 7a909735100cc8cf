"""Shots of a fixed camera with their truth, and the same shots from a nudged camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap, Pixels

MARGIN = 0.05
"""Share of width and height on each side that only a nudged camera sees."""
GAMMA = 2.2


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One moment of a scene: its picture and its true alpha."""

    pixels: Pixels
    alpha: FloatMap


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Take:
    """A clip with its plate and truth."""

    name: str
    plate: Pixels
    shots: tuple[Shot, ...]

    @property
    def fullest(self) -> int:
        """Index of the shot with the most foreground."""
        return int(np.argmax([shot.alpha.mean() for shot in self.shots]))


Content: TypeAlias = Callable[[Take, int, float], Shot]
"""(take, frame's index, seconds after the drift began) -> the shot."""
Floats: TypeAlias = npt.NDArray[np.float32]
Disturb: TypeAlias = Callable[["Moment"], None]


@dataclass(slots=True, eq=False)
class Moment:
    """What a disturbance can change in a picture."""

    secs: float
    """Seconds since the disturbance began."""
    take: Take
    shot: Shot
    rng: np.random.Generator
    values: Floats
    """The whole picture in levels of 255; values over 255 are clipped at the end."""
    shift_px: tuple[float, float] = (0.0, 0.0)
    degrees: float = 0.0


def to_and_fro(take: Take, index: int, _secs: float) -> Shot:
    """The clip forwards, then backwards, and so on. Of a clip with few shots, each stays for a
    while.
    """
    count = len(take.shots)
    if count < 20:
        return take.shots[index // 12 % count]
    at = index % (2 * count - 2)
    return take.shots[min(at, 2 * count - 2 - at)]


def camera_view(
    picture: npt.NDArray[Any], *, shift_px: tuple[float, float] = (0.0, 0.0), degrees: float = 0.0
) -> npt.NDArray[Any]:
    """The picture without its margin, from a camera turned by that much."""
    height, width = picture.shape[:2]
    top, left = round(MARGIN * height), round(MARGIN * width)
    if degrees or any(shift_px):
        centre = (width - 1) / 2, (height - 1) / 2
        turn = cv2.getRotationMatrix2D(centre, degrees, 1.0)
        turn[:, 2] += np.array(shift_px) * width / 640
        picture = cv2.warpAffine(
            picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
    return np.ascontiguousarray(picture[top : height - top, left : width - left])
