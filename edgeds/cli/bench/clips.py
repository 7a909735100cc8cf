"""The clips that are measured: one material at any size, and scenes of any liveliness from it.

Material is a recorded clip and the plate of it, or the drawn scene. Knows nothing about time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np

from edgeds.cli.bench.settings import BENCH
from edgeds.plate.open_plate import open_plate
from edgeds.plate.plate import Plate, resized_map
from edgeds.sinks import open_sink
from edgeds.sources import SyntheticSource, open_source
from edgeds.sources.scaling import resized
from edgeds.types import Box, Frame, Pixels, Size, StreamInfo

SceneName = Literal["static", "sparse", "busy", "close"]
SCENES: tuple[SceneName, ...] = get_args(SceneName)
"""static: the plate with noise. sparse: that, and the clip for a quarter of the frames. busy: the
clip. close: the part of the clip with most foreground, enlarged."""


@dataclass(frozen=True, slots=True)
class Material:
    """What clips are made of."""

    name: str
    plate: Plate
    """At the material's own size."""
    pictures: Callable[[int], Iterator[Pixels]]
    """The first frames, as many as asked for: there and back again where it has fewer."""
    rate: Fraction

    def written(self, path: Path, size: Size, frames: int, scene: SceneName = "busy") -> Plate:
        """Write a clip as H.264. Returns its plate."""
        info = StreamInfo(
            name=self.name, size=size, rate=self.rate, time_base=1 / self.rate, frame_count=frames,
            duration_secs=float(frames / self.rate),
        )  # fmt: skip
        plate = _plate_at(self.plate, size)
        if scene == "close":
            part = self._busiest_part()
            plate = _plate_at(Plate(self.plate.pixels[part.of]), size)
            pictures: Iterable[Pixels] = (one[part.of] for one in self.pictures(frames))
        elif scene == "busy":
            pictures = self.pictures(frames)
        else:
            moving = round(frames * BENCH.sparse_share) if scene == "sparse" else 0
            still = itertools.islice(itertools.cycle(_noisy(self.plate.pixels)), frames - moving)
            pictures = itertools.chain(still, self.pictures(moving))
        with open_sink(path, info) as sink:
            for index, one in enumerate(pictures):
                sink.write(Frame(resized(one, size), index, index, info.time_base))
        return plate

    def _busiest_part(self) -> Box:
        """A third of the picture's sides, where frames differ most from the plate."""
        height, width = self.plate.size
        plate = self.plate.pixels.astype(np.int16)
        apart = np.zeros((height, width), np.float32)
        for one in itertools.islice(self.pictures(BENCH.frames), 0, None, 10):
            apart += np.abs(one - plate).max(axis=2) > 40  # far over noise and slow light
        part = round(height * BENCH.close_part), round(width * BENCH.close_part)
        inside = cv2.boxFilter(apart, -1, part[::-1], borderType=cv2.BORDER_ISOLATED)
        top, left = (side // 2 for side in part)
        centres = inside[top : height - top, left : width - left]
        down, across = np.unravel_index(int(centres.argmax()), centres.shape)
        return Box(int(down), int(across), int(down) + part[0], int(across) + part[1])


def material_of(clip: Path | None, size: Size) -> Material:
    """A recorded clip with a plate from all of it; without one the drawn scene, at `size`.

    Raises:
        SourceError: the clip cannot be read.
        PlateError: it gives no believable plate.
    """
    if clip is None:
        drawn_scene = SyntheticSource(size=size, frame_count=BENCH.pictures)
        drawn = [frame.pixels for frame in drawn_scene]
        rate = drawn_scene.info.rate or Fraction(30)
        return Material("synthetic", Plate(drawn_scene.plate), lambda n: _swinging(drawn, n), rate)
    with open_source(clip) as source:
        info = source.info
    plate = open_plate(None, str(clip), info.size)
    rate = info.rate or Fraction(30)
    return Material(clip.name, plate, lambda n: _recorded(clip, n), rate)


def _recorded(clip: Path, count: int) -> Iterator[Pixels]:
    """The clip's first frames, and again from its start where it is too short."""
    left = count
    while left > 0:
        with open_source(clip) as source:
            before = left
            for frame in itertools.islice(source, left):
                left -= 1
                yield frame.pixels
        if left == before:
            return


def _swinging(pictures: list[Pixels], count: int) -> Iterator[Pixels]:
    """The pictures there and back again: what moves does not jump."""
    return itertools.islice(itertools.cycle([*pictures, *pictures[-2:0:-1]]), count)


def _plate_at(plate: Plate, size: Size) -> Plate:
    """The plate as its clip is brought to a size, whatever the aspect."""
    doubt, noise = (None if m is None else resized_map(m, size) for m in (plate.doubt, plate.noise))
    return replace(plate, pixels=resized(plate.pixels, size), doubt=doubt, noise=noise)


def _noisy(plate: Pixels) -> list[Pixels]:
    rng = np.random.default_rng(0)
    levels = BENCH.static_noise_levels
    made = (
        plate + levels * rng.standard_normal(plate.shape, np.float32) + 0.5
        for _ in range(BENCH.static_pictures)
    )
    return [np.clip(one, 0, 255).astype(np.uint8) for one in made]
