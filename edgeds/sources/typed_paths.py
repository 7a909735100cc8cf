"""Handles file names as people type them: far too long, with odd signs, or without a file."""

from __future__ import annotations

from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether a file or folder exists; False for a name that no file can have.

    `Path.exists` raises for names that are too long or hold a NUL.
    """
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def shortened(name: str, limit: int = 120) -> str:
    """A name for a message: only its beginning and its end if it is very long."""
    if len(name) <= limit:
        return name
    return f"{name[: limit // 2]}...{name[-limit // 3 :]}"
