"""What a command's events go to: opened with the run, and ended with it, with a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeds.cli.console import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgeds.cli.rules_and_events import SignalOptions
    from edgeds.live.signals.delivery.retry_queue import Consumer
    from edgeds.live.signals.rules.kinds import Rules
    from edgeds.live.signals.signals import Listener


class Deliveries:
    """The listeners of a run: the file of events, brokers, webhooks."""

    def __init__(
        self,
        options: SignalOptions,
        rules: Rules,
        source: str,
        *,
        live: bool,
        on_event: Callable[[str], None] = say,
    ) -> None:
        """`live`: nothing waits for a slow consumer, and a file of events is appended to.

        Raises:
            InputError: one of them cannot be opened.
        """
        from edgeds.live.signals.delivery.json_lines import JsonLines, LinesConsumer
        from edgeds.live.signals.delivery.retry_queue import Outbox

        self.lines = None if options.events is None else JsonLines(options.events, whole=not live)
        consumers: list[Consumer] = [*_consumers(options, rules, source)]
        if live and self.lines is not None:
            consumers.append(LinesConsumer(self.lines))
        self._on_event = on_event
        self.outboxes = [Outbox(consumer, on_change=on_event) for consumer in consumers]
        direct = () if live or self.lines is None else (self.lines,)
        self.listeners: tuple[Listener, ...] = (*direct, *self.outboxes)

    def end(self, *, whole: bool) -> None:
        """Deliver what waits, and complete the file. Harmless a second time."""
        from edgeds.live.signals.delivery.retry_queue import DELIVERY

        for outbox in self.outboxes:
            outbox.begin_closing()  # all at once, so that several that hang take the time of one
        if late := [outbox.name for outbox in self.outboxes if outbox.counts.waiting]:
            secs = DELIVERY.close_secs
            self._on_event(f"sending the last events, up to {secs:.0f} s: {', '.join(late)}")
        for outbox in self.outboxes:
            outbox.close()
        if self.lines is not None:
            self.lines.end(whole=whole)

    def report(self) -> list[dict[str, Any]]:
        """What became of the events, for the command's report."""
        from dataclasses import asdict

        counts = [{"to": outbox.name, **asdict(outbox.counts)} for outbox in self.outboxes]
        if self.lines is None or self.lines not in self.listeners:
            return counts
        count = self.lines.written
        lines = {"to": self.lines.location, "produced": count, "delivered": count, "lost": 0}
        return [lines, *counts]


def _consumers(options: SignalOptions, rules: Rules, source: str) -> Iterator[Consumer]:
    from importlib.metadata import version

    from edgeds.live.signals.delivery.home_assistant import discovery_of
    from edgeds.live.signals.delivery.mqtt import Mqtt, broker_from_url
    from edgeds.live.signals.delivery.webhook import webhooks

    if options.mqtt is not None:
        broker = broker_from_url(options.mqtt, source=source)
        about = discovery_of(broker, rules, source=source, version=version("edgeds"))
        yield Mqtt(broker, discovery=about if options.mqtt_discovery else None)
    yield from webhooks(options.webhook or ())
