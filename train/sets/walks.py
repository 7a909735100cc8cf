"""Clips of a fixed camera: cut-outs that walk, sway and come nearer before a photograph.

They are for what depends on the frames before: where the network looks, and how steady alpha is.
Nobody's limbs move on their own; the body's width changes with the stride, so that its bounds do.
Knows nothing about sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.samples.frame_sample import photograph
from train.samples.material import Cutout, Material
from train.samples.place_cutouts import Layer, over, recoloured

Picture = NDArray[np.float32]
FPS = 25.0


@dataclass(frozen=True, slots=True)
class Walk:
    """How somebody moves: all lengths are shares of the picture's height, times in seconds."""

    rgba: Layer
    """Premultiplied, (h, w, 4)."""
    height: float
    grows: float
    """Factor on the height a second, for who comes nearer or goes away."""
    left: float
    speed: float
    foot: float
    stride: float
    """How much the width changes: share of it."""
    hertz: float
    phase: float

    def drawn(self, time: float, size: tuple[int, int]) -> Layer:
        """The layer at a time, (H, W, 4)."""
        height, width = size
        tall = self.height * self.grows**time
        beat = np.sin(2 * np.pi * self.hertz * time + self.phase)
        scale = tall * height / self.rgba.shape[0]
        across = scale * (1 + self.stride * beat)
        middle = (self.left + self.speed * time) * height
        bob = 0.008 * abs(beat) * tall
        matrix = np.array(
            [
                [across, 0, middle - across * self.rgba.shape[1] / 2],
                [0, scale, (self.foot - tall - bob) * height],
            ]
        )
        layer = cv2.warpAffine(self.rgba, matrix, (width, height), flags=cv2.INTER_AREA)
        return np.asarray(np.clip(layer, 0, 1), np.float32)


def walk_of(cutout: Cutout, size: tuple[int, int], rng: np.random.Generator) -> Walk:
    """A walk of somebody who is in view, or comes into view, within two seconds."""
    height = float(np.exp(rng.uniform(np.log(0.25), np.log(1.1))))
    wide = size[1] / size[0]
    to_right = 1 if rng.random() < 0.5 else -1
    walks = rng.random() < 0.7
    speed = to_right * height * rng.uniform(0.3, 0.9) if walks else 0.0
    enters = walks and rng.random() < 0.5
    left = -0.3 * height if enters else rng.uniform(0.2, 0.8) * wide
    left = wide - left if enters and to_right < 0 else left
    foot = 1 + 0.3 * height if cutout.is_portrait else rng.uniform(min(0.98, height + 0.02), 1.02)
    rgba = np.asarray(cutout.rgba, np.float32) / 255
    if rng.random() < 0.5:
        rgba = rgba[:, ::-1]
    return Walk(
        np.ascontiguousarray(recoloured(np.asarray(rgba, np.float32), rng)), height,
        float(np.exp(rng.normal(0, 0.12))), float(left), float(speed), float(foot),
        stride=float(rng.uniform(0.02, 0.2)), hertz=float(rng.uniform(0.5, 1.2)),
        phase=float(rng.uniform(0, 2 * np.pi)),
    )  # fmt: skip


def walks(
    material: Material, size: tuple[int, int], frames: int, rng: np.random.Generator
) -> tuple[Picture, Iterator[tuple[Picture, NDArray[np.float32]]]]:
    """The plate, and pairs of frame and alpha; pictures are float32 RGB in 0..1."""
    plate = photograph(material, size, rng)
    people = [one for one in material.cutouts if one.is_person]
    chosen = [people[int(rng.integers(len(people)))] for _ in range(1 + (rng.random() < 0.25))]
    moving = [walk_of(one, size, rng) for one in chosen]
    grain = np.float32(rng.uniform(0.5, 4) / 255)

    def noisy(picture: Picture, share: float = 1.0) -> Picture:
        noise = rng.standard_normal(picture.shape, np.float32) * grain * np.float32(share)
        return np.asarray(np.clip(picture + cv2.blur(noise, (2, 2)), 0, 1), np.float32)

    def drawn() -> Iterator[tuple[Picture, NDArray[np.float32]]]:
        for number in range(frames):
            layer = np.zeros((*size, 4), np.float32)
            for one in moving:
                layer = over(one.drawn(number / FPS, size), layer)
            frame = layer[..., :3] + (1 - layer[..., 3:]) * plate
            yield noisy(np.asarray(frame, np.float32)), layer[..., 3]

    return noisy(plate, 0.3), drawn()
