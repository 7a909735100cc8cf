"""What all engines have in common: threads use them in turn, and nobody after they are closed.

A device works on one frame at a time, so that a request for each thread would gain nothing. A lock
that nobody else holds takes .1 us of a frame's 10 ms and more. Knows no library.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from edgeds.sources.argument_checks import check_open
from edgeds.sources.interpreter_turn import turn_given_away
from edgeds.types import Closing

P = ParamSpec("P")
T = TypeVar("T")
E = TypeVar("E", bound="InTurn")
_NAME = "the engine"


class InTurn(Closing):
    """The base of an engine whose methods are marked `in_turn`."""

    def __init__(self, like: InTurn | None = None) -> None:
        """`like`: an engine that works on the same device, and waits for the same turn."""
        self._turn: threading.RLock = threading.RLock() if like is None else like._turn
        self._is_closed = False

    def close(self) -> None:
        """Finish what is under way and free what the engine holds; a second time is harmless."""
        with self._turn:
            if not self._is_closed:
                self._is_closed = True
                self._free()

    def _free(self) -> None:
        """Nothing, where a library frees its things with the object."""


def in_turn(method: Callable[Concatenate[E, P], T]) -> Callable[Concatenate[E, P], T]:
    """Let one thread at a time into the engine.

    Raises:
        RunError: by the method, once the engine is closed.
    """

    @wraps(method)
    def taken(self: E, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with turn_given_away(), self._turn:
            check_open(self._is_closed, _NAME)
            return method(self, *args, **kwargs)

    return taken


def closed(*_: object) -> None:
    """What steps of a closed engine become, so that they hold nothing.

    Raises:
        RunError: always.
    """
    check_open(True, _NAME)
