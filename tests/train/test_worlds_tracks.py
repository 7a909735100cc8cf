"""SuperTuxKart's tracks: the reader of models, scenes, routes, and drawings of a tiny track."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("embreex", reason="drawing worlds needs embreex: pip install edgeds[train]")
pytest.importorskip("PIL", reason="models need it: pip install edgeds[train]")

from PIL import Image

from edgeds.errors import InputError
from tests.train.bare_library import bare_library
from train.worlds.camera import Camera
from train.worlds.kinds import drawing_of
from train.worlds.raycast import Scene
from train.worlds.spm import surfaces_of
from train.worlds.track_models import models_of, route_of
from train.worlds.track_surfaces import meshes_of
from train.worlds.tracks import track_shots

SIZE = (36, 64)


def spm(
    parts: list[tuple[str, NDArray[np.float64], NDArray[np.float64]]], *, coloured: bool = False
) -> bytes:
    """A model: for each part a texture's name, corners (N, 3, 3) and (u, downwards v) (N, 3, 2)."""
    out = [b"SP", bytes((1 << 3, 0b011 if coloured else 0b001)), bytes(24)]
    out.append(struct.pack("<H", len(parts)))
    for name, _, _ in parts:
        out.append(bytes((len(name),)) + name.encode() + b"\0")
    out.append(struct.pack("<HH", 1, len(parts)))
    for number, (name, corners, uv) in enumerate(parts):
        count = 3 * len(corners)
        out.append(struct.pack("<IIH", count, count, number))
        for index, (point, place) in enumerate(
            zip(corners.reshape(-1, 3), uv.reshape(-1, 2), strict=True)
        ):
            out.append(struct.pack("<3f", *point) + bytes(4))
            if coloured:  # white, or another colour
                out.append(b"\x80" if index % 2 else b"\x00\xff\x10\x20")
            if name:
                out.append(struct.pack("<2e", *place))
        out.append(np.arange(count).astype("u1" if count < 256 else "<u2").tobytes())
    out.append(bytes(24))
    return b"".join(out)


def quad(*corners: tuple[float, float, float]) -> NDArray[np.float64]:
    return np.array([[corners[i] for i in three] for three in ((0, 1, 2), (0, 2, 3))], np.float64)


FLAT = quad((0, 1, 0), (1, 1, 0), (1, 0, 0), (0, 0, 0))[..., :2]  # u, v downwards
GROUND = quad((-60, 0, -60), (60, 0, -60), (60, 0, 60), (-60, 0, 60))
BOARD = quad((-1, 0, 0), (1, 0, 0), (1, 2, 0), (-1, 2, 0))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A track with a level ground, a board with a red left half, posts in rows, hidden boxes."""
    track, inner = tmp_path / "tracks" / "meadow", tmp_path / "library" / "post_a"
    for folder in (track, inner, tmp_path / "textures"):
        folder.mkdir(parents=True)
    (track / "ground.spm").write_bytes(spm([("grass.png", GROUND, FLAT * 60)]))
    (track / "board.spm").write_bytes(spm([("board.png", BOARD, FLAT)], coloured=True))
    (inner / "post.spm").write_bytes(spm([("", BOARD * (0.3, 1, 1), FLAT)]))
    Image.new("RGB", (8, 8), (40, 160, 40)).save(tmp_path / "textures" / "grass.png")
    board = np.zeros((64, 64, 4), np.uint8)
    board[:, :32] = (255, 0, 0, 255)  # left
    board[:, 32:] = (0, 0, 255, 255)
    board[:16, 32:, 3] = 0  # a hole, upper right
    Image.fromarray(board).save(track / "board.png")
    (track / "materials.xml").write_text(
        '<materials><material name="board.png" shader="alphatest"/></materials>'
    )
    posts = "".join(
        f'<library name="post_a" xyz="{x} 0 {z}" hpr="0 {30 * x + z} 0" scale="1 1.5 1"/>'
        for x in (-9, -4, 4, 9) for z in range(-24, 25, 6)
    )  # fmt: skip
    (track / "scene.xml").write_text(
        f"""<scene><track model="ground.spm" x="0" y="0" z="0"/>
        <group name="b"><static-object lod_group="b" model="board.spm" xyz="50 0 50"/></group>
        <static-object lod_instance="true" lod_group="b" xyz="0 0 5"/>
        <object type="movable" interaction="reset" model="board.spm" xyz="0 0 2"/>
        <object type="sfx-emitter" model="board.spm" xyz="0 0 2"/>
        <banana x="0" y="0" z="3"/>{posts}</scene>"""
    )
    (track / "quads.xml").write_text(
        """<quads><quad p0="-3 0 -20" p1="3 0 -20" p2="3 0 0" p3="-3 0 0"/>
        <quad p0="0:3" p1="0:2" p2="3 0 20" p3="-3 0 20"/></quads>"""
    )
    (inner / "node.xml").write_text(
        '<scene><object type="animation" interaction="static" model="post.spm" xyz="0 0 0"/>'
        '<object type="animation" interaction="physicsonly" model="post.spm"/></scene>'
    )
    return tmp_path


def test_a_model_is_read_with_and_without_colours(data: Path) -> None:
    for name, parts in (("ground", GROUND), ("board", BOARD)):
        (surface,) = surfaces_of(data / "tracks" / "meadow" / f"{name}.spm")
        assert surface.texture == {"ground": "grass.png", "board": "board.png"}[name]
        assert surface.corners == pytest.approx(parts)
    assert surface.uv == pytest.approx(FLAT * (1, -1) + (0, 1), abs=1e-3), "v is upwards"


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    whole = spm([("a.png", GROUND, FLAT)])
    for content in (b"nothing", whole[:-60], b"SP" + bytes((2 << 3,)) + whole[3:]):
        path = tmp_path / f"{len(content)}_{content[2]}.spm"
        path.write_bytes(content)
        with pytest.raises(InputError, match="cannot read the model"):
            surfaces_of(path)


def test_a_scene_has_what_is_seen_once_and_nothing_hidden(data: Path) -> None:
    models = models_of(data / "tracks" / "meadow")
    names = [model.path.stem for model in models]
    assert names.count("ground") == 1
    assert names.count("board") == 1, "neither the definition nor what is hidden"
    assert names.count("post") == 36
    board = models[names.index("board")]
    assert board.matrix[:, 3] == pytest.approx([0, 0, 5])
    post = models[names.index("post")]
    turned = post.matrix @ (1, 0, 0, 0)
    angle = np.radians(30 * -9 - 24)
    assert turned == pytest.approx([np.cos(angle), 0, -np.sin(angle)], abs=1e-5)
    assert post.matrix @ (0, 1, 0, 0) == pytest.approx([0, 1.5, 0])


def test_a_route_follows_references_to_other_corners(data: Path) -> None:
    one, two = route_of(data / "tracks" / "meadow")
    assert one.at == pytest.approx([0, 0, -10])
    assert two.at == pytest.approx([0, 0, 10])
    assert two.ahead == pytest.approx([0, 0, 1])
    assert two.half_wide == pytest.approx(3)


def test_pictures_are_not_mirrored_leaves_are_cut_out_and_depth_is_exact(data: Path) -> None:
    track, origin = data / "tracks" / "meadow", np.zeros(3, np.float32)
    meshes = [meshes_of(model, track, data, origin, 0.5, 40) for model in models_of(track)]
    scene = Scene([mesh for some in meshes for mesh in some])
    camera = Camera(at=(0, 0.5, 0), fov=1.2)  # looks along the game's z; the board is at 2.5 m
    hits = scene.cast(camera.origin, camera.rays(SIZE))
    t, colour = hits.t.reshape(SIZE), hits.albedo.reshape(*SIZE, 3)
    row, left, right = SIZE[0] // 2, SIZE[1] // 2 - 4, SIZE[1] // 2 + 3
    assert t[row, left] == pytest.approx(2.5, abs=1e-3)
    assert colour[row, left, 0] > colour[row, left, 2], "red is on the left"
    assert colour[row, right, 2] > colour[row, right, 0]
    upper = row - 8  # at .9 m, where the right half has a hole
    assert t[upper, left] == pytest.approx(2.5, abs=1e-3)
    assert t[upper, right] > 3


def test_cameras_stand_beside_the_road_above_the_ground(data: Path) -> None:
    library = bare_library(data, tracks=data)
    shots = [s for n in range(4) for s in track_shots(np.random.default_rng(n), library, SIZE)]
    assert shots
    down = np.array(((0, -1, 0),), np.float32)
    for shot in shots:
        assert 0.05 < shot.scene.distance(shot.camera.origin, down)[0] < 9
        assert shot.outdoors
    again = next(iter(track_shots(np.random.default_rng(0), library, SIZE)))
    assert again.camera == shots[0].camera


def test_without_the_games_data_the_package_is_named(tmp_path: Path) -> None:
    library = bare_library(tmp_path, tracks=tmp_path)
    with pytest.raises(FileNotFoundError, match="supertuxkart-data"):
        drawing_of("tracks", library)
