"""The plate: the empty background. From an image, from the clip itself, or from still frames.

Knows nothing about networks. What it must judge (does this clip show its background at all?) it
judges on the samples alone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.errors import PlateError
from edgeds.preprocess import resized
from edgeds.presets import PLATE_FROM_CLIP, PlateFromClip
from edgeds.types import FloatMap, Pixels, Size

Origin: TypeAlias = Literal["file", "clip", "capture"]


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """The scene without foreground."""

    pixels: Pixels
    """uint8 RGB, shape (H, W, 3)."""
    origin: Origin = "file"
    """How its pixels came to be: somebody's picture, estimated from a clip, taken by the wizard."""
    samples: int | None = None
    """How many frames it was made from, where that is known."""
    doubtful: float | None = None
    """From a clip: share of the picture where too few samples agree on what the plate is."""
    noise: FloatMap | None = None
    """From the wizard: sigma of one frame's noise in levels of 255, float32 (H, W)."""
    camera: Mapping[str, float] = field(default_factory=dict)
    """What the camera was held at, in its driver's units: "exposure", "white balance", "focus"."""
    taken: str = ""
    """When, as ISO 8601 in UTC, where that is known."""

    @property
    def size(self) -> Size:
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def noise_levels(self) -> float | None:
        """The noise of a typical pixel, where it is known."""
        # Of a sixteenth of them: at 4K the median of all takes a third of a second.
        return None if self.noise is None else float(np.median(self.noise[::4, ::4]))


def fitted(plate: Plate, size: Size) -> Plate:
    """The plate at a clip's size.

    Raises:
        PlateError: the plate has another aspect ratio, so it cannot be the same view.
    """
    if plate.size == size:
        return plate
    (height, width), (to_height, to_width) = plate.size, size
    # One pixel of rounding on either side is still the same view.
    if abs(height * to_width - width * to_height) > max(to_width, to_height, width, height):
        raise PlateError(
            f"the plate is {width}x{height} and the frames are {to_width}x{to_height}",
            why="their aspect ratios differ, so the plate is not the same view",
            fix="capture the plate with the camera's own settings, or leave -b out",
        )
    # Noise at another size is not known: how it is correlated is not.
    return replace(plate, pixels=resized(plate.pixels, size), noise=None)


def plate_from_samples(samples: list[Pixels], settings: PlateFromClip = PLATE_FROM_CLIP) -> Plate:
    """Estimate the empty background from at most 255 frames spread through a clip.

    Per pixel and channel: sort the samples, take the half of them that lie closest together
    (the "shorth", Andrews et al. 1972), and its median. A passer-by in up to half of the samples
    leaves no trace, and often in more, since his colours vary and the background's do not.

    Args:
        samples: uint8 RGB arrays of one shape (H, W, 3).

    Raises:
        PlateError: too few samples, the camera moves, or something covers the background.
    """
    if len(samples) < settings.min_samples:
        raise PlateError(
            f"cannot estimate the plate from {len(samples)} frames",
            why=f"at least {settings.min_samples} are needed to tell background from foreground",
            fix="give a picture of the empty scene with -b",
        )
    pixels = np.empty_like(samples[0])
    agreement = np.empty(pixels.shape[:2], np.float32)

    def settle(band: slice) -> None:
        stack = np.stack([sample[band] for sample in samples])
        _sort(stack)
        centre = _shorth_centre(stack)
        pixels[band], agreement[band] = _settled(samples, band, centre, settings.agree_levels)

    # In bands of rows, so that a band of all samples stays in the cache; NumPy lets threads run.
    rows = _band_rows(samples)
    with ThreadPoolExecutor() as pool:
        list(pool.map(settle, (slice(y, y + rows) for y in range(0, pixels.shape[0], rows))))
    doubtful = float((agreement < settings.min_agreement).mean())
    if doubtful > settings.max_doubtful:
        raise _unbelievable(samples, doubtful, settings)
    pixels.flags.writeable = False
    return Plate(pixels, origin="clip", samples=len(samples), doubtful=round(doubtful, 4))


def median_plate(samples: list[Pixels]) -> Generator[None, object, Plate]:
    """The plate of a still scene: per pixel and channel the median, and the noise beside it.

    A generator that returns the plate, and yields a few times a second on its way, so that its
    caller can do something else between.

    The noise is the root mean square deviation from the median, over all channels, each limited
    to three sigmas as the interquartile range tells them: robust as the MAD is, without its
    steps of whole levels.

    Args:
        samples: uint8 RGB arrays of one shape (H, W, 3), at most 255.
    """
    height, width = samples[0].shape[:2]
    pixels, noise = np.empty_like(samples[0]), np.empty((height, width), np.float32)
    rows = _band_rows(samples)
    for done, y in enumerate(range(0, height, rows), start=1):
        band = slice(y, y + rows)
        pixels[band], noise[band] = _median_and_noise(np.stack([s[band] for s in samples]))
        if done % 4 == 0:
            yield
    pixels.flags.writeable = noise.flags.writeable = False
    return Plate(pixels, origin="capture", samples=len(samples), noise=noise)


def in_place(samples: list[Pixels], settings: PlateFromClip = PLATE_FROM_CLIP) -> float:
    """Share of patches, over all samples, that are where they are in the middle sample.

    Phase correlation in a grid of patches: what passes by covers some of them, a moving camera
    shifts them all.
    """
    import cv2

    patch = 64
    rows = max(1, round(4 * samples[0].shape[0] / samples[0].shape[1]))
    greys = [
        cv2.cvtColor(resized(s, (rows * patch, 4 * patch)), cv2.COLOR_RGB2GRAY).astype(np.float32)
        for s in samples
    ]
    window = cv2.createHanningWindow((patch, patch), cv2.CV_32F)
    middle = greys.pop(len(greys) // 2)
    still = []
    for grey in greys:
        for y in range(0, rows * patch, patch):
            for x in range(0, 4 * patch, patch):
                here = slice(y, y + patch), slice(x, x + patch)
                # A copy: OpenCV 5.0 multiplies the window into its arguments.
                shift, _ = cv2.phaseCorrelate(middle[here].copy(), grey[here], window)
                still.append(np.hypot(*shift) < settings.max_shift * 4 * patch)
    return float(np.mean(still))


def _median_and_noise(stack: npt.NDArray[np.uint8]) -> tuple[Pixels, FloatMap]:
    count = len(stack)
    _sort(stack)
    low, high = stack[(count - 1) // 2], stack[count // 2]
    median: Pixels = (low + ((high - low + 1) >> 1)).astype(np.uint8)
    quartiles = stack[(3 * count) // 4].astype(np.uint16) - stack[count // 4]
    # 3 sigma is 2.2 interquartile ranges of a Gaussian; the level more is for rounding.
    limit = np.minimum(2.2 * quartiles + 1.5, 255).astype(np.uint8)
    total = np.zeros(median.shape, np.float32)
    for sample in stack:
        difference = np.minimum(np.maximum(sample, median) - np.minimum(sample, median), limit)
        total += np.square(difference, dtype=np.uint16)
    noise: FloatMap = np.sqrt(total.mean(axis=-1) / max(1, count - 1))
    return median, noise


def _band_rows(samples: list[Pixels]) -> int:
    """Rows of all samples together that stay in the cache."""
    bytes_a_row: int = len(samples) * samples[0].shape[1] * 3
    return max(1, (1 << 21) // bytes_a_row)


def _sort(stack: npt.NDArray[np.uint8]) -> None:
    """Sort along the first axis, in place, by Batcher's odd-even merge network.

    Whole pictures are compared at once with SIMD minimum and maximum: 20 times faster here than
    `np.sort` along a strided axis.
    """
    for low, high in _comparators(len(stack)):
        smaller = np.minimum(stack[low], stack[high])
        np.maximum(stack[low], stack[high], out=stack[high])
        stack[low] = smaller


def _comparators(count: int) -> Iterator[tuple[int, int]]:
    """Pairs to compare, in order, to sort `count` items (Batcher 1968)."""
    p = 1
    while p < count:
        k = p
        while k >= 1:
            for j in range(k % p, count - k, 2 * k):
                for i in range(min(k, count - j - k)):
                    if (i + j) // (2 * p) == (i + j + k) // (2 * p):
                        yield i + j, i + j + k
            k //= 2
        p *= 2


def _shorth_centre(ordered: npt.NDArray[np.uint8]) -> Pixels:
    """The median of the shortest half of sorted samples, per pixel and channel."""
    half = len(ordered) // 2 + 1
    best_width = ordered[half - 1] - ordered[0]
    centre: Pixels = ordered[half // 2].copy()
    for start in range(1, len(ordered) - half + 1):
        width = ordered[start + half - 1] - ordered[start]
        shorter = width < best_width
        np.copyto(centre, ordered[start + half // 2], where=shorter)
        np.minimum(best_width, width, out=best_width)
    return centre


def _settled(
    samples: list[Pixels], band: slice, centre: Pixels, levels: int
) -> tuple[Pixels, npt.NDArray[np.float32]]:
    """One mean-shift step from the centre: (plate, agreement) of a band of rows.

    The plate is the mean of the samples within `levels` of the centre in every channel (less
    noise than one of them), or the nearest sample where the channels' centres belong to different
    things. The agreement is the share of the samples near the plate.
    """
    total = np.zeros(centre.shape, np.uint16)  # 255 samples of 255 fit
    votes = np.zeros(centre.shape[:2], np.uint16)
    for sample in samples:
        rows = sample[band]
        agrees = _distance(rows, centre) <= levels
        total += rows * agrees[..., None]
        votes += agrees
    count = np.maximum(votes, 1)[..., None]
    plate = ((total + count // 2) // count).astype(np.uint8)
    lonely = votes == 0
    if lonely.any():
        rows = np.stack([sample[band][lonely] for sample in samples])
        nearest = _distance(rows, centre[lonely]).argmin(axis=0)
        plate[lonely] = rows[nearest, np.arange(rows.shape[1])]
    return plate, (votes / len(samples)).astype(np.float32)


def _distance(one: Pixels, other: Pixels) -> npt.NDArray[np.uint8]:
    """Largest difference of any channel, without leaving uint8."""
    difference = np.maximum(one, other) - np.minimum(one, other)
    red, green, blue = (difference[..., channel] for channel in range(3))
    largest: npt.NDArray[np.uint8] = np.maximum(np.maximum(red, green), blue)
    return largest


def _unbelievable(samples: list[Pixels], doubtful: float, settings: PlateFromClip) -> PlateError:
    if in_place(samples, settings) < settings.min_still:
        why = "the camera moves: hardly any part of the picture stays in its place"
        fix = "use a clip from a camera that stands still"
    else:
        why = (
            f"{doubtful:.0%} of the picture is covered by moving things, or changes its light, "
            "most of the time"
        )
        fix = "give a picture of the empty scene with -b PLATE"
    return PlateError("the clip gives no believable plate", why=why, fix=fix)
