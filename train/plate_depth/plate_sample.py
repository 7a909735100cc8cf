"""One training sample of the plate's network: a picture of a scene as some camera might give it,
and inverse depth.

A sample depends on its number and the seed alone, as long as the sets do not grow. Knows nothing
about torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.plate_depth.plate_pictures import PlatePicture, Plates
from train.samples import camera_errors
from train.samples import shadows_and_lamps as light
from train.samples.crop import random_box

Picture = NDArray[np.float32]
MAX_ROLL_DEGREES = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateMix:
    """How often each kind is taken; the rest are drawn scenes."""

    rooms: float = 0.15
    guesses: float = 0.03


@dataclass(frozen=True, slots=True)
class PlateSample:
    picture: NDArray[np.uint8]
    """(H, W, 3)."""
    inverse_depth: Picture
    """(H, W) in 1/m; a guess has an unknown scale and shift; -1 where unknown."""
    is_guess: bool


def drawn_plate_sample(
    plates: Plates, number: int, size: tuple[int, int], *, seed: int, mix: PlateMix
) -> PlateSample:
    """Sample `number` of the endless sequence that `seed` stands for."""
    rng = np.random.default_rng((seed, number))
    chosen = chosen_picture(plates, rng, mix)
    pixels, inverse_depth = chosen.read()
    picture, inverse_depth = looked_at(pixels, inverse_depth, size, rng)
    picture = as_a_camera_sees_it(picture, rng)
    pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return PlateSample(pixels, inverse_depth, chosen.guess)


def chosen_picture(plates: Plates, rng: np.random.Generator, mix: PlateMix) -> PlatePicture:
    kind = rng.random()
    if plates.guesses and kind < mix.guesses:
        among = plates.guesses
    elif plates.rooms and (kind < mix.guesses + mix.rooms or not plates.worlds):
        among = plates.rooms
    else:
        among = plates.worlds or plates.guesses
    return among[int(rng.integers(len(among)))]


def looked_at(
    pixels: NDArray[np.uint8],
    inverse_depth: Picture,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[Picture, Picture]:
    """A random part of the picture at `size`, flipped or not, sometimes rolled."""
    x0, y0, wide, tall = random_box(pixels.shape[:2], size, rng, smallest=0.6)
    box = (slice(y0, y0 + tall), slice(x0, x0 + wide))
    smaller = cv2.INTER_AREA if tall > size[0] else cv2.INTER_LINEAR
    picture = cv2.resize(pixels[box], size[::-1], interpolation=smaller).astype(np.float32)
    depth = cv2.resize(inverse_depth[box], size[::-1], interpolation=cv2.INTER_NEAREST)
    if rng.random() < 0.5:
        picture, depth = picture[:, ::-1], depth[:, ::-1]
    if rng.random() < 0.3:
        picture, depth = rolled(picture, depth, rng)
    return np.ascontiguousarray(picture / np.float32(255)), np.ascontiguousarray(depth)


def rolled(picture: Picture, depth: Picture, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Turn the picture about its middle, and enlarge it until no corner is empty."""
    height, width = depth.shape
    degrees = float(rng.uniform(-MAX_ROLL_DEGREES, MAX_ROLL_DEGREES))
    angle, aspect = np.radians(abs(degrees)), max(height, width) / min(height, width)
    zoom = float(np.cos(angle) + aspect * np.sin(angle))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, zoom)
    source = (np.ascontiguousarray(picture), np.ascontiguousarray(depth))
    edge = cv2.BORDER_REPLICATE
    return (
        np.asarray(
            cv2.warpAffine(
                source[0], matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=edge
            ),
            np.float32,
        ),
        np.asarray(
            cv2.warpAffine(
                source[1], matrix, (width, height), flags=cv2.INTER_NEAREST, borderMode=edge
            ),
            np.float32,
        ),
    )


def as_a_camera_sees_it(picture: Picture, rng: np.random.Generator) -> Picture:
    """Change light, colours, focus, noise and compression, more than between a frame and its plate.

    So the network cannot recognise a drawn scene by its look.
    """
    if rng.random() < 0.3:
        picture = light.darkened(picture, light.free_shadow(picture.shape[:2], rng), rng)
    if rng.random() < 0.4:
        picture = np.asarray(picture * light.lamp(picture.shape[:2], rng) ** 2, np.float32)
    if rng.random() < 0.5:
        picture = saturated(picture, float(np.exp(rng.normal(0, 0.5))))
    picture, _ = camera_errors.graded(picture, picture, rng)
    strength = float(rng.choice([0.5, 1.0, 1.8], p=[0.4, 0.45, 0.15]))
    if rng.random() < 0.6:
        picture = camera_errors.exposed(picture, rng, strength=1.3 * strength)
    return camera_errors.sensed(np.clip(picture, 0, 1), rng, strength=strength)


def saturated(picture: Picture, gain: float) -> Picture:
    """Move the colours away from grey, or towards it."""
    grey = picture.mean(2, keepdims=True)
    return np.asarray(np.clip(grey + np.float32(gain) * (picture - grey), 0, 1), np.float32)
