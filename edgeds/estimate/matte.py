"""Alpha at full resolution and clean foreground colours, from what only a plate can tell.

Every pixel mixes foreground and plate, C = aF + (1 - a)B, and B is known. Along the border of the
coarse alpha, F is close to the sure foreground beside it; that gives a. With a, the equation
gives the F that is really there. Knows nothing about networks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.estimate.settings import MATTE
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Pixels


def refined_alpha(
    coarse: FloatMap,
    frame: Pixels,
    plate: Pixels,
    *,
    small: tuple[Pixels, Pixels] | None = None,
) -> FloatMap:
    """Coarse alpha (h, w) to the frame's (H, W), its border drawn by frame and plate.

    In the border band, alpha is the projection of C - B on F - B, F being the sure foreground's
    mean colour nearby. It counts for as much as F and B differ, F is of one colour and the mix
    explains C, and stays within what the coarse alpha says nearby; elsewhere the coarse alpha is
    interpolated. `small` is frame and plate at the coarse size, from a caller who has them.
    """
    import cv2

    height, width = frame.shape[:2]
    coarse = lifted(coarse)
    alpha: FloatMap = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    if coarse.shape == (height, width):
        alpha = alpha.copy()
    if small is None:
        small = resized(frame, coarse.shape[:2]), resized(plate, coarse.shape[:2])
    near = _around(coarse, *small)
    low, high = near.low, near.high
    band = _band(low, high, (height, width))
    if band.size == 0:
        return alpha
    at = _sampler(band, coarse.shape, (height, width))
    b = plate.reshape(-1, 3)[band] + at(near.drift)
    c_minus_b = frame.reshape(-1, 3)[band] - b
    f_minus_b = at(near.colour) - b
    contrast = np.einsum("ij,ij->i", f_minus_b, f_minus_b)
    along = np.einsum("ij,ij->i", c_minus_b, f_minus_b) / np.maximum(contrast, 1.0)
    residual = c_minus_b - np.clip(along, 0, 1)[:, None] * f_minus_b
    variance = at(near.variance)
    # A pixel one deviation short of the mean colour is whole foreground: F is textured, and
    # clipping at 1 what scatters about 1 made the foreground smaller.
    short = np.sqrt(variance / (3 * np.maximum(contrast, 1.0)))
    mixed = np.clip(along / np.maximum(1 - short, 0.4), 0, 1)
    confidence = contrast / (contrast + 3 * MATTE.noise_levels**2 + MATTE.texture * variance)
    confidence *= np.exp(
        -np.einsum("ij,ij->i", residual, residual) / (3 * MATTE.residual_levels**2)
    )
    confidence *= np.clip(at(near.trust), 0, 1)
    before = alpha.reshape(-1)[band]
    highest = at(high)
    mixed = np.clip(mixed, at(low), highest * (2 - highest))  # what is thin is coarsely too faint
    alpha.reshape(-1)[band] = before + confidence * (mixed - before)
    return alpha


def lifted(coarse: FloatMap) -> FloatMap:
    """Coarse alpha grown where it is open: enlarging and clipping take more from a foreground,
    which is the thinner of the two, than they give.
    """
    return np.asarray(coarse + MATTE.lift * coarse * (1 - coarse), np.float32)


def foreground(frame: Pixels, alpha: FloatMap, plate: Pixels) -> Pixels:
    """The foreground's own colour F, the plate's light taken out: F = (C - (1 - a)B) / a.

    Straight (unassociated) uint8 RGB (H, W, 3). Where alpha is 1 it is the frame, and where alpha
    is 0 too: there is no foreground whose colour could be known.
    """
    band = np.flatnonzero((alpha > MATTE.band) & (alpha < 1 - MATTE.band))
    result: Pixels = frame.copy()
    if band.size:
        a = alpha.reshape(-1)[band][:, None]
        mixed = frame.reshape(-1, 3)[band] - (1 - a) * plate.reshape(-1, 3)[band]
        result.reshape(-1, 3)[band] = np.clip(mixed / a + 0.5, 0, 255).astype(np.uint8)
    return result


@dataclass(frozen=True, slots=True)
class _Around:
    """What is near each pixel of the coarse size (h, w)."""

    low: FloatMap
    """Lowest alpha nearby, and highest."""
    high: FloatMap
    colour: npt.NDArray[np.float32]
    """Mean colour of the sure foreground, (h, w, 3), and its variance summed over channels."""
    variance: FloatMap
    trust: FloatMap
    """How far there is enough sure foreground to know these; 1 and over is enough."""
    drift: npt.NDArray[np.float32]
    """What the sure background differs from the plate, (h, w, 3): exposure, white balance."""


def _around(coarse: FloatMap, frame: Pixels, plate: Pixels) -> _Around:
    import cv2

    def summed(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        total: npt.NDArray[np.float32] = cv2.boxFilter(values, -1, (9, 9), normalize=False)
        return total

    kernel = np.ones((3, 3), np.uint8)
    sure = (coarse > MATTE.sure).astype(np.float32)
    empty = (coarse < 1 - MATTE.sure).astype(np.float32)
    colours = frame.astype(np.float32)
    total = summed(sure)
    count = np.maximum(total, 1e-3)
    colour = summed(colours * sure[..., None])
    colour /= count[..., None]
    power = summed(np.square(colours).sum(axis=-1) * sure) / count
    drift = summed((colours - plate) * empty[..., None])
    # A few pixels' worth of "no drift" in the mean: where hardly any background is near, none.
    drift /= (summed(empty) + 4)[..., None]
    return _Around(
        low=cv2.erode(coarse, kernel),
        high=cv2.dilate(coarse, kernel),
        colour=colour,
        variance=np.maximum(power - np.square(colour).sum(axis=-1), 0),
        trust=total * np.float32(1 / 6),  # six sure pixels make a mean to be trusted
        drift=drift,
    )


def _band(low: FloatMap, high: FloatMap, size: tuple[int, int]) -> npt.NDArray[np.intp]:
    """Flat indices, at full size, of the pixels whose alpha is open."""
    import cv2

    is_open = ((high > MATTE.band) & (low < 1 - MATTE.band)).astype(np.uint8)
    full = cv2.resize(is_open, size[::-1], interpolation=cv2.INTER_NEAREST)
    return np.flatnonzero(full.view(np.bool_))


def _sampler(
    band: npt.NDArray[np.intp], coarse_size: tuple[int, ...], size: tuple[int, int]
) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
    """A function that reads coarse maps bilinearly at full-size pixels, half-pixel centres."""
    import cv2

    rows, columns = np.divmod(band, size[1])
    x = ((columns + 0.5) * (coarse_size[1] / size[1]) - 0.5).astype(np.float32)
    y = ((rows + 0.5) * (coarse_size[0] / size[0]) - 0.5).astype(np.float32)
    # cv2.remap takes no picture longer than 32767: fold the list of pixels into rows.
    fold = 16384
    padded = -len(x) % fold
    x = np.pad(x, (0, padded)).reshape(-1, fold)
    y = np.pad(y, (0, padded)).reshape(-1, fold)

    def at(coarse_map: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        read = cv2.remap(coarse_map, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        flat: npt.NDArray[np.float32] = read.reshape(-1, *coarse_map.shape[2:])
        return flat[: flat.shape[0] - padded]

    return at
