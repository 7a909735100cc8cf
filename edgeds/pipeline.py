"""The loop of `edgeds video`: every frame, in order, each stage in its own thread.

    source --Frame--> estimate --(Frame, Maps)--> compose --Frame--> sink

The command builds the four: a source of `sources/`, an `Estimator`, a composer of `views/`, a sink
of `sinks/`. `live/run.py` is the loop of cameras, which drops frames instead of waiting. Knows
nothing about files, screens, networks or what a view looks like.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from edgeds.plate.robust_fit import percentiles
from edgeds.sources.handoff import buffered
from edgeds.sources.interpreter_turn import InterpreterTurn
from edgeds.sources.settings import HANDOFF
from edgeds.types import Frame, Maps, Size

T = TypeVar("T")
Composed = TypeVar("Composed")
Taken = TypeVar("Taken", contravariant=True)


class Writer(Protocol[Taken]):
    """Where pictures go: a `Sink` takes frames, a `LayersSink` the layers of frames."""

    def write(self, picture: Taken, /) -> None: ...


_log = logging.getLogger(__name__)

STAGES = ("decode", "estimate", "compose", "encode")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did, and how fast."""

    frames: int
    secs: float
    """From the request for the first frame to the last frame written."""
    fps: float
    """End to end: gaps between written frames over the time between first and last."""
    stages: dict[str, dict[str, float]]
    """Stage -> {"p50_ms", "p95_ms", "p99_ms"}: its own work per frame, waiting not counted."""


@dataclass(slots=True)
class Clock:
    """Collects times while a run goes on; `report` may be called at any moment."""

    began_secs: float = field(default_factory=time.perf_counter)
    written_secs: list[float] = field(default_factory=list)
    spent_secs: dict[str, list[float]] = field(default_factory=lambda: {s: [] for s in STAGES})

    def add(self, stage: str, secs: float) -> None:
        self.spent_secs[stage].append(secs)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.add(stage, time.perf_counter() - began)

    def report(self) -> RunReport:
        stamps = self.written_secs
        gaps = len(stamps) - 1
        return RunReport(
            frames=len(stamps),
            secs=stamps[-1] - self.began_secs if stamps else 0.0,
            fps=gaps / (stamps[-1] - stamps[0]) if gaps > 0 else 0.0,
            stages={name: _percentiles(times) for name, times in self.spent_secs.items()},
        )


def run(
    frames: Iterable[Frame],
    estimate: Callable[[Frame], Maps],
    compose: Callable[[Frame, Maps], Composed],
    sink: Writer[Composed],
    *,
    clock: Clock | None = None,
    prepare: Callable[[Frame], None] | None = None,
    on_frame: Callable[[Composed], None] | None = None,
    max_waiting: int = HANDOFF.max_waiting,
) -> RunReport:
    """Send every frame through estimate and compose into the sink, in order.

    Stages overlap; a bounded hand-off stands between them. The first exception of any stage, in
    stream order, ends all of them and is raised here; frames before it have been written.
    `prepare` is called with each frame in the decoder's thread, which has least to do; its time
    counts as decoding. `on_frame` is called after each written frame, in the caller's thread. At
    most `max_waiting` frames wait at each hand-off while one is being made; see `max_waiting_for`.

    It returns when its threads have ended: source and engine can be closed right after it.
    """
    clock = clock or Clock()
    stop, turn = threading.Event(), InterpreterTurn()

    def estimated(decoded: Iterator[Frame]) -> Iterator[tuple[Frame, Maps]]:
        with closing(decoded):  # type: ignore[type-var]  # a generator
            for frame in decoded:
                with turn.with_engine(), clock.time("estimate"):
                    maps = estimate(frame)
                yield frame, maps
                del frame, maps  # 4K: 12 MB that would live until the next one is there

    def composed(pairs: Iterator[tuple[Frame, Maps]]) -> Iterator[Composed]:
        with closing(pairs):  # type: ignore[type-var]  # a generator
            for frame, maps in pairs:
                with turn.beside_engine(), clock.time("compose"):
                    picture = compose(frame, maps)
                yield picture
                del frame, maps, picture

    with ExitStack() as stack:
        decoded = buffered(_decoded(frames, prepare, clock), max_waiting=max_waiting, stop=stop)
        estimates = buffered(estimated(decoded), max_waiting=max_waiting, stop=stop)
        pictures = buffered(composed(estimates), max_waiting=max_waiting, stop=stop)
        stack.callback(pictures.close)  # type: ignore[attr-defined]  # a generator
        stack.callback(stop.set)  # runs before close (last in, first out): no stage starts a frame
        for picture in pictures:
            with clock.time("encode"):
                sink.write(picture)
            clock.written_secs.append(time.perf_counter())
            if on_frame is not None:
                on_frame(picture)
            del picture
    report = clock.report()
    _log.info("%d frames in %.1f s, %.1f fps", report.frames, report.secs, report.fps)
    return report


def max_waiting_for(size: Size) -> int:
    """How many frames of a (height, width) may wait at each hand-off: fewer of large ones."""
    frame_bytes = size[0] * size[1] * 3 // 2  # its planes; maps are small until they are asked for
    return max(0, min(HANDOFF.max_waiting, HANDOFF.memory_bytes // frame_bytes - 1))


def _decoded(
    frames: Iterable[Frame], prepare: Callable[[Frame], None] | None, clock: Clock
) -> Iterator[Frame]:
    source = iter(frames)
    while True:
        began = time.perf_counter()
        try:
            frame = next(source)
        except StopIteration:
            return
        if prepare is not None:
            prepare(frame)
        clock.add("decode", time.perf_counter() - began)
        yield frame
        del frame


def _percentiles(secs: list[float]) -> dict[str, float]:
    if not secs:
        return dict.fromkeys(("p50_ms", "p95_ms", "p99_ms"), 0.0)
    shares = percentiles(np.array(secs), 50, 95, 99)
    names = ("p50_ms", "p95_ms", "p99_ms")
    return {name: round(1e3 * share, 2) for name, share in zip(names, shares, strict=True)}
