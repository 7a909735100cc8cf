"""Which pictures may be shown in documents: those whose licence is known and is not the GPL.

The licences stand in the LICENSES.tsv of the folder that holds a set or a folder of pictures.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from edgeds.errors import InputError
from edgeds.evaluation.dataset import Item

LICENCES = "LICENSES.tsv"
_NAMING = ("foreground", "background")
_UNKNOWN = ("GPL", "not verified", "see package", "unknown")


def may_show_file(path: Path) -> bool:
    """Whether a picture may be shown. One in no folder with licences is its user's own."""
    for folder in path.resolve().parents:
        if (folder / LICENCES).is_file():
            known = _licences(folder / LICENCES)
            return path.name in known and _is_free(known[path.name])
    return True


def may_show(item: Item, licences: Path) -> bool:
    """Whether every cut-out and photograph that a set's item names may be shown."""
    if not licences.is_file():
        return True
    known = _licences(licences)
    return all(_is_free_by(known, name) for name in _named(item))


def _is_free_by(known: dict[str, str], name: str) -> bool:
    """By its file's licence; a model without a suffix, by those of the files rendered from it."""
    if Path(name).suffix:
        return name in known and _is_free(known[name])
    rendered = [licence for file, licence in known.items() if name in file]
    return bool(rendered) and all(map(_is_free, rendered))


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
        fix="give pictures that may be shown",
    )


@cache
def _licences(path: Path) -> dict[str, str]:
    """File name -> licence."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {Path(row["file"]).name: row["licence"] or "" for row in rows}
