"""A bounded queue and the retries, for a consumer that may be slow or away (webhook, MQTT).

    Signals -> event(), state() -> queue -> consumer.deliver(), retried in order

Each outbox has a thread of its own, so the producer never waits. Undelivered messages are counted:
produced == delivered + lost + replaced + waiting. Knows nothing about networks.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from edgeds.live.signals.events import Event
from edgeds.sources.unfailing import unfailing
from edgeds.sources.url import masked
from edgeds.types import Closing


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Settings of a queue and its retries."""

    max_waiting: int = 1000
    """Longest queue, in messages; with one more, the oldest is lost."""
    max_waiting_bytes: int = 32_000_000
    """Most bytes of snapshots in the queue."""
    first_wait_secs: float = 0.5
    """Wait after the first failure; each further failure doubles it."""
    longest_wait_secs: float = 30.0
    """The longest wait."""
    give_up_secs: float = 600.0
    """After this time, a message that could not be delivered is lost."""
    most_words: int = 4
    """Messages for people about a consumer that comes and goes; after these, one in `quiet_secs`.
    """
    quiet_secs: float = 60.0
    """Time between two such messages."""
    close_secs: float = 3.0
    """Time at the end of a run to deliver the messages that still wait."""


DELIVERY = Delivery()


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One event, or the newest state."""

    event: Event | None = None
    state: dict[str, Any] | None = None
    made_secs: float = 0.0
    """On `time.monotonic`'s clock."""

    @property
    def bytes(self) -> int:
        """Size of its snapshot."""
        return len(self.event.snapshot or b"") if self.event is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCounts:
    """produced == delivered + lost + replaced + waiting."""

    produced: int = 0
    delivered: int = 0
    lost: int = 0
    replaced: int = 0
    """States that a newer state replaced."""
    waiting: int = 0


Fate: TypeAlias = Literal["delivered", "waiting", "lost"]
"""What becomes of a message that was tried."""


class DeliveryFailedError(Exception):
    """Delivery failed, but may work later. `wait_secs`: the wait that the consumer asked for."""

    def __init__(self, why: str, *, wait_secs: float | None = None) -> None:
        super().__init__(why)
        self.wait_secs = wait_secs


class RefusedError(Exception):
    """The consumer will never accept this message; it may accept the next one."""


class Consumer(Closing, Protocol):
    """Where messages go. Everything is called in the outbox's thread."""

    name: str
    """For people, without passwords."""
    takes_states: bool

    def deliver(self, message: Message) -> None:
        """
        Raises:
            DeliveryFailedError: the consumer is away, or busy.
            RefusedError: the consumer does not accept this message.
        """
        ...


class Outbox(Closing):
    """A `Listener` that delivers to a consumer. `close` tries the waiting messages once more."""

    def __init__(
        self,
        consumer: Consumer,
        *,
        settings: Delivery = DELIVERY,
        on_change: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_change` gets messages for people, in the outbox's thread; an exception is logged."""
        self.name = consumer.name
        self._consumer, self._settings, self._on_change = consumer, settings, unfailing(on_change)
        self._changed = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._in_hand: Message | None = None
        self._produced = self._delivered = self._lost = self._replaced = 0
        self._close_at: float | None = None
        self._said: Fate = "delivered"
        self._words, self._said_secs = 0, -math.inf
        self.trouble = ""
        """Why nothing gets through now; empty while it does."""
        self._thread = threading.Thread(target=self._work, name="edgeds-outbox", daemon=True)
        self._thread.start()

    def event(self, event: Event) -> None:
        self._put(Message(event=event, made_secs=time.monotonic()))

    def state(self, state: dict[str, Any]) -> None:
        if self._consumer.takes_states:
            self._put(Message(state=state, made_secs=time.monotonic()))

    @property
    def counts(self) -> DeliveryCounts:
        with self._changed:
            return DeliveryCounts(
                produced=self._produced,
                delivered=self._delivered,
                lost=self._lost,
                replaced=self._replaced,
                waiting=len(self._waiting) + (self._in_hand is not None),
            )

    def begin_closing(self) -> None:
        """Take no more messages, and try the waiting ones once more; `close` waits for that."""
        with self._changed:
            if self._close_at is None:
                self._close_at = time.monotonic() + self._settings.close_secs
            self._changed.notify_all()

    def close(self) -> None:
        self.begin_closing()
        self._thread.join(self._settings.close_secs + 0.5)
        with self._changed:  # a consumer that hangs is left behind; what it has is lost
            self._lost += len(self._waiting) + (self._in_hand is not None)
            self._waiting.clear()
            self._in_hand = None

    def _put(self, message: Message) -> None:
        with self._changed:
            self._produced += 1
            if self._close_at is not None:
                self._lost += 1
                return
            if message.state is not None:
                self._drop_states()
            self._waiting.append(message)
            self._bytes += message.bytes
            while len(self._waiting) > self._settings.max_waiting or (
                self._bytes > self._settings.max_waiting_bytes and len(self._waiting) > 1
            ):
                self._bytes -= self._waiting.popleft().bytes
                self._lost += 1
            self._changed.notify_all()

    def _drop_states(self) -> None:
        """Drop older states: only the newest one is useful."""
        before = len(self._waiting)
        kept = [message for message in self._waiting if message.state is None]
        if len(kept) != before:
            self._replaced += before - len(kept)
            self._waiting = deque(kept)

    def _work(self) -> None:
        try:
            while (message := self._next()) is not None:
                self._deliver(message)
        finally:
            self._consumer.close()

    def _next(self) -> Message | None:
        """The next message, once there is one; None at the end."""
        with self._changed:
            while not self._waiting:
                if self._close_at is not None:
                    return None
                self._changed.wait()
            self._in_hand = self._waiting.popleft()
            self._bytes -= self._in_hand.bytes
            return self._in_hand

    def _deliver(self, message: Message) -> None:
        """Try until it is delivered, refused, too old, or the run is over."""
        failures = 0
        while True:
            try:
                self._consumer.deliver(message)
            except RefusedError as error:
                self._tell("lost", f"{self.name} refuses an event: {error}")
                self._settle(message, delivered=False)
                return
            except DeliveryFailedError as error:
                failures += 1
                self._tell("waiting", f"{self.name} is away: {error}")
                if self._is_over(message) or not self._wait(failures, error.wait_secs):
                    self._settle(message, delivered=False)
                    return
            except Exception as error:  # a library's surprise costs one message, not the queue
                self._tell("lost", f"{self.name} fails: {type(error).__name__}: {error}")
                self._settle(message, delivered=False)
                return
            else:
                self._tell("delivered", "")
                self._settle(message, delivered=True)
                return

    def _wait(self, failures: int, asked_secs: float | None) -> bool:
        """Wait for the next try; False if the run ends before it."""
        settings = self._settings
        secs = min(
            settings.longest_wait_secs, settings.first_wait_secs * 2 ** min(failures - 1, 20)
        )
        secs *= random.uniform(0.8, 1.2)  # many cameras do not come back all at once
        end = time.monotonic() + (secs if asked_secs is None else asked_secs)
        with self._changed:
            while (left := end - time.monotonic()) > 0:
                if self._close_at is not None:
                    left = min(left, self._close_at - time.monotonic())
                    if left <= 0:
                        return False
                self._changed.wait(left)
        return True

    def _is_over(self, message: Message) -> bool:
        now = time.monotonic()
        if now - message.made_secs > self._settings.give_up_secs:
            return True
        return self._close_at is not None and now > self._close_at

    def _settle(self, message: Message, *, delivered: bool) -> None:
        with self._changed:
            if self._in_hand is not message:  # the run did not wait for it: it is counted as lost
                return
            self._in_hand = None
            if delivered:
                self._delivered += 1
            else:
                self._lost += 1

    def _tell(self, fate: Fate, trouble: str) -> None:
        """Report a change: once that a consumer is away or refuses, once that events get through.

        One that comes and goes is reported some times, and then rarely.
        """
        self.trouble = masked(trouble)
        if fate == self._said:
            return
        settings, now = self._settings, time.monotonic()
        rested = (now - self._said_secs) / settings.quiet_secs
        self._words = 0 if rested > settings.most_words else self._words - int(rested)
        if self._words >= settings.most_words:
            return
        self._words, self._said, self._said_secs = max(0, self._words) + 1, fate, now
        words = {
            "waiting": f"{self.trouble}; events wait, up to {settings.max_waiting} of them",
            "lost": f"{self.trouble}; this event is lost",
            "delivered": f"{self.name}: events get through again; {self.counts.lost} were lost",
        }[fate]
        if self._words == settings.most_words:
            words += f". It comes and goes: a word every {settings.quiet_secs:.0f} s from here on"
        self._on_change(words)
