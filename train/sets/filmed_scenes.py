"""Scenes filmed by a fixed camera with noise: empty, as for a plate that is captured, and as a clip
in which people walk through and some stand for a while.

The background moves by itself (`moving`) or not. Knows nothing about networks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from train.samples.frame_sample import photograph
from train.samples.material import Cutout, Material
from train.samples.moving import KINDS
from train.samples.place_cutouts import Layer, over
from train.sets.walks import Walk, walk_of

Picture = NDArray[np.float32]
Pixels = NDArray[np.uint8]
SIZE = (360, 640)
STILL = "still"
NAMES = (*KINDS, STILL)
CAPTURED, CAPTURE_SECS = 16, 2.0
CLIP_SAMPLES = 32


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody in view for a time."""

    walk: Walk
    begin: float
    secs: float

    def drawn(self, time: float) -> Layer | None:
        since = time - self.begin
        return self.walk.drawn(since, SIZE) if 0 <= since < self.secs else None


@dataclass(frozen=True, slots=True)
class FilmedScene:
    """A background, its camera, and who comes by."""

    kind: str
    draw: Callable[[float], Picture]
    visits: list[Visit]
    secs: float
    grain: float
    """Sigma of the camera's noise, in levels."""
    rng: np.random.Generator

    def captured(self) -> list[Pixels]:
        """Frames of two seconds with nobody in view."""
        begin = float(self.rng.uniform(0, self.secs))
        times = begin + np.arange(CAPTURED) * (CAPTURE_SECS / (CAPTURED - 1))
        return [self.shot(float(time), [])[0] for time in times]

    def clip(self) -> list[Pixels]:
        """Frames spread through the clip."""
        times = (np.arange(CLIP_SAMPLES) + 0.5) * (self.secs / CLIP_SAMPLES)
        return [self.shot(float(time), self.visits)[0] for time in times]

    def shot(self, time: float, visits: list[Visit]) -> tuple[Pixels, NDArray[np.float32]]:
        """A frame, uint8 RGB, and its alpha."""
        layer = np.zeros((*SIZE, 4), np.float32)
        for visit in visits:
            drawn = visit.drawn(time)
            layer = layer if drawn is None else over(drawn, layer)
        alpha = layer[..., 3]
        frame = layer[..., :3] + (1 - alpha[..., None]) * np.clip(self.draw(time), 0, 1)
        noise = self.grain * self.rng.standard_normal(frame.shape, np.float32)
        return np.clip(np.rint(255 * frame + noise), 0, 255).astype(np.uint8), alpha


def filmed_scene(material: Material, number: int, *, seed: int) -> FilmedScene:
    """Scene `number` of an endless sequence, in which the kinds take turns."""
    rng = np.random.default_rng((seed, number))
    kind = NAMES[number % len(NAMES)]
    picture, other = photograph(material, SIZE, rng), photograph(material, SIZE, rng)
    draw = (lambda _: picture) if kind == STILL else KINDS[kind](picture, other, rng)[1]
    secs, grain = float(rng.uniform(10, 60)), float(rng.uniform(0.5, 4))
    people = [one for one in material.cutouts if one.is_person]
    chosen = [people[int(at)] for at in rng.integers(len(people), size=rng.integers(2, 12))]
    visits = [_visit(one, index < 2, secs, rng) for index, one in enumerate(chosen)]
    return FilmedScene(kind, draw, visits, secs, grain, rng)


def _visit(cutout: Cutout, stays: bool, secs: float, rng: np.random.Generator) -> Visit:
    """The visit of somebody who walks through, or who stands in one place for up to two fifths of a
    clip."""
    walk, wide = walk_of(cutout, SIZE, rng), SIZE[1] / SIZE[0]
    if stays:
        left = float(rng.uniform(0.15, 0.85) * wide)
        walk = replace(walk, speed=0.0, grows=1.0, left=left, stride=walk.stride / 4)
        length = float(rng.uniform(0.1, 0.4) * secs)
        return Visit(walk, float(rng.uniform(0, secs - length)), length)
    speed = walk.height * rng.uniform(0.3, 0.9)
    left, sign = (-0.3 * walk.height, 1) if rng.random() < 0.5 else (wide + 0.3 * walk.height, -1)
    walk = replace(walk, speed=float(sign * speed), left=float(left), grows=walk.grows**0.3)
    return Visit(walk, float(rng.uniform(0, secs)), float((wide + 0.6 * walk.height) / speed))
