"""The sinks of a live run: the window, the virtual camera, the recording."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeds.errors import SinkError, SinkFailed
from edgeds.live.control import LiveStatus
from edgeds.live.window import WindowSink, check_display, prompt
from edgeds.plate.status import PlateStatus
from edgeds.sinks.live_recording import RecordingSink, free_path, letterboxed
from edgeds.sources import SyntheticSource, open_source
from edgeds.types import Frame, StreamInfo

INFO = StreamInfo(name="camera 0", size=(90, 160), rate=Fraction(30), time_base=Fraction(1, 1000))
FRAME = next(iter(SyntheticSource(size=(90, 160))))


@pytest.fixture
def pygame(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    return pytest.importorskip("pygame", reason="the extra `window` is not installed")


@pytest.fixture
def window(pygame: Any) -> Iterator[WindowSink]:
    with WindowSink("edgeds", (90, 160)) as sink:
        yield sink


def _screen(pygame: Any) -> Any:
    return pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)


def test_the_window_shows_the_picture_as_it_is(pygame: Any, window: WindowSink) -> None:
    window.write(FRAME)
    assert np.array_equal(_screen(pygame), FRAME.pixels)


def test_another_view_is_fitted_into_the_window_and_so_is_another_window(
    pygame: Any, window: WindowSink
) -> None:
    white = np.full((90, 320, 3), 255, np.uint8)
    window.write(Frame(white))
    screen = _screen(pygame)
    assert screen.shape == (90, 160, 3)
    assert (screen[45] == 255).all()
    assert (screen[:20] == 0).all()


def test_what_is_told_is_written_onto_the_window_but_not_into_the_frame(
    pygame: Any, window: WindowSink
) -> None:
    pixels = FRAME.pixels.copy()
    window.write(FRAME)
    window.show_status(
        LiveStatus(source="camera 0", engine="e", size=(90, 160), recording="out.mp4")
    )
    assert not np.array_equal(_screen(pygame), FRAME.pixels)
    assert np.array_equal(pixels, FRAME.pixels)


def test_a_new_plate_is_shown_in_a_corner(pygame: Any) -> None:
    with WindowSink("edgeds", (360, 640)) as window:
        window.write(FRAME)
        before = _screen(pygame).copy()
        window.show_plate(np.full((90, 160, 3), (250, 10, 10), np.uint8))
        changed = (_screen(pygame) != before).any(axis=2)
        red = (_screen(pygame) == (250, 10, 10)).all(axis=2)
    assert red[60:140, 480:600].mean() > 0.8
    assert not changed[:, :400].any()


def _told(pygame: Any, window: WindowSink, **status: Any) -> Any:
    """The window's pixels once it was told."""
    window.write(FRAME)
    window.show_status(LiveStatus(source="camera 0", engine="e", size=(90, 160), **status))
    return _screen(pygame)


def test_the_count_down_is_large_enough_for_who_walks_away(pygame: Any) -> None:
    def middle(**plate: Any) -> Any:
        """The rows around the window's middle, clear of the lines above and below."""
        with WindowSink("edgeds", (360, 640)) as window:
            return _told(pygame, window, plate=PlateStatus(**plate))[60:300, 280:360].copy()

    without = middle()
    rows = np.flatnonzero((middle(phase="counting", secs_left=2.4) != without).any(axis=(1, 2)))
    assert np.ptp(rows) > 0.2 * 360
    assert (
        middle(phase="counting", secs_left=1.4) != middle(phase="counting", secs_left=2.4)
    ).any()
    assert (middle(phase="capturing") == without).all()


def test_a_long_reason_is_written_in_lines_that_fit(pygame: Any) -> None:
    refused = PlateStatus(phase="refused", verdict="something moves at the left: " * 4 + "leave it")
    with WindowSink("edgeds", (360, 640)) as window:
        black = Frame(np.zeros((360, 640, 3), np.uint8), 0, 0, INFO.time_base)
        window.write(black)
        window.show_status(LiveStatus(source="c", engine="e", size=(360, 640), plate=refused))
        written = _screen(pygame)[180:].any(axis=2)
    rows, columns = written.any(axis=1).nonzero()[0], written.any(axis=0).nonzero()[0]
    assert columns.max() < 640 - 5
    assert 360 - rows.min() > 2 * 20  # more than one line, all of them within the window
    assert rows.max() < 360 - 5


def test_the_plates_health_is_on_the_window(pygame: Any) -> None:
    def line(health: float | None) -> Any:
        with WindowSink("edgeds", (360, 640)) as window:
            return _told(pygame, window, plate=PlateStatus(phase="ready", health=health)).copy()

    assert (line(0.4) != line(None)).any()
    assert (line(0.4) != line(0.9)).any()


def test_typed_keys_come_once_escape_is_q_and_closing_is_told(
    pygame: Any, window: WindowSink
) -> None:
    window.keys()
    for key, letter in ((pygame.K_v, "v"), (pygame.K_ESCAPE, "\x1b"), (pygame.K_LSHIFT, "")):
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, unicode=letter))
    assert window.keys() == "vq"
    assert window.keys() == ""
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert window.keys() is None


def test_a_window_can_be_closed_twice_and_opened_again(pygame: Any) -> None:
    for _ in range(2):
        sink = WindowSink("edgeds", (90, 160))
        sink.write(FRAME)
        sink.close()
        sink.close()


def test_without_a_display_no_window_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(SinkError, match="no display"):
        WindowSink("edgeds", (90, 160))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    check_display()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="they always have a display")
def test_a_display_that_does_not_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pygame", reason="the extra `window` is not installed")
    for name in ("WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":4711")  # as ssh, tmux and reboots leave it behind
    with pytest.raises(SinkError, match="cannot open a window"):
        WindowSink("edgeds", (90, 160))


def test_the_prompt_tells_the_most_urgent_thing() -> None:
    def told(plate: PlateStatus = PlateStatus(), **rest: Any) -> str:  # noqa: B008
        return prompt(LiveStatus(source="c", engine="e", size=(1, 1), plate=plate, **rest))

    assert told() == ""
    assert "in 3 s" in told(PlateStatus(phase="counting", secs_left=2.2))
    assert "in 1 s" in told(PlateStatus(phase="counting", secs_left=0.0))
    assert "keep out" in told(PlateStatus(phase="capturing"))
    assert "too dark" in told(PlateStatus(phase="refused", verdict="too dark"))
    assert told(PlateStatus(phase="ready", prompt="press b")) == "press b"
    away = told(PlateStatus(prompt="x"), source_state="stalled", source_message="gone")
    assert away == "gone"


class _FakeBackend:
    """A driver, registered with the real pyvirtualcam."""

    sent: list[np.ndarray[Any, Any]] = []  # noqa: RUF012
    broken = False

    def __init__(self, width: int, height: int, fps: float, fourcc: int, device: Any) -> None:
        if device in ("busy", "/dev/video10"):
            raise RuntimeError(f"'{device}' is used by another program")
        self._fourcc = fourcc

    def close(self) -> None:
        _FakeBackend.sent.append(np.empty(0))

    def send(self, frame: Any) -> None:
        if _FakeBackend.broken:
            raise RuntimeError("the device is gone")
        _FakeBackend.sent.append(frame.copy())

    def device(self) -> str:
        return "/dev/video63"

    def native_fourcc(self) -> int:
        return self._fourcc


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> type[_FakeBackend]:
    camera = pytest.importorskip(
        "pyvirtualcam.camera", reason="the extra `virtual-camera` is not installed"
    )
    monkeypatch.setattr(camera, "BACKENDS", {"fake": _FakeBackend})
    monkeypatch.setattr(_FakeBackend, "sent", [])
    monkeypatch.setattr(_FakeBackend, "broken", False)
    return _FakeBackend


def test_the_virtual_camera_gets_every_view_in_its_own_size(driver: type[_FakeBackend]) -> None:
    from edgeds.sinks.virtual_camera import VirtualCameraSink

    with VirtualCameraSink(INFO) as sink:
        assert sink.location == "/dev/video63"
        sink.write(FRAME)
        sink.write(Frame(np.full((90, 320, 3), 255, np.uint8)))
    first, second, closed = driver.sent
    assert np.array_equal(first.reshape(90, 160, 3), FRAME.pixels)
    assert second.size == 90 * 160 * 3
    assert closed.size == 0


def test_a_virtual_camera_that_is_not_to_be_had_tells_how_to_get_one(
    driver: type[_FakeBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgeds.sinks.virtual_camera import VirtualCameraSink

    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(SinkError, match="used by another program") as caught:
        VirtualCameraSink(INFO, "busy")
    assert "modprobe v4l2loopback devices=1" in caught.value.fix
    with pytest.raises(SinkError) as caught:
        VirtualCameraSink(INFO, "/dev/video10")
    assert "modprobe v4l2loopback video_nr=10" in caught.value.fix


def test_a_virtual_camera_that_breaks_is_a_sink_that_failed(driver: type[_FakeBackend]) -> None:
    from edgeds.sinks.virtual_camera import VirtualCameraSink

    with VirtualCameraSink(INFO) as sink:
        driver.broken = True
        with pytest.raises(SinkFailed, match="device is gone"):
            sink.write(FRAME)


def test_a_recording_begins_at_zero_and_keeps_pauses(tmp_path: Path) -> None:
    times = [5000, 5033, 5034, 9000, 9000, 8000, 9100]
    with RecordingSink(tmp_path / "out.mp4", INFO) as sink:
        for index, pts in enumerate(times):
            sink.write(Frame(FRAME.pixels, index, pts, Fraction(1, 1000)))
    # A clock that stands still or runs back goes on by a tick.
    wanted = [0, 0.033, 0.034, 4.0, 4.001, 4.002, 4.1]
    got = [frame.pts_secs for frame in open_source(tmp_path / "out.mp4")]
    assert got == pytest.approx(wanted, abs=1e-3)


def test_letterboxed_shows_all_of_a_picture_in_any_size() -> None:
    white = np.full((50, 100, 3), 255, np.uint8)
    assert letterboxed(white, (50, 100)) is white
    assert letterboxed(white[:2], (10, 4)).shape == (10, 4, 3)  # not a row would be left of it
    for size in ((100, 100), (10, 77), (333, 31)):
        fitted = letterboxed(white, size)
        assert fitted.shape == (*size, 3)
        share = min(size[0] / 50, size[1] / 100) ** 2 * 5000 / (size[0] * size[1])
        assert (fitted[..., 0] > 127).mean() == pytest.approx(share, abs=0.1)


def test_a_free_path_overwrites_nothing(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        path = free_path(tmp_path / "out.mp4")
        path.touch()
        names.append(path.name)
    assert names == ["out.mp4", "out-2.mp4", "out-3.mp4"]
