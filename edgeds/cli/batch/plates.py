"""Which plate a clip of a batch gets: one for all, one for each camera, or one for each clip.

Knows nothing about what is in a plate.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgeds.cli.batch.clips import Clip
from edgeds.errors import PlateError
from edgeds.sources.settings import READABLE_IMAGE_SUFFIXES
from edgeds.sources.typed_paths import shortened

_PLATE_SUFFIXES = READABLE_IMAGE_SUFFIXES | {".npz"}
_SHOWN = 3


def plates_for(clips: Sequence[Clip], given: Path | None) -> list[Path | None]:
    """The plate of each clip; None is estimated from the clip.

    Args:
        given: a plate for all clips, or a folder of plates. In a folder the plate of `cam1/0001`
            is `cam1/0001`, else `0001`, else `cam1`, else the longest name that `0001` begins with:
            `door` is the plate of `door-2026-11-27`.

    Raises:
        PlateError: a plate is missing, or a folder has none for a clip.
    """
    if given is not None and not given.exists():
        raise _missing(given)
    known = _plates_in(given) if given is not None and given.is_dir() else {}
    plates, without = [], []
    for clip in clips:
        plate = clip.plate or given
        if plate is not None and plate.is_dir():
            plate = _plate_of(clip, known)
        if plate is None and given is not None:
            without.append(clip)
        if plate is not None and not plate.exists():
            raise _missing(plate)
        plates.append(plate)
    if without:
        names = ", ".join(str(clip.path) for clip in without[:_SHOWN])
        more = f" and {len(without) - _SHOWN} more" if len(without) > _SHOWN else ""
        raise PlateError(
            f"no plate in {str(given)!r} for {names}{more}",
            why="a plate in a folder has the name of a clip, of its folder, or of its beginning",
            fix="add plates, name them in a list.txt, or leave --plate out: edgeds then estimates "
            "a plate from each clip",
        )
    return plates


def _plates_in(folder: Path) -> dict[str, Path]:
    """Name without suffix, with its folders -> plate; an .npz wins over an image."""
    paths = [p for p in folder.rglob("*") if p.suffix.lower() in _PLATE_SUFFIXES and p.is_file()]
    paths.sort(key=lambda path: path.suffix.lower() == ".npz")
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}


def _plate_of(clip: Clip, known: dict[str, Path]) -> Path | None:
    parents = [folder.as_posix() for folder in clip.name.parents if folder.name]
    for name in (clip.name.as_posix(), clip.name.name, *parents, clip.path.resolve().parent.name):
        if name in known:
            return known[name]
    stem = clip.name.name
    begins = [
        name
        for name in known
        if stem.startswith(name) and not stem[len(name) : len(name) + 1].isalnum()
    ]
    return known[max(begins, key=len)] if begins else None


def _missing(plate: Path) -> PlateError:
    return PlateError(
        f"cannot find the plate {shortened(str(plate))!r}",
        why="there is no such file or folder",
        fix="check the path; `edgeds capture` takes a plate",
    )
