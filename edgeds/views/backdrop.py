"""The backdrop of `--view replace`: a colour, a picture or a video."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from edgeds.errors import InputError, SourceError
from edgeds.sources import is_images
from edgeds.sources.images import pixels_from_image
from edgeds.sources.typed_paths import is_there
from edgeds.sources.url import masked
from edgeds.types import Closing, Frame, Pixels, Size
from edgeds.views.scale_to_cover import covering
from edgeds.views.video_backdrop import VideoBackdrop

Backdrop: TypeAlias = Callable[[Frame], Pixels]
"""Gives the pixels to put behind a frame's foreground, at the frame's size."""

_COLOUR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def open_backdrop(uri: str, size: Size) -> StillBackdrop | VideoBackdrop:
    """Open a colour (#00b140), an image or a video as a backdrop for frames of a size.

    Raises:
        InputError: it is none of these.
    """
    if is_colour(uri):
        return StillBackdrop(colour_backdrop(uri), f"#{_six_digits(uri)}")
    if uri.startswith("#") and not is_there(Path(uri)):
        raise InputError(
            f"cannot use the backdrop {uri!r}",
            why="a colour has six hex digits after #, or three",
            fix="for example #00b140",
        )
    try:
        if is_images(uri) and Path(uri).is_file():
            picture = covering(pixels_from_image(Path(uri)), size)
            return StillBackdrop(lambda _frame: picture, Path(uri).name)
        return VideoBackdrop(uri, size)
    except SourceError as error:
        raise InputError(
            f"cannot use the backdrop {masked(uri)!r}",
            why=f"{error.what}: {error.why}",
            fix="give an image, a video or a colour like #00b140",
        ) from error


def is_colour(uri: str) -> bool:
    """Whether it is a colour (#00b140, #0b4, or without the sign) and no file's name."""
    return _COLOUR.fullmatch(uri) is not None and not is_there(Path(uri))


def check_backdrop(uri: str | None) -> None:
    """Find out before anything begins that a backdrop cannot be read; None is none at all.

    Raises:
        InputError: it is no colour, image or video.
    """
    if uri is not None:
        open_backdrop(uri, (2, 2)).close()


class StillBackdrop(Closing):
    """The same pixels, or the same colour, behind every frame."""

    def __init__(self, pixels_for: Backdrop, name: str) -> None:
        self._pixels_for = pixels_for
        self.name = name
        """For people: a colour (#rrggbb) or a file's name."""

    def __call__(self, frame: Frame) -> Pixels:
        return self._pixels_for(frame)

    def close(self) -> None:
        """Nothing is held."""


def colour_backdrop(colour: str) -> Backdrop:
    """A plain backdrop of a colour as the web writes it: #00b140 or #0b4.

    Raises:
        ValueError: it is not one.
    """
    rgb = tuple(bytes.fromhex(_six_digits(colour)))
    return lambda frame: _plain(frame.size, rgb)


@lru_cache(maxsize=2)
def _plain(size: Size, rgb: tuple[int, ...]) -> Pixels:
    pixels: Pixels = np.full((*size, 3), rgb, np.uint8)
    pixels.flags.writeable = False
    return pixels


def _six_digits(colour: str) -> str:
    digits = colour.removeprefix("#").lower()
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    if len(digits) != 6:
        raise ValueError(f"{colour!r} is not a colour")
    return digits
