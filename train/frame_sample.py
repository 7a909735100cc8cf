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

from train import camera_errors
from train import shadows_and_lamps as light
from train.crop import cropped, cropped_room
from train.material import Material
from train.place_cutouts import camouflaged, drawn_layer, recoloured

Picture = NDArray[np.float32]
ROOM_FOCAL_SHARE = 0.75
"""Focal length of the rendered rooms as a share of their width; only the size of the people that
are set into them depends on it.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    frame: NDArray[np.uint8]
    """(H, W, 3)."""
    plate: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    """(H, W) in 0..1; -1 where unknown."""
    inverse_depth: NDArray[np.float32]
    """(H, W) in 1/m; 0 where unknown, below 0 where it is a guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How often each kind is drawn; the rest is cut-outs over photographs."""

    rooms: float = 0.22
    rooms_with_people: float = 0.28
    drawn_rooms: float = 0.6
    """Share of the rooms with people that `train.worlds.rooms` drew, if there are any."""
    empty: float = 0.12
    in_rooms: float = 0.2
    """Share of the composites over an empty room, where the background's depth is known."""
    exact_plate: float = 0.22
    parts: float = 0.3
    """Share of the rest that comes from composed zip parts, if there are any."""
    ghost: float = 0.04
    """Something stood in the plate and is gone: the place where it stood is foreground, too."""


def drawn_sample(
    material: Material, number: int, size: tuple[int, int], *, seed: int, mix: Mix
) -> Sample:
    """Sample `number` of the endless sequence that `seed` stands for."""
    rng = np.random.default_rng((seed, number))
    kind = rng.random()
    if material.rooms and kind < mix.rooms:
        return room_sample(material, size, rng, mix)
    if material.rooms and kind < mix.rooms + mix.rooms_with_people:
        return peopled_room_sample(material, size, rng, mix)
    if material.parts and rng.random() < mix.parts:
        return part_sample(material, size, rng, mix)
    return composite_sample(material, size, rng, mix)


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
    known = None
    rooms = material.rooms + material.drawn_rooms
    if rooms and rng.random() < mix.in_rooms:
        room = rooms[int(rng.integers(len(rooms)))]
        _, plate, _, inverse_depth = cropped_room(room, size, rng)
        known = inverse_depth if room.is_empty else np.zeros(size, np.float32)
    else:
        background = material.backgrounds[int(rng.integers(len(material.backgrounds)))]
        plate = cropped(background, size, rng)
    layer, foot = np.zeros((*size, 4), np.float32), np.zeros(size, np.float32)
    empty = rng.random() < mix.empty
    exact = not empty and rng.random() < mix.exact_plate
    if not empty:
        layer, foot = drawn_layer(material.cutouts, size, rng)
    alpha = layer[..., 3]
    frame = plate
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
    depth = guessed_ground(foot) if known is None else np.where(alpha < 0.02, known, np.float32(0))
    return finished(frame, plate, alpha, depth, rng, exact=exact)


def room_sample(
    material: Material, size: tuple[int, int], rng: np.random.Generator, mix: Mix
) -> Sample:
    """A rendered room as it is: real shadows, reflections and depth."""
    room = material.rooms[int(rng.integers(len(material.rooms)))]
    frame, plate, alpha, inverse_depth = cropped_room(room, size, rng)
    exact = rng.random() < mix.exact_plate
    if not exact and rng.random() < 0.3:
        frame = np.asarray(frame * light.lamp(size, rng), np.float32)
    return finished(frame, plate, alpha, inverse_depth, rng, exact=exact)


def peopled_room_sample(
    material: Material, size: tuple[int, int], rng: np.random.Generator, mix: Mix
) -> Sample:
    """A room with a person of known depth, at a distance that fits the floor; or with nobody."""
    drawn = bool(material.drawn_rooms) and rng.random() < mix.drawn_rooms
    rooms = material.drawn_rooms if drawn else material.rooms
    room = rooms[int(rng.integers(len(rooms)))]
    frame, plate, alpha, inverse_depth = cropped_room(room, size, rng)
    exact = rng.random() < mix.exact_plate
    if not exact:
        frame = with_other_light(frame, np.zeros((*size, 4), np.float32), alpha, rng)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.15, 0.6, 0.25]))):
        layer, person = placed_with_depth(material, inverse_depth, rng)
        nearer = person > inverse_depth * 0.97  # furniture in front hides part of them
        visible = np.asarray(layer[..., 3] * nearer, np.float32)
        shown = visible / np.maximum(layer[..., 3], np.float32(1e-6))
        layer = np.asarray(layer * shown[..., None], np.float32)
        if not exact and rng.random() < 0.6:
            frame = light.darkened(frame, light.cast_shadow(visible, rng), rng)
        frame = np.asarray(layer[..., :3] + (1 - visible[..., None]) * frame, np.float32)
        alpha = np.where(alpha < 0, alpha, visible + (1 - visible) * alpha).astype(np.float32)
        inverse_depth = np.where(visible > 0.5, person, inverse_depth).astype(np.float32)
    return finished(frame, plate, alpha, inverse_depth, rng, exact=exact)


def placed_with_depth(
    material: Material, inverse_depth: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Layer and inverse depth of a person who stands somewhere in the lower half of a room."""
    height, width = inverse_depth.shape
    people = material.people_with_depth
    cutout = people[int(rng.integers(len(people)))]
    assert cutout.depth_mm is not None
    for _ in range(8):
        foot_y, foot_x = int(rng.integers(height * 6 // 10, height)), int(rng.integers(width))
        there = float(inverse_depth[foot_y, foot_x])
        if there > 1 / 9:
            break
    distance_m = float(np.clip(1 / max(there, 1 / 9), 0.8, 9)) * rng.uniform(0.85, 1.0)
    rgba, depth = cutout.rgba, cutout.depth_mm.astype(np.float32) / 1000
    tall = float(np.clip(1.7 * ROOM_FOCAL_SHARE * width / distance_m, 10, 2.2 * height))
    scale = tall / rgba.shape[0]
    relief = np.where(depth > 0, depth - np.median(depth[depth > 0]), 0.0)
    person = np.where(depth > 0, 1 / np.maximum(distance_m + relief, 0.3), 0).astype(np.float32)
    small = recoloured(rgba.astype(np.float32) / np.float32(255), rng)
    if scale < 0.7:  # less than a bilinear warp can shrink without aliasing
        target = (max(2, round(rgba.shape[1] * scale)), max(2, round(tall)))
        small = cv2.resize(small, target, interpolation=cv2.INTER_AREA)
        person = cv2.resize(person, target, interpolation=cv2.INTER_NEAREST)
        scale = 1.0
    flip = -1.0 if rng.random() < 0.5 else 1.0
    matrix = np.array(
        [
            [scale * flip, 0, foot_x - flip * scale * small.shape[1] / 2],
            [0, scale, foot_y - scale * small.shape[0]],
        ],
        np.float32,
    )
    layer = cv2.warpAffine(small, matrix, (width, height), flags=cv2.INTER_LINEAR)
    placed = cv2.warpAffine(person, matrix, (width, height), flags=cv2.INTER_NEAREST)
    return np.asarray(np.clip(layer, 0, 1), np.float32), np.asarray(placed, np.float32)


def guessed_ground(foot: NDArray[np.float32]) -> NDArray[np.float32]:
    """A guess of inverse depth for a photograph, as negative numbers.

    It has a wall far away, ground that comes nearer towards the lower border, and things as near as
    the ground where they stand. For most photographs the guess is closer than a constant, and
    without any guess depth outside of rendered rooms was noise.
    """
    height = foot.shape[0]
    row = np.maximum((np.arange(height, dtype=np.float32)[:, None] + 0.5) / height, foot)
    return np.asarray(-(0.08 + 0.5 * np.maximum(0, row - 0.4)), np.float32)


def with_other_light(
    picture: Picture,
    layer: NDArray[np.float32],
    caster: NDArray[np.float32],
    rng: np.random.Generator,
) -> Picture:
    """Shadows, reflections and lamps on the background of a frame."""
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 3))):
            picture = light.darkened(picture, light.cast_shadow(caster, rng), rng)
    if rng.random() < 0.35:
        picture = light.darkened(picture, light.contact_shadow(caster, rng), rng)
    if rng.random() < 0.3:
        picture = light.darkened(picture, light.free_shadow(picture.shape[:2], rng), rng)
    if rng.random() < 0.25:
        picture = np.asarray(
            np.clip(picture * light.lamp(picture.shape[:2], rng), 0, 1), np.float32
        )
    if rng.random() < 0.12:
        picture = light.reflected(picture, layer, rng)
    return picture


def finished(
    frame: Picture,
    plate: Picture,
    alpha: NDArray[np.float32],
    inverse_depth: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    exact: bool,
) -> Sample:
    """Give both the same look, then each its own changes of time and camera, then make bytes."""
    frame, plate = camera_errors.graded(frame, plate, rng)
    if exact:
        if rng.random() < 0.3:
            frame, plate = (
                camera_errors.noisy(frame, rng, strength=0.4),
                camera_errors.noisy(plate, rng, strength=0.4),
            )
    else:
        strength = float(rng.choice([0.4, 1.0, 1.8], p=[0.35, 0.45, 0.2]))
        if rng.random() < 0.65:
            plate = camera_errors.nudged(plate, rng, strength=strength)
        if rng.random() < 0.75:
            if rng.random() < 0.6:
                plate = camera_errors.exposed(plate, rng, strength=strength)
            else:  # then the frame is what clips
                frame = camera_errors.exposed(frame, rng, strength=strength)
        if rng.random() < 0.12:
            plate = camera_errors.smeared(plate, frame, rng)
        frame, plate = (camera_errors.sensed(x, rng, strength=strength) for x in (frame, plate))
    return Sample(in_bytes(frame), in_bytes(plate), np.asarray(alpha, np.float32), inverse_depth)


def in_bytes(picture: Picture) -> NDArray[np.uint8]:
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
