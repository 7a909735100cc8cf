"""Which file the name of an output means, and what may not be one. Writes nothing."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from edgeds.errors import SinkError
from edgeds.sources.typed_paths import is_there, shortened
from edgeds.sources.url import masked
from edgeds.types import StreamInfo

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:/")  # pathlib makes one slash of two


def same_file(one: Path, other: Path) -> bool:
    """Whether two names mean one file: by another path, a link, or before it is there."""
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()


def check_no_input(path: Path, like: StreamInfo) -> None:
    """Check that a stream's output is none of the files that it comes from.

    Raises:
        SinkError: it is one of them.
    """
    files = like.files or ((like.path,) if like.path is not None else ())
    if any(same_file(path, file) for file in files):
        raise SinkError(
            f"the output {path.name!r} is the input itself",
            why="it would be overwritten while it is read",
            fix="give the output another name",
        )


def check_no_url(path: Path) -> None:
    """
    Raises:
        SinkError: it is a URL. `rtmp://host/key` would be a folder called `rtmp:`.
    """
    if _URL.match(str(path)) and not is_there(path.parent):
        raise SinkError(
            f"cannot write to {masked(str(path))!r}",
            why="it is a URL, and a file or folder is wanted here",
            fix="give the name of a file; `edgeds live --publish URL` sends a stream",
        )


def check_no_device(path: Path) -> None:
    """
    Raises:
        SinkError: it is a pipe, a socket or a device, which a finished file would replace.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise SinkError(
            f"cannot write the file {shortened(str(path))!r}",
            why="it is a pipe or a device, and a finished file would take its place",
            fix="give the name of a file",
        )


def followed(path: Path) -> Path:
    """The file that a name means: a link stays, and the file that it leads to is replaced.

    A link to a file of another kind, by its suffix, is itself replaced.

    Raises:
        OSError: the link leads to itself.
    """
    if not path.is_symlink():
        return path
    end = Path(os.path.realpath(path))
    if end.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return end if end.suffix.lower() == path.suffix.lower() else path
