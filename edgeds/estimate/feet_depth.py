"""People who stand on measured ground get the depth of their feet. Knows no network.

If the feet are hidden, behind something or below the picture, the person gets the depth at which a
mean person has the same height in the picture. Everything else that is whole in view is at least as
near as the ground under it. The relief from the network stays within a body's thickness.
"""

from __future__ import annotations

import numpy as np

from edgeds.estimate.settings import STANDING
from edgeds.plate.ground.depth_bounds import by_height
from edgeds.plate.ground.geometry import GroundView
from edgeds.plate.ground.person_blobs import Blob, blobs_of
from edgeds.types import FloatMap


class Standing:
    """Corrects the foreground's depth of frames before one plate."""

    def __init__(
        self, view: GroundView, per_height: float, depth_small: FloatMap, raw_small: FloatMap
    ) -> None:
        """
        Args:
            per_height: units of inverse depth for 1/person height.
            depth_small, raw_small: the plate's inverse depth (h, w) on the ground, and before.
        """
        self._view, self._per_height = view, per_height
        self._plate = depth_small
        self._lift = depth_small / np.maximum(raw_small, np.float32(1e-6))

    def __call__(self, near: FloatMap, alpha: FloatMap) -> FloatMap:
        """Inverse depth of the foreground (h, w), in the plate's units.

        Args:
            near: in the units of the plate's depth before.
            alpha: (h, w).
        """
        near = near * self._lift
        for blob, mask in blobs_of(alpha, self._view.size):
            measured = self._measured(blob, alpha.shape)
            if measured is None:
                continue
            depth, is_exact = measured[0] * self._per_height, measured[1]
            left, top, width, height = blob.box
            part = near[top : top + height, left : left + width]
            middle = max(float(np.median(part[mask])), 1e-6)
            if not is_exact and middle > depth:
                continue
            thick = STANDING.thickness * measured[0]
            relief = np.clip(np.log(np.maximum(part, 1e-6) / middle), -thick, thick)
            # The border's soft pixels belong to the body, too.
            reach = (
                slice(max(0, top - 2), top + height + 2),
                slice(max(0, left - 2), left + width + 2),
            )
            own = near[reach]
            body = np.full(own.shape, np.float32(depth))
            inner = top - reach[0].start, left - reach[1].start
            body[inner[0] : inner[0] + height, inner[1] : inner[1] + width] *= np.exp(relief)
            near[reach] = np.where(_grown(mask, own.shape, inner), body, own)
        return near

    def _measured(self, blob: Blob, size: tuple[int, ...]) -> tuple[float, bool] | None:
        """(inverse depth in 1/person height, whether it is that and not only at least that)."""
        view = self._view
        lowest, highest = np.array([blob.lowest]), np.array([blob.highest])
        left, top, width, height = blob.box
        is_headless, is_footless = top <= 1, top + height >= size[0] - 1
        is_cut_aside = left <= 1 or left + width >= size[1] - 1
        ground = float(1 / view.feet(lowest)[0, 2])
        if not np.isfinite(ground) or ground <= 0:
            return None
        if is_footless:
            if is_headless or is_cut_aside:
                return ground, False
            return self._by_head(highest, at_least=ground)
        tall = float(view.measured(lowest, highest)[0][0])
        if STANDING.whole[0] < tall < STANDING.whole[1]:
            return ground, True
        if is_headless or is_cut_aside:
            return ground, False
        if tall < STANDING.whole[0] and self._is_behind(blob, ground, size):
            return self._by_head(highest, at_least=0.0) or (ground, False)
        return ground, False

    def _by_head(self, highest: np.ndarray, *, at_least: float) -> tuple[float, bool] | None:
        feet = by_height(self._view, highest)
        if not np.isfinite(feet).all() or feet[0, 2] <= 0:
            return (at_least, False) if at_least > 0 else None
        return max(float(1 / feet[0, 2]), at_least), True

    def _is_behind(self, blob: Blob, ground: float, size: tuple[int, ...]) -> bool:
        """Whether the plate right below is nearer than the ground there: something hides feet."""
        left, top, width, height = blob.box
        row = min(top + height + 2, size[0] - 1)
        below = self._plate[row, left : left + width]
        return float(np.median(below)) > STANDING.hides * ground * self._per_height


def _grown(mask: np.ndarray, shape: tuple[int, ...], at: tuple[int, int]) -> np.ndarray:
    import cv2

    inside = np.zeros(shape, np.uint8)
    inside[at[0] : at[0] + mask.shape[0], at[1] : at[1] + mask.shape[1]] = mask
    grown: np.ndarray = cv2.dilate(inside, np.ones((5, 5), np.uint8)).astype(bool)
    return grown
