"""Frames from one thread to the next. Knows nothing about what is handed over."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from edgeds.presets import HANDOFF

T = TypeVar("T")

_POLL_SECS = 0.05
_JOIN_SECS = 2.0


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


def buffered(items: Iterable[T], *, depth: int = HANDOFF.depth) -> Iterator[T]:
    """Iterate `items` in a thread of its own, at most `depth` of them ahead.

    Order is kept and nothing is dropped. An exception in `items` is raised here, after the items
    before it. Closing this iterator (or leaving it by an exception) stops the thread and closes
    `items` in that thread, so a chain of these ends from its last link to its first.
    """
    ready: queue.Queue[T | _End] = queue.Queue(maxsize=max(1, depth))
    stopped = threading.Event()
    thread = threading.Thread(
        target=_produce, args=(items, ready, stopped), name="edgeds-handoff", daemon=True
    )
    thread.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        # A read that hangs in a driver cannot be interrupted; the thread is a daemon then.
        thread.join(_JOIN_SECS)


def _produce(items: Iterable[T], ready: queue.Queue[T | _End], stopped: threading.Event) -> None:
    end = _End(None)
    try:
        for item in items:
            if not _put(ready, item, stopped):
                break
    except BaseException as error:  # handed over whole: the consumer raises it
        end = _End(error)
    finally:
        close = getattr(items, "close", None)
        if close is not None and isinstance(items, Iterator):
            close()
    _put(ready, end, stopped)


def _put(ready: queue.Queue[T | _End], item: T | _End, stopped: threading.Event) -> bool:
    """Wait for room, but not for a consumer that has gone."""
    while not stopped.is_set():
        try:
            ready.put(item, timeout=_POLL_SECS)
        except queue.Full:
            continue
        return True
    return False
