"""A camera's settings with the manners of real drivers: what is used of cv2.VideoCapture."""

from __future__ import annotations

import cv2
import numpy as np

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
