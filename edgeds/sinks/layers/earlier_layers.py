"""Removes the layers that an earlier run wrote, so that another can write them anew.

A folder of layers must be empty when a run begins. One that was killed leaves its folder as far as
it got. Knows nothing about runs.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from edgeds.sinks.layers.names import LAYERS

_LAYERS = "|".join(LAYERS)
_PART = r"\.part"
# What `sinks/layers/` writes, and its parts: `.alpha.1a2b3c4d.part.mkv`.
_WRITTEN = (
    r"layers\.json",
    rf"\.layers\.[0-9a-f]{{8}}{_PART}\.json",
    rf"(?:{_LAYERS})/\d{{6,}}\.png",
    rf"(?:{_LAYERS})/\.\d{{6,}}\.[0-9a-f]{{8}}{_PART}\.png",
    r"\d{6,}\.exr",
    rf"\.\d{{6,}}\.[0-9a-f]{{8}}{_PART}\.exr",
    rf"(?:{_LAYERS})(?:\.partial)?\.(?:mkv|mov|webm)",
    rf"\.(?:{_LAYERS})\.[0-9a-f]{{8}}{_PART}\.(?:mkv|mov|webm)",
)
_IS_WRITTEN = re.compile("|".join(_WRITTEN)).fullmatch


def discard_layers(folder: Path) -> None:
    """Remove a folder of layers; one that holds anything else is left as it is.

    The next run on such a folder refuses it and gives the reason.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    files = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    if not all(_IS_WRITTEN(path.relative_to(folder).as_posix()) for path in files):
        return
    with suppress(OSError):  # what cannot be removed is named by the run that finds it
        for path in files:
            path.unlink()
        for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
            path.rmdir()
        folder.rmdir()
