"""Corridors with rooms, and interiors that others modelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("embreex", reason="drawing worlds needs embreex: pip install edgeds[train]")
pytest.importorskip("trimesh", reason="models need it: pip install edgeds[train]")

import trimesh

from tests.train.bare_library import bare_library
from train.worlds.flats import flat_camera, flat_shots, some_spaces
from train.worlds.glb import pieces_of
from train.worlds.interiors import interior_camera, interior_shots
from train.worlds.library import Library
from train.worlds.raycast import Mesh, Scene
from train.worlds.rearranging import furnished_world
from train.worlds.restyling import planar_uv
from train.worlds.shapes import box
from train.worlds.shot import developed
from train.worlds.textures import Cloth
from train.worlds.town import plain
from train.worlds.wall_things import wall_things

SIZE = (36, 64)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """One interior: a house of 10 x 3 x 8 m without a ceiling, with a row of blocks in it."""
    folder = tmp_path / "interiors_3d"
    folder.mkdir()
    parts = {"Floor_01.1": ((10, 0.1, 8), (0, -0.05, 0))}
    for number, side in enumerate((-1, 1)):
        parts[f"Wall_0{number}.1"] = ((10, 3, 0.1), (0, 1.5, side * 4))
        parts[f"Wall_1{number}.1"] = ((0.1, 3, 8), (side * 5, 1.5, 0))
    shell, furniture = trimesh.Scene(), trimesh.Scene()
    for name, (size, at) in parts.items():
        shell.add_geometry(trimesh.creation.box(size).apply_translation(at), node_name=name)
    for number in range(9):
        block = trimesh.creation.box((0.5, 0.9, 0.5))
        block.apply_translation((number - 4.0, 0.45, (number % 3 - 1) * 2.0))
        furniture.add_geometry(block, node_name=f"Block_{number}.0")
    shell.export(folder / "hut_shell.glb")
    furniture.export(folder / "hut_furniture.glb")
    return bare_library(tmp_path)


def test_an_interior_is_closed_and_seen_from_within(library: Library) -> None:
    shots = [s for seed in range(3) for s in interior_shots(np.random.default_rng(seed), library)]
    assert shots
    for shot in shots:
        assert np.abs(shot.camera.at[0]) < 5 * 1.21
        assert np.abs(shot.camera.at[2]) < 4 * 1.21
        up = np.array(((0, 1, 0),), np.float32)
        assert shot.scene.distance(shot.camera.origin, up)[0] < 4, "a ceiling was put in"


def test_two_drawings_of_an_interior_differ_in_size_colour_and_furniture(library: Library) -> None:
    seen = [_size_and_count(library, seed) for seed in range(4)]
    assert len({wide for wide, _ in seen}) == 4
    assert len({count for _, count in seen}) > 1
    assert _size_and_count(library, 3) == seen[3], "the same seed gives the same world"


def _size_and_count(library: Library, seed: int) -> tuple[float, int]:
    shot = next(iter(interior_shots(np.random.default_rng(seed), library, SIZE)))
    return round(float(np.ptp(shot.scene.corners[..., 0])), 2), len(shot.scene.meshes)


def test_what_stood_on_something_that_is_gone_does_not_float(tmp_path: Path) -> None:
    furniture = trimesh.Scene()
    for number in range(20):
        x = 2.0 * number
        desk = trimesh.creation.box((1, 0.8, 1)).apply_translation((x, 0.4, 0))
        cup = trimesh.creation.box((0.1, 0.1, 0.1)).apply_translation((x, 0.85, 0.2))
        furniture.add_geometry(desk, node_name=f"Desk_{number}.0")
        furniture.add_geometry(cup, node_name=f"Cup_{number}.1")
    furniture.export(tmp_path / "row_furniture.glb")
    fewest = 20
    for seed in range(6):
        meshes, _ = furnished_world(np.random.default_rng(seed), tmp_path, "row", Cloth())
        low = [(float(m.corners[..., 0].mean()), float(m.corners[..., 1].min())) for m in meshes]
        desks = {round(x) for x, y in low if y < 0.1}
        cups = {round(x) for x, y in low if y > 0.1}
        assert cups <= desks
        fewest = min(fewest, len(desks))
    assert fewest < 20, "some desks went away"


def test_things_on_walls_lie_flat_on_them() -> None:
    walls = box((0, 1.5, 0), (4, 1.5, 3), yaw=0.3, texture=plain(np.full(3, 0.5, np.float32)))
    low, high = (np.array(at, np.float32) for at in ((-3, 0, -2), (3, 3, 2)))
    scene, rng = Scene([walls]), np.random.default_rng(0)
    meshes, lamps = wall_things(rng, scene, Cloth(), (low, high), tries=60)
    assert len(meshes) > 5
    assert lamps, "some are windows"
    inner = np.array(((np.cos(0.3), -np.sin(0.3)), (np.sin(0.3), np.cos(0.3))))
    for mesh in meshes:
        at = np.abs(mesh.corners.reshape(-1, 3)[:, [0, 2]] @ inner.T)
        off = np.minimum(np.abs(at[:, 0] - 4), np.abs(at[:, 1] - 3))
        assert off.max() < 0.35


def test_what_is_seen_through_a_doorway_is_the_landscape_and_has_no_depth(
    library: Library,
) -> None:
    for path in (library.data / "interiors_3d").glob("hut_shell.glb"):
        path.unlink()  # no walls at all; a roof is put on
    hall = trimesh.Scene()
    hall.add_geometry(trimesh.creation.box((10, 0.1, 8)), node_name="Floor_01.1")
    hall.add_geometry(
        trimesh.creation.box((10, 3, 0.1)).apply_translation((0, 1.5, 4)), node_name="Wall_01.1"
    )
    hall.export(library.data / "interiors_3d" / "hut_shell.glb")
    pieces_of.cache_clear()
    bright = 0.0
    for seed in range(6):
        for shot in interior_shots(np.random.default_rng(seed), library, SIZE):
            out = np.array(((0, 0.05, -1), (0.6, 0.05, -1)), np.float32)
            bright = max(bright, float(shot.air.sky(out).min()))
    pieces_of.cache_clear()
    assert bright > 0.05


def test_low_ceilings_stop_no_camera_search() -> None:
    room = box((0, 0.95, 0), (3, 0.95, 3), yaw=0, texture=plain(np.full(3, 0.5, np.float32)))
    for seed in range(12):
        interior_camera(np.random.default_rng(seed), Scene([room]))


def test_without_interiors_the_folder_is_named(tmp_path: Path, library: Library) -> None:
    for path in (tmp_path / "interiors_3d").glob("*"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match="interiors_3d"):
        list(interior_shots(np.random.default_rng(0), library))


def test_textures_lie_flat_in_metres() -> None:
    wall = np.array([[[0, 0, 5], [2, 0, 5], [2, 3, 5]]], np.float32)
    assert np.ptp(planar_uv(wall)[0], axis=0) == pytest.approx([2, 3])


def test_a_corridor_has_a_doorway_for_each_room_within_its_wall() -> None:
    for seed in range(8):
        lane, *rooms = some_spaces(np.random.default_rng(seed))
        assert rooms
        for room in rooms:
            ((x, z),) = room.doors
            assert (x, z) in lane.doors
            assert abs(x) == pytest.approx(lane.wide / 2)
            assert abs(z - room.z) <= room.long / 2
            beside = abs(room.x) - room.wide / 2
            assert beside == pytest.approx(lane.wide / 2), "the room begins at the corridor's wall"


def test_rays_pass_through_doorways_into_rooms_and_nowhere_out(library: Library) -> None:
    rng = np.random.default_rng(4)
    shots = list(flat_shots(rng, library, SIZE))
    assert shots
    ball = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    for shot in shots:
        assert (shot.scene.cast(shot.camera.origin, ball).mesh >= 0).all(), "it is closed"
    again = list(flat_shots(np.random.default_rng(4), library, SIZE))
    one = developed(np.random.default_rng(1), shots[0])
    two = developed(np.random.default_rng(1), again[0])
    assert np.array_equal(one.plate, two.plate)


def test_no_camera_is_found_where_there_is_no_room(library: Library) -> None:
    rng = np.random.default_rng(0)
    spaces = some_spaces(rng)
    block = trimesh.creation.box((60, 60, 60)).triangles.astype(np.float32)
    from train.worlds.textures import paint

    full = Mesh(
        corners=block, uv=np.zeros((len(block), 3, 2), np.float32), texture=paint(rng, light=True)
    )
    scene = Scene([full])
    assert flat_camera(rng, scene, spaces, 2.5) is None, "a bare hall has nothing to see"
