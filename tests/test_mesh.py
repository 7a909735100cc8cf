"""Frames in three dimensions, read back by trimesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeds.errors import SinkError
from edgeds.sinks.mesh import check_mesh_target, mesh_to_file
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
    mesh_to_file(mesh_of(scene(), FOCAL, lambda depth: 1 / depth), path)
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
    mesh = mesh_of(Scene((wall,), 0.25, 0.5), FOCAL, lambda d: 1 / d)
    assert len(mesh.triangles) == 2 * 29 * 38
    assert np.ptp(mesh.points[mesh.triangles][..., 2], axis=1).max() == 0


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="suffix"):
        check_mesh_target(tmp_path / "m.obj")
