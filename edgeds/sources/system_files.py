"""Files that systems leave in folders by themselves: they never count as somebody's files."""

from __future__ import annotations

from pathlib import Path

_NAMES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


def is_system_file(path: Path) -> bool:
    """Whether macOS or Windows made it: `.DS_Store`, `Thumbs.db`, `desktop.ini`, `._clip.mov`."""
    return path.name.lower() in _NAMES or path.name.startswith("._")
