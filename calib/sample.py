"""Makes one calibration set from many clips, folders of images and sets: an equal share of each,
spread over its time, without near-duplicates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calib.writer import SetWriter
from edgeds.engine.build.accuracy_gate import at_size as sample_at_size
from edgeds.errors import SourceError
from edgeds.evaluation.dataset import MANIFEST, Dataset, read_set
from edgeds.evaluation.sample import load
from edgeds.evaluation.set_files import ZIP_SUFFIX
from edgeds.plate.open_plate import open_plate
from edgeds.sources.sampling import spread_frames
from edgeds.sources.scaling import resized
from edgeds.sources.settings import IMAGE_SUFFIXES
from edgeds.types import Pixels, Size

SAME_LEVELS = 1.5
"""Frames whose small grey pictures differ by less on average (of 255) are near-duplicates: a still
scene's noise gives .3, somebody who turned the head 2.
"""
_SMALL = (64, 36)
MORE = 2
"""Frames that are compared for each one that is wanted, since near-duplicates are left out."""


def sampled(
    sources: Sequence[Path],
    output: Path,
    *,
    count: int,
    size: Size | None,
    quality: int,
    on_source: Callable[[Path, int], None] = lambda _path, _frames: None,
) -> Path:
    """Write a set of at most `count` items; return its folder.

    A clip's plate is the picture called CLIP-STEM_plate beside it; without one it is estimated from
    the clip. The plate of a clip becomes an item, too: the empty scene.

    Raises:
        SourceError: a source is neither a set, a clip nor a folder of images.
        DatasetError: the output holds something already.
        PlateError: a clip has no plate beside it, and none can be estimated.
    """
    names = [path.stem for path in sources]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SourceError(
            "two sources have one name",
            why=f"{', '.join(sorted(twice))}: scenes are named after their files",
            fix="rename one of them",
        )
    share = max(2, count // len(sources))
    writer = SetWriter(output, quality=quality)
    for path in sources:
        before = len(writer)
        if is_set(path):
            from_set(read_set(path), writer, share, size)
        else:
            from_clip(path, writer, share, size)
        on_source(path, len(writer) - before)
    writer.finish()
    return output


def is_set(path: Path) -> bool:
    return path.suffix in (".jsonl", ZIP_SUFFIX) or (path / MANIFEST).is_file()


def from_set(dataset: Dataset, writer: SetWriter, share: int, size: Size | None) -> None:
    """Items spread over the manifest, with their truth where all of it is known."""
    items = dataset.items
    chosen = np.unique(np.linspace(0, len(items) - 1, min(share, len(items))).astype(int))
    for position in chosen:
        item = items[int(position)]
        sample = load(item)
        alpha_known = item.alpha is not None and item.ignore is None
        if size is not None:
            sample = sample_at_size(sample, size)
        writer.add(
            sample.frame,
            sample.plate,
            scene=f"{dataset.name}/{item.scene}",
            empty=item.empty,
            clip=None if item.clip is None else f"{dataset.name}/{item.clip}",
            index=item.index,
            alpha=sample.alpha if alpha_known else None,
            depth_m=sample.depth_m,
        )


def from_clip(path: Path, writer: SetWriter, share: int, size: Size | None) -> None:
    """Frames spread over a clip, each with the clip's one plate."""
    frames = spread_frames(path, MORE * share)
    plate = open_plate(plate_beside(path), path, frames[0].size).pixels
    small_plate = at_size(plate, size)
    writer.add(small_plate, small_plate, scene=path.stem, empty=True, clip=path.stem, index=-1)
    different = list(without_near_duplicates(frame.pixels for frame in frames))
    kept = [i for i, differs in enumerate(different) if differs]
    chosen = np.unique(np.linspace(0, len(kept) - 1, min(share - 1, len(kept))).astype(int))
    for i in chosen:
        frame = frames[kept[int(i)]]
        pixels = at_size(frame.pixels, size)
        writer.add(pixels, small_plate, scene=path.stem, clip=path.stem, index=frame.index)


def without_near_duplicates(pictures: Iterator[Pixels]) -> Iterator[bool]:
    """Whether each picture differs from all that were kept before it."""
    kept: list[NDArray[np.float32]] = []
    for pixels in pictures:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        small = cv2.resize(grey, _SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
        differs = all(np.abs(small - other).mean() >= SAME_LEVELS for other in kept)
        if differs:
            kept.append(small)
        yield differs


def plate_beside(path: Path) -> Path | None:
    """The picture called STEM_plate in the clip's folder."""
    for suffix in sorted(IMAGE_SUFFIXES):
        found = path.with_name(f"{path.stem}_plate{suffix}")
        if found.is_file():
            return found
    return None


def at_size(pixels: Pixels, size: Size | None) -> Pixels:
    return pixels if size is None else resized(pixels, size)
