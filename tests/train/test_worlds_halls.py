"""Shops, warehouses, offices, corridors, garages and lobbies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("embreex", reason="drawing worlds needs embreex: pip install edgeds[train]")
pytest.importorskip("trimesh", reason="models need it: pip install edgeds[train]")

from tests.train.bare_library import bare_library
from train.worlds.floor_plan import Foot, Plan
from train.worlds.halls import hall_shots
from train.worlds.library import Library
from train.worlds.raycast import Scene
from train.worlds.rows import desk, goods_shelf, rack, stack, steps
from train.worlds.shot import developed
from train.worlds.textures import Cloth, paint
from train.worlds.workplaces import WORKPLACES, Hall
from train.worlds.write_set import Drawing

SIZE = (36, 64)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """No models at all: halls are then made of boxes."""
    return bare_library(tmp_path)


def test_halls_are_closed_and_the_same_for_the_same_seed(library: Library) -> None:
    ball = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    found = 0
    for seed in range(4):
        for shot in hall_shots(np.random.default_rng(seed), library, SIZE):
            assert (shot.scene.cast(shot.camera.origin, ball).mesh >= 0).all()
            found += 1
    assert found
    one, two = (_first(library) for _ in range(2))
    assert np.array_equal(one.plate, two.plate)
    assert np.array_equal(one.plate_depth_m, two.plate_depth_m)


def _first(library: Library) -> Drawing:
    shot = next(iter(hall_shots(np.random.default_rng(2), library, SIZE)))
    return developed(np.random.default_rng(1), shot)


@pytest.mark.parametrize("kind", list(WORKPLACES))
def test_what_fills_a_hall_stays_within_its_walls(kind: str, library: Library) -> None:
    _, least, most, fill = WORKPLACES[kind]
    for seed in range(2):
        rng = np.random.default_rng(seed)
        wide, high, long = (float(x) for x in rng.uniform(least, most))
        hall = Hall(rng, Plan(wide, long), high, Cloth(), library)
        fill(hall)
        for mesh in hall.meshes:
            low, top = mesh.corners.min((0, 1)), mesh.corners.max((0, 1))
            assert low[1] > -0.01
            assert top[1] < high + 0.2
            assert max(-low[0], top[0]) < wide / 2 + 0.2
            assert max(-low[2], top[2]) < long / 2 + 0.2


def test_rows_stand_in_their_foot_and_on_the_floor() -> None:
    rng, foot = np.random.default_rng(0), Foot(x=0, z=0, yaw=0, width=3.0, depth=1.0)
    made = {
        "shelf": goods_shelf(rng, foot, 1.8, Cloth(), both=True, full=0.9),
        "rack": rack(rng, foot, 2, Cloth()),
        "desk": desk(rng, foot, Cloth()),
        "steps": steps(rng, foot, 1.2, paint(rng, light=True)),
    }
    for name, meshes in made.items():
        corners = np.concatenate([mesh.corners.reshape(-1, 3) for mesh in meshes])
        assert corners[:, 1].min() == pytest.approx(0, abs=0.02), name
        assert np.abs(corners[:, 0]).max() < 1.6, name
        assert np.abs(corners[:, 2]).max() < 0.65, name


def test_steps_rise_evenly_to_the_landing() -> None:
    rng, foot = np.random.default_rng(5), Foot(x=0, z=0, yaw=0, width=2.0, depth=3.0)
    flight = Scene([next(iter(steps(rng, foot, 1.7, paint(rng, light=True))))])
    z = np.linspace(1.45, -1.45, 200)
    above = np.stack((np.zeros(200), np.full(200, 5.0), z), -1).astype(np.float32)
    down = np.broadcast_to(np.array((0, -1, 0), np.float32), above.shape)
    height = 5 - flight.distance(above, down)
    rises = np.diff(height)
    assert (rises > -1e-3).all(), "upwards along -z"
    assert rises[rises > 0.01] == pytest.approx(0.17, abs=0.01)
    assert height[-1] == pytest.approx(1.7, abs=1e-3)


def test_cartons_fill_the_room_they_get_and_no_more() -> None:
    for seed in range(8):
        cartons = list(stack(np.random.default_rng(seed), (0, 0, 0), (0.5, 1.0, 0.4)))
        top = max(y + half[1] for (_, y, _), half in cartons)
        assert top <= 1.0 + 1e-6
        assert max(abs(x) + half[0] for (x, _, _), half in cartons) < 0.55
