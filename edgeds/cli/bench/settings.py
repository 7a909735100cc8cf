"""Settings of the benchmark, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    sizes: tuple[tuple[int, int], ...] = ((360, 640), (720, 1280), (1080, 1920))
    base: tuple[int, int] = (720, 1280)
    """The size of everything but the table of sizes."""
    frames: int = 90
    """At `base` and below; larger frames are fewer, so that a turn takes about as long."""
    least_frames: int = 40
    """Fewest frames, for the largest sizes: the network's other sizes are made within the first
    few."""
    quick_frames: int = 12
    turns: int = 2
    """Turns of the transcode and of edgeds: A B A B."""
    streams: tuple[int, ...] = (1, 2, 4)
    batches: tuple[int, ...] = (1, 2, 4)
    starts: int = 3
    """Runs that time the start of the process; the table shows the median."""
    pictures: int = 24
    """Different frames of the synthetic scene, shown there and back again."""
    static_pictures: int = 16
    """Different noise of the static clip."""
    static_noise_levels: float = 1.5
    """Sigma of it, before the clip is encoded: a camera by daylight has 1 to 2."""
    sparse_share: float = 0.25
    """Share of the sparse clip's frames in which something moves."""
    close_part: float = 1 / 3
    """The part that the close clip enlarges, as a share of the picture's sides."""
    most_load: float = 0.5
    """Load of the system in the minute before. Over it other programs disturbed the figures."""
    network_runs: int = 60
    warm_up: int = 5
    gpu_runs: int = 100
    """Frames of each figure of a GPU."""
    gpu_streams: tuple[int, ...] = (1, 4, 16)
    yardstick_side: int = 512
    """Side of the picture that the yardstick transforms on a CPU, and of the matrices that it
    multiplies 8 times on a GPU."""


BENCH = Bench()
