"""Settings of the benchmark, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    sizes: tuple[tuple[int, int], ...] = ((360, 640), (720, 1280), (1080, 1920))
    frames: int = 90
    turns: int = 2
    """Of the transcode and of edgeds: A B A B."""
    pictures: int = 24
    """Different frames of the synthetic scene, shown there and back again."""
    network_runs: int = 60
    warm_up: int = 5
    yardstick_side: int = 512
    """Side of the picture that the yardstick transforms on a CPU, and of the matrices that it
    multiplies 8 times on a GPU."""


BENCH = Bench()
