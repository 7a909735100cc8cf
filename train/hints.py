"""What edgeds may know beside a frame and its plate, simulated for training.

A hint is (H, W) float32; it is -1 everywhere where nothing is known. Knows nothing about pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.holes import smooth_noise

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Known:
    """What a sample knows and hints are made of."""

    sigma: Map | None = None
    """Of what moves in the plate, in levels; None: nothing moves."""
    plate_depth: Map | None = None
    """Inverse depth of the plate, 0 where far away; None: unknown."""
    memory: float = 0.0
    """Share of the samples that know the frame before."""


def no_hints(size: tuple[int, ...]) -> Map:
    return np.full((3, *size), -1, np.float32)


def drawn_hints(known: Known, alpha: Map, rng: np.random.Generator) -> Map:
    """(3, H, W): sigma, inverse depth of the plate, alpha of the frame before.

    In 30 % of the samples nothing is known, else each of them in a part; `memory` is the share of
    these that know the frame before.
    """
    size = (alpha.shape[0], alpha.shape[1])
    hints = no_hints(size)
    if rng.random() < 0.3:
        return hints
    if rng.random() < 0.7:
        hints[0] = still_sigma(size, rng)
        if known.sigma is not None:
            hints[0] = measured_sigma(known.sigma, rng)
    if known.plate_depth is not None and rng.random() < 0.85:
        hints[1] = guessed_plate_depth(known.plate_depth, rng)
    if rng.random() < known.memory:
        hints[2] = earlier_alpha(alpha, rng)
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


def earlier_alpha(alpha: Map, rng: np.random.Generator) -> Map:
    """Alpha of the frame before as it was estimated then: moved, with holes and false blobs; or of
    a picture that has nothing to do with this one.
    """
    height, width = size = (alpha.shape[0], alpha.shape[1])
    if float(alpha.min()) < 0:
        return unknown(size)
    kind = rng.random()
    if kind < 0.1:  # nobody was there
        return np.zeros(size, np.float32)
    far = 0.3 if kind < 0.2 else 0.025
    shift = rng.normal(0, far, 2) * height
    zoom = float(np.exp(rng.normal(0, 0.02)))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 1.5), zoom)
    matrix[:, 2] += shift
    moved = cv2.warpAffine(alpha, matrix, (width, height), flags=cv2.INTER_LINEAR)
    side = int(rng.choice([1, 3, 5]))
    kernel = np.ones((side, side), np.uint8)
    moved = cv2.erode(moved, kernel) if rng.random() < 0.5 else cv2.dilate(moved, kernel)
    if rng.random() < 0.4:  # holes
        moved = moved * (smooth_noise(size, rng.uniform(8, 40), rng) < rng.uniform(0.5, 1.8))
    if rng.random() < 0.3:  # ghosts
        blobs = np.clip(3 * (smooth_noise(size, rng.uniform(8, 60), rng) - 1.3), 0, 1)
        moved = np.maximum(moved, blobs * np.float32(rng.uniform(0.2, 1)))
    return np.asarray(
        np.clip(cv2.GaussianBlur(moved.astype(np.float32), (0, 0), rng.uniform(0.4, 1.5)), 0, 1),
        np.float32,
    )
