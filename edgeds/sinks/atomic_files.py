"""Files that appear whole or not at all: written beside their place, then renamed into it.

`replace_file` and `replacing` are for files written in one go. `PendingFile` is for one that grows
for minutes: it holds a lock, so that two runs never write one output. Knows nothing about formats.
"""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from edgeds.errors import SinkError
from edgeds.sinks.output_files import check_no_device, check_no_url, followed
from edgeds.sources.media_errors import reason_of
from edgeds.sources.typed_paths import shortened

# Windows has no flock: part files still have names of their own there, but no run is refused.
fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None

_log = logging.getLogger(__name__)

_MAX_NAME_BYTES = 255  # of one file name, on every file system in common use
_TOKEN_BYTES = 4
_under_construction: set[Path] = set()  # part files


def replace_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file whole, or leave what is there.

    `durable` waits until the disk has it, so that a power cut cannot leave an empty file either;
    leave it out where thousands of files are written that can be made again.

    Raises:
        OSError: it cannot be written; `path` is as it was.
    """
    with replacing(path, durable=durable) as part:
        part.write_bytes(data)


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a name to write to, which becomes `path` at the end of the block.

    After an exception the new file is removed, and `path` is as it was. A link stays a link.
    """
    path = followed(path)
    part = part_name(path)
    try:
        yield part
        if durable:
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    if durable:
        _sync_folder(path.parent)


def part_name(path: Path) -> Path:
    """A hidden name beside `path`, with its suffix, that no other call gives."""
    return path.with_name(f"{_part_start(path)}{secrets.token_hex(_TOKEN_BYTES)}{_part_end(path)}")


def _part_start(path: Path) -> str:
    """`.out.`, shortened where the whole name would be too long."""
    room = _MAX_NAME_BYTES - len(_part_end(path).encode()) - 2 * _TOKEN_BYTES - len("..")
    return f".{path.stem.encode()[:room].decode(errors='ignore')}."


def _part_end(path: Path) -> str:
    return f".part{path.suffix}"


def check_writable(path: Path, what: str) -> None:
    """Find out now, not after an hour, that a file cannot be written.

    Args:
        what: how to call it in the message, such as "the contact sheet".

    Raises:
        SinkError: the name cannot be used, its folder is missing, or it may not be written.
    """
    check_no_url(path)
    why, fix = "", "give a place you may write to"
    if path.name in ("", "-"):
        why, fix = "a result is not written to standard output", "give the name of a file"
    try:
        if why:
            pass
        elif path.is_dir():
            why, fix = "it is a folder", "give the name of a file"
        elif not (path := followed(path)).parent.is_dir():
            why = f"there is no folder {str(path.parent)!r}"
            fix = "give a place you may write to, or make the folder"
        elif path.exists() and not os.access(path, os.W_OK):
            why = "the file is there and may not be overwritten"
        else:
            part = part_name(path)
            part.touch()
            part.unlink()
    except FileNotFoundError:  # the folder is there: the system makes no files in it, as in /proc
        why = f"no file can be made in {shortened(str(path.parent))!r}"
    except OSError as error:
        reason = reason_of(error)
        why, fix = reason.why, reason.fix or fix
    if why:
        raise SinkError(f"cannot write {what} {shortened(str(path))!r}", why=why, fix=fix)


class PendingFile:
    """A file under construction. Exactly one of `finish`, `keep` and `discard` ends it.

    Its part file is there, empty and locked, from the start. It goes with the process if nothing
    else ends it; after a kill it stays, and the next run on the same output logs its name.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            SinkError: the file cannot be written, or another run is writing it.
        """
        check_writable(path, "the file")
        self.path = path = followed(path)
        check_no_device(path)
        with _locked_folder(path.parent):
            _refuse_a_second_run(path)
            self.part = part_name(path)
            self._handle = os.open(self.part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
            try_lock(self._handle)
        _under_construction.add(self.part)
        self._end = weakref.finalize(self, _discard, self._handle, self.part)

    def finish(self) -> Path:
        """The file is good: put it in its place.

        Raises:
            OSError: the disk does not take it; `discard` or `keep` may still be called.
        """
        os.fsync(self._handle)
        return self._put(self.path)

    def keep(self) -> Path:
        """The file is not whole: keep it, but never in the place of an earlier, finished one.

        Returns:
            Its place: `path`, or `out.partial.mp4` where there is an earlier `out.mp4`.
        """
        place = self.path
        if place.exists():
            place = place.with_name(f"{place.stem}.partial{place.suffix}")
        return self._put(place)

    def discard(self) -> None:
        """Remove it; harmless after it has ended."""
        self._end()

    def _put(self, place: Path) -> Path:
        if fcntl is None:  # Windows renames no open file
            os.close(self._handle)
        self.part.replace(place)
        self._end.detach()
        _under_construction.discard(self.part)
        if fcntl is not None:
            os.close(self._handle)
            _sync_folder(place.parent)
        return place


def _refuse_a_second_run(path: Path) -> None:
    for other in path.parent.iterdir():
        if not _is_part_of(other.name, path):
            continue
        if not is_locked(other):
            _log.warning("an earlier run was killed and left %s, as far as it got", other)
            continue
        raise SinkError(
            f"cannot write the file {str(path)!r}",
            why="another run is writing it",
            fix="wait for that run, or give another name",
        )


def leftovers_of(path: Path) -> list[Path]:
    """What killed runs left beside `path`; not what runs that go on are writing."""
    return sorted(
        other
        for other in path.parent.iterdir()
        if _is_part_of(other.name, path)
        and other not in _under_construction
        and not is_locked(other)
    )


def discard_leftovers(path: Path) -> None:
    """Remove what killed runs left beside `path`; a run that goes on keeps its file."""
    with _locked_folder(path.parent):  # a run that begins now locks its file first
        for other in leftovers_of(path):
            with suppress(OSError):
                other.unlink()


def _is_part_of(name: str, path: Path) -> bool:
    """Whether `part_name` made a name for this path."""
    start, end = _part_start(path), _part_end(path)
    if not name.startswith(start) or not name.endswith(end):
        return False
    token = name[len(start) : -len(end)]
    return len(token) == 2 * _TOKEN_BYTES and not token.strip("0123456789abcdef")


def is_locked(part: Path) -> bool:
    """Whether a process is writing a part of a `PendingFile`."""
    if fcntl is None:
        return False
    try:
        handle = os.open(part, os.O_RDWR)
    except OSError:  # gone by now, or another user's: it is not ours to judge
        return False
    try:
        return not try_lock(handle)
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Lock a file for this process; False where another one holds it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    """Two runs that start at once look one after the other whether the output is being written."""
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def leave_part_files() -> list[Path]:
    """For a process that ends now: the unfinished part files; those without content are removed."""
    kept = []
    for part in list(_under_construction):
        with suppress(OSError):  # it has just got its place
            if part.stat().st_size:
                kept.append(part)
            else:
                part.unlink()
    return kept


def _discard(handle: int, part: Path) -> None:
    _under_construction.discard(part)
    with suppress(OSError):
        os.close(handle)
    with suppress(OSError):
        part.unlink()


def _sync_folder(folder: Path) -> None:
    """Have the renaming on the disk too; Windows opens no folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
