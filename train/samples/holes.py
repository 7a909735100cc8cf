"""Foregrounds with the plate's colour: a white shirt before a white wall, a page before a board.

A layer is premultiplied float32 RGBA in 0..1 at the picture's size, as in `place_cutouts`. Alpha
stays what it was, since the thing is there: only its form and what is around it show it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Layer = NDArray[np.float32]
Picture = NDArray[np.float32]
Mask = NDArray[np.float32]


def like_the_plate(layer: Layer, behind: Picture, rng: np.random.Generator) -> Layer:
    """Paint the layer, or a part of it, with the colours of what it hides.

    The paint is the picture behind itself (15 %), or its local mean with the shading of the thing.
    """
    alpha = layer[..., 3]
    if float(alpha.max()) < 0.5:
        return layer
    region = np.ones_like(alpha) if rng.random() < 0.3 else part_of(layer, rng)
    if rng.random() < 0.15:
        paint = behind
    else:
        paint = local_colour(behind, alpha * region, rng) * shading(layer, rng)
    share = region * np.float32(rng.uniform(0.85, 1.0))
    out: Layer = layer.copy()
    own = layer[..., :3]
    painted = alpha[..., None] * np.clip(paint, 0, 1)
    out[..., :3] = own + share[..., None] * (painted - own)
    return out


def part_of(layer: Layer, rng: np.random.Generator) -> Mask:
    """A part of the thing: what has the colour of a random place of it, or a blob of it."""
    alpha = layer[..., 3]
    ys, xs = np.nonzero(alpha > 0.5)
    one = int(rng.integers(ys.size))
    y, x = int(ys[one]), int(xs[one])
    if rng.random() < 0.6:  # clothes
        colour = layer[..., :3] / np.maximum(alpha, np.float32(0.05))[..., None]
        colour = cv2.blur(colour, (3, 3))
        unlike = np.abs(colour - colour[y, x]).max(2)
        region = np.asarray(unlike < rng.uniform(0.08, 0.25), np.float32)
        return np.asarray(cv2.blur(region, (3, 3)), np.float32)
    region = np.zeros_like(alpha)
    reach = max(3.0, float(np.sqrt(ys.size)) * rng.uniform(0.15, 0.6))
    axes = (max(2, int(reach)), max(2, int(reach * rng.uniform(0.4, 1.0))))
    cv2.ellipse(region, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(region, (0, 0), max(0.6, reach * 0.08)), np.float32)


def local_colour(behind: Picture, region: Mask, rng: np.random.Generator) -> Picture:
    """The mean of the picture behind the region, or around each pixel of it."""
    if rng.random() < 0.5:
        paint = np.broadcast_to(_mean(behind, region), behind.shape)
    else:
        side = int(rng.choice([5, 9, 17, 33]))
        paint = cv2.blur(behind, (side, side))
    near = 1 + rng.normal(0, 0.03) + rng.normal(0, 0.012, 3)
    return np.asarray(paint * near, np.float32)


def _mean(behind: Picture, region: Mask) -> NDArray[np.float32]:
    total = (behind * region[..., None]).sum((0, 1))
    return np.asarray(total / max(float(region.sum()), 1.0), np.float32)


def shading(layer: Layer, rng: np.random.Generator) -> Picture:
    """The light and the folds of the thing, (H, W, 1), about 1."""
    alpha = layer[..., 3]
    light = layer[..., :3].mean(2)
    side = int(rng.choice([15, 31, 61]))
    around = cv2.blur(light, (side, side)) / np.maximum(cv2.blur(alpha, (side, side)), 0.02)
    own = light / np.maximum(alpha, np.float32(0.05))
    folds = np.clip((own + 0.1) / (around + 0.1), 0.5, 1.6)
    return np.asarray(np.power(folds, rng.uniform(0.1, 0.9))[..., None], np.float32)


def bare(picture: Picture, rng: np.random.Generator) -> Picture:
    """A wall in place of most of the picture: one colour with soft light and a little texture."""
    height, width = picture.shape[:2]
    colour = rng.uniform(0.55, 0.97) + rng.normal(0, 0.03, 3)
    if rng.random() < 0.25:
        colour = colour * rng.uniform(0.08, 0.6)
    coarse = rng.normal(0, 0.05, (3, 4, 1)).astype(np.float32)
    light = 1 + cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    fine = picture - cv2.blur(picture, (15, 15))
    wall = np.asarray(colour * light + rng.uniform(0, 0.25) * fine, np.float32)
    edge = rng.uniform(-0.3, 0.5) * width if rng.random() < 0.5 else -1.0
    if edge > 0:  # the room goes on beside the wall
        ramp = np.clip(np.arange(width, dtype=np.float32) - np.float32(edge), 0, 1)[None, :, None]
        ramp = ramp if rng.random() < 0.5 else ramp[:, ::-1]
        wall = ramp * wall + (1 - ramp) * picture
    return np.asarray(np.clip(wall, 0, 1), np.float32)


def page(behind: Picture, rng: np.random.Generator) -> Layer:
    """A sheet, a box or a board: a quadrangle in about the colour of what it hides."""
    height, width = behind.shape[:2]
    tall = float(np.exp(rng.uniform(np.log(0.1), np.log(0.7)))) * height
    wide = tall * rng.uniform(0.5, 1.8)
    x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.15, 0.9) * height
    turn = rng.normal(0, 0.25)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (wide / 2, tall / 2)
    corners = corners * (1 + rng.normal(0, 0.1, (4, 2)))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = corners @ spin + (x, y)
    mask = _filled(points, (height, width))
    colour = local_colour(behind, mask, rng) + np.float32(rng.choice([0.0, rng.normal(0, 0.08)]))
    slope = rng.normal(0, 0.06, 2)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 1 + slope[0] * (xs - x) / wide + slope[1] * (ys - y) / tall
    sheet = np.asarray(colour * light[..., None], np.float32)
    if rng.random() < 0.5:  # lines of text, or the folds of a box
        for _ in range(int(rng.integers(1, 7))):
            share = rng.uniform(0.1, 0.9)
            a = points[0] + share * (points[3] - points[0])
            b = points[1] + share * (points[2] - points[1])
            end = a + rng.uniform(0.3, 1.0) * (b - a)
            sheet = _line(sheet, a, end, colour.mean() * rng.uniform(0.2, 0.9), rng)
    layer = np.dstack((np.clip(sheet, 0, 1) * mask[..., None], mask))
    return np.asarray(layer, np.float32)


def crate(behind: Picture, rng: np.random.Generator) -> Layer:
    """A box, a chest or a bag near the camera in about one colour: its top and two of its sides.

    The lower or a side border of the picture often cuts it.
    """
    height, width = behind.shape[:2]
    tall = float(np.exp(rng.uniform(np.log(0.15), np.log(0.9)))) * height
    wide, deep = tall * rng.uniform(0.4, 2.0), tall * rng.uniform(0.15, 0.9)
    x, y = rng.uniform(-0.15, 1.0) * width, rng.uniform(0.3, 1.05) * height
    lean = rng.normal(0, 0.15, 2) * tall
    near = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]])
    near += (x, y - 0.4 * tall)
    near[2:, 0] += lean[0]
    near[:, 1] += near[:, 0] / max(wide, 1) * lean[1]
    back = np.array([rng.uniform(-0.8, 0.8) * deep, -deep * rng.uniform(0.1, 0.8)])
    side = (1, 2) if back[0] > 0 else (0, 3)
    faces = (
        near,
        np.stack([near[0], near[1], near[1] + back, near[0] + back]),
        np.stack([near[side[0]], near[side[1]], near[side[1]] + back, near[side[0]] + back]),
    )
    masks = [_filled(points, (height, width)) for points in faces]
    mask = np.maximum.reduce(masks)
    if rng.random() < 0.4:  # white, in much light
        colour = rng.uniform(0.8, 1.0) * (1 + rng.normal(0, 0.02, 3))
    else:
        colour = _mean(behind, mask) * (1 + rng.normal(0, 0.04) + rng.normal(0, 0.012, 3))
    paint = np.zeros_like(behind)
    for face in masks:
        light = np.exp(rng.normal(0, 0.12)) * (1 + 0.03 * smooth_noise((height, width), 60, rng))
        paint = np.where(face[..., None] > 0, colour * light[..., None], paint).astype(np.float32)
    return np.asarray(np.dstack((np.clip(paint, 0, 1) * mask[..., None], mask)), np.float32)


def _filled(points: NDArray[np.float64], size: tuple[int, int]) -> Mask:
    alpha = np.zeros(size, np.uint8)
    cv2.fillPoly(alpha, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return np.asarray(alpha.astype(np.float32) / np.float32(255), np.float32)


def strokes(size: tuple[int, int], rng: np.random.Generator) -> Layer:
    """Thin things: wires, straps, antennas, loops of hair, strings of a racket."""
    height, width = size
    scale = 4
    alpha = np.zeros((height * scale, width * scale), np.uint8)
    start = rng.uniform(0.1, 0.9, 2) * (width, height)
    reach = float(np.exp(rng.uniform(np.log(0.1), np.log(0.8)))) * height
    thick = max(1, round(rng.uniform(0.7, 3.0) * scale))
    if rng.random() < 0.25:  # a net in a ring
        _draw_net(alpha, start * scale, reach * scale / 2, thick, rng)
    else:
        for _ in range(int(rng.integers(1, 5))):
            points = _curve(start + rng.normal(0, 0.1 * reach, 2), reach, rng)
            closed = bool(rng.random() < 0.2)
            cv2.polylines(alpha, [np.rint(points * scale).astype(np.int32)], closed, 255, thick)
    mask = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    colour = rng.uniform(0, 1) + rng.normal(0, 0.08, 3)
    if rng.random() < 0.5:
        colour = colour * 0.2
    light = 1 + 0.3 * smooth_noise(size, 20, rng)
    paint = np.clip(colour * light[..., None], 0, 1)
    return np.asarray(np.dstack((paint * mask[..., None], mask)), np.float32)


def _curve(
    start: NDArray[np.float64], reach: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Points of a cubic Bezier curve."""
    p = np.stack([start, *(start + rng.normal(0, reach / 2, (3, 2)))])
    t = np.linspace(0, 1, 24)[:, None]
    curve = (
        (1 - t) ** 3 * p[0] + 3 * (1 - t) ** 2 * t * p[1] + 3 * (1 - t) * t**2 * p[2] + t**3 * p[3]
    )
    return np.asarray(curve, np.float64)


def _draw_net(
    alpha: NDArray[np.uint8],
    centre: NDArray[np.float64],
    radius: float,
    thick: int,
    rng: np.random.Generator,
) -> None:
    ring = np.zeros_like(alpha)
    axes = (max(4, int(radius)), max(4, int(radius * rng.uniform(0.5, 1.0))))
    x, y = (int(v) for v in centre)
    turn = float(rng.uniform(0, 180))
    cv2.ellipse(ring, (x, y), axes, turn, 0, 360, 255, -1)
    step = max(3 * thick, int(radius * rng.uniform(0.12, 0.4)))
    lines = np.zeros_like(alpha)
    for offset in range(-int(2 * radius), int(2 * radius), step):
        cv2.line(lines, (x + offset, 0), (x + offset, alpha.shape[0]), 255, thick)
        cv2.line(lines, (0, y + offset), (alpha.shape[1], y + offset), 255, thick)
    alpha |= ring & lines
    cv2.ellipse(alpha, (x, y), axes, turn, 0, 360, 255, max(thick, int(thick * 1.6)))


def _line(
    picture: Picture,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    light: float,
    rng: np.random.Generator,
) -> Picture:
    a, b = (tuple(int(v) for v in np.rint(p * 16)) for p in (start, end))
    out = np.ascontiguousarray(picture)
    thick = int(rng.integers(1, 3))
    cv2.line(out, a, b, (float(light),) * 3, thick, cv2.LINE_AA, 4)
    return out


def smooth_noise(size: tuple[int, int], cell_px: float, rng: np.random.Generator) -> Mask:
    """Noise of deviation 1 that changes over about `cell_px`."""
    height, width = size
    cells = (max(2, round(height / cell_px)) + 1, max(2, round(width / cell_px)) + 1)
    coarse = rng.standard_normal(cells, np.float32)
    return np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    )
