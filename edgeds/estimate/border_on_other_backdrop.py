"""Alpha's border drawn once more, for pictures that are laid on another backdrop: a GPU's way.

`matte_refinement.refined` solves each pixel alone, from colours that are a mean. Here, in small
windows, alpha is a linear function of what frame and plate differ by (local linear model: He et al.
2013, Guided Image Filtering), fitted to the alpha of the sure pixels more than to that of the open
ones. `border_drawn_again`, which a CPU uses, is nearer the truth; `engine/gpu` has no twin of it
yet, but one of this, which tests compare with it. Knows no networks.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.settings import FINE_BORDER, FineBorder
from edgeds.estimate.symmetric_solve import solved_by_cofactors
from edgeds.types import FloatMap

_Floats = npt.NDArray[np.float32]


def redrawn(
    alpha: FloatMap, colours: _Floats, behind: _Floats, *, settings: FineBorder = FINE_BORDER
) -> FloatMap:
    """Alpha, fitted in windows to what frame and plate differ by. Only pixels near open ones
    change.
    """
    difference = colours - behind
    side = 2 * settings.radius_px + 1
    near = near_open(alpha, settings.band)
    changed = np.flatnonzero(near)
    if not changed.size:
        return alpha
    needed = np.flatnonzero(cv2.dilate(near, np.ones((side, side), np.uint8)))
    sure = np.square(2 * alpha - 1)
    weight = np.where(near > 0, settings.open_weight + (1 - settings.open_weight) * sure, 1)
    line = _fitted(alpha, difference, weight.astype(np.float32), needed, settings)
    # cv2.blur takes four channels at most.
    there = _at(_mean(line[..., :4], side), changed)
    explained = _at(_mean(line[..., 4], side), changed)
    fitted = np.einsum("ij,ij->i", there[:, :3], difference.reshape(-1, 3)[changed])
    before = alpha.reshape(-1)[changed]
    low, high = settings.explained
    trust = np.clip((explained - low) / (high - low), 0, 1)
    result: FloatMap = alpha.copy()
    drawn = np.clip(fitted + there[:, 3], 0, 1)
    result.reshape(-1)[changed] = before + trust * (drawn - before)
    return result


def near_open(alpha: FloatMap, band: float) -> npt.NDArray[np.uint8]:
    """1 (H, W) at pixels whose alpha is open, `band` off 0 and 1 at least, and beside them."""
    is_open = ((alpha > band) & (alpha < 1 - band)).astype(np.uint8)
    near: npt.NDArray[Any] = cv2.dilate(is_open, np.ones((5, 5), np.uint8))
    return near


def _fitted(
    alpha: FloatMap, guide: _Floats, weight: FloatMap, needed: npt.NDArray[np.intp],
    settings: FineBorder,
) -> _Floats:  # fmt: skip
    """(H, W, 5): slopes and constant of the line that fits alpha around each needed pixel, and the
    share of alpha's variance that it explains.
    """
    side = 2 * settings.radius_px + 1
    weighted = guide * weight[..., None]
    count = _at(_mean(weight, side), needed)[:, None]
    mean = _at(_mean(weighted, side), needed) / count
    mean_alpha = _at(_mean(weight * alpha, side), needed) / count[:, 0]
    together = _at(_mean(weighted * alpha[..., None], side), needed) / count
    together -= mean * mean_alpha[:, None]
    squares = [_at(_mean(weighted * guide[..., c : c + 1], side), needed) / count for c in range(3)]
    noise = np.float32(settings.noise_power)
    spread = (
        squares[0][:, 0] - mean[:, 0] ** 2 + noise,
        squares[0][:, 1] - mean[:, 0] * mean[:, 1],
        squares[0][:, 2] - mean[:, 0] * mean[:, 2],
        squares[1][:, 1] - mean[:, 1] ** 2 + noise,
        squares[1][:, 2] - mean[:, 1] * mean[:, 2],
        squares[2][:, 2] - mean[:, 2] ** 2 + noise,
    )
    solved = solved_by_cofactors(spread, together.T)
    slopes = np.asarray(np.stack(solved, axis=-1), np.float32)
    power = _at(_mean(weight * np.square(alpha), side), needed) / count[:, 0]
    spread_alpha = np.maximum(power - np.square(mean_alpha), 1e-4)
    line = np.zeros((alpha.size, 5), np.float32)
    line[needed, :3] = slopes
    line[needed, 3] = mean_alpha - np.einsum("ij,ij->i", slopes, mean)
    line[needed, 4] = np.einsum("ij,ij->i", slopes, together) / spread_alpha
    made: _Floats = line.reshape(*alpha.shape, 5)
    return made


def _mean(values: _Floats, side: int) -> _Floats:
    mean: _Floats = cv2.blur(values, (side, side))
    return mean


def _at(values: _Floats, where: npt.NDArray[np.intp]) -> _Floats:
    picked: _Floats = values.reshape(-1, *values.shape[2:])[where]
    return picked
