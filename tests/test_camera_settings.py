"""Holding a camera's automatics still, on a stand-in with the manners of real drivers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeds.sources.camera_settings import hold, release, restore

EXPOSURE, WHITE, FOCUS = (
    cv2.CAP_PROP_AUTO_EXPOSURE,
    cv2.CAP_PROP_AUTO_WB,
    cv2.CAP_PROP_AUTOFOCUS,
)


class Driver:
    """A camera as V4L2 shows it: menus, properties that are not there, values that are stale.

    The picture's level follows the exposure: the automatic keeps it at 128.
    """

    def __init__(
        self,
        *,
        backend: str = "V4L2",
        refuses: frozenset[int] = frozenset(),
        pretends: frozenset[int] = frozenset(),
        stale_exposure: float | None = None,
        forgets: bool = False,
    ) -> None:
        self._backend, self._refuses, self._pretends = backend, refuses, pretends
        self._found_exposure, self._forgets = 250.0, forgets
        self.values: dict[int, float] = {
            EXPOSURE: 3.0 if backend == "V4L2" else 1.0,
            cv2.CAP_PROP_EXPOSURE: stale_exposure or 250.0,
            WHITE: 1.0,
            cv2.CAP_PROP_WB_TEMPERATURE: 4600.0,
            FOCUS: 1.0,
            cv2.CAP_PROP_FOCUS: 30.0,
        }

    def getBackendName(self) -> str:  # noqa: N802
        return self._backend

    def get(self, prop: int) -> float:
        return -1.0 if prop in self._refuses else self.values.get(prop, 0.0)

    def set(self, prop: int, value: float) -> bool:
        if prop in self._refuses:
            return False
        if prop == EXPOSURE and self._backend == "V4L2" and value not in (1.0, 3.0):
            return False
        if prop not in self._pretends:
            self.values[prop] = value
        if self._forgets and (prop, value) == (EXPOSURE, 1.0):
            self.values[cv2.CAP_PROP_EXPOSURE] = 50.0
        return True

    def read(self) -> tuple[bool, np.ndarray]:  # type: ignore[type-arg]
        automatic = self.values[EXPOSURE] in (3.0, 0.75) or (
            self._backend != "V4L2" and self.values[EXPOSURE] == 1.0
        )
        exposure = self._found_exposure if automatic else self.values[cv2.CAP_PROP_EXPOSURE]
        level = min(255.0, 128 * exposure / 250)
        return True, np.full((48, 64, 3), level, np.uint8)


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
