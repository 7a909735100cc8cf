"""What the network is shown: exact alpha, plates that are wrong in honest ways, nothing of val."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from train.samples import camera_errors as camera
from train.samples import shadows_and_lamps as shadow
from train.samples.finishing import Sample
from train.samples.frame_sample import drawn_sample
from train.samples.material import Material, material_from_folder
from train.samples.mix import Mix

SIZE = (64, 96)
EVERY_KIND = {
    "composites": Mix(rooms=0, rooms_with_people=0),
    "rooms": Mix(rooms=1),
    "rooms with people": Mix(rooms=0, rooms_with_people=1),
    "hard ones": Mix(
        rooms=0,
        rooms_with_people=0.3,
        holes=0.6,
        moving=0.5,
        thin=0.5,
        small=0.5,
        enlarged=0.5,
        hints=True,
    ),
}


def drawn(material: Material, number: int, **mix: float) -> Sample:
    return drawn_sample(material, number, SIZE, seed=3, mix=Mix(**mix))


def test_val_material_is_never_loaded_for_training(data: Path) -> None:
    train, val = material_from_folder(data), material_from_folder(data, split="val")
    assert [c.name for c in train.cutouts] == ["valid_a.png"]
    assert [c.name for c in val.cutouts] == ["valid_b.png"]
    assert {r.scene for r in train.rooms} == {"room_1"}
    assert {r.scene for r in val.rooms} == {"room_7"}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_sample_is_a_function_of_its_number(material: Material, kind: str) -> None:
    one, again, other = (
        drawn_sample(material, n, SIZE, seed=1, mix=EVERY_KIND[kind]) for n in (5, 5, 6)
    )
    np.testing.assert_array_equal(one.frame, again.frame)
    np.testing.assert_array_equal(one.plate, again.plate)
    assert (one.frame != other.frame).any()


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_samples_keep_their_shapes_and_ranges(material: Material, kind: str) -> None:
    for number in range(20):
        sample = drawn_sample(material, number, SIZE, seed=1, mix=EVERY_KIND[kind])
        assert sample.frame.shape == sample.plate.shape == (*SIZE, 3)
        assert sample.frame.dtype == sample.plate.dtype == np.uint8
        assert sample.alpha.shape == sample.inverse_depth.shape == SIZE
        assert 0 <= sample.alpha.min() <= sample.alpha.max() <= 1
        assert np.isfinite(sample.inverse_depth).all()
        assert sample.hints.shape == (2, *SIZE)
        if kind.startswith("rooms"):  # guesses are below 0
            assert sample.inverse_depth.min() >= 0


def test_where_alpha_is_0_an_exact_plate_without_new_light_is_the_frame(material: Material) -> None:
    same = 0
    for number in range(40):
        sample = drawn(material, number, rooms=0, rooms_with_people=0, empty=0, exact_plate=1)
        outside = sample.alpha == 0
        same += bool((sample.frame[outside] == sample.plate[outside]).all())
        assert (sample.frame[sample.alpha > 0.5] != sample.plate[sample.alpha > 0.5]).any()
    assert same > 10, "most exact samples have neither noise nor shadow"


def test_empty_samples_have_no_foreground_but_a_wrong_plate(material: Material) -> None:
    samples = [
        drawn(material, n, rooms=0, rooms_with_people=0, empty=1, ghost=0) for n in range(10)
    ]
    assert all(sample.alpha.max() == 0 for sample in samples)
    assert sum(bool((s.frame != s.plate).any()) for s in samples) >= 8


def test_people_set_into_rooms_are_nearer_than_what_they_hide(material: Material) -> None:
    nearer = 0
    for number in range(10):
        sample = drawn(material, number, rooms=0, rooms_with_people=1)
        person, wall = sample.alpha > 0.9, sample.alpha == 0
        if person.any() and wall.any():
            nearer += 1
            low = 1 / 4.2  # the room's farthest wall, behind rounding
            assert sample.inverse_depth[person].min() >= low
    assert nearer >= 5


def test_people_close_to_the_camera_are_nearer_and_larger(material: Material) -> None:
    def people(close: float) -> list[Sample]:
        mixes = {"rooms": 0, "rooms_with_people": 1, "close": close}
        return [drawn(material, number, **mixes) for number in range(12)]

    def nearest(samples: list[Sample]) -> float:
        return float(np.median([s.inverse_depth.max() for s in samples]))

    far, close = people(0), people(1)
    assert nearest(close) > 1.5 * nearest(far)
    assert sum(s.alpha[-1].max() > 0.5 for s in close) >= 6, "cut by the lower border"


@pytest.mark.parametrize("change", [camera.nudged, camera.exposed, camera.sensed])
def test_a_wrong_plate_stays_the_same_scene(change: object) -> None:
    """A little wrong, never another picture."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    picture = np.stack([y / SIZE[0], x / SIZE[1], (x + y) / 200], 2).astype(np.float32)
    for _ in range(30):
        assert callable(change)
        changed = change(picture, rng, strength=1.0)
        assert changed.dtype == np.float32
        assert 0 <= changed.min() <= changed.max() <= 1
        assert np.corrcoef(changed.ravel(), picture.ravel())[0, 1] > 0.8


def test_shadows_only_darken() -> None:
    rng = np.random.default_rng(0)
    alpha = np.zeros(SIZE, np.float32)
    alpha[20:50, 40:55] = 1
    picture = np.full((*SIZE, 3), 0.5, np.float32)
    for mask in (
        shadow.cast_shadow(alpha, rng),
        shadow.contact_shadow(alpha, rng),
        shadow.free_shadow(SIZE, rng),
    ):
        assert 0 <= mask.min() <= mask.max() <= 1
        assert (shadow.darkened(picture, mask, rng) <= picture).all()
