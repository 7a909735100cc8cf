"""What a program gave to hear of events. Knows nothing about cameras."""

from __future__ import annotations

from collections.abc import Callable


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
