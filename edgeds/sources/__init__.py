"""Where frames come from: `open_source` turns what people type into a Source."""

from __future__ import annotations

from pathlib import Path

from edgeds.errors import SourceError
from edgeds.presets import IMAGE_SUFFIXES
from edgeds.sources.images import ImagesSource
from edgeds.sources.synthetic import SyntheticSource
from edgeds.sources.video import VideoSource
from edgeds.types import Source

__all__ = [
    "ImagesSource",
    "SyntheticSource",
    "VideoSource",
    "is_images",
    "open_source",
]


def open_source(uri: str | Path) -> Source:
    """Open a video file, an image, a folder of images or a glob such as `shots/*.png`.

    The first frame is decoded at once, so what cannot give one is refused here.

    Raises:
        SourceError: nothing is there, it cannot be read, or it has no frame.
    """
    if is_images(uri):
        return ImagesSource(uri)
    path = Path(uri)
    if not path.exists():
        raise SourceError(
            f"cannot open {str(uri)!r}",
            why="there is no such file or folder",
            fix="check the path; SOURCE is a video file, a folder of images or a glob in quotes",
        )
    return VideoSource(path)


def is_images(uri: str | Path) -> bool:
    """Whether this names images (a folder, a glob, an image file) and not a video."""
    text, path = str(uri), Path(uri)
    if path.exists():
        return path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES
    return any(sign in text for sign in "*?[")
