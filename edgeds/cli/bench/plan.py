"""What a benchmark measures, and how many steps that takes. Measures nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from edgeds.cli.bench.clips import SCENES
from edgeds.cli.bench.settings import BENCH
from edgeds.estimate.settings import Preset
from edgeds.types import Size

PRESETS: tuple[Preset, ...] = get_args(Preset)
OTHERS = {"MediaPipe": "mediapipe", "MOG2": "mog2", "KNN": "knn"}
"""What people would take instead -> the way of `other_ways`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure."""

    engine: str | None = None
    device: str = "auto"
    preset: Preset = "balanced"
    sizes: tuple[Size, ...] = BENCH.sizes
    frames: int = BENCH.frames
    """Most frames of a turn at BENCH.base and below; fewer of larger ones."""
    turns: int = BENCH.turns
    clip: Path | None = None
    """Is brought to each size; without it a synthetic scene is made, in which a ball takes a
    seventh of the picture. Times depend on how large the foreground is."""
    presets: bool = False
    """Every preset at every size, and every engine's network."""
    compare: bool = False
    mediapipe_python: str = ""
    scenes: bool = False
    streams: bool = False
    start: bool = False
    quick: bool = False
    """A few frames and one turn: whether all of it works, and no figures to believe."""

    @property
    def rounds(self) -> int:
        return 1 if self.quick else self.turns

    def frames_at(self, size: Size) -> int:
        if self.quick:
            return min(self.frames, BENCH.quick_frames)
        share = min(1.0, BENCH.base[0] * BENCH.base[1] / (size[0] * size[1]))
        return min(self.frames, max(BENCH.least_frames, round(self.frames * share)))

    @property
    def base(self) -> Size:
        """The size of all tables but the one of sizes."""
        return BENCH.base if BENCH.base in self.sizes else self.sizes[0]

    @property
    def used_presets(self) -> tuple[Preset, ...]:
        return PRESETS if self.presets else (self.preset,)

    @property
    def steps(self) -> int:
        """How often `on_stage` is called."""
        count = 4 + len(self.sizes) * (1 + self.rounds * (1 + len(self.used_presets)))
        count += 1 + (2 + len(OTHERS) + len(self.used_presets)) * self.rounds if self.compare else 0
        count += len(SCENES) * (1 + 2 * self.rounds) if self.scenes else 0
        count += (1 + len(BENCH.streams) * self.rounds) if self.streams else 0
        return count + 2 * int(self.presets) + int(self.start)
