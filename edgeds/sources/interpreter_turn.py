"""Two threads of many small calls, one after the other.

Each call of NumPy or OpenCV gives Python's interpreter away and takes it back. Threads that both
make a hundred calls a millisecond wake each other, and move from core to core. With turns, the
view `mask` at 1280x720 took 5 % less CPU time (`--preset fast` on two cores, 25.1 instead of 26.4
ms a frame, half as many switches of threads), `overlay` up to 3 % less.

Knows nothing about what the threads do.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext


class InterpreterTurn:
    """A turn that a thread with an engine and one beside it share, as long as what the second did
    last fits into the time for which the engine worked: the first does not wait for it then.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine_secs, self._beside_secs = 0.0, math.inf

    @contextmanager
    def with_engine(self) -> Iterator[None]:
        """Around the work that uses the engine, which calls `turn_given_away`."""
        before = _secs_away()
        with self._turn():
            yield
        self._engine_secs = _secs_away() - before

    @contextmanager
    def beside_engine(self) -> Iterator[None]:
        with self._turn():
            began = time.perf_counter()
            yield
            self._beside_secs = time.perf_counter() - began

    def _turn(self) -> AbstractContextManager[None]:
        return self._taken() if self._beside_secs < self._engine_secs else nullcontext()

    @contextmanager
    def _taken(self) -> Iterator[None]:
        with self._lock:
            _of_thread.turn = self._lock
            try:
                yield
            finally:
                _of_thread.turn = None


@contextmanager
def turn_given_away() -> Iterator[None]:
    """Around a call that is long and runs without the interpreter, in any thread."""
    turn, before = getattr(_of_thread, "turn", None), _secs_away()
    if turn is not None:
        _of_thread.turn = None
        turn.release()
    began = time.perf_counter()
    try:
        yield
    finally:
        _of_thread.secs_away = before + time.perf_counter() - began  # once, if calls are nested
        if turn is not None:
            turn.acquire()
            _of_thread.turn = turn


_of_thread = threading.local()


def _secs_away() -> float:
    """For how long this thread was in such calls so far."""
    secs: float = getattr(_of_thread, "secs_away", 0.0)
    return secs
