"""Samples of a room into which a person of known depth is set."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from train.samples import shadows_and_lamps as shadow
from train.samples.crop import cropped_room
from train.samples.finishing import Sample, finished, with_other_light
from train.samples.hints import Known
from train.samples.holes import like_the_plate
from train.samples.material import Material
from train.samples.mix import Mix
from train.samples.place_cutouts import recoloured

_PERSON_M = 1.7
ROOM_FOCAL_SHARE = 0.75
"""Focal length of the rendered rooms as a share of their width; only the size of the people that
are set into them depends on it.
"""


def peopled_room_sample(
    material: Material, size: tuple[int, int], rng: np.random.Generator, mix: Mix
) -> Sample:
    """A room with a person of known depth, at a distance that fits the floor; or with nobody."""
    drawn = bool(material.drawn_rooms) and rng.random() < mix.drawn_rooms
    rooms = material.drawn_rooms if drawn else material.rooms
    room = rooms[int(rng.integers(len(rooms)))]
    part = cropped_room(room, size, rng)
    frame, plate, alpha, inverse_depth = part.frame, part.plate, part.alpha, part.inverse_depth
    known = Known(None, part.plate_depth) if mix.hints else None
    exact = rng.random() < mix.exact_plate
    if not exact:
        frame = with_other_light(frame, np.zeros((*size, 4), np.float32), alpha, rng)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.15, 0.6, 0.25]))):
        close = bool(mix.close) and rng.random() < mix.close
        layer, person = placed_with_depth(material, inverse_depth, rng, close=close)
        nearer = person > inverse_depth * 0.97  # furniture in front hides part of them
        visible = np.asarray(layer[..., 3] * nearer, np.float32)
        shown = visible / np.maximum(layer[..., 3], np.float32(1e-6))
        layer = np.asarray(layer * shown[..., None], np.float32)
        if mix.holes and rng.random() < mix.holes:
            layer = like_the_plate(layer, frame, rng)
        if not exact and rng.random() < 0.6:
            frame = shadow.darkened(frame, shadow.cast_shadow(visible, rng), rng)
        frame = np.asarray(layer[..., :3] + (1 - visible[..., None]) * frame, np.float32)
        alpha = np.where(alpha < 0, alpha, visible + (1 - visible) * alpha).astype(np.float32)
        inverse_depth = np.where(visible > 0.5, person, inverse_depth).astype(np.float32)
    return finished(frame, plate, alpha, inverse_depth, rng, exact=exact, known=known)


def placed_with_depth(
    material: Material,
    inverse_depth: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    close: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Layer and inverse depth of a person who stands somewhere in the lower half of a room.

    Args:
        close: the person is right in front of the camera instead, and goes on below the picture.
    """
    height, width = inverse_depth.shape
    people = material.people_with_depth
    cutout = people[int(rng.integers(len(people)))]
    assert cutout.depth_mm is not None
    if close:
        distance_m, foot_y, foot_x = _before_the_camera(rng, (height, width))
    else:
        distance_m, foot_y, foot_x = _on_the_floor(inverse_depth, rng)
    rgba, depth = cutout.rgba, cutout.depth_mm.astype(np.float32) / 1000
    tall = max(_PERSON_M * ROOM_FOCAL_SHARE * width / distance_m, 10.0)
    tall = tall if close else min(tall, 2.2 * height)
    scale = tall / rgba.shape[0]
    relief = np.where(depth > 0, depth - np.median(depth[depth > 0]), 0.0)
    nearest = min(0.3, 0.6 * distance_m)
    person = np.where(depth > 0, 1 / np.maximum(distance_m + relief, nearest), 0).astype(np.float32)
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


def _on_the_floor(
    inverse_depth: NDArray[np.float32], rng: np.random.Generator
) -> tuple[float, int, int]:
    """Distance in metres, and row and column of the feet, where the floor's depth fits."""
    height, width = inverse_depth.shape
    for _ in range(8):
        foot_y, foot_x = int(rng.integers(height * 6 // 10, height)), int(rng.integers(width))
        there = float(inverse_depth[foot_y, foot_x])
        if there > 1 / 9:
            break
    return float(np.clip(1 / max(there, 1 / 9), 0.8, 9)) * rng.uniform(0.85, 1.0), foot_y, foot_x


def _before_the_camera(rng: np.random.Generator, size: tuple[int, int]) -> tuple[float, int, int]:
    """Distance in metres, and row and column of feet that the picture does not show."""
    height, width = size
    distance_m = float(np.exp(rng.uniform(np.log(0.25), np.log(1.8))))
    tall = _PERSON_M * ROOM_FOCAL_SHARE * width / distance_m
    crown = rng.uniform(-0.1, 0.45) * height
    return distance_m, max(round(crown + tall), height), round(rng.uniform(0.15, 0.85) * width)
