"""Places cut-outs in a picture, with random size, position, turn and colour.

A layer is premultiplied float32 RGBA in 0..1 at the picture's size. Knows nothing about plates
or cameras.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from train.samples.material import Cutout

Layer = NDArray[np.float32]
Picture = NDArray[np.float32]


def drawn_layer(
    cutouts: list[Cutout], size: tuple[int, int], rng: np.random.Generator, *, street: bool = False
) -> tuple[Layer, NDArray[np.float32]]:
    """Place one to three things, or a street full of small ones: if asked for, or by chance.

    Returns the layer, and for each pixel the lower end of the thing there (0..1 of the picture).
    """
    street = rng.random() < 0.18 or street
    count = int(rng.integers(2, 8)) if street else int(rng.choice([1, 2, 3], p=[0.6, 0.28, 0.12]))
    layer = np.zeros((*size, 4), np.float32)
    foot = np.zeros(size, np.float32)
    for _ in range(count):
        cutout = cutouts[int(rng.integers(len(cutouts)))]
        share = height_share(cutout, rng, street=street)
        thing = placed_cutout(cutout.rgba, share, size, rng, portrait=cutout.is_portrait)
        layer = over(thing, layer)
        shown = thing[..., 3] > 0.5
        rows = np.flatnonzero(shown.any(1))
        foot[shown] = (rows[-1] + 1) / size[0] if rows.size else 0
    return layer, foot


def height_share(cutout: Cutout, rng: np.random.Generator, *, street: bool) -> float:
    """The height of a cut-out as a share of the picture's height; 0.08 is 15 pixels of 192."""
    if street:
        return float(np.exp(rng.uniform(np.log(0.07), np.log(0.28))))
    if cutout.is_portrait:
        return float(np.exp(rng.uniform(np.log(0.35), np.log(1.3))))
    return float(np.exp(rng.uniform(np.log(0.12), np.log(1.5 if cutout.is_person else 1.1))))


def placed_cutout(
    rgba: NDArray[np.uint8],
    share: float,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    portrait: bool = False,
) -> Layer:
    """One cut-out: resized, flipped, turned a little, recoloured, and placed anywhere.

    The picture's borders may cut it.
    """
    height, width = size
    tall = max(6, round(share * height))
    wide = max(3, round(rgba.shape[1] * tall / rgba.shape[0]))
    if wide > 1.4 * width:
        tall, wide = max(6, round(tall * 1.4 * width / wide)), round(1.4 * width)
    small = cv2.resize(rgba, (wide, tall), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    if rng.random() < 0.5:
        small = small[:, ::-1]
    small = recoloured(small, rng)
    x = rng.uniform(-0.35 * wide, width - 0.65 * wide)
    y = rng.uniform(-0.35 * tall, height - 0.65 * tall) if rng.random() < 0.5 else None
    if y is None:  # inside the picture if it fits, like something that stands in view
        y = rng.uniform(min(0, height - tall), max(0, height - tall))
    if portrait and rng.random() < 0.8:
        y = height - tall * rng.uniform(0.75, 1.0)
    turn = rng.normal(0, 5) if rng.random() < 0.5 else 0.0
    matrix = cv2.getRotationMatrix2D((wide / 2, tall / 2), turn, 1.0)
    matrix[:, 2] += (x, y)
    layer = cv2.warpAffine(
        np.ascontiguousarray(small), matrix, (width, height), flags=cv2.INTER_LINEAR
    )
    return np.asarray(np.clip(layer, 0, 1), np.float32)


def recoloured(layer: Layer, rng: np.random.Generator) -> Layer:
    """Imitate other light and other clothes: gains per channel, or swapped channels, or less
    colour.
    """
    out: Layer = layer.copy()
    colour, alpha = out[..., :3], out[..., 3:]
    gain = np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.08, 3)).astype(np.float32)
    colour = colour * gain + alpha * np.float32(rng.normal(0, 0.03))
    if rng.random() < 0.15:
        colour = colour[..., rng.permutation(3)]
    if rng.random() < 0.2:
        grey = colour.mean(2, keepdims=True)
        colour = grey + (colour - grey) * np.float32(rng.uniform(0, 1))
    out[..., :3] = np.clip(colour, 0, alpha)
    return out


def camouflaged(layer: Layer, background: Picture, rng: np.random.Generator) -> Layer:
    """Pull the colours towards those behind, which makes matting hard."""
    alpha = layer[..., 3:]
    keep = np.float32(rng.uniform(0.25, 0.8))
    behind = cv2.blur(background, (25, 25))
    out: Layer = layer.copy()
    out[..., :3] = keep * layer[..., :3] + (1 - keep) * alpha * behind
    return out


def over(upper: Layer, lower: Layer) -> Layer:
    """Put one premultiplied layer over another (Porter & Duff 1984)."""
    return np.asarray(upper + lower * (1 - upper[..., 3:]), np.float32)
