"""Who comes into a world changes the frame alone, has its size, and throws a shadow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("embreex", reason="drawing worlds needs embreex: pip install edgeds[train]")

from tests.train.bare_library import bare_library
from train.worlds.avatars import avatar, stands
from train.worlds.camera import Camera
from train.worlds.furniture import Model
from train.worlds.guests import visited, walked
from train.worlds.kinds import drawing_of
from train.worlds.library import Library
from train.worlds.lighting import Glow, Lamp, RoomLight
from train.worlds.raycast import Both, Scene
from train.worlds.render import rendered
from train.worlds.shapes import box
from train.worlds.shot import Shot
from train.worlds.spots import spot_at
from train.worlds.textures import paint

SIZE = (72, 128)
WHITE = np.ones(3, np.float32)


@pytest.fixture
def person(tmp_path: Path) -> tuple[Path, Path]:
    """Somebody 100 px tall, with a head and a narrow foot, in front of nothing."""
    rgba = np.zeros((100, 40, 4), np.uint8)
    rgba[:95, 12:28] = (90, 120, 200, 255)
    rgba[15:80, 5:35] = (90, 120, 200, 255)
    rgba[95:, 16:24] = (40, 40, 40, 255)
    depth = np.where(rgba[..., 3] > 0, 2500, 0).astype(np.uint16)
    (tmp_path / "people_depth").mkdir()
    path, depth_path = tmp_path / "valid_a.png", tmp_path / "people_depth" / "valid_a.png"
    cv2.imwrite(str(path), rgba)
    cv2.imwrite(str(depth_path), depth)
    return path, depth_path


def a_shot() -> Shot:
    """A closed room of 8 x 3 x 8 m with a lamp, seen from one side."""
    rng = np.random.default_rng(0)
    scene = Scene([box((0, 1.5, 0), (4, 1.5, 4), yaw=0, texture=paint(rng, light=True))])
    lamp = Lamp(
        at=np.array((2, 2.8, 1), np.float32), sides=np.zeros((2, 3), np.float32), light=WHITE * 4
    )
    light = RoomLight(glow=Glow(rng, scene, SIZE), ambient=WHITE * np.float32(0.2), lamps=[lamp])
    camera = Camera(at=(0, 1.5, 3.8), fov=1.2, pitch=-0.1)
    return Shot(scene=scene, camera=camera, light=light, size=SIZE)


def library_of(person: tuple[Path, Path]) -> Library:
    return bare_library(person[0].parent, foregrounds=[person[0]])


def test_a_person_is_as_tall_in_the_picture_as_in_the_world(person: tuple[Path, Path]) -> None:
    shot = a_shot()
    guest = avatar(*person).mesh((0, 0, 0), 0.0, 1.8, WHITE)
    scene = Both(shot.scene, Scene([guest]))
    light = RoomLight(glow=Glow(np.random.default_rng(0), scene, SIZE), ambient=WHITE, lamps=[])
    frame = rendered(scene, shot.camera, SIZE, light, share_from=len(shot.scene.meshes))
    rows = np.flatnonzero((frame.share > 0.5).any(1))
    top = shot.camera.seen_at(np.array((0, 1.8, 0), np.float32), SIZE)
    foot = shot.camera.seen_at(np.array((0, 0, 0), np.float32), SIZE)
    assert rows.min() == pytest.approx(top[0], abs=1.5)
    assert rows.max() + 1 == pytest.approx(foot[0], abs=1.5)
    middle = frame.depth_m[(rows.min() + rows.max()) // 2, SIZE[1] // 2]
    assert middle == pytest.approx(3.8 * np.cos(0.1), abs=0.1)


def test_a_visit_changes_the_frame_and_leaves_the_plate(person: tuple[Path, Path]) -> None:
    shot, library = a_shot(), library_of(person)
    drawings = [visited(np.random.default_rng(seed), shot, library) for seed in range(4)]
    found = [drawing for drawing in drawings if drawing is not None]
    assert found
    for drawing in found:
        assert drawing.frame is not None
        assert drawing.frame_depth_m is not None
        assert drawing.alpha is not None
        inside, away = drawing.alpha == 1, drawing.alpha == 0
        assert (drawing.frame_depth_m[inside] < drawing.plate_depth_m[inside]).all()
        same = np.abs(drawing.frame_depth_m - drawing.plate_depth_m)[away]
        assert np.median(same) == 0
        changed = np.abs(drawing.frame.astype(int) - drawing.plate)[away].max(-1)
        assert np.median(changed) <= 1, "far from the guest nothing changes"
        assert changed.max() > 5, "its shadow lies on the floor"
        assert drawing.notes is not None
        assert set(drawing.notes["foreground"]) == {"avatar"}
        assert len(drawing.notes["people"]) == len(drawing.notes["foreground"])


def test_someone_close_is_near_the_camera_and_cut_off_by_the_picture(
    person: tuple[Path, Path],
) -> None:
    shot, library = a_shot(), library_of(person)
    drawings = [
        visited(np.random.default_rng(seed), shot, library, close=True) for seed in range(6)
    ]
    found = [drawing for drawing in drawings if drawing is not None]
    assert len(found) >= 3
    for drawing in found:
        assert drawing.frame_depth_m is not None
        assert drawing.alpha is not None
        assert drawing.alpha[-1].max() == 1, "the lower border cuts the person"
        assert drawing.frame_depth_m[drawing.alpha == 1].min() < 1.9


def test_nobody_is_close_where_a_wall_is(person: tuple[Path, Path]) -> None:
    """The camera looks at a wall that is a quarter of a metre away: no head fits in between."""
    shot = replace(a_shot(), camera=Camera(at=(0, 1.5, -3.75), fov=1.2))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        assert visited(rng, shot, library_of(person), close=True) is None


def test_things_left_in_a_room_are_foreground(person: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "crate.obj").write_text(
        "".join(f"v {x} {y} {z}\n" for z in (0, 1) for y in (0, 1) for x in (0, 1))
        + "f 1 2 4 3\nf 5 6 8 7\nf 1 2 6 5\nf 3 4 8 7\nf 1 3 7 5\nf 2 4 8 6\n"
    )
    turned = (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0)
    crate = Model(
        path=tmp_path / "crate.obj", size_m=(0.8, 0.7, 0.6), elevation_m=0, rotation=turned
    )
    library = replace(library_of(person), furniture=[crate])
    drawings = [
        visited(np.random.default_rng(seed), a_shot(), library, things=1.0) for seed in range(4)
    ]
    found = [drawing for drawing in drawings if drawing is not None]
    assert found
    for drawing in found:
        assert drawing.alpha is not None
        assert drawing.notes is not None
        assert set(drawing.notes["foreground"]) == {"crate"}
        assert (drawing.alpha == 1).any()


def test_an_avatar_that_is_cut_off_does_not_stand(person: tuple[Path, Path]) -> None:
    path, depth_path = person
    assert stands(path, depth_path)
    cut = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:70]
    cv2.imwrite(str(path), cut)
    assert not stands(path, depth_path)


def test_a_spot_is_free_and_level() -> None:
    rng = np.random.default_rng(0)
    room = box((0, 1.5, 0), (4, 1.5, 4), yaw=0, texture=paint(rng, light=True))
    table = box((1, 0.7, 0), (0.6, 0.05, 0.6), yaw=0, texture=paint(rng, light=True))
    scene = Scene([room, table])
    spot = spot_at(scene, -2, 0, radius=0.3, height=1.8, from_m=1)
    assert spot is not None
    assert spot.ground_m == pytest.approx(0, abs=1e-4)
    assert spot_at(scene, 1.0, 0.5, radius=0.3, height=1.8, from_m=1) is None, "half on the table"
    assert spot_at(scene, 1.0, 0.0, radius=0.3, height=1.8, from_m=0.5) is None, "under the table"
    assert spot_at(scene, -3.9, 0, radius=0.3, height=1.8, from_m=1) is None, "in the wall"


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from train.__main__ import app

    asked = ["worlds", "castles", str(tmp_path), "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 2
    assert "visited" in result.output
    assert not (tmp_path / "out").exists()


def test_who_walks_is_noted_with_height_and_where_feet_and_head_are(
    person: tuple[Path, Path],
) -> None:
    drawings = list(walked(np.random.default_rng(2), a_shot(), library_of(person), 6))
    assert len(drawings) >= 3
    assert all(np.array_equal(one.plate, drawings[0].plate) for one in drawings)
    heights = set()
    for drawing in drawings:
        assert drawing.notes is not None
        assert drawing.frame_depth_m is not None
        for told in drawing.notes["people"]:
            heights.add(told["height_m"])
            assert 1.45 <= told["height_m"] <= 2
            row = (told["feet_px"][0] + told["head_px"][0]) / 2
            column = (told["feet_px"][1] + told["head_px"][1]) / 2
            if 0 < row < SIZE[0] and 0 < column < SIZE[1] and len(drawing.notes["people"]) == 1:
                seen_m = drawing.frame_depth_m[int(row), int(column)]
                assert seen_m == pytest.approx(told["depth_m"], rel=0.1)
    assert len(heights) > 2


def test_a_visit_by_nobody_is_refused(person: tuple[Path, Path]) -> None:
    library = library_of(person)
    assert drawing_of("visited", library) is not None
    person[1].unlink()  # no depth: it cannot be set into a world
    with pytest.raises(FileNotFoundError, match="--furniture"):
        drawing_of("visited", replace(library, foregrounds=[person[0], person[0]]))


def test_a_raised_hand_is_no_head(person: tuple[Path, Path]) -> None:
    path, depth_path = person
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    picture[:20] = 0
    picture[:20, 30:33] = 255
    cv2.imwrite(str(path), picture)
    assert not stands(path, depth_path), "the height would be that of a hand"


def test_nobody_stands_on_a_table(person: tuple[Path, Path]) -> None:
    shot = a_shot()
    skin = paint(np.random.default_rng(0), light=True)
    table = box((0, 0.7, 0), (2, 0.05, 2), yaw=0, texture=skin)
    scene = Scene([*shot.scene.meshes, table])
    tabled = replace(shot, scene=scene)
    for drawing in walked(np.random.default_rng(1), tabled, library_of(person), 8):
        assert drawing.notes is not None
        for told in drawing.notes["people"]:
            feet = Camera.seen_at(shot.camera, np.array((0, 0.75, 0), np.float32), SIZE)
            assert told["feet_px"][0] != pytest.approx(feet[0], abs=0.5)
            assert abs(told["depth_m"] - feet[2]) > 1.5, "before or behind the table, not on it"
