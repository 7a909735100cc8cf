"""Backgrounds that move by themselves: leaves, water, curtains, screens. None of it is foreground.

Each kind draws its scene several times; the plate is one of them, or their mean, as an estimate
from a clip gives it. `sigma` is how much each pixel varies, in levels of 255; whoever makes a plate
of many frames knows it. Knows nothing about foregrounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.samples.holes import smooth_noise

Picture = NDArray[np.float32]
Mask = NDArray[np.float32]
Draw = Callable[[float], Picture]
"""The scene at a time in seconds."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A scene that moves."""

    frame: Picture
    plate: Picture
    sigma: Mask
    """(H, W), in levels of 255."""
    region: Mask
    """(H, W) in 0..1, where something moves."""


def moving(picture: Picture, other: Picture, rng: np.random.Generator, kind: str = "") -> Moved:
    """A scene with something in it that moves.

    Args:
        picture: the scene.
        other: another picture of the same size, for screens to show.
        kind: one of KINDS. Default: a random one.
    """
    kind = kind or str(rng.choice(list(KINDS)))
    region, draw = KINDS[kind](picture, other, rng)
    times = np.sort(rng.uniform(0, 30, 6))
    drawn = [draw(float(time)) for time in times]
    frame, seen = drawn[0], np.stack(drawn[1:])
    plate = seen.mean(0) if rng.random() < 0.4 else seen[0]
    if rng.random() < 0.25:
        plate = np.median(seen, 0)
    sigma = 255 * seen.std(0).mean(2)
    return Moved(
        np.asarray(np.clip(frame, 0, 1), np.float32),
        np.asarray(np.clip(plate, 0, 1), np.float32),
        np.asarray(cv2.blur(sigma, (3, 3)), np.float32),
        region,
    )


def leaves(picture: Picture, _other: Picture, rng: np.random.Generator) -> tuple[Mask, Draw]:
    """What is textured shakes: every leaf for itself, and the branches together."""
    size = picture.shape[:2]
    region = _region(size, rng)
    grain = np.abs(picture.mean(2) - cv2.blur(picture, (5, 5)).mean(2))
    region = region * np.clip(cv2.blur(grain, (9, 9)) / np.float32(0.02), 0.2, 1)
    strength = float(np.exp(rng.uniform(np.log(0.5), np.log(5)))) * size[0] / 192
    fields = [smooth_noise(size, cell, rng) for cell in (6, 6, 25, 25)]
    rates = rng.uniform(2, 9, 4)
    glitter = rng.uniform(0, 0.12)

    def at(time: float) -> Picture:
        a, b, c, d = (np.float32(np.sin(rate * time)) for rate in rates)
        dx = strength * region * (0.6 * a * fields[0] + c * fields[2])
        dy = strength * region * (0.6 * b * fields[1] + d * fields[3])
        light = 1 + glitter * region * (a * fields[1] + b * fields[2])
        return np.asarray(_warped(picture, dx, dy) * light[..., None], np.float32)

    return region, at


def water(picture: Picture, _other: Picture, rng: np.random.Generator) -> tuple[Mask, Draw]:
    """Waves on a pond or a river: the picture in it wavers, and the sky glitters."""
    size = picture.shape[:2]
    region = _region(size, rng, lower=True)
    strength = float(np.exp(rng.uniform(np.log(0.7), np.log(6)))) * size[0] / 192
    wave = rng.uniform(5, 30) * size[0] / 192
    ys, xs = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    bend = 4 * smooth_noise(size, 40, rng)
    phase = 2 * np.pi * ys / np.float32(wave) + np.float32(rng.normal(0, 0.03)) * xs + bend
    sparkle = smooth_noise((size[0], max(2, size[1] // 3)), 3, rng)
    sparkle = cv2.resize(sparkle, size[::-1], interpolation=cv2.INTER_LINEAR)
    shine, rate = rng.uniform(0, 0.35), rng.uniform(1, 6)

    def at(time: float) -> Picture:
        swing = np.sin(phase + np.float32(rate * time)) + np.float32(0.5) * np.sin(
            np.float32(2.3) * phase - np.float32(1.7 * rate * time)
        )
        moved = _warped(picture, strength * 0.5 * region * swing, strength * region * swing)
        glints = np.clip(swing * np.roll(sparkle, round(7 * time), 1) - 1.0, 0, 1) * region
        return np.asarray(moved + (shine * glints)[..., None], np.float32)

    return region, at


def curtain(picture: Picture, _other: Picture, rng: np.random.Generator) -> tuple[Mask, Draw]:
    """Cloth with folds that sway, or a door or blind that moves in the draught."""
    size = picture.shape[:2]
    region = _region(size, rng)
    wave = rng.uniform(8, 40) * size[0] / 192
    xs = np.arange(size[1], dtype=np.float32)[None, :]
    ys = np.linspace(0, 1, size[0], dtype=np.float32)[:, None]
    folds = rng.uniform(0.05, 0.3)
    cloth = rng.uniform(0, 0.7)
    colour = (rng.uniform(0.2, 0.95) + rng.normal(0, 0.06, 3)).astype(np.float32)
    base = picture + (np.float32(cloth) * region)[..., None] * (colour - picture)
    strength, rate = rng.uniform(0.5, 6) * size[0] / 192, rng.uniform(0.5, 3)
    bend = smooth_noise(size, 50, rng)

    def at(time: float) -> Picture:
        sway = np.float32(np.sin(rate * time)) + np.float32(0.5) * bend * np.float32(
            np.sin(1.7 * rate * time)
        )
        shift = strength * (0.3 + ys) * sway
        shade = 1 + folds * region * np.sin(2 * np.pi * (xs + shift) / np.float32(wave) + bend)
        return np.asarray(_warped(base, shift * region, 0 * shift) * shade[..., None], np.float32)

    return region, at


def screen(picture: Picture, other: Picture, rng: np.random.Generator) -> tuple[Mask, Draw]:
    """A monitor, a television or a projection that shows other pictures, or flickers."""
    height, width = size = picture.shape[:2]
    tall = rng.uniform(0.12, 0.6) * height
    wide = tall * rng.uniform(1.2, 1.9)
    x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.8) * height
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (wide / 2, tall / 2)
    points = (corners * (1 + rng.normal(0, 0.06, (4, 2))) + (x, y)).astype(np.float32)
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    region = mask.astype(np.float32) / np.float32(255)
    frame_edge = cv2.dilate(region, np.ones((3, 3), np.uint8)) - region
    base = picture * (1 - np.float32(0.8) * frame_edge[..., None])
    ends = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    onto = cv2.getPerspectiveTransform(ends, points)
    shows = [_shown(other, rng) for _ in range(3)]
    placed = [cv2.warpPerspective(one, onto, (width, height)) for one in shows]
    flicker = rng.uniform(0, 0.25)
    still = rng.random() < 0.25  # the same picture, flickering alone
    glow = cv2.GaussianBlur(region, (0, 0), max(1.0, tall / 4)) * np.float32(rng.uniform(0, 0.25))

    def at(time: float) -> Picture:
        which = placed[0] if still else placed[int(time) % len(placed)]
        light = np.float32(1 + flicker * np.sin(17 * time))
        around = 1 + glow * (light * which.mean() * 3 - 0.5)
        lit = base * around[..., None]
        return np.asarray(lit + region[..., None] * (which * light - lit), np.float32)

    return region, at


KINDS: dict[str, Callable[[Picture, Picture, np.random.Generator], tuple[Mask, Draw]]] = {
    "leaves": leaves,
    "water": water,
    "curtain": curtain,
    "screen": screen,
}


def _shown(other: Picture, rng: np.random.Generator) -> Picture:
    """What a screen shows: a photograph, a dark picture, or a page with lines."""
    kind = rng.random()
    if kind < 0.6:
        rolled = np.roll(other, int(rng.integers(other.shape[1])), 1)
        return np.asarray(rolled * np.float32(rng.uniform(0.5, 1.2)), np.float32)
    light = rng.uniform(0, 0.25) if kind < 0.8 else rng.uniform(0.7, 1.0)
    flat = np.full_like(other, np.float32(light)) * (1 + rng.normal(0, 0.1, 3)).astype(np.float32)
    for _ in range(int(rng.integers(0, 12))):
        top, left = (int(rng.integers(side)) for side in other.shape[:2])
        long = int(rng.integers(8, max(9, other.shape[1] // 2)))
        colour = tuple(float(v) for v in rng.uniform(0, 1, 3))
        cv2.rectangle(flat, (left, top), (left + long, top + int(rng.integers(2, 30))), colour, -1)
    return np.asarray(flat, np.float32)


def _region(size: tuple[int, int], rng: np.random.Generator, *, lower: bool = False) -> Mask:
    """Where something moves: a soft blob, or all below or beside an uneven line."""
    height, width = size
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    edge = np.float32(rng.uniform(0.02, 0.1) * height) * smooth_noise(size, 30, rng)
    if lower:
        inside = ys - np.float32(rng.uniform(0.1, 0.8) * height) + np.float32(0.3) * edge
    elif rng.random() < 0.3:
        inside = xs - np.float32(rng.uniform(0.2, 0.8) * width) + edge
        inside = inside if rng.random() < 0.5 else -inside
    else:
        x, y = rng.uniform(0, 1) * width, rng.uniform(0, 1) * height
        across, down = rng.uniform(0.1, 0.8, 2) * height
        inside = 1 - np.hypot((xs - x) / across, (ys - y) / down)
        inside = np.float32(min(across, down)) * inside + edge
    return np.asarray(np.clip(inside / np.float32(4) + np.float32(0.5), 0, 1), np.float32)


def _warped(picture: Picture, dx: Mask, dy: Mask) -> Picture:
    height, width = picture.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    warped = cv2.remap(
        picture,
        np.asarray(xs + dx, np.float32),
        np.asarray(ys + dy, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(warped, np.float32)
