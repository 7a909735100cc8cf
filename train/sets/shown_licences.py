"""Which pictures may be shown in documents: those whose licence is known and is not the GPL.

The licences stand in the LICENSES.tsv of the folder that holds a set or a folder of pictures; those
of furniture in its libraries.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from edgeds.errors import InputError
from edgeds.evaluation.dataset import MANIFEST, Item, read_set

LICENCES = "LICENSES.tsv"
_NAMING = ("foreground", "background")
_UNKNOWN = ("GPL", "not verified", "see package", "unknown")
_AVATAR = re.compile(r"(X_)?(AIAN|Asian|Black|Hispanic|MENA|NHPI|White)_[FM]_\d_[A-Z][a-z]+")
"""How VALID names its avatars, which are MIT; not each has a rendered cut-out."""


class Shown:
    """What may be shown of sets, and of folders of pictures."""

    def __init__(self, furniture: Path | None = None) -> None:
        """`furniture`: the folder with the libraries that rooms were furnished from."""
        self._furniture: dict[str, set[str]] = {}
        if furniture is not None:
            from train.worlds.furniture import licences_in

            self._furniture = licences_in(furniture)

    def file(self, path: Path) -> bool:
        """Whether a picture may be shown: by its set's manifest, else by its own line. One in no
        folder with licences is its user's own.
        """
        path = path.resolve()
        for folder in path.parents:
            if (folder / MANIFEST).is_file() and (items := _items_of(folder).get(path)):
                return all(self.item(item, folder.parent / LICENCES) for item in items)
            if (folder / LICENCES).is_file():
                return _is_free(_licences(folder / LICENCES).of(path.relative_to(folder)))
        return True

    def item(self, item: Item, licences: Path) -> bool:
        """Whether every cut-out, model and photograph that a set's item names may be shown."""
        if not licences.is_file():
            return True
        known = _licences(licences)
        return all(self._is_free_by(known, name) for name in _named(item))

    def _is_free_by(self, known: _Licences, name: str) -> bool:
        """By its file's licence; a model without a suffix, by its avatar's or library's, or by
        those of the files rendered from it.
        """
        if Path(name).suffix:
            return _is_free(known.named(name))
        found = self._furniture.get(name) or known.rendered(name)
        return (bool(found) and all(map(_is_free, found))) or bool(_AVATAR.fullmatch(name))


def _named(item: Item) -> Iterable[str]:
    for key in _NAMING:
        given = item.more.get(key) or ()
        for name in (given,) if isinstance(given, str) else given:
            yield Path(str(name)).name


def _is_free(licence: str) -> bool:
    return bool(licence) and not any(words in licence for words in _UNKNOWN)


def nothing_to_show() -> InputError:
    return InputError(
        "no picture is left to draw",
        why=f"by {LICENCES} none has a licence that is known and is not the GPL",
        fix="give pictures that may be shown, or --furniture for rooms with furniture",
    )


@dataclass(frozen=True, slots=True)
class _Licences:
    """The lines of a file: each names a file, or some by a shell pattern."""

    of_files: dict[str, str]
    of_patterns: dict[str, str]

    def named(self, name: str) -> str:
        """The licence of a file by its name alone; a pattern counts if it says more of it than its
        suffix."""
        if name in self.of_files:
            return self.of_files[name]
        parts = ((Path(pattern).name, licence) for pattern, licence in self.of_patterns.items())
        of = (one for part, one in parts if Path(part).stem != "*" and fnmatchcase(name, part))
        return next(of, "")

    def of(self, path: Path) -> str:
        """The licence of a file by its path from the folder of the licences."""
        of = (one for part, one in self.of_patterns.items() if fnmatchcase(path.as_posix(), part))
        return self.of_files.get(path.name) or next(of, "")

    def rendered(self, name: str) -> list[str]:
        return [licence for file, licence in self.of_files.items() if name in file]


@cache
def _licences(path: Path) -> _Licences:
    found = _Licences({}, {})
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            for name in row["file"].split(", "):
                if "*" in name:
                    found.of_patterns[name] = row["licence"] or ""
                else:
                    found.of_files[Path(name).name] = row["licence"] or ""
    return found


@cache
def _items_of(folder: Path) -> dict[Path, list[Item]]:
    """A set's pictures -> the items that have them."""
    of: dict[Path, list[Item]] = {}
    for item in read_set(folder).items:
        for file in {item.frame, item.plate}:
            of.setdefault(Path(str(file)).resolve(), []).append(item)
    return of
