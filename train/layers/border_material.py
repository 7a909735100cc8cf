"""What the border's regression is fitted to: squares of the borders of pictures with known alpha.

All are of the training split: composites at several sizes, half of them with noise, compression,
another exposure, a moved plate or a soft lens; frames of drawn walks, in which the network follows
people; small pictures as `train sets` draws them, half of them with plates that are off; and sets,
such as rendered rooms. Half of each are frames of a compressed video. Knows nothing about weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edgeds.estimate.border_drawn_again import colours_in
from edgeds.estimate.border_features import features, squares_of
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.maintained_estimator import MaintainedEstimator
from edgeds.estimate.settings import DRAWN_ONCE, MATTE
from edgeds.estimate.unmixed_colours import behind_in
from edgeds.evaluation.dataset import Item, read_set
from edgeds.evaluation.sample import load
from edgeds.plate.plate import Plate
from edgeds.sources.scaling import resized
from edgeds.types import Box, Engine, FloatMap, Frame, Maps, Pixels, Size
from train.layers.composites import VARIED_SIZES, Composite, as_video, filmed, random_video, varied
from train.samples.frame_sample import composite_sample
from train.samples.material import material_from_folder
from train.sets.eval_sets import KINDS
from train.sets.walks import walks

_OF_PICTURE = 700
"""Squares: a picture of hair has thirty times as many as one of a cup, and shall not count so."""
_WALKS, _SETS, _DRAWN = 77, 78, 79
"""Seeds of the random numbers."""
WALK_SIZES: tuple[Size, ...] = ((360, 640), (540, 960), (256, 448))
LARGE_SIZES: tuple[Size, ...] = ((720, 1280), (540, 960), (720, 1280), (1080, 1920), (720, 1280))
"""Sizes of frames whose border is drawn again at a half of their size."""
_WAYS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_SMALL_SIZES = ((360, 640), (256, 448), (288, 512), (256, 448))
_SEEN, _SEEN_EVERY = 4, 2
"""Frames of a clip that are taken, and every how many."""

_Floats = NDArray[np.float32]


Kind: TypeAlias = Literal["clean", "coded", "walk", "drawn", "set"]
"""Composites are clean or coded."""


class Sample(NamedTuple):
    """Squares of 2x2 pixels: what is seen, alpha, and which of the pixels are the border's.

    Half precision keeps thousands of pictures in memory.
    """

    values: NDArray[np.float16]
    truth: NDArray[np.float16]
    counted: NDArray[np.float16]


class Picture(NamedTuple):
    """A frame, and what is known of it."""

    kind: Kind
    frame: Frame
    maps: Maps
    plate: Pixels
    alpha: FloatMap


def of_composites(
    engine: Engine, data: Path, count: int, sizes: tuple[Size, ...] = VARIED_SIZES
) -> Iterator[Picture]:
    for one in varied(data, count, sizes):
        frame = Frame(one.frame)
        maps = Estimator(engine, Plate(one.plate, origin="file"), matte=DRAWN_ONCE)(frame)
        yield Picture("coded" if one.coded else "clean", frame, maps, one.plate, one.alpha)


def of_drawn(engine: Engine, data: Path, count: int) -> Iterator[Picture]:
    """As `train sets` draws them; the plate is corrected as `edgeds eval` does it."""
    material = material_from_folder(data, split="train") if count else None
    for number in range(count):
        assert material is not None
        rng = np.random.default_rng((_DRAWN, number))
        size = _SMALL_SIZES[number % len(_SMALL_SIZES)]
        mix = KINDS["wrong" if number % 2 else "exact"]
        made = composite_sample(material, size, rng, mix)
        yield _small(engine, made.frame, made.plate, made.alpha, rng, "drawn")


def of_sets(engine: Engine, sets: list[Path], count: int) -> Iterator[Picture]:
    """`count` pictures of each set, spread over it; scenes whose name ends in 7 are validation."""
    for number, folder in enumerate(sets):
        items = [one for one in read_set(folder).items if _usable(one)]
        for at in np.linspace(0, len(items), min(count, len(items)), endpoint=False).astype(int):
            rng = np.random.default_rng((_SETS, number, int(at)))
            sample = load(items[at])
            assert sample.alpha is not None
            yield _small(engine, sample.frame, sample.plate, sample.alpha, rng, "set")


def _usable(item: Item) -> bool:
    return item.alpha is not None and not item.empty and not item.scene.endswith("7")


def _small(
    engine: Engine, frame: Pixels, plate: Pixels, alpha: FloatMap, rng: np.random.Generator,
    kind: Kind,
) -> Picture:  # fmt: skip
    one = Composite(
        name="", frame=frame, plate=plate, alpha=alpha, colours=frame.astype(np.float32)
    )
    if rng.random() < 0.5:
        one = as_video(one, rng)
    estimate = Estimator(engine, Plate(one.plate, origin="file"), matte=DRAWN_ONCE)
    seen = Frame(one.frame)
    return Picture(kind, seen, MaintainedEstimator(estimate)(seen), one.plate, alpha)


def of_walks(
    engine: Engine, data: Path, clips: int, sizes: tuple[Size, ...] = WALK_SIZES
) -> Iterator[Picture]:
    """A few frames of each clip."""
    material = material_from_folder(data, split="train") if clips else None
    for number in range(clips):
        assert material is not None
        rng = np.random.default_rng((_WALKS, number))
        begin = int(rng.integers(4, 30))
        last = begin + _SEEN_EVERY * _SEEN
        behind, drawn = walks(material, sizes[number % len(sizes)], last, rng)
        clip = [(_levels(pixels), alpha) for pixels, alpha in drawn][begin:]
        plate, frames = _levels(behind), [pixels for pixels, _ in clip]
        if rng.random() < 0.5:
            plate, *frames = filmed([plate, *frames], *random_video(rng), rng)
        estimate = Estimator(engine, Plate(plate, origin="file"), matte=DRAWN_ONCE)
        for index, (pixels, (_, alpha)) in enumerate(zip(frames, clip, strict=True)):
            frame = Frame(pixels, index=index)
            maps = estimate(frame)
            if (len(clip) - 1 - index) % _SEEN_EVERY == 0:
                yield Picture("walk", frame, maps, plate, np.asarray(alpha, np.float32))


def _levels(picture: _Floats) -> Pixels:
    return np.asarray(np.rint(np.clip(picture, 0, 1) * 255), np.uint8)


def samples(picture: Picture, rng: np.random.Generator, *, finer: bool = False) -> Iterator[Sample]:
    """Some squares of each box, in two of four ways: as they are, mirrored, upside down, turned.

    Args:
        finer: what is seen is half the size of alpha.
    """
    behind_all = behind_in(picture.maps, picture.plate)
    for box in picture.maps.boxes:
        step = 4 if finer else 2
        height, width = (side // step * step for side in box.size)
        if not (height and width):
            continue
        box = Box(box.top, box.left, box.top + height, box.left + width)
        alpha, true = picture.maps.alpha_in(box), picture.alpha[box.of]
        size = (alpha.shape[0] // 2, alpha.shape[1] // 2) if finer else box.size
        offset = picture.maps.plate_offset_in(box)
        if offset is not None:
            offset = resized(offset, size)
        pictures = alpha, *colours_in(box, picture.frame, behind_all, offset, size)
        for down, right in rng.permutation(_WAYS)[:2]:
            turned = (np.ascontiguousarray(one[::down, ::right]) for one in (*pictures, true))
            soft, colours, behind, sharp = (one.astype(np.float32) for one in turned)
            small = resized(soft, size)
            squares = squares_of(near_open(small, MATTE.band)).picked(rng, _OF_PICTURE)
            if not squares.rows.size:
                continue
            values = features(small, colours, behind, squares, soft if finer else None)
            near = near_open(soft, MATTE.band).astype(np.float32)
            truth, counted = squares.of(sharp, step).T, squares.of(near, step).T
            yield Sample(*(one.astype(np.float16) for one in (values, truth, counted)))


def near_open(alpha: FloatMap, band: float) -> NDArray[np.uint8]:
    """1 (H, W) at pixels whose alpha is open, `band` off 0 and 1 at least, and beside them."""
    is_open = ((alpha > band) & (alpha < 1 - band)).astype(np.uint8)
    return np.asarray(cv2.dilate(is_open, np.ones((5, 5), np.uint8)), np.uint8)
