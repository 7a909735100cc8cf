"""The run's status as the page shows it, and the list of files that viewers may download.

Knows nothing about connections.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from edgeds.live.control import LiveControl, LiveStatus
from edgeds.live.signals.signals import Signals
from edgeds.live.web.settings import PAGE, Page
from edgeds.sources.url import masked
from edgeds.views.settings import HIDING_VIEWS

_FIELDS = (
    *("engine", "size", "source_state"),
    *("view", "opacity", "blur", "backdrop", "plates", "plate_offer"),
    *("secs", "recording_secs", "fps", "latency_p50_ms", "latency_p95_ms"),
    *("grabbed", "delivered", "dropped"),
)

Kind = Literal["recording", "snapshot"]


@dataclass(frozen=True, slots=True)
class SavedFile:
    number: int
    kind: Kind
    path: Path


class SavedFiles:
    """Recordings and snapshots since the page's start. Only these can be downloaded."""

    def __init__(self, settings: Page = PAGE) -> None:
        self._limit = settings.saved_files
        self._files: dict[int, SavedFile] = {}
        self._count = 0

    def add(self, kind: Kind, path: Path) -> SavedFile:
        """Add a file; one that is listed already keeps its number."""
        for file in self._files.values():
            if file.path == path:
                return file
        file = SavedFile(self._count, kind, path)
        self._files[file.number] = file
        self._count += 1
        if len(self._files) > self._limit:
            del self._files[min(self._files)]
        return file

    def path(self, number: int) -> Path | None:
        """A file by its number; None if it no longer exists."""
        file = self._files.get(number)
        return file.path if file is not None and file.path.is_file() else None

    def listed(self) -> list[dict[str, Any]]:
        return [described(file) for file in self._files.values()]


def described(file: SavedFile) -> dict[str, Any]:
    """As the page gets it: a name without folders, and where to download it."""
    return {"kind": file.kind, "name": file.path.name, "href": f"saved/{file.number}"}


def _watched(signals: Signals | None) -> dict[str, Any] | None:
    """What the rules know, and how many objects there are; None where nobody looks for any."""
    if signals is None:
        return None
    seen = signals.seen
    return {"objects": 0} if seen is None else {"objects": len(seen.objects), **seen.watched}


class StatusFeed:
    """The status as JSON, read and encoded once for all viewers."""

    def __init__(
        self,
        control: LiveControl,
        saved: SavedFiles,
        *,
        webrtc: bool,
        phone: str,
        settings: Page = PAGE,
    ) -> None:
        """`phone`: whether phones can reach this page: "yes", "local" or "no-code"."""
        self._control, self._saved, self._webrtc, self._phone = control, saved, webrtc, phone
        self._fresh_secs = settings.status_secs * 0.8
        self._text = ""
        self._made_secs = -math.inf
        self._recording: str | None = None
        self._awaited: set[Path] = set()

    def text(self, *, at_once: bool = False) -> str:
        """The status; `at_once`: read it anew, so that a viewer sees the effect of a command."""
        now = time.monotonic()
        if at_once or now - self._made_secs > self._fresh_secs:
            self._text, self._made_secs = json.dumps(self._status(), separators=(",", ":")), now
        return self._text

    def _status(self) -> dict[str, Any]:
        """Only what the page shows of the run: no folders, no passwords, no token."""
        status = self._control.status()
        self._note_recording(status)
        fields = {name: getattr(status, name) for name in _FIELDS}
        return {
            "type": "status",
            **fields,
            "hides": status.view in HIDING_VIEWS,
            "source_message": masked(status.source_message),
            "source": masked(status.source),
            "plate": asdict(status.plate),
            "watched": _watched(self._control.signals),
            "recording": None if status.recording is None else Path(status.recording).name,
            "saved": self._saved.listed(),
            "webrtc": self._webrtc,
            "phone": self._phone,
            "failures": [masked(f"{o.name}: {o.message}") for o in status.outputs if o.message],
        }

    def _note_recording(self, status: LiveStatus) -> None:
        """Also list recordings that were started or stopped in the window or the terminal.

        A recording is completed after it has left the status, so this waits for its file.
        """
        before, self._recording = self._recording, status.recording
        if before is not None and before != status.recording:
            self._awaited.add(Path(before))
        for path in [path for path in self._awaited if path.is_file()]:
            self._awaited.discard(path)
            self._saved.add("recording", path)
