"""Locking a camera's automatics (3A), on a stand-in with the manners of real drivers."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import pytest

from edgeds.sources.camera_lock import Locked, lock, unlock
from tests.fake_camera import EXPOSURE, FOCUS, WHITE, Driver


def _lock(camera: Driver, values: Mapping[str, float] | None = None, *, within: int = 60) -> Locked:
    """Lock as the reader does: one picture after the other is sent in."""
    locking = lock(camera, values)
    next(locking)
    for _ in range(within):
        try:
            locking.send(camera.read()[1])
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
    pytest.fail(f"not locked after {within} pictures")


def test_everything_is_locked_at_what_the_automatics_found() -> None:
    camera = Driver()
    locked = _lock(camera)
    assert locked.values == {"exposure": 250.0, "white balance": 4600.0, "focus": 30.0}
    assert not locked.refused
    assert (camera.values[EXPOSURE], camera.values[WHITE], camera.values[FOCUS]) == (1, 0, 0)
    assert str(locked) == "locked: exposure, white balance, focus"


def test_what_the_driver_has_not_is_told_and_the_rest_is_locked() -> None:
    locked = _lock(Driver(refuses=frozenset({FOCUS, cv2.CAP_PROP_FOCUS})))
    assert list(locked.values) == ["exposure", "white balance"]
    assert "focus is not: the driver does not let it" in str(locked)


def test_a_driver_that_says_yes_and_does_nothing_is_found_out() -> None:
    locked = _lock(Driver(pretends=frozenset({WHITE})))
    assert "white balance" not in locked.values
    assert "white balance" in locked.refused


def test_a_camera_that_would_jump_to_a_stale_exposure_stays_automatic() -> None:
    # In automatic it shows 128; its manual value, from last week, would give 26.
    camera = Driver(stale_exposure=50.0)
    locked = _lock(camera)
    assert "jumps" in locked.refused["exposure"]
    assert camera.values[EXPOSURE] == 3.0
    assert camera.read()[1].mean() == 128
    assert "white balance" in locked.values


def test_a_camera_that_forgets_its_exposure_when_locked_is_told_it_again() -> None:
    camera = Driver(forgets=True)
    assert _lock(camera).values["exposure"] == 250.0
    assert camera.read()[1].mean() == 128


def test_other_backends_take_their_own_switch() -> None:
    camera = Driver(backend="MSMF")
    assert _lock(camera).values["exposure"] == 250.0
    assert camera.values[EXPOSURE] == 0.0


def test_the_plates_values_are_given_back_to_the_camera() -> None:
    camera = Driver()
    locked = _lock(camera, {"exposure": 100.0, "focus": 12.0})
    assert locked.values["exposure"] == 100.0
    assert camera.values[cv2.CAP_PROP_EXPOSURE] == 100.0
    assert camera.values[cv2.CAP_PROP_FOCUS] == 12.0


def test_a_value_the_camera_does_not_take_leaves_it_automatic() -> None:
    camera = Driver(pretends=frozenset({cv2.CAP_PROP_FOCUS}))
    locked = _lock(camera, {"focus": 12.0})
    assert "does not take the value 12" in locked.refused["focus"]
    assert camera.values[FOCUS] == 1.0


@pytest.mark.parametrize("backend", ["V4L2", "MSMF"])
def test_unlock_makes_it_automatic_again(backend: str) -> None:
    camera = Driver(backend=backend)
    before = dict(camera.values)
    _lock(camera)
    assert camera.values != before
    unlock(camera)
    assert camera.values == before


def test_a_lock_takes_few_pictures() -> None:
    # At 5 fps twenty pictures are four seconds: the source would count as stalled meanwhile.
    assert _lock(Driver(), within=8).values


def test_one_control_that_jumps_leaves_the_others_locked() -> None:
    locked = _lock(Driver(stale_exposure=50.0), within=50)
    assert list(locked.values) == ["white balance", "focus"]
    assert list(locked.refused) == ["exposure"]
