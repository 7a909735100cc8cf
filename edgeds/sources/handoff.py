"""Hands frames from one thread to the next. Knows nothing about the items.

`buffered` is for files: all items arrive, in order. `latest` is for live sources: a new item
replaces the waiting one. `paced` is for work whose result would become stale while it waits: it
begins when the last result has been taken.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from edgeds.sources.settings import HANDOFF
from edgeds.types import Closing

T = TypeVar("T")

_log = logging.getLogger(__name__)

_POLL_SECS = 0.05
_JOIN_SECS = 2.0
_STAGE_JOIN_SECS = 30.0  # far longer than any frame takes; a read that hangs in a driver is left


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


def buffered(
    items: Iterable[T],
    *,
    max_waiting: int = HANDOFF.max_waiting,
    stop: threading.Event | None = None,
) -> Iterator[T]:
    """Iterate `items` in a separate thread; at most `max_waiting` wait while one is being made.
    With 0, the next one is begun when the last one was taken.

    Order is kept and nothing is dropped. An exception in `items` is raised here, after the items
    before it. Closing this iterator (or leaving it by an exception) stops the thread, closes
    `items` in that thread and waits for it. So a chain of these ends from its last link to its
    first.

    Args:
        stop: one event for a whole chain. Once it is set, no link waits for the one before it.
    """
    # Queues that are written in C: three hand-offs of an item take 28 us, and took 64 before.
    ready: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
    room: queue.SimpleQueue[None] = queue.SimpleQueue()
    for _ in range(max_waiting + 1):
        room.put(None)
    stop, closed = stop or threading.Event(), threading.Event()
    thread = threading.Thread(
        target=_produce,
        args=(items, ready, room, lambda: stop.is_set() or closed.is_set()),
        name="edgeds-handoff",
        daemon=True,
    )
    thread.start()
    try:
        while True:
            item = _get(ready, stop)
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            room.put(None)
            yield item
            del item  # or it would live until the next one is there
    finally:
        closed.set()
        thread.join(_STAGE_JOIN_SECS)
        if thread.is_alive():
            _log.warning("a source did not give its next frame for %g s", _STAGE_JOIN_SECS)


def _get(ready: queue.SimpleQueue[T | _End], stop: threading.Event) -> T | _End:
    while True:
        try:
            return ready.get(timeout=_POLL_SECS)
        except queue.Empty:
            if stop.is_set():
                return _End(None)


def latest(items: Iterable[T]) -> Handoff[T]:
    """Iterate `items` in a separate thread, from now on; an item that is not taken in time is lost.

    At most one item waits, and it is always the newest. The last item always arrives, and after it
    an exception in `items`.
    """
    return Handoff(items, overtaking=True)


def paced(items: Iterable[T]) -> Handoff[T]:
    """Iterate `items` in a separate thread; work on an item begins when the last one was taken.

    Nothing is dropped. While one item is in use, the next one is being made, and no further one. So
    each item is begun as late as possible.
    """
    return Handoff(items, overtaking=False)


@dataclass(frozen=True, slots=True)
class HandoffCounts:
    """produced == delivered + dropped, plus one where an item waits just now."""

    produced: int
    delivered: int
    dropped: int


class Handoff(Closing, Generic[T]):
    """Room for one item between a thread that makes them and one that takes them."""

    def __init__(self, items: Iterable[T], *, overtaking: bool) -> None:
        self._items, self._overtaking = items, overtaking
        self._changed = threading.Condition()
        self._waiting: list[T] = []
        self._end: _End | None = None
        self._closed = False
        self._produced = self._delivered = self._dropped = 0
        self._thread = threading.Thread(target=self._produce, name="edgeds-handoff", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while True:
            item = self.take(timeout_secs=None)
            if item is not None:
                return item

    def take(self, *, timeout_secs: float | None) -> T | None:
        """The waiting item, or None if none came in time.

        Raises:
            StopIteration: there are no more. (An exception of `items` is raised unchanged.)
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._end or self._closed, timeout=timeout_secs
            )
            if self._waiting:
                self._delivered += 1
                self._changed.notify_all()
                return self._waiting.pop()
            if self._closed:
                raise StopIteration
            if self._end is not None:
                self._closed = True
                if self._end.error is not None:
                    raise self._end.error
                raise StopIteration
            return None

    def counts(self) -> HandoffCounts:
        with self._changed:
            return HandoffCounts(self._produced, self._delivered, self._dropped)

    def close(self) -> None:
        """Give no more items and drop the one that waits. Wait some seconds for the thread.

        A camera that is away may keep the thread until the camera itself is closed.
        """
        self.stop()
        self._thread.join(_JOIN_SECS)

    def stop(self) -> None:
        """As `close`, without waiting for the thread."""
        with self._changed:
            self._closed = True
            self._dropped += len(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()

    def join(self) -> None:
        """Wait until the thread has ended, however long that takes. Call `stop` first."""
        self._thread.join()

    def _produce(self) -> None:
        end = _End(None)
        try:
            for item in self._items:
                if not self._put(item):
                    break
        except BaseException as error:  # handed over whole: the consumer raises it
            end = _End(error)
        finally:
            _close_iterator(self._items)
        with self._changed:
            self._end = end
            self._changed.notify_all()

    def _put(self, item: T) -> bool:
        with self._changed:
            if self._closed:
                return False
            self._produced += 1
            self._dropped += len(self._waiting)
            self._waiting[:] = [item]
            self._changed.notify_all()
            if not self._overtaking:
                self._changed.wait_for(lambda: not self._waiting or self._closed)
            return not self._closed


def _close_iterator(items: object) -> None:
    close = getattr(items, "close", None)
    if close is not None and isinstance(items, Iterator):
        close()


def _produce(
    items: Iterable[T],
    ready: queue.SimpleQueue[T | _End],
    room: queue.SimpleQueue[None],
    stopped: Callable[[], bool],
) -> None:
    end = _End(None)
    try:
        made = iter(items)
        while _has_room(room, stopped):
            try:
                item = next(made)
            except StopIteration:
                break
            ready.put(item)
            del item  # not kept while this waits for room
    except BaseException as error:  # handed over whole: the consumer raises it
        end = _End(error)
    finally:
        _close_iterator(items)
    ready.put(end)


def _has_room(room: queue.SimpleQueue[None], stopped: Callable[[], bool]) -> bool:
    """Wait for room, but not for a consumer that has gone."""
    while not stopped():
        try:
            room.get(timeout=_POLL_SECS)
        except queue.Empty:
            continue
        return True
    return False
