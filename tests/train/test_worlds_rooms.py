"""Furnished rooms: furniture has its size, nothing stands in a wall, depth is exact, and a set of
them can be trained on.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install --group train")
pytest.importorskip("embreex", reason="drawing worlds needs embreex: pip install --group train")

from tests.train.bare_library import bare_library
from train.samples.material import rooms_from_manifest
from train.worlds.floor_plan import Foot, Plan
from train.worlds.furnishing import furnished
from train.worlds.furniture import Model, meshes_of_model, models_in, parts_of, top_of
from train.worlds.kinds import drawing_of
from train.worlds.library import Library
from train.worlds.mounts import FREE, mounted
from train.worlds.rooms import desk_shots, room_shots
from train.worlds.shot import developed
from train.worlds.textures import Cloth
from train.worlds.write_set import Drawing, write_worlds


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
    (mesh,) = meshes_of_model(shelf, (1, 0, 5), 0.0, recoloured=lambda colour: colour)
    corners = mesh.corners.reshape(-1, 3)
    assert corners.min(0) == pytest.approx((0.4, 0, 4.8), abs=1e-5)
    assert corners.max(0) == pytest.approx((1.6, 2, 5.2), abs=1e-5)
    (part,) = parts_of(shelf)
    assert part.colour[0] > part.colour[1] > part.colour[2]


def test_a_folder_without_a_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"unpack \.sh3f"):
        models_in(tmp_path)


def test_a_table_has_a_top_and_a_shelf_has_none(library: Path) -> None:
    (shelf,) = models_in(library)
    assert top_of(shelf) is None, "it is too high to put things on"
    low = Model(path=shelf.path, size_m=(1.2, 0.7, 0.6), elevation_m=0, rotation=shelf.rotation)
    top = top_of(low)
    assert top is not None
    assert top.height_m == pytest.approx(0.7, abs=1e-4)
    assert top.carries(0, 0, 0.5, 0.5)
    assert not top.carries(0.4, 0, 0.5, 0.5), "half of it would hang in the air"


def test_nothing_stands_in_a_wall_or_in_another_thing(library: Path) -> None:
    models = models_in(library)
    for seed in range(5):
        plan = Plan(4, 5)
        found = furnished(np.random.default_rng(seed), plan, 2.6, Cloth(), models)
        corners = np.concatenate([mesh.corners.reshape(-1, 3) for mesh in found.meshes])
        assert np.abs(corners[:, 0]).max() < 2
        assert np.abs(corners[:, 2]).max() < 2.5
        assert corners[:, 1].min() > -1e-4
        for number, foot in enumerate(plan.taken):
            assert not any(foot.meets(other) for other in plan.taken[number + 1 :])


def test_feet_meet_where_they_overlap() -> None:
    one = Foot(x=0, z=0, yaw=0, width=2, depth=1)
    assert one.meets(Foot(x=1.2, z=0, yaw=0.8, width=1, depth=1))
    assert not one.meets(Foot(x=0, z=1.3, yaw=0, width=2, depth=1))
    assert one.meets(Foot(x=0, z=1.3, yaw=np.pi / 2, width=2, depth=1))


def room(number: int, models: list[Model]) -> Drawing:
    """The first view of a room."""
    for extra in range(9):  # a room may be too full for any camera
        rng = np.random.default_rng((number, extra))
        for shot in room_shots(rng, some_library(Path(), models), (36, 64)):
            return developed(rng, shot)
    raise AssertionError("nine rooms without a view")


def test_rooms_differ_by_number_and_only_by_number(library: Path) -> None:
    models = models_in(library)
    first, again, other = room(1, models), room(1, models), room(2, models)
    assert np.array_equal(first.plate, again.plate)
    assert np.array_equal(first.plate_depth_m, again.plate_depth_m)
    assert not np.array_equal(first.plate, other.plate)
    assert first.plate_depth_m.min() >= 0.1, "a closed room has depth everywhere, none of it close"


def some_library(tmp_path: Path, models: list[Model]) -> Library:
    return bare_library(tmp_path, furniture=models)


def test_a_set_grows_by_whole_worlds_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.jsonl"
    one = room(1, [])

    def two_views(rng: np.random.Generator) -> list[Drawing]:
        picture = rng.integers(0, 255, (8, 8, 3)).astype(np.uint8)
        view = Drawing(plate=picture, plate_depth_m=one.plate_depth_m, camera=one.camera)
        return [view, view]

    assert list(write_worlds(tmp_path, 2, two_views, world="rooms")) == [0, 1]
    before = manifest.read_text()
    manifest.write_text(before + '{"frame": "pla')  # stopped while it wrote
    assert list(write_worlds(tmp_path, 3, two_views, world="rooms")) == [2]
    assert manifest.read_text().startswith(before)
    items = [json.loads(line) for line in manifest.read_text().splitlines()]
    assert len(items) == 6
    assert len({item["scene"] for item in items}) == 3
    assert not any(item["scene"].endswith("7") for item in items)
    assert all(item["sky"] and (tmp_path / item["plate"]).exists() for item in items)


def test_rooms_are_drawn_by_their_name(tmp_path: Path) -> None:
    draw = drawing_of("rooms", some_library(tmp_path, []))
    drawings = list(draw(np.random.default_rng(1)))
    assert drawings
    assert drawings[0].plate.shape == (288, 512, 3)


def test_a_set_keeps_depth_to_the_millimetre_and_marks_what_is_far(tmp_path: Path) -> None:
    depth = np.array([[0.25, 1.2344], [59.9, 61.0]], np.float32)
    one = room(1, [])
    drawing = Drawing(plate=one.plate, plate_depth_m=depth, camera=one.camera)
    list(write_worlds(tmp_path, 1, lambda _: [drawing], world="rooms", val=True))
    (item,) = map(json.loads, (tmp_path / "manifest.jsonl").read_text().splitlines())
    kept = cv2.imread(str(tmp_path / item["depth_mm"]), cv2.IMREAD_UNCHANGED)
    assert kept.tolist() == [[250, 1234], [59900, 0]]
    assert item["scene"].endswith("7"), "validation scenes end in 7"


def test_drawn_rooms_can_be_trained_on(tmp_path: Path) -> None:
    list(write_worlds(tmp_path, 2, lambda rng: [room(int(rng.integers(99)), [])], world="rooms"))
    rooms = list(rooms_from_manifest(tmp_path / "manifest.jsonl", "train"))
    assert len(rooms) == 2
    assert rooms[0].is_empty


def test_cameras_of_desks_look_at_a_table_close_by(library: Path) -> None:
    (shelf,) = models_in(library)
    low = Model(path=shelf.path, size_m=(1.2, 0.7, 0.7), elevation_m=0, rotation=shelf.rotation)
    near = []
    for seed in range(4):
        shots = desk_shots(np.random.default_rng(seed), some_library(Path(), [low]), (36, 64))
        for shot in shots:
            depth = shot.scene.distance(shot.camera.origin, shot.camera.rays((9, 16)))
            assert depth.min() >= 0.1
            near.append(float(depth.min()))
    assert near
    assert np.median(near) < 1.0


@pytest.mark.parametrize("mount", list(FREE))
def test_cameras_fit_into_a_low_room(mount: str) -> None:
    """Some models are attics of 1.8 m."""
    low = np.array((3.0, 1.6, 4.0))
    cameras = [mounted(np.random.default_rng(seed), mount, low, []) for seed in range(20)]
    assert all(0 < camera.at[1] < 1.6 for camera in cameras)
