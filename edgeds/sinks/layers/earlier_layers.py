"""What an earlier run left in a folder of layers, and its removal, so that another can write there.

A folder of layers must be empty when a run begins. One that was killed leaves its folder as far as
it got. Files of the system never count. Knows nothing about runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from edgeds.errors import SinkError
from edgeds.sinks.atomic_files import discard_leftovers, is_locked
from edgeds.sinks.images import check_folder
from edgeds.sinks.layers.names import LAYERS
from edgeds.sources.media_errors import translated
from edgeds.sources.system_files import is_system_file

_SIDECAR = "layers.json"
"""Written last."""
_LAYERS = "|".join(LAYERS)
_PART = r"\.part"
_SUFFIXES = ("mkv", "mov", "webm")
_VIDEO_PART = rf"\.(?:{_LAYERS})\.[0-9a-f]{{8}}{_PART}\.(?:{'|'.join(_SUFFIXES)})"
# What `sinks/layers/` writes, and its parts: `.alpha.1a2b3c4d.part.mkv`.
_WRITTEN = (
    r"layers\.json",
    rf"\.layers\.[0-9a-f]{{8}}{_PART}\.json",
    rf"(?:{_LAYERS})/\d{{6,}}\.png",
    rf"(?:{_LAYERS})/\.\d{{6,}}\.[0-9a-f]{{8}}{_PART}\.png",
    r"\d{6,}\.exr",
    rf"\.\d{{6,}}\.[0-9a-f]{{8}}{_PART}\.exr",
    rf"(?:{_LAYERS})(?:\.partial)?\.(?:{'|'.join(_SUFFIXES)})",
    _VIDEO_PART,
)
_IS_WRITTEN = re.compile("|".join(_WRITTEN)).fullmatch
_IS_VIDEO_PART = re.compile(_VIDEO_PART).fullmatch


def check_layers_folder(folder: Path, *, again: bool = False) -> None:
    """
    Args:
        again: layers of an earlier run are about to be discarded, and in nobody's way.

    Raises:
        SinkError: it is not empty, no folder, or not to be written to.
    """
    if folder.name in ("", "-"):
        raise SinkError(
            f"cannot write layers to {str(folder)!r}",
            why="they need a folder",
            fix="give the name of a new folder, such as -o layers",
        )
    with translated(SinkError, f"cannot write layers to {str(folder)!r}"):
        check_folder(folder, must_be_empty=False, what="layers")
        reason = _why_not_empty(folder, again)
    if reason is not None:
        why, fix = reason
        raise SinkError(f"the folder {str(folder)!r} is not empty", why=why, fix=fix)


def _why_not_empty(folder: Path, again: bool) -> tuple[str, str] | None:
    """What keeps layers from being written to a folder: one of its files, foreign ones first; and
    what to do about it.

    None where nothing does. The unfinished videos of a killed run are none: see `discard_parts`.
    """
    elsewhere = "give a new folder, or empty this one"
    found = [path for path in _in_folder(folder) if not is_system_file(path)]
    names = {path.relative_to(folder).as_posix(): path for path in found}
    written = [name for name in names if _IS_WRITTEN(name)]
    for name in names:
        if name not in written:
            return f"{name!r} in it was not written by edgeds", elsewhere
    if any(_IS_VIDEO_PART(name) and is_locked(names[name]) for name in written):
        return "another run is writing layers to it", elsewhere
    whole = [name for name in written if not _IS_VIDEO_PART(name)]
    if again or not whole:
        return None
    run = "an earlier run" if _SIDECAR in names else "a run that was killed"
    return (
        f"{whole[0]!r} in it is of {run}, and would be overwritten",
        "add --again to remove these layers and make all anew, or give a new folder",
    )


def discard_parts(folder: Path) -> None:
    """Remove the unfinished videos of killed runs; a run that goes on keeps its own."""
    for layer in LAYERS:
        for suffix in _SUFFIXES:
            discard_leftovers(folder / f"{layer}.{suffix}")


def discard_layers(folder: Path) -> None:
    """Remove a folder of layers; one that holds anything else is left as it is.

    The next run on such a folder refuses it and gives the reason.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    files = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    counted = [path for path in files if not is_system_file(path)]
    if not all(_IS_WRITTEN(path.relative_to(folder).as_posix()) for path in counted):
        return
    with suppress(OSError):  # what cannot be removed is named by the run that finds it
        for path in files:
            path.unlink()
        for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
            path.rmdir()
        folder.rmdir()


def _in_folder(folder: Path) -> Iterator[Path]:
    """Files and folders, and what is in the folders of layers; it looks no deeper."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.name in LAYERS and path.is_dir() and not path.is_symlink():
            yield from sorted(path.iterdir())
        else:
            yield path
