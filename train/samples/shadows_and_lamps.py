"""Changes of the light that are not foreground: cast and contact shadows, reflections, lamps.

Pictures are float32 RGB in 0..1, masks float32 (H, W) in 0..1. Knows nothing about cameras or
files.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Mask = NDArray[np.float32]


def cast_shadow(alpha: Mask, rng: np.random.Generator) -> Mask:
    """The silhouette as a shadow on the floor or a wall: sheared, squeezed, shifted, blurred."""
    height, width = alpha.shape
    rows = np.flatnonzero(alpha.max(1) > 0.3)
    if rows.size == 0:
        return np.zeros_like(alpha)
    foot = float(rows[-1])
    tall = float(rows[-1] - rows[0] + 1)
    if rng.random() < 0.6:  # on the floor
        squeeze, shear = rng.uniform(-0.7, 0.7), rng.uniform(-1.5, 1.5)
    else:  # on the wall behind
        squeeze, shear = rng.uniform(0.85, 1.15), rng.uniform(-0.25, 0.25)
    dx, dy = rng.normal(0, 0.15 * tall), rng.normal(0, 0.04 * tall)
    # a point t above the feet is moved to squeeze * t above them and shear * t beside them
    matrix = np.array(
        [[1, -shear, shear * foot + dx], [0, squeeze, foot * (1 - squeeze) + dy]], np.float32
    )
    cast = cv2.warpAffine(alpha, matrix, (width, height), flags=cv2.INTER_LINEAR)
    sigma = float(np.exp(rng.uniform(np.log(0.5), np.log(0.06 * tall + 1.5))))
    return np.asarray(cv2.GaussianBlur(cast, (0, 0), sigma), np.float32)


def contact_shadow(alpha: Mask, rng: np.random.Generator) -> Mask:
    """The dark spot where something touches the ground."""
    height, width = alpha.shape
    rows = np.flatnonzero(alpha.max(1) > 0.3)
    pool = np.zeros((height, width), np.float32)
    if rows.size == 0:
        return pool
    foot = int(rows[-1])
    band = alpha[max(0, foot - max(2, (foot - int(rows[0])) // 8)) : foot + 1].max(0)
    columns = np.flatnonzero(band > 0.3)
    if columns.size == 0:
        return pool
    middle, half = (
        float(columns.mean()),
        max(2.0, (columns[-1] - columns[0]) * rng.uniform(0.4, 0.9)),
    )
    axes = (max(1, int(half)), max(1, int(half * rng.uniform(0.15, 0.5))))
    cv2.ellipse(pool, (int(middle), foot), axes, 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(pool, (0, 0), max(0.6, half * 0.15)), np.float32)


def free_shadow(size: tuple[int, int], rng: np.random.Generator) -> Mask:
    """The shadow of something outside the picture: an ellipse or a polygon, soft or hard."""
    height, width = size
    mask = np.zeros(size, np.float32)
    x, y = rng.uniform(-0.1, 1.1) * width, rng.uniform(-0.1, 1.1) * height
    reach = np.exp(rng.uniform(np.log(0.05), np.log(0.6))) * height
    if rng.random() < 0.5:
        axes = (max(1, int(reach)), max(1, int(reach * rng.uniform(0.2, 1.0))))
        cv2.ellipse(mask, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    else:
        corners = int(rng.integers(3, 7))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radii = reach * rng.uniform(0.4, 1.2, corners)
        points = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], 1)
        cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 1.0)
    sigma = float(np.exp(rng.uniform(np.log(0.5), np.log(0.4 * reach + 1))))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.float32)


def lamp(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """A lamp on or off, the sun behind a cloud: a smooth field of gains, (H, W, 3)."""
    height, width = size
    coarse = rng.normal(0, 1, (int(rng.integers(2, 5)), int(rng.integers(2, 6)), 1))
    tint = 1 + rng.normal(0, 0.15, (1, 1, 3))
    field = cv2.resize(
        (coarse * tint * rng.uniform(0.03, 0.18)).astype(np.float32), (width, height)
    )
    return np.asarray(np.exp(cv2.GaussianBlur(field, (0, 0), height / 12)), np.float32)


def darkened(picture: Picture, mask: Mask, rng: np.random.Generator) -> Picture:
    """Darken the picture under `mask`; the sky or another lamp tints the rest of the light."""
    depth = np.float32(rng.uniform(0.1, 0.65))
    tint = (1 + rng.normal(0, 0.06, 3)).astype(np.float32)
    return np.asarray(np.clip(picture * (1 - depth * mask[..., None] * tint), 0, 1), np.float32)


def reflected(picture: Picture, rgba: Picture, rng: np.random.Generator) -> Picture:
    """Add a faint mirror image of the foreground (premultiplied RGBA, (H, W, 4)) in a polished
    floor.
    """
    rows = np.flatnonzero(rgba[..., 3].max(1) > 0.3)
    if rows.size == 0:
        return picture
    height, width = picture.shape[:2]
    foot = float(rows[-1])
    matrix = np.array([[1, 0, 0], [0, -1, 2 * foot]], np.float32)
    mirror = cv2.GaussianBlur(
        cv2.warpAffine(rgba, matrix, (width, height)), (0, 0), rng.uniform(0.5, 2.5)
    )
    strength = np.float32(rng.uniform(0.05, 0.3))
    return np.asarray(
        picture * (1 - strength * mirror[..., 3:]) + strength * mirror[..., :3], np.float32
    )
