"""A live run locks a camera for its plate, and gives its automatics back when it ends."""

from __future__ import annotations

import threading
import time

import numpy as np

from edgeds.engine import DifferenceEngine
from edgeds.live.run import LiveRun
from edgeds.plate.settings import CaptureSettings
from edgeds.sources import LiveSource, SyntheticSource
from edgeds.sources.reconnecting import Grab
from edgeds.types import Closing
from tests.fake_camera import Driver

ROOM = SyntheticSource(size=(90, 160)).plate


class Feed(Closing):
    """An empty room, by a camera whose driver has settings."""

    description, rate = "a camera", None

    def __init__(self, camera: Driver) -> None:
        self.camera = camera
        self._noise = np.random.default_rng(0).normal(0, 2, ROOM.shape)

    def read(self) -> Grab:
        time.sleep(0.01)
        self._noise = np.roll(self._noise, 31)
        return Grab(np.clip(ROOM + self._noise + 0.5, 0, 255).astype(np.uint8), time.monotonic())

    def close(self) -> None:
        pass


def test_the_camera_is_locked_for_the_plate_and_free_when_the_run_has_returned() -> None:
    driver, stop = Driver(), threading.Event()
    before = dict(driver.values)
    seen: list[dict[int, float]] = []

    def watch(event: str) -> None:
        if event.startswith("plate ready"):
            seen.append(dict(driver.values))
            stop.set()

    source = LiveSource(lambda: Feed(driver))
    capture = CaptureSettings(countdown_secs=1.0, capture_secs=0.5)
    run = LiveRun(source, DifferenceEngine(), capture=capture, on_event=watch, stop=stop)
    report = run.run(duration_secs=60)
    assert report.plate.phase == "ready"
    assert seen[0] != before
    assert driver.values == before
