"""Converts light to pixels: exposure, tone, colour. Knows nothing about the picture's contents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]
"""(H, W, 3), linear."""
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """Exposure and tone of a camera; frame and plate share them."""

    gain: NDArray[np.float32]
    """(3,): exposure and white balance."""
    gamma: float
    shoulder: float | None
    """Light that becomes white, with a soft shoulder below it (Reinhard et al. 2002); None clips
    light above 1."""
    fade: float
    """How much colour the highlights lose."""

    def pixels(self, light: Light) -> Pixels:
        """uint8 RGB."""
        shown = np.maximum(light, 0) * self.gain
        if self.shoulder is not None:
            grey = shown.mean(-1, keepdims=True)
            shown = shown + (grey - shown) * np.minimum(np.float32(self.fade) * grey, 1)
            shown = shown * (1 + shown / self.shoulder**2) / (1 + shown)
        tone = np.clip(shown, 0, 1) ** np.float32(1 / self.gamma)
        return np.asarray(np.rint(tone * 255), np.uint8)


def film_for(rng: np.random.Generator, light: Light, *, stops: float = -0.3) -> Film:
    """A film that is exposed for the picture, as by an automatic camera: mostly right.

    Args:
        stops: natural logarithm of the mean brightness that the picture's bright part gets.
    """
    measured = float(np.percentile(light.max(-1), rng.choice([80, 97])))
    middle = float(np.median(light.max(-1)))
    bright = max(measured, 1e-4, 1.2 * middle)
    exposure = np.exp(rng.normal(stops, 0.4)) / bright
    balance = np.exp(rng.normal(0, 0.05, 3))
    soft = rng.random() < 0.65
    return Film(
        gain=(exposure * balance * (rng.uniform(1, 2.2) if soft else 1)).astype(np.float32),
        gamma=float(rng.uniform(1.9, 2.5)),
        shoulder=float(rng.uniform(2, 5)) if soft else None,
        fade=float(rng.uniform(0, 0.5)),
    )
