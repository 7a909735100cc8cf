"""Writes a message on a picture: why there is no camera picture, and what to do."""

from __future__ import annotations

import numpy as np

from edgeds.types import Pixels
from edgeds.views.drawable_text import drawable

_FONT = 4  # cv2.FONT_HERSHEY_TRIPLEX
_LINE = 1.6
"""Distance of two lines, in heights of a letter."""


def with_message(pixels: Pixels, text: str) -> Pixels:
    """A copy with the text in the middle, in lines that fit: white with a dark outline.

    RGB (H, W, 3), or RGBA (H, W, 4) where the letters are opaque.
    """
    import cv2

    picture: Pixels = np.array(pixels, order="C")
    height, width = picture.shape[:2]
    size = max(0.3, min(height / 540, width / 720))
    text = drawable(text)
    thick = max(1, round(1.3 * size))
    lines = _lines(text, size, thick, round(width * 0.9))
    tall = round(22 * size)
    top = (height - round(len(lines) * tall * _LINE)) // 2 + tall
    letters = np.zeros((height, width), np.uint8)
    for number, line in enumerate(lines):
        (wide, _), _ = cv2.getTextSize(line, _FONT, size, thick)
        at = (width - wide) // 2, top + round(number * tall * _LINE)
        cv2.putText(letters, line, at, _FONT, size, 255, thick, cv2.LINE_AA)
    # Drawn from the letters: thicker letters are also wider in OpenCV 5, and would not lie below.
    reach = 2 * max(1, round(2 * size)) + 1
    outline = cv2.dilate(letters, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    there = outline > 0
    dark = outline[there, None] / 255.0
    picture[there, :3] = np.rint((1 - dark) * picture[there, :3]) * (1 - letters[there, None] / 255)
    picture[there, :3] += letters[there, None]
    if picture.shape[2] == 4:
        picture[there, 3] = np.maximum(picture[there, 3], outline[there])
    return picture


def _lines(text: str, size: float, thick: int, width: int) -> list[str]:
    import cv2

    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and cv2.getTextSize(longer, _FONT, size, thick)[0][0] <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
