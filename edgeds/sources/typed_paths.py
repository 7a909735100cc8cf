"""Handles file names as people type them: far too long, with odd signs, or without a file."""

from __future__ import annotations

from pathlib import Path

_LONGEST = 120  # signs of a name in a message


def is_there(path: Path) -> bool:
    """Whether a file or folder exists; False for a name that no file can have.

    `Path.exists` raises for names that are too long or hold a NUL.
    """
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def shortened(name: str) -> str:
    """A name for a message: only its beginning and its end if it is very long."""
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST // 2]}...{name[-_LONGEST // 3 :]}"
