"""What a program gave to hear of events. Knows nothing about cameras."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias, TypeVar

T = TypeVar("T")
EventSink: TypeAlias = Callable[[str], None]

_log = logging.getLogger(__name__)


class EventCallback:
    """Calls it from any thread. The first exception that it raises ends the run, and is the run's:
    threads of outputs and of libraries, in which it may happen, would keep it to themselves.
    """

    def __init__(self, callback: Callable[[str], None] | None, end: Callable[[], None]) -> None:
        self._callback, self._end = callback, end
        self._failure: Exception | None = None

    def __call__(self, text: str) -> None:
        if self._callback is None or self._failure is not None:
            return
        try:
            self._callback(text)
        except Exception as error:  # raised by `check`
            self._failure = error
            self._end()

    def check(self) -> None:
        """
        Raises:
            Exception: what the callback raised.
        """
        if self._failure is not None:
            raise self._failure


def reported(callback: Callable[[T], None], name: str, on_event: EventSink) -> Callable[[T], None]:
    """The callback; an exception that it raises is an event. A pool would keep it to itself."""

    def call(value: T) -> None:
        try:
            callback(value)
        except Exception as error:
            _log.exception("%s raised an exception", name)
            on_event(f"{name} raised {type(error).__name__}: {error}; the run goes on")

    return call
