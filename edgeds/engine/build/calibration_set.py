"""Splits a calibration set: int8 ranges are measured on some of its frames, and the result is
judged on others.

Its format is that of any set (`edgeds.evaluation.dataset`): a folder with `manifest.jsonl`, of
which frame, plate, scene, empty, clip and index are used, and alpha and depth_mm where the set has
them. This module decides how many frames calibration needs, how a set is split, and what its hash
covers. Knows nothing about networks.
"""

from __future__ import annotations

import hashlib
import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeds.errors import DatasetError
from edgeds.evaluation.dataset import MANIFEST, Item, in_clip_order, read_set
from edgeds.evaluation.sample import bytes_of
from edgeds.evaluation.set_files import ZIP_SUFFIX, SetFile
from edgeds.evaluation.settings import CALIBRATION


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSet:
    """Items to measure ranges on, to choose the method by, and to judge the result on. No item is
    in two of them: what was chosen on the judge's own frames would look better than it is.
    """

    name: str
    calibration: tuple[Item, ...]
    choosing: tuple[Item, ...]
    held_out: tuple[Item, ...]
    hash: str
    """SHA-256 of the set's contents; it does not depend on where the folder is."""
    warning: str | None
    """Advice for the user; empty where there is none."""

    @property
    def frames(self) -> int:
        return len(self.calibration) + len(self.choosing) + len(self.held_out)


def read_calibration_set(path: Path) -> CalibrationSet:
    """Read, check, split and hash a set. Loads no pixels.

    Raises:
        DatasetError: the folder is not a set, a file is missing, or there are too few frames.
    """
    _check_is_set(path)
    dataset = read_set(path)
    items = in_clip_order(dataset.items)
    settings = CALIBRATION
    if len(items) < settings.min_frames:
        raise DatasetError(
            f"cannot calibrate on {dataset.name!r}",
            why=f"it has {len(items)} frames; ranges measured on fewer than "
            f"{settings.min_frames} do not fit further frames",
            fix="record more, 500 and up: edgeds calibrate SOURCE -o SET; or leave --calib out "
            "for the one that comes with edgeds",
        )
    warning = None
    if len(items) < settings.good_frames:
        warning = (
            f"{dataset.name} has {len(items)} frames: {settings.good_frames} and more, "
            "with empty ones and with all the light there is, give better ranges"
        )
    judging, choosing = apart(scenes_of(items))
    return CalibrationSet(
        name=dataset.name,
        calibration=tuple(x for i, x in enumerate(items) if i not in judging | choosing),
        choosing=tuple(item for i, item in enumerate(items) if i in choosing),
        held_out=tuple(item for i, item in enumerate(items) if i in judging),
        hash=hash_of(items),
        warning=warning,
    )


def _check_is_set(path: Path) -> None:
    """
    Raises:
        DatasetError: it is something that a set can be recorded from: a clip or a folder of images.
    """
    if path.is_dir():
        is_set, why = (path / MANIFEST).is_file(), f"the folder has no {MANIFEST}"
    else:
        is_set = not path.is_file() or path.suffix.lower() in (ZIP_SUFFIX, ".jsonl")
        why = f"it is neither a folder with a {MANIFEST} nor a .zip of one"
    if not is_set:
        raise DatasetError(
            f"cannot calibrate on {str(path)!r}",
            why=why,
            fix=f"record a set from a clip or a folder of images: edgeds calibrate "
            f"{shlex.quote(str(path))} -o SET; then give --calib SET",
        )


def held_out(scenes: Sequence[str]) -> frozenset[int]:
    """Positions of the items to judge on; see `apart`."""
    return apart(scenes)[0]


def apart(scenes: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """(positions of the items to judge on, to choose by), given each item's scene in their order.

    A scene's items are cut into stretches of at most a twentieth of the set, and whole stretches
    are held out. Where there are many scenes these are whole scenes; of one long scene they are
    pieces of 5 % of its time. A hash of the scene's name chooses them, so the choice is the same
    at every call and follows no pattern in the set.
    """
    longest = max(1, len(scenes) // CALIBRATION.stretches)
    seen: dict[str, int] = defaultdict(int)
    stretches: dict[tuple[str, int], list[int]] = defaultdict(list)
    for position, scene in enumerate(scenes):
        stretches[scene, seen[scene] // longest].append(position)
        seen[scene] += 1

    def lot(stretch: tuple[str, int]) -> bytes:
        return hashlib.sha256(f"{stretch[0]}#{stretch[1]}".encode()).digest()

    judging: list[int] = []
    choosing: list[int] = []
    for stretch in sorted(stretches, key=lot):
        if len(judging) < CALIBRATION.held_out_share * len(scenes):
            judging += stretches[stretch]
        elif len(choosing) < CALIBRATION.choosing_share * len(scenes):
            choosing += stretches[stretch]
    return frozenset(judging), frozenset(choosing)


def scenes_of(items: Sequence[Item]) -> list[str]:
    return [item.scene for item in items]


def hash_of(items: Sequence[Item]) -> str:
    """SHA-256 over the items in order: the contents of their files and their manifest entries, but
    not their paths.
    """
    digest = hashlib.sha256()
    of_file: dict[SetFile, str] = {}
    for item in items:
        digest.update(f"{item.scene}\0{item.empty}\0{item.clip}\0{item.index}".encode())
        for path in (item.frame, item.plate, item.alpha, item.ignore, item.depth_mm):
            if path is not None and path not in of_file:
                of_file[path] = hashlib.sha256(bytes_of(path, item)).hexdigest()
            digest.update(of_file[path].encode() if path is not None else b"-")
    return digest.hexdigest()
