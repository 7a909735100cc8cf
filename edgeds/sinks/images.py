"""Frames as image files, RGB or RGBA. Knows nothing about video."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeds.errors import SinkError, SinkFailed
from edgeds.sinks.atomic_files import check_writable, part_name, replace_file
from edgeds.sources.argument_checks import check_frame, check_open
from edgeds.sources.media_errors import reason_of, translated
from edgeds.sources.system_files import is_system_file
from edgeds.types import Closing, Frame, Pixels

_HOLDS_ONE, _HAS_MORE = "can hold one frame only", "the input has more than one"
_FOR_MORE = "give a folder, a pattern such as out/%05d.png, or a video file"
_ALPHA_SUFFIXES = frozenset({".png", ".webp", ".tif", ".tiff"})


class ImagesSink(Closing):
    """A folder of PNGs, a pattern (`out/%05d.png`) or one image file.

    In a folder, frames that came from files keep their names; others are `000000.png` and on.
    Nothing that is there is replaced but the one image file: a folder must be empty, and no image
    may have a name that the pattern gives.
    """

    lost = 0
    audio = "none"

    def __init__(self, path: Path, *, alpha: bool = False, frame_count: int | None = None) -> None:
        """
        Args:
            frame_count: of the stream, where it is known.

        Raises:
            SinkError: images cannot be written there, would replace others, or cannot keep alpha;
                or there are many frames for one file.
        """
        self._pattern = _pattern(path)
        self._single = "%" not in self._pattern.name
        self._named = path.suffix == "" or path.is_dir()
        self._taken: set[str] = set()
        self._closed = False
        if alpha and self._pattern.suffix.lower() not in _ALPHA_SUFFIXES:
            raise SinkError(
                f"{self._pattern.suffix} images cannot keep alpha",
                why="the cutout view needs a transparent background",
                fix="write PNG or WebP images, a .webm or a .mov",
            )
        if self._single and (frame_count or 0) > 1:
            raise SinkError(f"{path.name} {_HOLDS_ONE}", why=_HAS_MORE, fix=_FOR_MORE)
        self.location = str(path)
        folder = self._pattern.parent
        with translated(SinkError, f"cannot write images to {str(folder)!r}"):
            check_folder(folder, must_be_empty=self._named)
            if self._single:
                check_writable(self._pattern, "the image")
            elif not self._named:
                check_pattern(self._pattern)

    def write(self, frame: Frame) -> None:
        check_frame(frame)
        check_open(self._closed, f"the output {self.location}", error=SinkFailed)
        if self._single and self._taken:
            raise SinkFailed(f"{self._pattern.name} {_HOLDS_ONE}", why=_HAS_MORE, fix=_FOR_MORE)
        path = self._path_of(frame)
        data = image_bytes(frame.pixels, path.suffix)
        with image_write_errors(path, "images to the same place", elsewhere="folder or pattern"):
            if not self._taken:  # meshes of this run may have made it
                path.parent.mkdir(parents=True, exist_ok=True)
            if not self._single and path.exists():
                raise FileExistsError
            replace_file(path, data, durable=self._single)
        self._taken.add(path.name.casefold())

    def close(self) -> None:
        """Nothing to complete: every file was whole when written."""
        self._closed = True

    def _path_of(self, frame: Frame) -> Path:
        """A name that no frame before had, on file systems that ignore case too."""
        if self._named and frame.name:
            path = self._pattern.with_name(f"{frame.name}{self._pattern.suffix}")
            count = 1
            while path.name.casefold() in self._taken:
                count += 1
                path = path.with_name(f"{frame.name}-{count}{path.suffix}")
            return path
        if self._single:
            return self._pattern
        return self._pattern.with_name(self._pattern.name % frame.index)


@contextmanager
def image_write_errors(path: Path, what: str, *, elsewhere: str) -> Iterator[None]:
    """Translate the errors of writing one image among others.

    Args:
        what: is written there, and `elsewhere`: where else it could be; for people.

    Raises:
        SinkFailed: a name is taken that was free at the start, or the disk refuses the image.
    """
    try:
        yield
    except FileExistsError as error:
        raise SinkFailed(
            f"cannot write {path.name}",
            why=f"another run is writing {what}",
            fix=f"give another {elsewhere}",
        ) from error
    except (OSError, MemoryError) as error:
        reason = reason_of(error)
        raise SinkFailed(
            f"cannot write {path.name}",
            why=reason.why,
            fix=reason.fix or "make room on the disk, or write elsewhere",
        ) from error


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


def check_folder(folder: Path, *, must_be_empty: bool, what: str = "images") -> None:
    """Find out now that files cannot be written; the folder itself is made with the first.

    Raises:
        SinkError: there is no such place, it may not be written, or it is not empty.
    """
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    why = ""
    if not there.is_dir() or not os.access(there, os.W_OK):
        why = f"{str(there)!r} is not a folder you may write to"
    elif not _takes_files(there):
        why = f"no file can be made in {str(there)!r}"
    if why:
        raise SinkError(
            f"cannot write {what} to {str(folder)!r}", why=why, fix="give another place"
        )
    if not must_be_empty or there != folder:
        return
    found = sorted(path.name for path in folder.iterdir() if not is_system_file(path))
    if found:
        raise SinkError(
            f"the folder {str(folder)!r} is not empty",
            why=f"{found[0]!r} in it would be overwritten or mixed with these images",
            fix="give a new folder, or empty this one",
        )


def _takes_files(folder: Path) -> bool:
    """Whether a file can be made: the system makes none in /proc, whoever may write there."""
    probe = part_name(folder / "file")
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def check_pattern(pattern: Path, *, what: str = "images") -> None:
    """Refuse a pattern by which files are there already: inputs, or an earlier result.

    Raises:
        SinkError: there are such files.
    """
    if not pattern.parent.is_dir():
        return
    before, field, after = re.split(r"(%[-+ #0-9]*[diuxXo])", pattern.name, maxsplit=1)
    number = "[0-9a-fA-F]+" if field[-1] in "xX" else "[0-9]+"
    before, after = (re.escape(text.replace("%%", "%")) for text in (before, after))
    known = re.compile(f"{before}\\s*[+-]?{number}\\s*{after}", re.IGNORECASE)
    for path in sorted(pattern.parent.iterdir()):
        if known.fullmatch(path.name):
            raise SinkError(
                f"cannot write {what} as {str(pattern)!r}",
                why=f"{path.name} is there already, and would be overwritten or mixed with these",
                fix="give a new folder, or another beginning of the name",
            )


def image_bytes(pixels: Pixels, suffix: str = ".png") -> bytes:
    """An image file's content, of RGB or RGBA pixels.

    Raises:
        SinkFailed: the format cannot hold them.
    """
    import cv2

    swap = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    options = [cv2.IMWRITE_JPEG_QUALITY, 95] if suffix.lower() in (".jpg", ".jpeg") else []
    why = "OpenCV refused"
    try:
        done, data = cv2.imencode(suffix, cv2.cvtColor(pixels, swap), options)
    except cv2.error as error:
        done, why = False, reason_of(error).why
    if not done:
        raise SinkFailed(f"cannot encode a {suffix} image", why=why, fix="write PNG images")
    return bytes(data.tobytes())
