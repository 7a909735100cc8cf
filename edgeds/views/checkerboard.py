"""The checkerboard that stands for transparency on screens, which have no alpha."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edgeds.types import Pixels

_SQUARE_PX = 16
_DARK, _LIGHT = 153, 204


def over_checkerboard(pixels: Pixels) -> Pixels:
    """uint8 RGBA (H, W, 4) with straight alpha, over a checkerboard: uint8 RGB (H, W, 3).

    Mixes only the box of the foreground, in 8 bits: at most one level off C = aF + (1 - a)B.
    """
    import cv2

    mixed: Pixels = _checkerboard(pixels.shape[0], pixels.shape[1]).copy()
    left, top, width, height = cv2.boundingRect(cv2.extractChannel(pixels, 3))
    box = slice(top, top + height), slice(left, left + width)
    if width and height:
        mixed[box] = _mixed(np.ascontiguousarray(pixels[box]), mixed[box])
    return mixed


def _mixed(foreground: Pixels, board: Pixels) -> Pixels:
    import cv2

    alpha = cv2.extractChannel(foreground, 3)
    alpha3 = cv2.merge([alpha, alpha, alpha])
    rgb = cv2.cvtColor(foreground, cv2.COLOR_RGBA2RGB)
    front = cv2.multiply(rgb, alpha3, scale=1 / 255)
    behind = cv2.multiply(board, cv2.bitwise_not(alpha3), scale=1 / 255)
    both: Pixels = cv2.add(front, behind)
    return both


@lru_cache(maxsize=2)
def _checkerboard(height: int, width: int) -> Pixels:
    y, x = np.ogrid[:height, :width]
    squares = np.where((y // _SQUARE_PX + x // _SQUARE_PX) % 2, _LIGHT, _DARK).astype(np.uint8)
    board: Pixels = np.ascontiguousarray(np.broadcast_to(squares[..., None], (height, width, 3)))
    board.flags.writeable = False
    return board
