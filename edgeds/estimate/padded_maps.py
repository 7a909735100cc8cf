"""Maps whose outermost values go on past their edges. Knows nothing about borders or weights."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

REACH = 2
"""How far they go on."""


def padded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(h + 4, w + 4) of a map (h, w)."""
    made: npt.NDArray[Any] = cv2.copyMakeBorder(
        values, REACH, REACH, REACH, REACH, cv2.BORDER_REPLICATE
    )
    return made


def merged_and_padded(*maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(h + 4, w + 4, c) of maps (h, w) and (h, w, 3), c being their channels.

    Written where they belong at once: to split and to merge them, and to pad that, took twice
    as long.
    """
    channels = sum(one.shape[2] if one.ndim == 3 else 1 for one in maps)
    height, width = maps[0].shape[:2]
    made = np.empty((height + 2 * REACH, width + 2 * REACH, channels), np.float32)
    inside = made[REACH:-REACH, REACH:-REACH]
    cv2.mixChannels(list(maps), [inside], [at for at in range(channels) for _ in range(2)])
    for past in range(REACH):
        made[past, REACH:-REACH], made[-1 - past, REACH:-REACH] = inside[0], inside[-1]
    made[:, :REACH] = made[:, REACH : REACH + 1]
    made[:, -REACH:] = made[:, -REACH - 1 : -REACH]
    return made
