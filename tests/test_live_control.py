"""The commands of a live run for its plate, its backdrop and its blur."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.errors import InputError, PlateError
from edgeds.live.composing import ViewRequest, blur_sigma
from edgeds.live.run import LiveRun
from edgeds.live.view_settings import ViewSettings
from edgeds.plate.plate import Plate
from edgeds.plate.settings import CaptureSettings
from edgeds.sinks import MemorySink
from edgeds.sources import RealTimeSource, SyntheticSource
from edgeds.types import Frame
from edgeds.views.backdrop import open_backdrop
from edgeds.views.settings import STYLE
from tests.live_waiting import wait_for

SIZE = (90, 160)
SCENE = SyntheticSource(size=SIZE).plate


def frame(pts: int = 0) -> Frame:
    return Frame(np.zeros((*SIZE, 3), np.uint8), pts=pts)


@contextmanager
def live(plate: Plate | None, *, countdown_secs: float = 60.0) -> Iterator[LiveRun]:
    source = RealTimeSource(lambda: SyntheticSource(size=SIZE, frame_count=60), loop=True)
    capture = CaptureSettings(countdown_secs=countdown_secs, capture_secs=0.3)
    run = LiveRun(source, DifferenceEngine(), plate, capture=capture)
    run.add_output("memory", MemorySink())
    thread = threading.Thread(target=run.run)
    thread.start()
    try:
        yield run
    finally:
        run.stop()
        thread.join(60)


def test_a_retake_is_cancelled_and_the_former_plate_stays() -> None:
    with live(Plate(SCENE)) as run:
        run.take_plate()
        wait_for(run, lambda status: status.plate.phase == "counting")
        run.cancel_plate()
        status = wait_for(run, lambda status: status.plate.phase == "ready")
        assert status.plates == 1
        assert run.plate() is SCENE


def test_the_first_plate_is_cancelled_and_none_is_taken_until_one_is_asked_for() -> None:
    with live(None) as run:
        wait_for(run, lambda status: status.plate.phase == "counting")
        run.cancel_plate()
        wait_for(run, lambda status: status.plate.phase == "none")
        frames = run.status().delivered
        status = wait_for(run, lambda status: status.delivered > frames + 10)
        assert status.plate.phase == "none"
        assert status.plates == 0
        assert run.plate() is None
        run.take_plate()
        wait_for(run, lambda status: status.plate.phase == "counting")


def test_cancelling_where_no_plate_is_taken_changes_nothing() -> None:
    with live(Plate(SCENE)) as run:
        wait_for(run, lambda status: status.delivered > 3)
        run.cancel_plate()
        frames = run.status().delivered
        status = wait_for(run, lambda status: status.delivered > frames + 5)
        assert status.plate.phase == "ready"
        run.take_plate()  # and a later retake is not cancelled by it
        wait_for(run, lambda status: status.plate.phase == "counting")


def test_a_picture_becomes_the_plate_at_once_and_ends_the_count_down() -> None:
    picture = np.repeat(np.repeat(SCENE, 2, axis=0), 2, axis=1)
    with live(None) as run:
        wait_for(run, lambda status: status.plate.phase == "counting")
        run.set_plate(picture)
        status = wait_for(run, lambda status: status.plates == 1)
        assert status.plate.phase == "ready"
        assert run.plate() is not None
        assert run.plate().shape == (*SIZE, 3)  # type: ignore[union-attr]


def test_a_picture_of_another_shape_is_no_plate() -> None:
    with live(Plate(SCENE)) as run:
        with pytest.raises(PlateError, match="aspect") as refused:
            run.set_plate(np.zeros((90, 90, 3), np.uint8))
        assert "-b" not in refused.value.fix  # the page has no such word
        assert run.plate() is SCENE


def test_the_strength_of_the_blur_is_reported_and_bounded() -> None:
    with live(Plate(SCENE)) as run:
        assert run.status().blur == 0.5
        run.set_blur(7)
        assert run.status().blur == 1
    assert blur_sigma(0.5) == STYLE.blur
    assert 0 < blur_sigma(0) < STYLE.blur < blur_sigma(1)


def test_a_colour_is_a_backdrop_and_its_name() -> None:
    settings = ViewSettings(ViewRequest(), SIZE)
    assert settings.backdrop_name == "#00b140"
    settings.set_backdrop("#102030")
    backdrop = settings.current().backdrop
    assert backdrop is not None
    assert (backdrop(frame()) == (16, 32, 48)).all()
    assert settings.backdrop_name == "#102030"
    settings.set_backdrop("#0b4")  # as on the command line
    assert settings.backdrop_name == "#00bb44"
    settings.set_backdrop(None)
    assert settings.current().backdrop is None
    assert settings.backdrop_name == "#00b140"


@pytest.mark.parametrize(("colour", "name"), [("#0B4", "#00bb44"), ("102030", "#102030")])
def test_a_backdrop_of_the_command_line_has_its_name(colour: str, name: str, data: Path) -> None:
    with open_backdrop(colour, SIZE) as backdrop:
        assert ViewSettings(ViewRequest(backdrop=backdrop), SIZE).backdrop_name == name
    with open_backdrop(str(data / "people_walking.mp4"), SIZE) as backdrop:
        settings = ViewSettings(ViewRequest(backdrop=backdrop), SIZE)
        assert settings.backdrop_name == "people_walking.mp4"


@pytest.mark.skipif(sys.platform != "linux", reason="open files are listed in /proc")
def test_a_video_is_a_backdrop_and_is_closed_when_another_takes_its_place(data: Path) -> None:
    clip = data / "people_walking.mp4"

    def is_open() -> bool:
        files = Path("/proc/self/fd").iterdir()
        return clip in {file.readlink() for file in files if file.is_symlink()}

    with ViewSettings(ViewRequest(), SIZE) as settings:
        settings.set_backdrop(str(clip), name="beach.mp4")
        video = settings.current().backdrop
        assert video is not None
        assert video(frame()).shape == (*SIZE, 3)
        assert settings.backdrop_name == "beach.mp4"
        assert is_open()
        settings.set_backdrop(np.full((4, 4, 3), 9, np.uint8), name="grey.png")
        assert is_open()  # the frame being composed may still use it
        still = settings.current().backdrop
        assert not is_open()
        assert still is not None
        assert (still(frame()) == 9).all()
        settings.set_backdrop(str(clip))
    assert not is_open()


@pytest.mark.parametrize("text", ["", "green", "#12", "/nowhere/a.mp4"])
def test_what_is_no_backdrop_is_refused_and_the_old_one_stays(text: str) -> None:
    settings = ViewSettings(ViewRequest(), SIZE)
    settings.set_backdrop("#102030")
    with pytest.raises(InputError):
        settings.set_backdrop(text)
    assert settings.backdrop_name == "#102030"


@pytest.mark.parametrize("text", ["#zzz", "#12", "#1234567"])
def test_a_wrong_colour_is_called_one(text: str) -> None:
    with pytest.raises(InputError) as caught:
        open_backdrop(text, SIZE)
    assert "six hex digits" in caught.value.why
