"""Frames in three dimensions, read back by trimesh."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.errors import SinkError, SinkFailed
from edgeds.sinks.mesh import check_mesh_target, mesh_to_file
from edgeds.sources.video import VideoSource
from edgeds.types import FloatMap
from edgeds.views.mesh import mesh_of
from edgeds.views.scene_at_depths import Scene, SceneLayer

trimesh = pytest.importorskip("trimesh", reason="trimesh is not installed")
HEIGHT, WIDTH, FOCAL = 30, 40, 40.0


def scene() -> Scene:
    """A grey wall at 4 m, a red square of 20 x 10 px in its middle at 2 m."""
    wall = SceneLayer(
        np.full((HEIGHT, WIDTH, 3), 128, np.uint8), None, np.full((HEIGHT, WIDTH), 0.25, np.float32)
    )
    alpha: FloatMap = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[5:25, 15:25] = 1
    red = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    red[..., 0] = 255
    person = SceneLayer(red, alpha, np.full((HEIGHT, WIDTH), 0.5, np.float32))
    return Scene((wall, person), 0.25, 0.5)


@pytest.mark.parametrize("suffix", [".ply", ".glb"])
def test_surfaces_are_where_the_depth_says(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    mesh_to_file(mesh_of(scene().layers, FOCAL, lambda depth: 1 / depth), path)
    read = trimesh.load(path, force="mesh", process=False)
    assert sorted(set(np.round(read.vertices[:, 2], 4))) == [-4, -2]
    near = read.vertices[:, 2] > -3
    assert np.ptp(read.vertices[near], axis=0) == pytest.approx((9 / 40 * 2, 19 / 40 * 2, 0))
    assert np.ptp(read.vertices[~near], axis=0) == pytest.approx((39 / 40 * 4, 29 / 40 * 4, 0))
    assert read.face_normals[:, 2].min() > 0.99  # all face the camera
    colours = np.asarray(read.visual.vertex_colors)[:, :3]
    assert np.abs(colours[near] - (255, 0, 0)).max() <= 1
    assert len(read.faces) == 2 * (29 * 39 + 19 * 9)


def test_a_surface_ends_where_depth_jumps() -> None:
    depth = np.full((HEIGHT, WIDTH), 0.25, np.float32)
    depth[:, 20:] = 0.5
    wall = SceneLayer(np.zeros((HEIGHT, WIDTH, 3), np.uint8), None, depth)
    mesh = mesh_of((wall,), FOCAL, lambda d: 1 / d)
    assert len(mesh.triangles) == 2 * 29 * 38
    assert np.ptp(mesh.points[mesh.triangles][..., 2], axis=1).max() == 0


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="suffix"):
        check_mesh_target(tmp_path / "m.obj")


@pytest.mark.parametrize("name", ["m%d%d.ply", "m%s.ply", "%5.glb"])
def test_a_pattern_without_one_number_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match="pattern"):
        check_mesh_target(tmp_path / name)


def test_a_number_in_the_folder_is_refused_unless_the_folder_is_there(tmp_path: Path) -> None:
    path = tmp_path / "m%d" / "x.ply"
    with pytest.raises(SinkError, match="not into the folder's"):
        check_mesh_target(path)
    path.parent.mkdir()
    check_mesh_target(path)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc")
def test_a_folder_that_cannot_be_made_is_found_before_the_clip() -> None:
    with pytest.raises(SinkError, match="/proc"):
        check_mesh_target(Path("/proc/x/%05d.glb"))


def test_a_pattern_never_mixes_its_meshes_with_those_of_an_earlier_run(tmp_path: Path) -> None:
    check_mesh_target(tmp_path / "new" / "m%05d.ply")
    assert not (tmp_path / "new").exists(), "made with the first mesh"
    (tmp_path / "m00007.ply").touch()
    with pytest.raises(SinkError, match=r"m00007\.ply is there already"):
        check_mesh_target(tmp_path / "m%05d.ply")
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="not a folder"):
        check_mesh_target(tmp_path / "file" / "m%05d.ply")


def test_a_pattern_writes_the_plate_once_and_the_foreground_of_each_frame(
    tmp_path: Path, make_clip: Callable[..., Path]
) -> None:
    meshes = ["--mesh", str(tmp_path / "m" / "%03d.glb"), "--at", "0.2"]
    clip = make_clip(frame_count=12)
    done = CliRunner().invoke(
        app, ["video", str(clip), *meshes, "--engine", "difference", "-o", str(tmp_path / "o.mp4")]
    )
    assert done.exit_code == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "m").iterdir())
    assert f"%03d.glb ({len(names)} files" in " ".join(done.output.split())
    assert names[-1] == "plate.glb"
    numbers = [int(name[:3]) for name in names[:-1]]
    assert min(numbers) >= 5
    assert max(numbers) == 11
    plate, person = (
        trimesh.load(tmp_path / "m" / name, force="mesh", process=False)
        for name in ("plate.glb", names[-2])
    )
    assert len(plate.faces) > 2 * len(person.faces) > 0


def test_meshes_and_images_may_share_a_new_folder(
    tmp_path: Path, make_clip: Callable[..., Path]
) -> None:
    folder = tmp_path / "both"
    options = ["--mesh", str(folder / "%03d.ply"), "--engine", "difference", "-o", str(folder)]
    options.append("--json")
    done = CliRunner().invoke(app, ["video", str(make_clip(frame_count=12)), *options])
    assert done.exit_code == 0, done.stderr
    assert {path.suffix for path in folder.iterdir()} == {".png", ".ply"}
    files = len(list(folder.glob("*.ply")))
    assert json.loads(done.stdout)["mesh"] == {"output": str(folder / "%03d.ply"), "files": files}


def test_a_disk_without_room_for_the_mesh_does_not_end_the_video(
    tmp_path: Path, make_clip: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes, **_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("edgeds.sinks.mesh.replace_file", full)
    clip, out = make_clip(frame_count=12), tmp_path / "o.mp4"
    options = ["--mesh", str(tmp_path / "m.ply"), "--engine", "difference", "-o", str(out)]
    done = CliRunner().invoke(app, ["video", str(clip), *options])
    assert isinstance(done.exception, SinkFailed)
    with VideoSource(out) as source:
        assert len(list(source)) == 12
