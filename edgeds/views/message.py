"""Writes a message on a picture: why there is no camera picture, and what to do."""

from __future__ import annotations

import numpy as np

from edgeds.types import Pixels

_FONT = 4  # cv2.FONT_HERSHEY_TRIPLEX
_LINE = 1.6
"""Of the height of a letter."""


def with_message(pixels: Pixels, text: str) -> Pixels:
    """A copy with the text in the middle, in lines that fit: white with a dark outline.

    RGB (H, W, 3), or RGBA (H, W, 4) where the letters are opaque. Letters that OpenCV does not
    have (it knows ASCII) are left out.
    """
    import cv2

    picture: Pixels = np.array(pixels, order="C")
    height, width = picture.shape[:2]
    size = max(0.3, min(height / 540, width / 720))
    text = text.encode("ascii", "ignore").decode()
    lines = _lines(text, size, round(width * 0.9))
    letters = round(22 * size)
    top = (height - round(len(lines) * letters * _LINE)) // 2 + letters
    for number, line in enumerate(lines):
        (wide, _), _ = cv2.getTextSize(line, _FONT, size, 1)
        at = (width - wide) // 2, top + round(number * letters * _LINE)
        for colour, thickness in ((0, max(3, round(5 * size))), (255, max(1, round(1.3 * size)))):
            rgba = (colour, colour, colour, 255)[: picture.shape[2]]
            cv2.putText(picture, line, at, _FONT, size, rgba, thickness, cv2.LINE_AA)
    return picture


def _lines(text: str, size: float, width: int) -> list[str]:
    import cv2

    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and cv2.getTextSize(longer, _FONT, size, 1)[0][0] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
