"""Streets: depth is exact, the sky is far, cameras hang in the open, things have their size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("embreex", reason="drawing worlds needs embreex: pip install edgeds[train]")
pytest.importorskip("trimesh", reason="models need it: pip install edgeds[train]")

import trimesh

from tests.train.bare_library import bare_library
from train.worlds.camera import Camera
from train.worlds.glb import Prop, pieces_of
from train.worlds.kinds import drawing_of
from train.worlds.library import Library
from train.worlds.lighting import Glow
from train.worlds.outdoor_site import Site
from train.worlds.raycast import Scene
from train.worlds.render import rendered
from train.worlds.sky import DayLight, some_weather
from train.worlds.street_layouts import LAYOUTS
from train.worlds.streets import some_site, street_camera
from train.worlds.textures import Cloth, paint
from train.worlds.town import slab

SIZE = (54, 96)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A car of 4 m, a post, a sign; everything else is made of boxes."""
    props = {}
    for name, kind, size in (
        ("car", "vehicle", (4.0, 1.5, 1.8)),
        ("lamp_post", "post", (0.3, 6.0, 1.5)),
        ("stop", "sign", (0.6, 2.0, 0.1)),
    ):
        body = trimesh.creation.box(size)
        body.apply_translation((0, size[1] / 2, 0))
        body.export(tmp_path / f"{name}.glb")
        path = tmp_path / f"{name}.glb"
        props[kind] = [Prop(name=name, kind=kind, path=path, size_m=size)]
    return bare_library(tmp_path, outdoors=dict(props))


def a_site(library: Library, seed: int = 1) -> Site:
    rng = np.random.default_rng(seed)
    weather = some_weather(rng, None)
    return Site(rng=rng, library=library, cloth=Cloth(), weather=weather)


def test_level_ground_has_the_depth_that_geometry_says_and_the_sky_none(library: Library) -> None:
    site = a_site(library)
    camera = Camera(at=(0, 2, 0), pitch=-0.1, fov=1.3, bend=0.05, roll=0.03, yaw=0.4)
    ground = slab((-500, 500), (-500, 500), 0.0, paint(site.rng, light=True))
    scene = Scene([ground])
    glow = Glow(site.rng, scene, SIZE)
    light = DayLight(glow=glow, weather=site.weather, lamps=[])
    depth = rendered(scene, camera, SIZE, light, site.weather).depth_m
    falls = -camera.rays(SIZE)[:, 1].reshape(SIZE)  # metres downwards per metre of depth
    true = np.where(falls > 0.01, 2 / np.maximum(falls, 0.01), 0)
    assert (depth[falls < 0] == 0).all()
    assert (falls < 0).any()
    assert depth[falls > 0.01] == pytest.approx(true[falls > 0.01], rel=1e-4)


def test_a_car_has_its_size_in_the_picture(library: Library) -> None:
    site = a_site(library)
    site.stand(library.outdoors["vehicle"][0], 0, -10, 0.0)
    scene = Scene(site.meshes)
    camera = Camera(at=(0, 0.75, 0), fov=1.2)
    light = DayLight(glow=Glow(site.rng, scene, SIZE), weather=site.weather, lamps=[])
    picture = rendered(scene, camera, SIZE, light, site.weather)
    columns = np.flatnonzero((picture.mesh >= 0).any(0))
    metres_per_px = (10 - 0.9) * camera.pixel(SIZE)  # its near side is 9.1 m away
    assert len(columns) * metres_per_px == pytest.approx(4, abs=2 * metres_per_px)
    assert picture.depth_m[SIZE[0] // 2, SIZE[1] // 2] == pytest.approx(9.1, abs=1e-3)


def test_a_sign_on_the_right_is_seen_on_the_right(library: Library) -> None:
    site = a_site(library)
    site.stand(library.outdoors["sign"][0], 2, -8, 0.0)  # x is to the right of who looks along -z
    scene = Scene(site.meshes)
    hits = scene.cast(np.zeros(3, np.float32), Camera(at=(0, 0, 0)).rays(SIZE))
    columns = np.flatnonzero((hits.mesh >= 0).reshape(SIZE).any(0))
    assert columns.min() > SIZE[1] / 2


@pytest.mark.parametrize("layout", LAYOUTS)
def test_things_stand_apart_and_on_the_ground(library: Library, layout: str) -> None:
    site = a_site(library, seed=3)
    LAYOUTS[layout][1](site)
    cars = [f for f in site.taken if {round(f.width, 1), round(f.depth, 1)} == {4.0, 1.8}]
    for number, foot in enumerate(cars):
        assert not any(foot.meets(other) for other in cars[number + 1 :])
        assert not any(foot.meets(wall, gap=-0.1) for wall, _ in site.walls)
    assert site.meshes


def test_cameras_hang_in_the_open(library: Library) -> None:
    found = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        site = some_site(rng, library)
        scene = Scene(site.meshes)
        camera = street_camera(rng, scene, site)
        if camera is None:
            continue
        found += 1
        ball = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
        ball /= np.linalg.norm(ball, axis=1, keepdims=True)
        assert scene.distance(camera.origin, ball).min() > 0.09
        assert not site.is_inside(camera.at)
        assert camera.at[1] > site.height_at(camera.at[0], camera.at[2])
    assert found >= 3


def test_streets_come_from_their_seed_alone(library: Library) -> None:
    draw = drawing_of("streets", library, SIZE)
    once, again = ([d.plate for d in draw(np.random.default_rng(5))] for _ in range(2))
    assert once
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.glb"):
        pieces_of(tmp_path / "none.glb")
