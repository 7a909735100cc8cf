"""Which clips a batch has, and how their outputs are named. Knows nothing about plates."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from edgeds.errors import SinkError, SourceError
from edgeds.sources.image_names import is_pattern, natural_order
from edgeds.sources.settings import READABLE_IMAGE_SUFFIXES
from edgeds.sources.typed_paths import is_there, shortened

CLIP_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".h264", ".h265", ".hevc", ".m2ts", ".m4v"}
    | {".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts"}
    | {".vob", ".webm", ".wmv"}
)
"""What a folder is searched for; patterns, lists and single names may name anything."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip of a batch."""

    path: Path
    """A video file, or a folder of images."""
    name: PurePath
    """What its outputs are called, below the output folder and without a suffix: `cam1/0001`."""
    plate: Path | None = None
    """The one that its list names beside it."""


def find_clips(arguments: Sequence[str], output: Path) -> list[Clip]:
    """The clips that files, folders, patterns and lists (.txt) name, each once, in natural order.

    Args:
        output: the output folder. What lies in it is no input.

    Raises:
        SourceError: an argument names nothing, or a list cannot be read.
        SinkError: the output folder is the clips' own.
    """
    found: dict[Path, _Named] = {}
    for argument in arguments:
        named = [one for one in _named(argument) if not _is_made(one, output)]
        if not named:
            raise SourceError(
                f"no clips in {shortened(argument)!r}",
                why="a folder, pattern or list must name at least one clip",
                fix="give video files, a folder, a quoted pattern such as 'cams/*/*.mp4', or a "
                "list.txt with a clip on each line",
            )
        for one in named:
            found.setdefault(Path(os.path.abspath(one.path)), one)  # noqa: PTH100
    ordered = sorted(found.values(), key=lambda one: natural_order(one.path))
    return [
        Clip(one.path, name, one.plate)
        for one, name in zip(ordered, _unique_names(ordered), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Named:
    path: Path
    root: Path
    """The folder whose inner folders the output folder has too."""
    plate: Path | None = None


def _named(argument: str) -> Iterator[_Named]:
    path = Path(argument)
    if is_there(path):
        if path.is_dir():
            yield from (_Named(file, path) for file in _in_folder(path))
        elif path.suffix.lower() == ".txt":
            yield from _in_list(path)
        else:
            yield _Named(path, path.parent)
    elif is_pattern(argument):
        root = _fixed_part(path)
        for match in map(Path, glob.glob(argument, recursive=True)):  # noqa: PTH207
            if match.name[:1] != "." and (match.is_file() or _has_images(match)):
                yield _Named(match, root)
    else:
        raise SourceError(
            f"cannot find {shortened(argument)!r}",
            why="there is no such file or folder",
            fix="check the path, and quote patterns",
        )


def _in_folder(folder: Path) -> Iterator[Path]:
    """Videos, at any depth. A Mac writes hidden `._1.mp4` beside `1.mp4` on foreign disks."""
    for path in folder.rglob("*"):
        hidden = any(part[:1] == "." for part in path.relative_to(folder).parts)
        if path.suffix.lower() in CLIP_SUFFIXES and path.is_file() and not hidden:
            yield path


def _in_list(path: Path) -> Iterator[_Named]:
    """One clip on each line, and its plate after a tab; names are relative to the list's folder."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"cannot read the list {path.name!r}",
            why="it is not UTF-8 text" if isinstance(error, ValueError) else "it cannot be opened",
            fix="write a text file with the name of a clip on each line",
        ) from error
    for number, line in enumerate(lines, 1):
        clip, _, plate = line.partition("\t")
        if not clip.strip() or clip.lstrip()[:1] == "#":
            continue
        name = path.parent / clip.strip()
        if not is_there(name):
            raise SourceError(
                f"cannot find the clip in line {number} of {path.name}: {shortened(clip)!r}",
                why=f"there is no {shortened(str(name))}",
                fix="names are relative to the folder of the list; correct it, or put # before it",
            )
        shown = path.parent / plate.strip() if plate.strip() else None
        yield _Named(name, path.parent if _is_inside(name, path.parent) else name.parent, shown)


def _fixed_part(pattern: Path) -> Path:
    """The folders before the first one that has signs of a pattern."""
    fixed: list[str] = []
    for part in pattern.parts[:-1]:
        if is_pattern(part):
            break
        fixed.append(part)
    return Path(*fixed)


def _has_images(folder: Path) -> bool:
    return folder.is_dir() and any(
        path.suffix.lower() in READABLE_IMAGE_SUFFIXES for path in folder.iterdir()
    )


def _is_made(one: _Named, output: Path) -> bool:
    """Whether a clip lies in the output folder, where that is a folder among the clips.

    Raises:
        SinkError: the output folder is the clips' own.
    """
    if one.root.resolve() == output.resolve():
        raise SinkError(
            f"the output folder {str(output)!r} holds the clips themselves",
            why="results get the clips' names, and would take their place",
            fix="give another folder, such as -o out",
        )
    return _is_inside(output, one.root) and _is_inside(one.path, output)


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _unique_names(named: Sequence[_Named]) -> list[PurePath]:
    """cam1/a.mp4 and cam2/a.mp4 are cam1/a and cam2/a; a.mp4 and a.mov are a.mp4 and a.mov."""
    names = [_below(one.path, one.root) for one in named]
    if _meet(names):
        shared = Path(os.path.commonpath([one.path.resolve().parent for one in named]))
        names = [_below(one.path.resolve(), shared) for one in named]
    counts = Counter(str(name).lower() for name in names)
    return [
        name.with_name(one.path.name) if counts[str(name).lower()] > 1 else name
        for one, name in zip(named, names, strict=True)
    ]


def _below(path: Path, root: Path) -> PurePath:
    below = path.relative_to(root) if path.is_relative_to(root) else PurePath(path.name)
    return below if path.is_dir() else below.with_name(path.stem)


def _meet(names: Sequence[PurePath]) -> bool:
    return len({str(name).lower() for name in names}) < len(names)
