"""Rooms drawn here: rays hit where geometry says, and a set of rooms can be trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install edgeds[train]")

from train.material import Material, rooms_from_manifest
from train.raycast import FAR, Ball, Box, Cylinder, cast, lit
from train.rooms import drawn_room, write_rooms
from train.sample import Mix, peopled_room_sample


def grey(u: np.ndarray, _v: np.ndarray) -> np.ndarray:
    return np.full((len(u), 3), 0.5, np.float32)


ORIGIN = np.zeros(3, np.float32)
AT_US = (0, 0, -1)
AHEAD, UP = np.array([[0, 0, 1]], np.float32), np.array([[0, 1, 0]], np.float32)


@pytest.mark.parametrize(
    ("thing", "distance", "normal"),
    [
        (Ball(middle=(0, 0, 5), radius=2, texture=grey), 3, AT_US),
        (Box(middle=(0, 0, 5), half=(1, 1, 2), yaw=0, texture=grey), 3, AT_US),
        (Box(middle=(0, 0, 5), half=(2, 1, 1), yaw=np.pi / 2, texture=grey), 3, AT_US),
        (
            Box(middle=(0, 0, 0), half=(3, 3, 4), yaw=0, texture=grey, inside_out=True),
            4,
            (0, 0, -1),
        ),
        (Cylinder(middle=(0, 0, 5), radius=2, half_height=1, texture=grey), 3, AT_US),
    ],
)
def test_a_ray_ahead_hits_at_the_known_distance(
    thing: Box, distance: float, normal: tuple[float, float, float]
) -> None:
    hits = cast([thing], ORIGIN, AHEAD)
    assert hits.t[0] == pytest.approx(distance, rel=1e-5)
    assert hits.normal[0] == pytest.approx(normal, abs=1e-5)
    assert cast([thing], ORIGIN + np.float32((50, 50, 0)), AHEAD).t[0] > 4 - 1e-3


def test_the_nearest_of_many_things_is_seen() -> None:
    far, near = (Ball(middle=(0, 0, z), radius=1, texture=grey) for z in (9, 4))
    hits = cast([far, near], ORIGIN, AHEAD)
    assert (hits.t[0], hits.thing[0]) == (pytest.approx(3), 1)
    assert cast([far, near], ORIGIN, UP).t[0] == FAR


def test_what_stands_before_the_lamp_throws_a_shadow() -> None:
    floor, up = np.array([[0, 0, 0], [3, 0, 0]], np.float32), np.repeat(UP, 2, 0)
    ball = Ball(middle=(0, 1, 0), radius=0.3, texture=grey)
    lamp = np.array([0, 2, 0], np.float32)
    shade, bright = lit([ball], floor, up, lamp, softness=0.0)
    assert shade == 0
    assert bright == pytest.approx(2 / np.sqrt(13) / 13, rel=0.02)  # cosine over squared distance


def test_rooms_differ_by_number_and_only_by_number() -> None:
    def draw(number: int) -> np.ndarray:
        return drawn_room(np.random.default_rng(number), [], (36, 64))[0]

    assert np.array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_drawn_rooms_can_be_trained_on(tmp_path: Path, material: Material) -> None:
    write_rooms(tmp_path, 3, [], processes=1)
    before = (tmp_path / "depth" / "made_00001x.png").stat().st_mtime_ns
    write_rooms(tmp_path, 4, [], processes=1)
    assert (tmp_path / "depth" / "made_00001x.png").stat().st_mtime_ns == before, "goes on"
    rooms = list(rooms_from_manifest(tmp_path / "manifest.jsonl", "train"))
    assert len(rooms) == 4
    peopled = Material(material.cutouts, [], [], drawn_rooms=rooms)
    sample = peopled_room_sample(peopled, (96, 160), np.random.default_rng(0), Mix(drawn_rooms=1.0))
    assert (sample.inverse_depth > 0).mean() > 0.99, "a closed room has depth everywhere"
    assert sample.alpha.max() > 0.9
