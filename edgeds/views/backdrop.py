"""What a foreground is put on: a colour, a picture or a video, behind `--view replace`."""

from __future__ import annotations

import re
from pathlib import Path

from edgeds.errors import InputError, SourceError, SourceFailed
from edgeds.sources import is_images, open_source
from edgeds.sources.images import pixels_from_image
from edgeds.types import Closing, Frame, Pixels, Size
from edgeds.views.compose import Backdrop, colour_backdrop, covering

_COLOUR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def open_backdrop(uri: str, size: Size) -> StillBackdrop | VideoBackdrop:
    """Open a colour (#00b140), an image or a video as a backdrop for frames of a size.

    Raises:
        InputError: it is none of these.
    """
    if not Path(uri).exists() and _COLOUR.fullmatch(uri):
        return StillBackdrop(colour_backdrop(uri))
    try:
        if is_images(uri) and Path(uri).is_file():
            picture = covering(pixels_from_image(Path(uri)), size)
            return StillBackdrop(lambda _frame: picture)
        return VideoBackdrop(uri, size)
    except SourceError as error:
        raise InputError(
            f"cannot use the backdrop {uri!r}",
            why=f"{error.what}: {error.why}",
            fix="give an image, a video or a colour like #00b140",
        ) from error


class StillBackdrop(Closing):
    """The same pixels, or the same colour, behind every frame."""

    def __init__(self, pixels_for: Backdrop) -> None:
        self._pixels_for = pixels_for

    def __call__(self, frame: Frame) -> Pixels:
        return self._pixels_for(frame)

    def close(self) -> None:
        """Nothing is held."""


class VideoBackdrop(Closing):
    """A video that plays behind the frames at its own speed, and starts again at its end."""

    def __init__(self, uri: str, size: Size) -> None:
        self._uri, self._size = uri, size
        self._source = open_source(uri)
        self._frames = iter(self._source)
        self._start_secs = 0.0
        self._next = next(self._frames)  # an opened source has a frame
        self._shown = covering(self._next.pixels, size)

    def __call__(self, frame: Frame) -> Pixels:
        """The backdrop's picture at the frame's time. Frames come in order."""
        newest: Frame | None = None
        while self._start_secs + self._next.pts_secs <= frame.pts_secs:
            newest = self._next
            self._next = self._advance()
        if newest is not None:
            self._shown = covering(newest.pixels, self._size)
        return self._shown

    def close(self) -> None:
        self._source.close()

    def _advance(self) -> Frame:
        last = self._next
        try:
            following = next(self._frames, None)
        except SourceFailed:  # a backdrop that breaks off starts again as one that ends
            following = None
        if following is not None:
            return following
        rate = self._source.info.rate
        self._start_secs += last.pts_secs + (float(1 / rate) if rate else 1 / 30)
        self._source.close()
        self._source = open_source(self._uri)
        self._frames = iter(self._source)
        return next(self._frames)
