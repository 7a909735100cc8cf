"""Holding a camera's automatics still, on a stand-in with the manners of real drivers."""

from __future__ import annotations

import cv2
import pytest

from edgeds.sources.camera_settings import hold, release, restore
from tests.fake_camera import EXPOSURE, FOCUS, WHITE, Driver


def test_everything_is_held_at_what_the_automatics_found() -> None:
    camera = Driver()
    held = hold(camera)
    assert held.values == {"exposure": 250.0, "white balance": 4600.0, "focus": 30.0}
    assert not held.refused
    assert (camera.values[EXPOSURE], camera.values[WHITE], camera.values[FOCUS]) == (1, 0, 0)
    assert str(held) == "locked: exposure, white balance, focus"


def test_what_the_driver_has_not_is_told_and_the_rest_is_held() -> None:
    held = hold(Driver(refuses=frozenset({FOCUS, cv2.CAP_PROP_FOCUS})))
    assert list(held.values) == ["exposure", "white balance"]
    assert "focus is not: the driver does not let it" in str(held)


def test_a_driver_that_says_yes_and_does_nothing_is_found_out() -> None:
    held = hold(Driver(pretends=frozenset({WHITE})))
    assert "white balance" not in held.values
    assert "white balance" in held.refused


def test_a_camera_that_would_jump_to_a_stale_exposure_stays_automatic() -> None:
    # In automatic it shows 128; its manual value, from last week, would give 26.
    camera = Driver(stale_exposure=50.0)
    held = hold(camera)
    assert "jumps" in held.refused["exposure"]
    assert camera.values[EXPOSURE] == 3.0
    assert camera.read()[1].mean() == 128
    assert "white balance" in held.values


def test_a_camera_that_forgets_its_exposure_when_locked_is_told_it_again() -> None:
    camera = Driver(forgets=True)
    assert hold(camera).values["exposure"] == 250.0
    assert camera.read()[1].mean() == 128


def test_other_backends_take_their_own_switch() -> None:
    camera = Driver(backend="MSMF")
    assert hold(camera).values["exposure"] == 250.0
    assert camera.values[EXPOSURE] == 0.0


def test_the_plates_values_are_given_back_to_the_camera() -> None:
    camera = Driver()
    held = restore(camera, {"exposure": 100.0, "focus": 12.0})
    assert held.values["exposure"] == 100.0
    assert camera.values[cv2.CAP_PROP_EXPOSURE] == 100.0
    assert camera.values[cv2.CAP_PROP_FOCUS] == 12.0


def test_a_value_the_camera_does_not_take_leaves_it_automatic() -> None:
    camera = Driver(pretends=frozenset({cv2.CAP_PROP_FOCUS}))
    held = restore(camera, {"focus": 12.0})
    assert "does not take the value 12" in held.refused["focus"]
    assert camera.values[FOCUS] == 1.0


@pytest.mark.parametrize("backend", ["V4L2", "MSMF"])
def test_release_makes_it_automatic_again(backend: str) -> None:
    camera = Driver(backend=backend)
    before = dict(camera.values)
    hold(camera)
    assert camera.values != before
    release(camera)
    assert camera.values == before
