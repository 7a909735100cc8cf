"""What a real camera changes between the plate and this frame, so that the plate is wrong as in
life.

Every function takes float32 RGB pictures in 0..1, shape (H, W, 3), and returns new ones. Knows
nothing about foregrounds, except that shadows and lamps live in shadows_and_lamps.py.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]


def nudged(picture: Picture, rng: np.random.Generator, *, strength: float) -> Picture:
    """A touched camera: shift by sub-pixels to several pixels, rotate and scale slightly."""
    height, width = picture.shape[:2]
    shift = (
        rng.normal(0, 0.9 * strength, 2) if rng.random() < 0.7 else rng.uniform(-4, 4, 2) * strength
    )
    degrees = rng.normal(0, 0.25 * strength) if rng.random() < 0.5 else 0.0
    scale = 1 + (rng.normal(0, 0.004 * strength) if rng.random() < 0.5 else 0.0)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    matrix[:, 2] += np.clip(shift, -6, 6) * (height / 192)
    interpolation = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
    moved = cv2.warpAffine(
        picture, matrix, (width, height), flags=interpolation, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(np.clip(moved, 0, 1), np.float32)


def exposed(picture: Picture, rng: np.random.Generator, *, strength: float) -> Picture:
    """Another exposure, white balance, black level and gamma."""
    spread = 0.25 if rng.random() < 0.15 else 0.10 * strength  # 15 % are up to most of a stop
    gain = np.exp(rng.normal(0, spread) + rng.normal(0, 0.045 * strength, 3))
    bias = rng.normal(0, 0.015 * strength) + rng.normal(0, 0.008 * strength, 3)
    out = picture * gain.astype(np.float32) + bias.astype(np.float32)
    out = np.clip(out, 0, 1)
    if rng.random() < 0.4:
        out = np.power(out, np.float32(np.exp(rng.normal(0, 0.12 * strength))))
    return np.asarray(out, np.float32)


def defocused(picture: Picture, rng: np.random.Generator, *, strength: float) -> Picture:
    sigma = abs(rng.normal(0, 0.7 * strength))
    if sigma < 0.25:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def noisy(picture: Picture, rng: np.random.Generator, *, strength: float) -> Picture:
    """Add read noise, part of it coarse, as demosaicing and denoising leave it."""
    height, width = picture.shape[:2]
    sigma = np.float32(abs(rng.normal(0, 0.018 * strength)))
    if strength >= 1 and rng.random() < 0.15:  # a dark room
        sigma = np.float32(rng.uniform(0.02, 0.09))
    grain = rng.standard_normal(picture.shape, np.float32)
    if rng.random() < 0.4:
        half = (max(1, width // 2), max(1, height // 2))
        grain = cv2.resize(grain[::2, ::2].copy(), half, interpolation=cv2.INTER_LINEAR)
        grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(picture + sigma * grain, 0, 1), np.float32)


def compressed(picture: Picture, rng: np.random.Generator, *, worst: int = 35) -> Picture:
    """Compress as JPEG with 4:2:0 chroma, as webcams and network cameras do."""
    quality = int(rng.integers(worst, 96))
    pixels = cv2.cvtColor(np.rint(picture * 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
    _, packet = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    back = cv2.cvtColor(cv2.imdecode(packet, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return np.asarray(back * np.float32(1 / 255), np.float32)


def sensed(picture: Picture, rng: np.random.Generator, *, strength: float) -> Picture:
    """Apply focus, noise and compression of one shot; frame and plate each get their own."""
    if rng.random() < 0.35:
        picture = defocused(picture, rng, strength=strength)
    if rng.random() < 0.7:
        picture = noisy(picture, rng, strength=strength)
    if rng.random() < 0.4:
        picture = compressed(picture, rng)
    return picture


def graded(frame: Picture, plate: Picture, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Give both the same look: a dim room, low contrast, other colours, black and white."""
    if rng.random() < 0.5:
        gain = np.float32(np.exp(rng.normal(-0.05, 0.3))) * np.exp(rng.normal(0, 0.06, 3)).astype(
            np.float32
        )
        gamma = np.float32(np.exp(rng.normal(0, 0.25)))
        frame, plate = (np.power(np.clip(x * gain, 0, 1), gamma) for x in (frame, plate))
    if rng.random() < 0.12:
        order = rng.permutation(3)
        frame, plate = frame[..., order], plate[..., order]
    if rng.random() < 0.06:
        frame, plate = (np.repeat(x.mean(2, keepdims=True), 3, 2) for x in (frame, plate))
    return np.asarray(frame, np.float32), np.asarray(plate, np.float32)


def smeared(plate: Picture, frame: Picture, rng: np.random.Generator) -> Picture:
    """A plate estimated from the clip itself: faint ghosts of what passed by."""
    shifted = np.roll(frame, (int(rng.integers(-8, 9)), int(rng.integers(-60, 61))), (0, 1))
    share = np.float32(rng.uniform(0.03, 0.2))
    return np.asarray(
        (1 - share) * plate + share * cv2.blur(shifted, (int(rng.integers(3, 25)), 3)), np.float32
    )
