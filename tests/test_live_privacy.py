"""Views that hide the room never show it: not before a plate, not with one that does not fit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.live.run import LiveRun
from edgeds.plate.plate import Plate
from edgeds.plate.settings import CaptureSettings
from edgeds.sinks import MemorySink
from edgeds.sources import RealTimeSource, SyntheticSource, open_source
from edgeds.types import Pixels, Source
from edgeds.views.settings import HIDING_VIEWS, View
from tests.live_waiting import wait_for

SIZE = (90, 160)
ROOM = SyntheticSource(size=SIZE).plate
BACKDROP = np.full((*SIZE, 3), (200, 0, 200), np.uint8)


@contextmanager
def _running(
    open_clip: Callable[[], Source], plate: Plate | None, view: View, **options: object
) -> Iterator[tuple[LiveRun, MemorySink]]:
    sink = MemorySink()
    source = RealTimeSource(open_clip, loop=True)
    run = LiveRun(source, DifferenceEngine(), plate, view=view, **options)  # type: ignore[arg-type]
    run.set_backdrop(BACKDROP)
    run.add_output("memory", sink)
    thread = threading.Thread(target=run.run)
    thread.start()
    try:
        yield run, sink
    finally:
        run.stop()
        thread.join(60)


def _shows(picture: Pixels, room: Pixels) -> float:
    """Share of the picture that looks like the room."""
    rgb = picture[..., :3].astype(int)
    return float((np.abs(rgb - room).max(axis=2) < 12).mean())


def _occupied() -> SyntheticSource:
    """The ball rolls by all the time: every plate is refused."""
    return SyntheticSource(size=SIZE, frame_count=60, rate=Fraction(60))


@pytest.mark.parametrize("view", sorted(HIDING_VIEWS))
def test_the_room_is_hidden_while_a_plate_is_taken_and_refused(view: View, tmp_path: Path) -> None:
    brief = CaptureSettings(countdown_secs=0.3, capture_secs=0.3)
    wanted = tmp_path / "out.mp4"
    with _running(_occupied, None, view, capture=brief, record=wanted, folder=tmp_path) as (
        run,
        sink,
    ):
        run.start_recording()
        wait_for(run, lambda s: s.plate.phase == "refused" and len(sink.frames) > 30)
        snapshot = run.snapshot()
    assert snapshot is not None
    recorded = [frame.pixels for frame in open_source(wanted)]
    shown = cv2.imread(str(snapshot))[..., ::-1]
    for picture in (*(frame.pixels for frame in sink.frames), *recorded, shown):
        assert _shows(picture, ROOM) < 0.05
    words = [frame.pixels for frame in sink.frames]
    assert any((picture.min(axis=2) > 240).any() for picture in words), "no word is said"


def test_a_plate_of_another_view_shows_nothing_of_the_room(data: Path) -> None:
    """All of the room looks like foreground then, and none of the plate is there to be missed."""
    clip = data / "moving_person.mp4"
    room = next(iter(open_source(clip))).pixels
    elsewhere = next(iter(open_source(data / "people_walking.mp4"))).pixels
    foreign = Plate(cv2.resize(elsewhere, room.shape[1::-1]))
    with _running(lambda: open_source(clip), foreign, "replace") as (run, sink):
        wait_for(run, lambda s: s.plate.health is not None and len(sink.frames) > 40)
    for frame in sink.frames:
        assert _shows(frame.pixels, room) < 0.05


@pytest.mark.parametrize("view", ["replace", "cutout", "blur"])
def test_the_room_is_hidden_from_the_frame_on_with_which_the_view_changes(view: View) -> None:
    class Elsewhere(SyntheticSource):
        def _pixels(self, index: int) -> Pixels:
            return np.ascontiguousarray(super()._pixels(index)[::-1, ::-1] // 2 + 100)

    def open_clip() -> SyntheticSource:
        kind = Elsewhere if turned.is_set() else SyntheticSource
        return kind(size=SIZE, empty=120, frame_count=120, rate=Fraction(60))

    turned, room = threading.Event(), Elsewhere(size=SIZE, empty=9).frame(0).pixels
    with _running(open_clip, Plate(ROOM), view) as (run, sink):
        wait_for(run, lambda s: s.plate.fits)
        turned.set()
        wait_for(run, lambda s: not s.plate.fits)
        count = len(sink.frames)
        wait_for(run, lambda s: len(sink.frames) > count + 60)
    assert max(_shows(frame.pixels, room) for frame in sink.frames) < 0.1
