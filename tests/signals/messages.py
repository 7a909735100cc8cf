"""Events and states as tests need them, and a consumer that fails as it is told."""

from __future__ import annotations

import threading
from typing import Any

from edgeds.live.signals.delivery.retry_queue import DeliveryFailedError, Message, RefusedError
from edgeds.live.signals.events import Event
from edgeds.types import Closing


def event(number: int, *, snapshot: bytes | None = None) -> Event:
    return Event(
        kind="object.appeared", number=number, secs=number / 10, source="test", snapshot=snapshot
    )


class Fickle(Closing):
    """A consumer that follows a list of outcomes, and takes everything after them."""

    name = "the test"
    takes_states = True

    def __init__(self, outcomes: str = "") -> None:
        """`outcomes`: "." takes the message, "f" fails, "r" refuses, "?" has a bug."""
        self._outcomes = list(outcomes)
        self.taken: list[Any] = []
        self.open = threading.Event()
        self.open.set()
        self.closed = False

    def deliver(self, message: Message) -> None:
        self.open.wait(100)
        outcome = self._outcomes.pop(0) if self._outcomes else "."
        if outcome == "f":
            raise DeliveryFailedError("it fails", wait_secs=0)
        if outcome == "r":
            raise RefusedError("it refuses")
        if outcome == "?":
            raise TypeError("a surprise")
        self.taken.append(message.state if message.event is None else message.event.number)

    def close(self) -> None:
        self.closed = True
