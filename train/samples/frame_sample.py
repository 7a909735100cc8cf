"""One training sample: a frame, a plate that is wrong as in life, the exact alpha, and inverse
depth where it is known.

A sample depends on its number and the seed alone, so that a run can stop and continue. Knows
nothing about torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.samples import shadows_and_lamps as shadow
from train.samples.crop import cropped, cropped_alike, cropped_room
from train.samples.finishing import Sample, finished, with_other_light
from train.samples.hints import Known
from train.samples.holes import bare, crate, like_the_plate, page, strokes
from train.samples.material import Material
from train.samples.mix import Mix
from train.samples.moving import moving
from train.samples.peopled import peopled_room_sample
from train.samples.place_cutouts import camouflaged, drawn_layer, over

Picture = NDArray[np.float32]
Map = NDArray[np.float32]
LEAST_PX = 48
"""Shortest side of a sample that is drawn to be enlarged."""


def drawn_sample(
    material: Material, number: int, size: tuple[int, int], *, seed: int, mix: Mix
) -> Sample:
    """Sample `number` of the endless sequence that `seed` stands for."""
    rng = np.random.default_rng((seed, number))
    if mix.enlarged and rng.random() < mix.enlarged:
        zoom = float(rng.uniform(1.2, 3.0))
        small = (max(LEAST_PX, round(size[0] / zoom)), max(LEAST_PX, round(size[1] / zoom)))
        return enlarged(sample_of_any_kind(material, small, rng, mix), size)
    return sample_of_any_kind(material, size, rng, mix)


def sample_of_any_kind(
    material: Material, size: tuple[int, int], rng: np.random.Generator, mix: Mix
) -> Sample:
    kind = rng.random()
    if material.rooms and kind < mix.rooms:
        return room_sample(material, size, rng, mix)
    if material.rooms and kind < mix.rooms + mix.rooms_with_people:
        return peopled_room_sample(material, size, rng, mix)
    if material.parts and rng.random() < mix.parts:
        return part_sample(material, size, rng, mix)
    return composite_sample(material, size, rng, mix)


def enlarged(sample: Sample, size: tuple[int, int]) -> Sample:
    """What the network sees where edgeds looks at a part: few pixels, made larger."""

    def larger(values: NDArray[np.generic], how: int = cv2.INTER_LINEAR) -> NDArray[np.generic]:
        found: NDArray[np.generic] = cv2.resize(values, size[::-1], interpolation=how)
        return found

    return Sample(
        np.asarray(larger(sample.frame), np.uint8),
        np.asarray(larger(sample.plate), np.uint8),
        np.asarray(larger(sample.alpha), np.float32),
        np.asarray(larger(sample.inverse_depth, cv2.INTER_NEAREST), np.float32),
        np.stack([np.asarray(larger(hint), np.float32) for hint in sample.hints]),
    )


def part_sample(
    material: Material, size: tuple[int, int], rng: np.random.Generator, mix: Mix
) -> Sample:
    """A picture of a composed set at `size`; its plate is made wrong like any other."""
    part = material.parts[int(rng.integers(len(material.parts)))]
    frame, plate, mask, depth = part.read(int(rng.integers(len(part))))
    turned = rng.random() < 0.5

    def fitted(image: NDArray[np.generic], how: int) -> Picture:
        scaled = cv2.resize(image.astype(np.float32), size[::-1], interpolation=how)
        return np.ascontiguousarray(scaled[:, ::-1] if turned else scaled, dtype=np.float32)

    unit = np.float32(1 / 255)
    frame, plate, mask = (fitted(x, cv2.INTER_AREA) * unit for x in (frame, plate, mask))
    exact = rng.random() < mix.exact_plate
    return finished(frame, plate, mask, fitted(depth, cv2.INTER_NEAREST), rng, exact=exact)


def composite_sample(
    material: Material, size: tuple[int, int], rng: np.random.Generator, mix: Mix
) -> Sample:
    """Cut-outs over a photograph or an empty room, with their shadows and changing light."""
    scene = scene_of_composite(material, size, rng, mix)
    plate = scene.plate
    empty = rng.random() < mix.empty
    exact = not empty and rng.random() < mix.exact_plate
    frame, sigma = plate, None
    painted = bool(mix.holes) and not empty and rng.random() < mix.holes
    if mix.moving and rng.random() < mix.moving:
        moved = moving(plate, photograph(material, size, rng), rng)
        frame, plate, sigma = moved.frame, moved.plate, moved.sigma
    elif painted and scene.depth is None and rng.random() < 0.35:
        frame = plate = bare(plate, rng)
    layer, foot = np.zeros((*size, 4), np.float32), np.zeros(size, np.float32)
    if not empty:
        layer, foot = things(material, frame, rng, mix, painted=painted)
    alpha = layer[..., 3]
    if not exact or rng.random() < 0.3:
        caster = alpha
        if empty or rng.random() < 0.2:  # of somebody outside the picture
            caster = drawn_layer(material.cutouts, size, rng)[0][..., 3]
        frame = with_other_light(frame, layer, caster, rng)
    if rng.random() < 0.3:
        layer = camouflaged(layer, frame, rng)
    frame = layer[..., :3] + (1 - alpha[..., None]) * frame
    if not exact and rng.random() < mix.ghost:
        ghost, _ = drawn_layer(material.cutouts, size, rng)
        plate = ghost[..., :3] + (1 - ghost[..., 3:]) * plate
        alpha = np.maximum(alpha, ghost[..., 3])
    target = scene.target(alpha, foot)
    known = Known(sigma, scene.depth_or_guess) if mix.hints else None
    return finished(frame, plate, alpha, target, rng, exact=exact, known=known)


@dataclass(frozen=True, slots=True)
class Place:
    """The plate of a composite, and what is known of its inverse depth."""

    plate: Picture
    depth: Map | None = None
    guess: Map | None = None

    @property
    def depth_or_guess(self) -> Map | None:
        return self.guess if self.depth is None else self.depth

    def target(self, alpha: Map, foot: Map) -> Map:
        """Inverse depth to learn, with `foot` as `things` gives it.

        What stands before a guessed depth is as near as the lower end of it, or as what it hides.
        """
        if self.depth is not None:
            return np.where(alpha < 0.02, self.depth, 0).astype(np.float32)
        if self.guess is None:
            return np.zeros_like(alpha)
        height, width = alpha.shape
        row = np.clip((foot * height).astype(np.intp), 0, height - 1)
        at_foot = self.guess[row, np.arange(width)[None]]
        nearest = np.maximum(self.guess, np.where(alpha > 0.02, at_foot, 0))
        return np.asarray(-np.maximum(nearest, 1e-3), np.float32)


def scene_of_composite(
    material: Material, size: tuple[int, int], rng: np.random.Generator, mix: Mix
) -> Place:
    rooms = material.rooms + material.drawn_rooms
    if rooms and rng.random() < mix.in_rooms:
        part = cropped_room(rooms[int(rng.integers(len(rooms)))], size, rng)
        known = part.plate_depth
        return Place(part.plate, np.zeros(size, np.float32) if known is None else known)
    number = int(rng.integers(len(material.backgrounds)))
    background = material.backgrounds[number]
    if not material.background_depths:
        return Place(cropped(background, size, rng))
    pair = (background, material.background_depths[number])
    picture, guess = cropped_alike(pair, size, rng)
    return Place(picture / np.float32(255), guess=guess)


def photograph(material: Material, size: tuple[int, int], rng: np.random.Generator) -> Picture:
    return cropped(material.backgrounds[int(rng.integers(len(material.backgrounds)))], size, rng)


def things(
    material: Material, behind: Picture, rng: np.random.Generator, mix: Mix, *, painted: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The foreground's layer, and for each pixel the lower end of the thing there (0..1)."""
    size = (behind.shape[0], behind.shape[1])
    small = bool(mix.small) and rng.random() < mix.small
    layer, foot = drawn_layer(material.cutouts, size, rng, street=small)
    if painted:
        kind = rng.random()
        if kind < 0.2:
            layer = over(page(behind, rng), layer)
        elif kind < 0.4:
            layer = over(layer, crate(behind, rng))
        else:
            layer = like_the_plate(layer, behind, rng)
    if mix.thin and rng.random() < mix.thin:
        layer = over(strokes(size, rng), layer)
    return layer, foot


def room_sample(
    material: Material, size: tuple[int, int], rng: np.random.Generator, mix: Mix
) -> Sample:
    """A rendered room as it is: real shadows, reflections and depth."""
    room = material.rooms[int(rng.integers(len(material.rooms)))]
    part = cropped_room(room, size, rng)
    frame = part.frame
    exact = rng.random() < mix.exact_plate
    if not exact and rng.random() < 0.3:
        frame = np.asarray(frame * shadow.lamp(size, rng), np.float32)
    known = Known(None, part.plate_depth) if mix.hints else None
    return finished(
        frame, part.plate, part.alpha, part.inverse_depth, rng, exact=exact, known=known
    )
