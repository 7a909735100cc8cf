"""Corridors with rooms, and interiors that others modelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("embreex", reason="drawing worlds needs embreex: pip install edgeds[train]")
pytest.importorskip("trimesh", reason="models need it: pip install edgeds[train]")

import trimesh

from train.worlds.flats import flat_camera, flat_shots, some_spaces
from train.worlds.interiors import interior_shots, planar_uv
from train.worlds.library import Library
from train.worlds.raycast import Scene
from train.worlds.shot import developed

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
    return Library(
        data=tmp_path,
        split="train",
        backgrounds=[],
        foregrounds=[],
        furniture=[],
        tiles={},
        outdoors={},
        beings=[],
    )


def test_an_interior_is_closed_and_seen_from_within(library: Library) -> None:
    shots = [s for seed in range(3) for s in interior_shots(np.random.default_rng(seed), library)]
    assert shots
    for shot in shots:
        assert np.abs(shot.camera.at[0]) < 5
        assert np.abs(shot.camera.at[2]) < 4
        up = np.array(((0, 1, 0),), np.float32)
        assert shot.scene.distance(shot.camera.origin, up)[0] < 4, "a ceiling was put in"


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
    from train.worlds.raycast import Mesh
    from train.worlds.textures import paint

    full = Mesh(
        corners=block, uv=np.zeros((len(block), 3, 2), np.float32), texture=paint(rng, light=True)
    )
    scene = Scene([full])
    assert flat_camera(rng, scene, spaces, 2.5) is None, "a bare hall has nothing to see"
