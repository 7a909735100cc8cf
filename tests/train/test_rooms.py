"""Rooms drawn here: rays hit where geometry says, furniture has its size, and a set of rooms can be
trained on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install edgeds[train]")
pytest.importorskip("embreex", reason="drawing rooms needs embreex: pip install edgeds[train]")

from train.furniture import Model, models_in, parts_of, placed
from train.material import Material, rooms_from_manifest
from train.raycast import FAR, Mesh, Scene, ball, box, cylinder
from train.rooms import drawn_room, write_rooms
from train.sample import Mix, peopled_room_sample


def grey(u: np.ndarray, _v: np.ndarray) -> np.ndarray:
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
    near = box((0, 0, 4), (1, 1, 1), yaw=0, texture=lambda u, v: grey(u, v) * 0, glows=True)
    hits = Scene([far, near]).cast(ORIGIN, AHEAD)
    assert hits.t[0] == pytest.approx(3)
    assert hits.albedo[0].max() == 0
    assert hits.glows[0]


def test_a_texture_is_told_metres_along_the_surface() -> None:
    def ruler(u: np.ndarray, v: np.ndarray) -> np.ndarray:
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


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of one shelf, which lies on its back in its file, and a car."""
    folder = tmp_path / "library"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "shelf.obj").write_text(
        "mtllib shelf.mtl\nusemtl wood\n"
        + "".join(f"v {x} {y} {z}\n" for z in (0, 9) for y in (0, 1) for x in (0, 4))
        + "f 1 2 4 3\nf 5 6 8 7\nf 1 2 6 5\nf 3 4 8 7\nf 1 3 7 5\nf 2 4 8 6\n"
    )
    (folder / "models" / "shelf.mtl").write_text("newmtl wood\nKd 0.8 0.4 0.2\n")
    catalogue = ["id=test", "model#1=/models/shelf.obj", "category#1=Living room"]
    catalogue += ["width#1=120", "depth#1=40", "height#1=200"]
    catalogue += ["modelRotation#1=1 0 0 0 0 1 0 -1 0"]
    catalogue += ["model#2=/models/shelf.obj", "category#2=Vehicles"]
    catalogue += ["width#2=120", "depth#2=40", "height#2=200"]
    (folder / "PluginFurnitureCatalog.properties").write_text("\n".join(catalogue))
    return tmp_path


def test_furniture_has_the_size_its_catalogue_tells(library: Path) -> None:
    (shelf,) = models_in(library)
    assert shelf.size_m == (1.2, 2.0, 0.4)
    (mesh,) = placed(shelf, (1, 0, 5), 0.0, recoloured=lambda colour: colour)
    corners = mesh.corners.reshape(-1, 3)
    assert corners.min(0) == pytest.approx((0.4, 0, 4.8), abs=1e-5)
    assert corners.max(0) == pytest.approx((1.6, 2, 5.2), abs=1e-5)
    (part,) = parts_of(shelf)
    assert part.colour[0] > part.colour[1] > part.colour[2]


def test_a_folder_without_a_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"unpack \.sh3f"):
        models_in(tmp_path)


def test_rooms_differ_by_number_and_only_by_number(library: Path) -> None:
    models = models_in(library)

    def draw(number: int, models: list[Model]) -> np.ndarray:
        return drawn_room(np.random.default_rng(number), [], (36, 64), models=models)[0]

    assert np.array_equal(draw(1, models), draw(1, models))
    assert not np.array_equal(draw(1, models), draw(2, models))
    assert not np.array_equal(draw(1, models), draw(1, []))


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
