"""What edgeds may know beside a frame and its plate, simulated for training.

A hint is (H, W) float32; it is -1 everywhere where nothing is known. Knows nothing about pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.samples.holes import smooth_noise

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Known:
    """What a sample knows and hints are made of."""

    sigma: Map | None = None
    """Sigma of what moves in the plate, in levels; None: nothing moves."""
    plate_depth: Map | None = None
    """Inverse depth of the plate, 0 where far away; None: unknown."""


def no_hints(size: tuple[int, ...]) -> Map:
    return np.full((2, *size), -1, np.float32)


def drawn_hints(known: Known, size: tuple[int, int], rng: np.random.Generator) -> Map:
    """(2, H, W): sigma and inverse depth of the plate.

    What moves is always known, so that without sigma a difference is believed as it is. Else in
    30 % of the samples nothing is known, and in the others each of them in a part.
    """
    hints = no_hints(size)
    if known.sigma is not None:
        hints[0] = measured_sigma(known.sigma, rng)
    if rng.random() < 0.3:
        return hints
    if known.sigma is None and rng.random() < 0.7:
        hints[0] = still_sigma(size, rng)
    if known.plate_depth is not None and rng.random() < 0.85:
        hints[1] = guessed_plate_depth(known.plate_depth, rng)
    return hints


def unknown(size: tuple[int, int]) -> Map:
    return np.full(size, -1, np.float32)


def still_sigma(size: tuple[int, int], rng: np.random.Generator) -> Map:
    """How much the pixels of a scene vary where nothing moves, in levels: noise, and a few places
    where somebody passed while the plate was taken.
    """
    level = float(np.exp(rng.uniform(np.log(0.3), np.log(5))))
    sigma = level * np.exp(0.15 * smooth_noise(size, 40, rng))
    if rng.random() < 0.15:
        passed = np.clip(smooth_noise(size, 50, rng) - 1.2, 0, 1)
        sigma = sigma + 12 * rng.random() * passed
    return np.asarray(sigma, np.float32)


def measured_sigma(sigma: Map, rng: np.random.Generator) -> Map:
    """The estimate from a few frames of how much each pixel varies."""
    size = sigma.shape
    assert len(size) == 2
    rough = np.exp(0.2 * smooth_noise(size, 4, rng))
    return np.asarray(np.hypot(sigma, still_sigma(size, rng)) * rough, np.float32)


def guessed_plate_depth(inverse_depth: Map, rng: np.random.Generator) -> Map:
    """A plate network's guess of a known inverse depth: shifted, soft, bent, and 1 in the mean."""
    size = (inverse_depth.shape[0], inverse_depth.shape[1])
    if float((inverse_depth > 0).mean()) < 0.4:
        return unknown(size)
    bent = inverse_depth * np.exp(rng.uniform(0, 0.25) * smooth_noise(size, 60, rng))
    bent = bent / bent.mean() + rng.normal(0, 0.12)
    sigma = float(rng.uniform(0.4, 3) * size[0] / 192)
    soft = np.maximum(cv2.GaussianBlur(bent, (0, 0), sigma), 0)
    return np.asarray(soft / max(float(soft.mean()), 1e-6), np.float32)
