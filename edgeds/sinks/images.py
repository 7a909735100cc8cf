"""Frames as image files, RGB or RGBA. Knows nothing about video."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from edgeds.errors import SinkError, SinkFailed
from edgeds.types import Closing, Frame, Pixels

_ALPHA_SUFFIXES = frozenset({".png", ".webp", ".tif", ".tiff"})


class ImagesSink(Closing):
    """A folder of PNGs, a pattern (`out/%05d.png`) or one image file.

    In a folder, frames that came from files keep their names; others are `000000.png` and on.
    A folder must be empty, so that no earlier result is mixed up or lost.
    """

    def __init__(self, path: Path, *, alpha: bool = False) -> None:
        self._pattern = _pattern(path)
        self._single = "%" not in self._pattern.name
        self._named = path.suffix == "" or path.is_dir()
        self._written = 0
        if alpha and self._pattern.suffix.lower() not in _ALPHA_SUFFIXES:
            raise SinkError(
                f"{self._pattern.suffix} images cannot keep alpha",
                why="the cutout view needs a transparent background",
                fix="write PNG or WebP images, a .webm or a .mov",
            )
        self.location = str(path)
        _check_folder(self._pattern.parent, must_be_empty=self._named)

    def write(self, frame: Frame) -> None:
        if self._single and self._written:
            raise SinkFailed(
                f"{self._pattern.name} can hold one frame only",
                why="the input has more than one",
                fix="give a folder, a pattern such as out/%05d.png, or a video file",
            )
        path = self._pattern
        if self._named and frame.name:
            path = path.with_name(f"{frame.name}{path.suffix}")
        elif not self._single:
            path = path.with_name(path.name % frame.index)
        _write(path, frame, make_folder=self._written == 0)
        self._written += 1

    def close(self) -> None:
        """Nothing to complete: every file was whole when written."""


def _pattern(path: Path) -> Path:
    if path.is_dir() or not path.suffix:
        return path / "%06d.png"
    if "%" in path.name:
        try:
            one, other = path.name % 1, path.name % 2
        except (TypeError, ValueError):
            one = other = ""
        if one == other:
            raise SinkError(
                f"cannot number images as {path.name!r}",
                why="a pattern needs exactly one integer field",
                fix="write it as frame_%05d.png",
            )
    return path


def _check_folder(folder: Path, *, must_be_empty: bool) -> None:
    """Find out now that images cannot be written; the folder itself is made with the first."""
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise SinkError(
            f"cannot write images to {str(folder)!r}",
            why=f"{str(there)!r} is not a folder you may write to",
            fix="give another place",
        )
    if must_be_empty and there == folder and any(folder.iterdir()):
        raise SinkError(
            f"the folder {str(folder)!r} is not empty",
            why="images there would be overwritten or mixed with these",
            fix="give a new folder, or empty this one",
        )


def image_bytes(pixels: Pixels, suffix: str = ".png") -> bytes:
    """An image file's content, of RGB or RGBA pixels.

    Raises:
        SinkFailed: the format cannot hold them.
    """
    import cv2

    swap = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    options = [cv2.IMWRITE_JPEG_QUALITY, 95] if suffix.lower() in (".jpg", ".jpeg") else []
    done, data = cv2.imencode(suffix, cv2.cvtColor(pixels, swap), options)
    if not done:
        raise SinkFailed(
            f"cannot encode a {suffix} image", why="OpenCV refused", fix="write PNG images"
        )
    return bytes(data.tobytes())


def _write(path: Path, frame: Frame, *, make_folder: bool) -> None:
    data = image_bytes(frame.pixels, path.suffix)
    part = path.with_name(path.name + ".part")
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise SinkFailed(
            f"cannot write {path.name}",
            why=error.strerror or str(error),
            fix="make room on the disk, or write elsewhere",
        ) from error
