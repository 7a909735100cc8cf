"""A program's callback that cannot end what calls it.

Knows nothing about what it is called with.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

_log = logging.getLogger(__name__)


def unfailing(callback: Callable[[str], None]) -> Callable[[str], None]:
    """The callback; an exception that it raises is logged, with the message that it was given.

    It is called in threads that pass on pictures and events, which must go on. `LiveRun` has
    another rule: it ends, and raises what its callback raised.
    """

    def call(text: str) -> None:
        try:
            callback(text)
        except Exception:
            _log.exception("a callback raised an exception; it was called with: %s", text)

    return call
