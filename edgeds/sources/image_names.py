"""Which images a folder, a glob or a pattern names, in which order, and how their frames are named.

Knows nothing about pixels.
"""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from edgeds.errors import SourceError
from edgeds.sources.settings import READABLE_IMAGE_SUFFIXES
from edgeds.sources.typed_paths import is_there, shortened
from edgeds.sources.url import masked

_NUMBER = re.compile(r"%(0?\d*)d")


def is_pattern(text: str) -> bool:
    """Whether a name that no file has stands for many: `*.png`, `shot[0-9].png`, `%05d.png`."""
    return any(sign in text for sign in "*?[") or _NUMBER.search(text) is not None


def paths_from_uri(uri: str | Path) -> list[Path]:
    """The image files that a file, a folder, a glob or a pattern names, in natural order.

    Hidden files are left out: a Mac writes `._1.png` beside `1.png` on foreign disks.

    Raises:
        SourceError: there is none.
    """
    path = Path(uri)
    if is_there(path) and not path.is_dir():
        return [path]
    found = path.iterdir() if is_there(path) else _matches(str(uri))
    paths = [
        p
        for p in found
        if p.suffix.lower() in READABLE_IMAGE_SUFFIXES and p.is_file() and p.name[:1] != "."
    ]
    if not paths:
        suffixes = ", ".join(sorted(READABLE_IMAGE_SUFFIXES))
        raise SourceError(
            f"no images in {shortened(masked(str(uri)))!r}",
            why="a folder or glob must match at least one image file",
            fix=f"use files that end in {suffixes}; `edgeds batch` takes many videos",
        )
    return sorted(paths, key=natural_order)


def unique_names(paths: Sequence[Path]) -> list[str]:
    """A name for each image, by which its result can be written: the stem where that is unique.

    cam1/1.png and cam2/1.png are cam1_1 and cam2_1; a.jpg and a.png are a_jpg and a_png.
    """
    names = [path.stem for path in paths]
    if len(set(map(str.lower, names))) < len(names):
        names = [_with_folders(path, paths) for path in paths]
    counts = Counter(map(str.lower, names))
    names = [
        f"{name}_{path.suffix[1:]}" if counts[name.lower()] > 1 else name
        for name, path in zip(names, paths, strict=True)
    ]
    return _numbered(names)


def _with_folders(path: Path, paths: Sequence[Path]) -> str:
    """The stem behind those folders of its path that not all images share."""
    shared = 0
    for level in zip(*(p.absolute().parent.parts for p in paths), strict=False):
        if len(set(level)) > 1:
            break
        shared += 1
    return "_".join([*path.absolute().parent.parts[shared:], path.stem])


def _numbered(names: list[str]) -> list[str]:
    """Names that still meet (`a_b/c.png` and `a/b_c.png`, `A.png` and `a.PNG`) get a number."""
    taken: set[str] = set()
    result = []
    for name in names:
        unique, count = name, 1
        while unique.lower() in taken:
            count += 1
            unique = f"{name}_{count}"
        taken.add(unique.lower())
        result.append(unique)
    return result


def _matches(pattern: str) -> Iterable[Path]:
    if any(sign in pattern for sign in "*?["):
        folder = Path(pattern).parent
        if is_there(folder):  # signs in the name of a folder that is there stand for themselves
            pattern = str(Path(glob.escape(str(folder)), Path(pattern).name))
        # Path.glob takes no absolute pattern.
        return map(Path, glob.glob(pattern, recursive=True))  # noqa: PTH207
    path = Path(pattern)
    if _NUMBER.search(path.name) is None or not is_there(path.parent):
        return ()
    before, width, after = _NUMBER.split(path.name, maxsplit=1)
    digits = rf"\d{{{int(width)}}}" if int(width or 0) > 0 else r"\d+"
    name = re.compile(re.escape(before) + digits + re.escape(after))
    return (p for p in path.parent.iterdir() if name.fullmatch(p.name))


def natural_order(path: Path) -> list[list[tuple[int, str]]]:
    """The key that sorts folder by folder (two cameras do not interleave), numbers as numbers."""
    return [
        [(int(p), "") if p.isdecimal() else (-1, p.lower()) for p in re.split(r"(\d+)", part)]
        for part in path.parts
    ]
