"""Images as a stream: a folder, a glob or one file. Knows nothing about video."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources.settings import IMAGE_SUFFIXES
from edgeds.types import Closing, Frame, Pixels, StreamInfo


class ImagesSource(Closing):
    """Images in natural order of their names (`2.png` before `10.png`), at `rate` a second."""

    def __init__(self, uri: str | Path, *, rate: Fraction = Fraction(30)) -> None:
        self._paths = _paths_from_uri(uri)
        first = pixels_from_image(self._paths[0])
        self._closed = False
        self.info = StreamInfo(
            name=Path(uri).name or str(uri),
            size=(first.shape[0], first.shape[1]),
            rate=rate,
            time_base=1 / rate,
            frame_count=len(self._paths),
            duration_secs=float(len(self._paths) / rate),
            files=tuple(self._paths),
        )

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            if self._closed:
                return
            try:
                pixels = pixels_from_image(path)
            except SourceError as error:
                raise SourceFailed(error.what, why=error.why, fix=error.fix) from error
            if pixels.shape[:2] != self.info.size:
                raise SourceFailed(
                    f"{path.name} is {_size(pixels.shape[:2])}",
                    why=f"the images before it are {_size(self.info.size)}",
                    fix="give images of one size, or one run for each size",
                )
            yield Frame(pixels, index, index, self.info.time_base, path.stem)

    def close(self) -> None:
        self._closed = True


def pixels_from_image(path: Path) -> Pixels:
    """Read an image file as RGB, turned upright by its EXIF orientation.

    Raises:
        SourceError: it is missing, or not an image.
    """
    import cv2

    if not path.is_file():
        raise SourceError(
            f"cannot open {str(path)!r}", why="there is no such file", fix="check the path"
        )
    # By way of bytes: cv2.imread cannot open every file name on Windows, and hides the reason.
    data = np.frombuffer(path.read_bytes(), np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if bgr is None:
        raise SourceError(
            f"cannot read {str(path)!r}",
            why="it is not an image, or it is damaged",
            fix=f"give one of: {', '.join(sorted(s[1:] for s in IMAGE_SUFFIXES))}",
        )
    pixels: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    pixels.flags.writeable = False
    return pixels


def _paths_from_uri(uri: str | Path) -> list[Path]:
    path = Path(uri)
    if path.is_file():
        return [path]
    # Path.glob takes no absolute pattern.
    matches = glob.glob(str(uri))  # noqa: PTH207
    found = path.iterdir() if path.is_dir() else map(Path, matches)
    paths = [p for p in found if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file()]
    if not paths:
        raise SourceError(
            f"no images in {str(uri)!r}",
            why="a folder or glob must match at least one image file",
            fix=f"use files that end in {', '.join(sorted(IMAGE_SUFFIXES))}",
        )
    return sorted(paths, key=_natural)


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in parts]


def _size(size: tuple[int, ...]) -> str:
    height, width = size
    return f"{width}x{height}"
