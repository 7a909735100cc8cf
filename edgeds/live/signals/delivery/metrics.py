"""A run's figures for Prometheus: its picture, its plate, what it sees, what became of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from edgeds.errors import InputError
from edgeds.live.control import LiveControl

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_of(control: LiveControl) -> bytes:
    """The text that Prometheus reads.

    Raises:
        InputError: prometheus-client is not installed.
    """
    return _text(lambda: _families(control))


def metrics_of_cameras(controls: Mapping[str, LiveControl]) -> bytes:
    """As `metrics_of`, of all cameras, by name: each figure has the label `camera`.

    Raises:
        InputError: prometheus-client is not installed.
    """

    def collect() -> Iterator[Any]:
        joined: dict[str, Any] = {}
        for name, control in controls.items():
            for family in _families(control):
                samples, family.samples = family.samples, []
                joined.setdefault(family.name, family).samples += [
                    sample._replace(labels={"camera": name, **sample.labels}) for sample in samples
                ]
        yield from joined.values()

    return _text(collect)


def _text(collect: Callable[[], Iterator[Any]]) -> bytes:
    """
    Raises:
        InputError: prometheus-client is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.registry import Collector
    except ImportError:
        raise InputError(
            "this server has no metrics",
            why="prometheus-client is not installed",
            fix='pip install "edgeds[signals]"',
        ) from None

    class Now(Collector):
        def collect(self) -> Iterator[Any]:
            return collect()

    registry = CollectorRegistry()
    registry.register(Now())
    return generate_latest(registry)


def _families(control: LiveControl) -> Iterator[Any]:
    yield from _of_picture(control)
    yield from _of_signals(control)


def _of_picture(control: LiveControl) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily as Counter
    from prometheus_client.core import GaugeMetricFamily as Gauge

    status = control.status()
    is_running = float(status.source_state == "running")
    yield Gauge("edgeds_source_up", "1 while the camera gives frames.", is_running)
    yield Gauge("edgeds_frames_per_second", "Composed, over the last seconds.", status.fps)
    latency = Gauge("edgeds_latency_seconds", "From grab to output.", labels=["quantile"])
    latency.add_metric(["0.5"], status.latency_p50_ms / 1e3)
    latency.add_metric(["0.95"], status.latency_p95_ms / 1e3)
    yield latency
    frames = Counter("edgeds_frames", "Frames that the camera gave.", labels=["fate"])
    frames.add_metric(["delivered"], status.delivered)
    frames.add_metric(["dropped"], status.dropped)
    yield frames
    if status.plate.health is not None:
        yield Gauge(
            "edgeds_plate_health", "1 is as good as new, 0 is past saving.", status.plate.health
        )


def _of_signals(control: LiveControl) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily as Counter
    from prometheus_client.core import GaugeMetricFamily as Gauge

    signals = control.signals
    if signals is None or signals.seen is None:
        return
    seen = signals.seen
    yield Gauge("edgeds_objects", "Objects in the picture.", len(seen.objects))
    zones = Gauge("edgeds_zone_objects", "Objects in a zone.", labels=["zone"])
    for name, zone in seen.watched["zones"].items():
        zones.add_metric([name], zone["count"])
    yield zones
    lines = Counter("edgeds_line_crossings", "Crossings.", labels=["line", "direction"])
    for name, counts in seen.watched["lines"].items():
        for direction, count in counts.items():
            lines.add_metric([name, direction], count)
    yield lines
    events = Counter("edgeds_events", "Events so far.", labels=["event"])
    for kind, count in signals.counts.items():
        events.add_metric([kind], count)
    yield events
    messages = Counter("edgeds_messages", "Events and states, by fate.", labels=["to", "fate"])
    waiting = Gauge("edgeds_messages_waiting", "Events and states that wait.", labels=["to"])
    for name, of in signals.deliveries():
        for fate, count in asdict(of).items():
            if fate == "waiting":
                waiting.add_metric([name], count)
            else:
                messages.add_metric([name, fate], count)
    yield messages
    yield waiting
