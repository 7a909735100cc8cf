"""The last step of every sample: the camera's errors, and bytes. Knows nothing about materials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.samples import camera_errors as camera
from train.samples import shadows_and_lamps as shadow
from train.samples.hints import Known, drawn_hints, no_hints

Picture = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sample:
    frame: NDArray[np.uint8]
    """(H, W, 3)."""
    plate: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    """(H, W) in 0..1; -1 where unknown."""
    inverse_depth: NDArray[np.float32]
    """(H, W) in 1/m; 0 where unknown, below 0 where it is a guess."""
    hints: NDArray[np.float32]
    """(2, H, W): sigma of the plate in levels, and its inverse depth, 1 in the mean; -1 where
    unknown.
    """


def with_other_light(
    picture: Picture,
    layer: NDArray[np.float32],
    caster: NDArray[np.float32],
    rng: np.random.Generator,
) -> Picture:
    """Shadows, reflections and lamps on the background of a frame."""
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 3))):
            picture = shadow.darkened(picture, shadow.cast_shadow(caster, rng), rng)
    if rng.random() < 0.35:
        picture = shadow.darkened(picture, shadow.contact_shadow(caster, rng), rng)
    if rng.random() < 0.3:
        picture = shadow.darkened(picture, shadow.free_shadow(picture.shape[:2], rng), rng)
    if rng.random() < 0.25:
        picture = np.asarray(
            np.clip(picture * shadow.lamp(picture.shape[:2], rng), 0, 1), np.float32
        )
    if rng.random() < 0.12:
        picture = shadow.reflected(picture, layer, rng)
    return picture


def finished(
    frame: Picture,
    plate: Picture,
    alpha: NDArray[np.float32],
    inverse_depth: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    exact: bool,
    known: Known | None = None,
) -> Sample:
    """Give both the same look, then each its own changes of time and camera, then make bytes.

    `known` is what hints are made of; None makes none.
    """
    frame, plate = camera.graded(frame, plate, rng)
    if exact:
        if rng.random() < 0.3:
            frame, plate = (
                camera.noisy(frame, rng, strength=0.4),
                camera.noisy(plate, rng, strength=0.4),
            )
    else:
        strength = float(rng.choice([0.4, 1.0, 1.8], p=[0.35, 0.45, 0.2]))
        if rng.random() < 0.65:
            plate = camera.nudged(plate, rng, strength=strength)
        if rng.random() < 0.75:
            if rng.random() < 0.6:
                plate = camera.exposed(plate, rng, strength=strength)
            else:  # then the frame is what clips
                frame = camera.exposed(frame, rng, strength=strength)
        if rng.random() < 0.12:
            plate = camera.smeared(plate, frame, rng)
        frame, plate = (camera.sensed(x, rng, strength=strength) for x in (frame, plate))
    alpha = np.asarray(alpha, np.float32)
    size = (alpha.shape[0], alpha.shape[1])
    hints = no_hints(size) if known is None else drawn_hints(known, size, rng)
    return Sample(in_bytes(frame), in_bytes(plate), alpha, inverse_depth, hints)


def in_bytes(picture: Picture) -> NDArray[np.uint8]:
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
