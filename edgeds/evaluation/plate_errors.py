"""Plate errors: ways in which a frame and its plate come to differ, each with growing strengths.

The third of five strengths is the middle setting; the middles together are what a fixed camera
may show some hours after its plate was taken (on pairs of plates and frames with such drift,
half had an exposure error over .3 EV, a shift over .5 px and red to blue off by over 3 %).

    error          spoils  strengths                     what one unit is
    exposure       plate   .075  .15  .3   .6   1.2      EV brighter or darker, at gamma 2.2
    white balance  plate   .005  .01  .02  .04  .08      red times 1 + s, blue over it, or v.v.
    shift          plate   .25   .5   1    2    4        px of a picture 640 px wide, any direction
    rotation       plate   .05   .1   .2   .4   .8       degrees about the centre, either way
    shadow         frame   .1    .2   .35  .5   .7       share of light a soft cast shadow takes
    noise          frame   1.5   3    6    12   24       sigma of 255, independent per channel
    JPEG           frame   90    75   55   35   15       quality, 4:2:0

Every error is a pure function of a sample, a strength and a generator that is seeded by the
item's stem and the error's name, so one item keeps its direction over all strengths and runs.
Knows nothing about estimators or metrics.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.evaluation.sample import Sample
from edgeds.types import FloatMap, Pixels

Spoil: TypeAlias = Callable[[Sample, float, np.random.Generator], Sample]

GAMMA = 2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Perturbation:
    """One way in which frame and plate come to differ."""

    name: str
    unit: str
    strengths: tuple[float, float, float, float, float]
    """From hardly visible to severe. The third is the middle setting of the standard sweep."""
    spoil: Spoil

    @property
    def middle(self) -> float:
        return self.strengths[2]


def spoiled_sample(sample: Sample, name: str, strength: float | None) -> Sample:
    """The sample under a setting: "none", the name of a plate error, or "all" at their middles."""
    for error in PERTURBATIONS:
        if name == error.name and strength is not None:
            return error.spoil(sample, strength, _generator(sample, error))
        if name == "all":
            sample = error.spoil(sample, error.middle, _generator(sample, error))
    return sample


def _generator(sample: Sample, error: Perturbation) -> np.random.Generator:
    return np.random.default_rng(
        [zlib.crc32(sample.item.stem.encode()), zlib.crc32(error.name.encode())]
    )


def _sign(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0


def _as_pixels(values: npt.NDArray[Any]) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _exposure(sample: Sample, stops: float, rng: np.random.Generator) -> Sample:
    """2^EV in linear light is 2^(EV / gamma) in the picture's numbers, clipped at 255."""
    gain = 2 ** (_sign(rng) * stops / GAMMA)
    return replace(sample, plate=_as_pixels(sample.plate.astype(np.float32) * gain))


def _white_balance(sample: Sample, strength: float, rng: np.random.Generator) -> Sample:
    warmer = (1 + strength) ** _sign(rng)
    gains = np.array([warmer, 1.0, 1 / warmer], np.float32)
    return replace(sample, plate=_as_pixels(sample.plate.astype(np.float32) * gains))


def _shift(sample: Sample, shift_px: float, rng: np.random.Generator) -> Sample:
    angle = 2 * np.pi * rng.random()
    distance = shift_px * sample.size[1] / 640
    move = np.array(
        [[1, 0, distance * np.cos(angle)], [0, 1, distance * np.sin(angle)]], np.float32
    )
    return replace(sample, plate=_warped(sample.plate, move))


def _rotation(sample: Sample, degrees: float, rng: np.random.Generator) -> Sample:
    height, width = sample.size
    centre = (width - 1) / 2, (height - 1) / 2
    turn = cv2.getRotationMatrix2D(centre, _sign(rng) * degrees, 1.0)
    return replace(sample, plate=_warped(sample.plate, turn))


def _warped(pixels: Pixels, matrix: npt.NDArray[Any]) -> Pixels:
    height, width = pixels.shape[:2]
    warped: Pixels = cv2.warpAffine(
        pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return warped


def _noise(sample: Sample, sigma: float, rng: np.random.Generator) -> Sample:
    noise = rng.standard_normal(sample.frame.shape, np.float32)
    return replace(sample, frame=_as_pixels(sample.frame + np.float32(sigma) * noise))


def _shadow(sample: Sample, strength: float, rng: np.random.Generator) -> Sample:
    """Darken the background, not the foreground, where a soft shadow falls."""
    alpha = np.zeros(sample.size, np.float32) if sample.alpha is None else sample.alpha
    shade = strength * _cast_shadow(alpha, rng) * (1 - alpha)
    return replace(sample, frame=_as_pixels(sample.frame * (1 - shade[..., None])))


def _cast_shadow(alpha: FloatMap, rng: np.random.Generator) -> FloatMap:
    """Where a shadow falls, 0..1: the foreground's outline, sheared sideways about its foot.

    On an empty frame the thing that casts it is out of view: an ellipse on the lower half.
    """
    height, width = alpha.shape
    lean, squash = _sign(rng) * (0.4 + 0.5 * rng.random()), 0.4 + 0.4 * rng.random()
    rows = np.flatnonzero((alpha > 0.5).any(axis=1))
    if rows.size:
        foot = float(rows[-1])
        fall = np.array([[1, -lean, lean * foot], [0, squash, (1 - squash) * foot]], np.float32)
        fallen = cv2.warpAffine(alpha, fall, (width, height), flags=cv2.INTER_LINEAR)
    else:
        fallen = np.zeros(alpha.shape, np.float32)
        centre = (
            round(width * (0.2 + 0.6 * rng.random())),
            round(height * (0.6 + 0.3 * rng.random())),
        )
        axes = round(width * 0.2), round(height * 0.1)
        cv2.ellipse(fallen, centre, axes, 20 * lean, 0, 360, 1.0, thickness=-1)
    soft: FloatMap = cv2.GaussianBlur(fallen, (0, 0), 0.012 * width)
    return np.clip(soft, 0, 1)


def _jpeg(sample: Sample, quality: float, rng: np.random.Generator) -> Sample:  # noqa: ARG001
    bgr = cv2.cvtColor(sample.frame, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    frame: Pixels = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return replace(sample, frame=frame)


# In the order light, lens and camera add them, so that "all" is what a camera would give.
PERTURBATIONS: tuple[Perturbation, ...] = (
    Perturbation(
        name="exposure", unit="EV", strengths=(0.075, 0.15, 0.3, 0.6, 1.2), spoil=_exposure
    ),
    Perturbation(
        name="white balance",
        unit="red x (1 + s)",
        strengths=(0.005, 0.01, 0.02, 0.04, 0.08),
        spoil=_white_balance,
    ),
    Perturbation(name="shift", unit="px of 640", strengths=(0.25, 0.5, 1, 2, 4), spoil=_shift),
    Perturbation(
        name="rotation", unit="degrees", strengths=(0.05, 0.1, 0.2, 0.4, 0.8), spoil=_rotation
    ),
    Perturbation(
        name="shadow", unit="share of light", strengths=(0.1, 0.2, 0.35, 0.5, 0.7), spoil=_shadow
    ),
    Perturbation(name="noise", unit="sigma", strengths=(1.5, 3, 6, 12, 24), spoil=_noise),
    Perturbation(name="JPEG", unit="quality", strengths=(90, 75, 55, 35, 15), spoil=_jpeg),
)
