"""Frames per second and latency, now and over a whole run, in constant memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

from edgeds.live.settings import LIVE

_FINE_BINS = 10_000  # of 1 ms
_COARSE_MS, _COARSE_BINS = 1_000, 3_600  # past 10 s: seconds, up to an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """fps is 0 with fewer than two frames; latencies are 0 if no frame had a grab time."""

    fps: float
    latency_p50_ms: float
    latency_p95_ms: float


class Meter:
    """Counts presented frames: `add` from one thread, the rest from any."""

    def __init__(self, *, window_secs: float = LIVE.meter_secs) -> None:
        self._window_secs = window_secs
        self._lock = threading.Lock()
        self._recent: deque[tuple[float, float | None]] = deque()
        self._histogram = np.zeros(_FINE_BINS + _COARSE_BINS, np.int64)
        self._first_secs = self._last_secs = 0.0
        self.frames = 0

    def add(self, grabbed_secs: float | None) -> None:
        """Count a frame that was presented now."""
        now = time.monotonic()
        latency_secs = None if grabbed_secs is None else now - grabbed_secs
        with self._lock:
            self._first_secs = self._first_secs if self.frames else now
            self._last_secs = now
            self.frames += 1
            self._recent.append((now, latency_secs))
            self._forget(now)
            if latency_secs is not None:
                self._histogram[_bin_of(latency_secs * 1e3)] += 1

    def recent(self) -> Reading:
        """The figures of the last seconds."""
        with self._lock:
            self._forget(time.monotonic())
            stamps = [secs for secs, _ in self._recent]
            latencies = [secs for _, secs in self._recent if secs is not None]
        span_secs = stamps[-1] - stamps[0] if stamps else 0.0
        p50, p95 = np.percentile(latencies, (50, 95)) * 1e3 if latencies else (0.0, 0.0)
        return Reading(
            fps=(len(stamps) - 1) / span_secs if span_secs > 0 else 0.0,
            latency_p50_ms=float(p50),
            latency_p95_ms=float(p95),
        )

    def whole(self) -> Reading:
        """The figures of the whole run so far; latencies to the millisecond, or second
        from 10 s on.
        """
        with self._lock:
            span_secs = self._last_secs - self._first_secs
            reached = np.cumsum(self._histogram)
            frames = self.frames
        p50, p95 = (
            _ms_of(int(np.searchsorted(reached, share * reached[-1]))) if reached[-1] else 0.0
            for share in (0.5, 0.95)
        )
        return Reading(
            fps=(frames - 1) / span_secs if span_secs > 0 else 0.0,
            latency_p50_ms=p50,
            latency_p95_ms=p95,
        )

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] < now - self._window_secs:
            self._recent.popleft()


def _bin_of(latency_ms: float) -> int:
    if latency_ms < _FINE_BINS - 0.5:
        return max(round(latency_ms), 0)
    return _FINE_BINS + min(round((latency_ms - _FINE_BINS) / _COARSE_MS), _COARSE_BINS - 1)


def _ms_of(number: int) -> float:
    past = number - _FINE_BINS
    return float(number if past < 0 else _FINE_BINS + past * _COARSE_MS)
