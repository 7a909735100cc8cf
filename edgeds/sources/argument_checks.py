"""Checks what a program gives to edgeds, so that a mistake is named where it was made.

Commands check their options themselves. Knows no files.
"""

from __future__ import annotations

import os
from pathlib import Path

from edgeds.errors import InputError, RunError, ShapeError
from edgeds.types import Frame, Maps, described


def check_argument(
    value: object,
    fits: bool,
    *,
    name: str,
    wanted: str,
    fix: str,
    error: type[InputError] = InputError,
) -> None:
    """Refuse what was given in place of something else.

    Args:
        name, wanted: "the plate", "a Plate"; for the message.

    Raises:
        InputError: it does not fit; `error` says which one.
    """
    if not fits:
        raise error(f"{name} is {described(value)}", why=f"it has to be {wanted}", fix=fix)


def check_frame(frame: object) -> None:
    """
    Raises:
        ShapeError: it is something else, such as a bare array.
    """
    if not isinstance(frame, Frame):
        check_argument(
            frame, False, name="the frame", wanted="an edgeds.Frame",
            fix="wrap an array of uint8 RGB: Frame(pixels)", error=ShapeError,
        )  # fmt: skip


def check_frame_and_maps(frame: object, maps: object) -> None:
    """
    Raises:
        ShapeError: one of them is something else.
    """
    check_frame(frame)
    if not isinstance(maps, Maps):
        check_argument(
            maps, False, name="what was given for the maps", wanted="an edgeds.Maps",
            fix="give what an Estimator returns, or wrap arrays: Maps(alpha, inverse_depth)",
            error=ShapeError,
        )  # fmt: skip


def path_given(
    path: object, name: str, *, error: type[InputError], fix: str = "give its name, as text"
) -> Path:
    """A path, of text or a path.

    Raises:
        InputError: it is neither, or empty; `error` says which one.
    """
    fits = isinstance(path, (str, os.PathLike)) and os.fspath(path) != ""
    check_argument(
        path, fits, name=name, wanted="the name of a file or folder", fix=fix, error=error
    )
    return Path(path)  # type: ignore[arg-type]  # was just checked


def check_open(closed: bool, name: str, *, error: type[RunError] = RunError) -> None:
    """
    Raises:
        RunError: it was closed; `error` says which one.
    """
    if closed:
        raise error(
            f"{name} is closed",
            why="it was used after close(), or after its `with` block",
            fix="open it again, or close it later",
        )


def check_readable(name: str, is_closed: bool, is_over: bool = False) -> None:
    """
    Raises:
        RunError: a source is closed, or was read to its end, and somebody begins again.
    """
    check_open(is_closed, f"the source {name}")
    if is_over:
        raise RunError(
            f"{name} was read to its end",
            why="a source is read once: it does not begin again",
            fix="open it again, or keep the frames in a list",
        )
