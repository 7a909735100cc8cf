"""Rays hit where geometry says, and see what is there."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("embreex", reason="drawing rooms needs embreex: pip install --group train")

from train.worlds.camera import Camera
from train.worlds.raycast import FAR, Mesh, Scene
from train.worlds.shapes import ball, box, cylinder


def grey(u: np.ndarray, _v: np.ndarray, _width: np.ndarray) -> np.ndarray:
    return np.full((len(u), 3), 0.5, np.float32)


ORIGIN = np.zeros(3, np.float32)
AHEAD, UP = np.array([[0, 0, 1]], np.float32), np.array([[0, 1, 0]], np.float32)


@pytest.mark.parametrize(
    ("thing", "distance"),
    [
        (box((0, 0, 5), (1, 1, 2), yaw=0, texture=grey), 3),
        (box((0, 0, 5), (2, 1, 1), yaw=np.pi / 2, texture=grey), 3),
        (box((0, 0, 0), (3, 3, 4), yaw=0, texture=grey), 4),  # a room, from within
        (cylinder((0, 0, 5), 2, 1, texture=grey), 3),
        (ball((0, 0, 5), 2, texture=grey), 3),
    ],
)
def test_a_ray_ahead_hits_at_the_known_distance(thing: Mesh, distance: float) -> None:
    hits = Scene([thing]).cast(ORIGIN, AHEAD)
    assert hits.t[0] == pytest.approx(distance, rel=0.01), "round things have 32 sides"
    assert hits.normal[0] == pytest.approx((0, 0, -1), abs=0.11)
    assert hits.albedo[0] == pytest.approx((0.5, 0.5, 0.5))
    assert Scene([thing]).cast(ORIGIN + np.float32((50, 50, 0)), AHEAD).t[0] == FAR


def test_the_nearest_of_many_things_is_seen() -> None:
    far = box((0, 0, 9), (1, 1, 1), yaw=0, texture=grey)
    near = box((0, 0, 4), (1, 1, 1), yaw=0, texture=lambda u, v, w: grey(u, v, w) * 0, glows=True)
    hits = Scene([far, near]).cast(ORIGIN, AHEAD)
    assert hits.t[0] == pytest.approx(3)
    assert hits.albedo[0].max() == 0
    assert hits.glows[0]


def test_a_texture_is_told_metres_along_the_surface() -> None:
    def ruler(u: np.ndarray, v: np.ndarray, _width: np.ndarray) -> np.ndarray:
        return np.stack((u, v, u * 0), -1).astype(np.float32)

    wall = box((0, 0, 5), (3, 2, 1), yaw=0, texture=ruler)
    rays = np.array([[0.5, 0.25, 1], [-0.5, 0.25, 1]], np.float32)
    hits = Scene([wall]).cast(ORIGIN, rays)
    assert hits.albedo == pytest.approx(np.array([[2, 1, 0], [-2, 1, 0]]), abs=1e-4)


def test_what_stands_before_the_lamp_throws_a_shadow() -> None:
    floor, up = np.array([[0, 0, 0], [3, 0, 0]], np.float32), np.repeat(UP, 2, 0)
    scene = Scene([ball((0, 1, 0), 0.3, texture=grey)])
    shade, bright = scene.lit(floor, up, np.array([0, 2, 0], np.float32))
    assert shade == 0
    assert bright == pytest.approx(2 / np.sqrt(13) / 13, rel=0.01)  # cosine over squared distance


def test_a_corner_is_less_open_than_the_middle_of_a_floor() -> None:
    scene = Scene([box((0, 2, 0), (4, 2, 4), yaw=0, texture=grey)])
    floor = np.array([[0, 0, 0], [3.9, 0, 3.9]], np.float32)
    middle, corner = scene.open_share(floor, np.repeat(UP, 2, 0), np.zeros(2, np.float32))
    assert middle == 1
    assert corner < 0.5


@pytest.mark.parametrize("bend", [0.0, 0.08, -0.02])
def test_a_cameras_rays_have_unit_depth_and_end_where_it_sees_a_point(bend: float) -> None:
    camera = Camera(at=(1, 2, 3), yaw=0.7, pitch=-0.4, roll=0.05, fov=1.6, bend=bend)
    rays = camera.rays((36, 64))
    assert rays @ camera.axes[2] == pytest.approx(np.ones(36 * 64), abs=1e-5)
    row, column, depth = camera.seen_at(camera.origin + 5 * rays[20 * 64 + 50], (36, 64))
    assert (row, column, depth) == pytest.approx((20.5, 50.5, 5), abs=1e-3)
    left, right = rays[18 * 64], rays[18 * 64 + 63]
    angle = np.arccos(left @ right / np.linalg.norm(left) / np.linalg.norm(right))
    assert angle == pytest.approx(1.6, abs=0.05), "the lens keeps its angle of view"


def test_a_camera_does_not_mirror_the_world() -> None:
    camera = Camera(at=(0, 1, 0), yaw=1.0, pitch=0.3, roll=0.02)
    right, up, forward = camera.axes
    assert np.cross(forward, up) == pytest.approx(right)
    straight = Camera(at=(0, 1, 0))
    assert straight.axes == pytest.approx(np.array([[1, 0, 0], [0, 1, 0], [0, 0, -1]]))
    assert Camera(at=(0, 1, 0), yaw=0.1).axes[2][0] > 0, "yaw turns to the right"


def test_rays_pass_between_leaves() -> None:
    def left_half(u: np.ndarray, _v: np.ndarray) -> np.ndarray:
        return u < 0

    wall = box((0, 0, 9), (5, 5, 1), yaw=0, texture=grey)
    card = box((0, 0, 5), (5, 5, 0.001), yaw=0, texture=grey)
    leaves = Mesh(corners=card.corners, uv=card.uv, texture=grey, solid=left_half)
    scene = Scene([wall, leaves])
    rays = np.array([[-0.2, 0, 1], [0.2, 0, 1]], np.float32)
    assert scene.cast(ORIGIN, rays).t == pytest.approx([5, 8], abs=0.01)
    reach = np.full(2, 7, np.float32)
    assert scene.blocked(np.zeros((2, 3), np.float32), rays, reach).tolist() == [True, False]
