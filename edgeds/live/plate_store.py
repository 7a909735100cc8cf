"""Keeps the last good plate of each source between runs: a plate file, and a picture to look at.

A plate shows a room, so only the owner can read the folder.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock

from edgeds.errors import EdgedsError, PlateError
from edgeds.plate.file import plate_from_file, plate_to_file
from edgeds.plate.plate import Plate, plate_at_size
from edgeds.types import Size

_log = logging.getLogger(__name__)


class PlateStore:
    """The kept plate of one source. `keep` may be called from any thread."""

    def __init__(self, folder: Path, source: str, on_event: Callable[[str], None]) -> None:
        """`source`: as people typed it, with its passwords masked. It names the file."""
        name = re.sub(r"[^A-Za-z0-9]+", "-", source).strip("-").lower()[-40:].strip("-")
        digest = hashlib.sha256(source.encode()).hexdigest()[:8]
        self.path = folder / f"{name or 'source'}-{digest}.npz"
        self.picture = self.path.with_suffix(".png")
        self._event = on_event
        self._shown = False
        self._writing = Lock()

    def last(self, size: Size) -> Plate | None:
        """The plate of an earlier run, at the source's size; None if there is none."""
        if not self.path.is_file():
            return None
        try:
            return plate_at_size(plate_from_file(self.path), size)
        except PlateError as error:
            _log.info("the kept plate is of no use: %s: %s", error.what, error.why)
            return None

    def keep(self, plate: Plate) -> None:
        """Keep this plate instead. If it cannot be written, that is only reported."""
        taken = datetime.now(timezone.utc).isoformat(timespec="seconds")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._writing:
                plate_to_file(replace(plate, taken=taken), self.path)
                plate_to_file(plate, self.picture)
        except (EdgedsError, OSError) as error:
            self._event(f"the plate is not kept: {error}")
            return
        for path in (self.path, self.picture):
            with suppress(OSError):
                path.chmod(0o600)
        if not self._shown:
            self._shown = True
            self._event(f"look at the plate: {self.picture}")
