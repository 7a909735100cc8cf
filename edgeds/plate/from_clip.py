"""The plate as the empty background of a clip.

Knows nothing about networks. What it must judge (does this clip show its background at all?) it
judges on the samples alone.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeds.errors import PlateError
from edgeds.plate.file import plate_from_file
from edgeds.plate.plate import Plate, fitted
from edgeds.plate.registration import in_place
from edgeds.plate.settings import PLATE_FROM_CLIP, PlateFromClip
from edgeds.plate.sorting import band_rows, sort_samples
from edgeds.sources.sampling import spread_frames
from edgeds.types import Pixels, Size


def plate_from_clip(
    uri: str | Path,
    *,
    on_frame: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plate:
    """The plate as the empty background of a whole clip.

    Raises:
        SourceError: the clip cannot be opened.
        PlateError: it gives no believable plate.
        CancelledError: `cancelled`, asked with every frame, returned true.
    """
    settings = PLATE_FROM_CLIP
    frames = spread_frames(
        uri,
        settings.samples,
        memory_bytes=settings.memory_bytes,
        on_frame=on_frame,
        cancelled=cancelled,
    )
    sizes = {frame.size for frame in frames}
    if len(sizes) > 1:
        raise PlateError(
            "the clip gives no believable plate",
            why=f"its frames have {len(sizes)} sizes",
            fix="give a clip whose frames have one size",
        )
    return plate_from_samples([frame.pixels for frame in frames], settings)


def open_plate(
    path: str | Path | None,
    clip: str | Path,
    size: Size,
    *,
    on_frame: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plate:
    """The plate from its file, or else from the clip, at the clip's size.

    Raises:
        CancelledError: `cancelled`, asked with every frame of the clip, returned true.
    """
    if path is not None:
        return fitted(plate_from_file(path), size)
    return fitted(plate_from_clip(clip, on_frame=on_frame, cancelled=cancelled), size)


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
        sort_samples(stack)
        centre = _shorth_centre(stack)
        pixels[band], agreement[band] = _settled(samples, band, centre, settings.agree_levels)

    # In bands of rows, so that a band of all samples stays in the cache; NumPy lets threads run.
    rows = band_rows(samples)
    with ThreadPoolExecutor() as pool:
        list(pool.map(settle, (slice(y, y + rows) for y in range(0, pixels.shape[0], rows))))
    doubtful = float((agreement < settings.min_agreement).mean())
    if doubtful > settings.max_doubtful:
        raise _unbelievable(samples, doubtful, settings)
    pixels.flags.writeable = False
    return Plate(pixels, origin="clip", samples=len(samples), doubtful=round(doubtful, 4))


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
