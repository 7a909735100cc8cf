"""Puts a finished engine in its place, whole; on a failure the former engine stays.

Knows nothing about how engines are made.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeds.engine.card import CARD_NAME
from edgeds.errors import EngineError, RunError
from edgeds.sources.media_errors import reason_of


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A temporary folder to build in, beside the finished engine's place.

    Raises:
        EngineError: no folder can be made there.
        RunError: the disk is full or fails while the folder is used.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        work = tempfile.TemporaryDirectory(prefix=".edgeds-build-", dir=parent)
    except OSError as error:
        raise EngineError(
            f"cannot write an engine into {str(parent)!r}",
            why=reason_of(error).why,
            fix="give a folder that you may write to, with -o",
        ) from error
    with work as folder:
        try:
            yield Path(folder)
        except OSError as error:
            raise RunError(
                "the engine could not be written",
                why=reason_of(error).why,
                fix=f"make room in {str(parent)!r}; the engine that was there is untouched",
            ) from error


def check_replaceable(folder: Path, source: Path) -> None:
    """Check that a finished engine may take this place.

    Raises:
        EngineError: the place holds something else than an engine, or is the source of the build.
    """
    if not folder.exists():
        return
    if folder.is_dir() and folder.resolve() == source.resolve():
        why, fix = "it is the engine that this one is made from", "give another folder with -o"
    elif folder.is_dir() and ((folder / CARD_NAME).is_file() or not any(folder.iterdir())):
        return
    else:
        why = f"it holds something else than an engine (no {CARD_NAME})"
        fix = "give a new folder with -o, or the folder of an engine to replace"
    raise EngineError(f"cannot write the engine to {str(folder)!r}", why=why, fix=fix)


def put(new: Path, folder: Path) -> None:
    """Rename a finished folder into place, then remove the former engine."""
    if not folder.exists():
        new.rename(folder)
        return
    former = new.with_name("former")  # in the folder of this build, which goes at its end
    folder.rename(former)
    try:
        new.rename(folder)
    except BaseException:  # Ctrl-C too: the folder of this build is about to go
        former.rename(folder)
        raise
