"""Images as a stream: a folder, a glob, a pattern or one file. Knows nothing about video."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources.animation import frames_in
from edgeds.sources.argument_checks import check_readable
from edgeds.sources.image_names import paths_from_uri, unique_names
from edgeds.sources.media_errors import reason_of
from edgeds.sources.scaling import text_from_size
from edgeds.sources.settings import READABLE_IMAGE_SUFFIXES
from edgeds.types import Closing, DeepPixels, Frame, Pixels, RgbPicture, StreamInfo

_log = logging.getLogger(__name__)
_RATE = Fraction(30)


class ImagesSource(Closing):
    """Images in natural order of their names (`2.png` before `10.png`), at `rate` a second.

    Frames are named by their files' stems; where stems meet, by folder or suffix too.
    """

    damaged = 0

    def __init__(self, uri: str | Path) -> None:
        """
        Raises:
            SourceError: no image is there, or the first one cannot be read.
        """
        self._paths = paths_from_uri(uri)
        self._names = unique_names(self._paths)
        self.notes: list[str] = []
        """Notes for people about the images; more come while they are read."""
        first = self._pixels(_bytes_of(self._paths[0]), self._paths[0])
        self._closed = False
        self.info = StreamInfo(
            name=Path(uri).resolve().name if Path(uri).name in ("", "..") else Path(uri).name,
            size=(first.shape[0], first.shape[1]),
            rate=_RATE,
            time_base=1 / _RATE,
            frame_count=len(self._paths),
            duration_secs=float(len(self._paths) / _RATE),
            ends_secs=float(len(self._paths) / _RATE),
            files=tuple(self._paths),
        )

    def __iter__(self) -> Iterator[Frame]:
        check_readable(self.info.name, self._closed)
        for index, path in enumerate(self._paths):
            if self._closed:
                return
            try:
                data = _bytes_of(path)
                pixels = self._pixels(data, path)
            except SourceError as error:
                raise SourceFailed(error.what, why=error.why, fix=error.fix) from error
            if pixels.shape[:2] != self.info.size:
                raise SourceFailed(
                    f"{path.name} is {text_from_size(pixels.shape)}",
                    why=f"the images before it are {text_from_size(self.info.size)}",
                    fix="give images of one size, or one run for each size",
                )
            deeper = partial(_deep, data) if _has_sixteen_bits(data) else None
            picture = RgbPicture(pixels, deeper)
            clock = self.info.time_base
            yield Frame(None, index, index, clock, self._names[index], picture=picture)

    def close(self) -> None:
        self._closed = True

    def _pixels(self, data: bytes, path: Path) -> Pixels:
        if not self.notes and (count := frames_in(data)) > 1:
            self.notes.append(f"{path.name} is an animation of {count} pictures; the first is used")
            _log.info(self.notes[-1])
        return _decoded(data, path)


def pixels_from_image(path: Path, *, others: frozenset[str] = frozenset()) -> Pixels:
    """Read an image file as RGB, turned upright by its EXIF orientation.

    `others`: suffixes of files that the caller takes instead of an image, for the error's fix.

    Raises:
        SourceError: it is missing, or not an image.
    """
    return _decoded(_bytes_of(path), path, others)


def _bytes_of(path: Path) -> bytes:
    # By way of bytes: cv2.imread cannot open every file name on Windows, and hides the reason.
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        raise SourceError(
            f"cannot open {str(path)!r}", why=reason.why, fix=reason.fix or "check the path"
        ) from error


def _has_sixteen_bits(data: bytes) -> bool:
    """Whether it is a PNG image with 16 bits a channel."""
    return data[:8] == b"\x89PNG\r\n\x1a\n" and data[24:25] == b"\x10"


def _deep(data: bytes) -> DeepPixels:
    import cv2

    kind = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), kind)
    pixels: DeepPixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return pixels


def _decoded(data: bytes, path: Path, others: frozenset[str] = frozenset()) -> Pixels:
    import cv2

    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:  # such as more pixels than OpenCV allows
        raise SourceError(
            f"cannot read {str(path)!r}", why=reason_of(error).why, fix="give a smaller image"
        ) from error
    if bgr is None:
        kinds = sorted(suffix[1:] for suffix in READABLE_IMAGE_SUFFIXES | others)
        raise SourceError(
            f"cannot read {str(path)!r}",
            why="it is not an image, or it is damaged",
            fix=f"give one of: {', '.join(kinds)}",
        )
    pixels: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    pixels.flags.writeable = False
    return pixels
