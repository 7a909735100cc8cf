"""The record of a batch: a journal beside the outputs, so that an interrupted batch can continue.

One JSON object per line; the last one of a clip counts. It holds what the result depends on: size
and time of the input, the options, the plate. Knows nothing about how clips are processed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgeds.errors import SinkError
from edgeds.sinks.atomic_files import try_lock
from edgeds.sources.media_errors import translated
from edgeds.sources.system_files import is_system_file
from edgeds.types import Closing

NAME = "edgeds-batch.jsonl"


class Record(Closing):
    """The journal of an output folder. One batch at a time may hold it."""

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            SinkError: the folder cannot be written, or another batch writes to it.
        """
        self.path = folder / NAME
        with translated(SinkError, f"cannot write to {str(folder)!r}"):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+", encoding="utf-8")
        if not try_lock(self._file.fileno()):
            self._file.close()
            raise SinkError(
                f"cannot write to {str(folder)!r}",
                why="another batch is writing to this folder",
                fix="wait for it, or give another folder",
            )
        self._entries = dict(self._read())

    def done(self, name: str, key: str, output: Path) -> dict[str, Any] | None:
        """The entry of a clip that was done with this key, if its output is still there.

        Files that others added to the output do not matter.
        """
        entry = self._entries.get(name)
        if entry is None or entry.get("status") != "done" or entry.get("key") != key:
            return None
        made = _made(entry, output)
        return entry if all(fingerprint(path) == was for path, was in made.items()) else None

    def changed(self, name: str, output: Path) -> Path | None:
        """A file of a clip's output that was changed since it was written, with whatever key."""
        entry = self._entries.get(name, {})
        if entry.get("status") == "done":
            for path, was in _made(entry, output).items():
                if fingerprint(path) not in ("", was):
                    return path
        return None

    def begin(self, name: str) -> None:
        """Write that a clip is being made anew: what is found in its place is not whole.

        Raises:
            OSError: the disk is full, or refuses the write.
        """
        if self._entries.get(name, {}).get("status") == "done":
            self._write({"clip": name, "status": "begun"})

    def add(self, name: str, key: str, output: Path, entry: dict[str, Any]) -> None:
        """Write how a clip ended. When this returns, it is on the disk.

        Raises:
            OSError: the disk is full, or refuses the write.
        """
        self._write({"clip": name, "key": key, **entry, "made": fingerprint(output)})

    def close(self) -> None:
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._entries[line["clip"]] = line
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> list[tuple[str, dict[str, Any]]]:
        """All whole lines; a power cut may leave half of the last one."""
        self._file.seek(0)
        text = self._file.read()
        if text and not text.endswith("\n"):
            self._file.write("\n")
        entries = []
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                entries.append((str(entry["clip"]), entry))
            except (ValueError, KeyError, TypeError):
                continue
        return entries


def key_of(source: Path, options: Sequence[str], files: Sequence[Path]) -> str:
    """A short hash of what a result depends on: input, options, other files, edgeds' version."""
    from importlib.metadata import version

    parts = [version("edgeds"), *options, *map(fingerprint, (source, *files))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def fingerprint(path: Path) -> str:
    """Size and time of a file, or of all files below a folder; empty where there is nothing.

    Files that a system leaves in folders do not count.
    """
    try:
        if path.is_dir():
            files = sorted(f for f in path.rglob("*") if f.is_file() and not is_system_file(f))
            return ";".join(f"{file.relative_to(path)} {fingerprint(file)}" for file in files)
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _made(entry: dict[str, Any], output: Path) -> dict[Path, str]:
    """Each file that a clip's run wrote -> its fingerprint then."""
    made = {}
    for one in str(entry.get("made", "")).split(";"):
        # A file alone has no name, and where there was nothing, there is no time either.
        name, size, time = ["", "", *one.rsplit(" ", 2)][-3:]
        path = output / name
        if not is_system_file(path):
            made[path] = f"{size} {time}".strip()
    return made
