"""Text in pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def labelled(picture: np.ndarray, texts: dict[tuple[int, int], str]) -> np.ndarray:
    """The picture, uint8 RGB (H, W, 3), with white texts, each at (x, y) in px."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=15)
    for at, text in texts.items():
        draw.text(at, text, font=font, fill="white", stroke_width=2, stroke_fill="black")
    return np.array(image)
