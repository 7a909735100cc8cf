"""Work beside the frames of a live run, which only makes things better: if it fails, the run goes
on without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from edgeds.errors import EdgedsError

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


class WorkBeside:
    """Takes the results of finished work, and reports each failure once: the next may be as bad."""

    def __init__(self, on_event: Callable[[str], None]) -> None:
        self._event = on_event
        self._reported: set[str] = set()

    def result(self, finished: Future[Result], failed: str) -> Result | None:
        """None if it failed. `failed`: what did not work, and what edgeds does instead."""
        try:
            return finished.result()
        except EdgedsError as error:
            why = f"{error.what}: {error.why}" if error.why else error.what
        except Exception as error:  # a library's surprise ends no run of days
            _log.debug("work beside the frames failed", exc_info=True)
            why = f"{type(error).__name__}: {error}"
        if failed not in self._reported:
            self._reported.add(failed)
            self._event(f"{failed} ({why})")
        return None
