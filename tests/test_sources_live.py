"""Cameras and streams that break, fall silent, come back; and clips played as cameras."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from edgeds.errors import EdgedsError, SourceError, SourceFailed
from edgeds.sources import LiveSource, RealTimeSource, SyntheticSource, open_live_source
from edgeds.sources.feed import Grab
from edgeds.sources.reader_thread import Reader
from edgeds.sources.synthetic import SyntheticFeed
from edgeds.sources.timeouts import Reconnect
from edgeds.types import Closing, Size

QUICK = Reconnect(
    stall_secs=0.3, abandon_secs=0.8, open_secs=30, backoff_secs=0.02, max_backoff_secs=0.1
)


class Told(LiveSource):
    """Keeps every state that it was ever in."""

    def __init__(self, open_feed: Callable[[], ScriptedFeed], settings: Reconnect) -> None:
        self.states: list[str] = []
        super().__init__(open_feed, settings)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "state":
            self.states.append(str(value))


class ScriptedFeed(Closing):
    """Gives the pictures it is told to, and then does what it is told to."""

    description, rate = "scripted", None
    camera: FakeCamera | None = None

    def __init__(self, *, size: Size = (8, 12), then: Callable[[], None], count: int = 2) -> None:
        self._size, self._then, self._left = size, then, count
        self.closed = threading.Event()

    def read(self) -> Grab:
        self._left -= 1
        if self._left < 0:
            self._then()
        time.sleep(0.002)
        return Grab(np.zeros((*self._size, 3), np.uint8), time.monotonic())

    def close(self) -> None:
        self.closed.set()


def _breaks() -> None:
    raise SourceFailed("scripted broke off", why="the cable was pulled")


def _goes_on() -> None:
    pass


def _feeds(*feeds: ScriptedFeed | EdgedsError) -> Callable[[], ScriptedFeed]:
    """Opens one after the other; the last one again and again."""
    waiting = iter(feeds)
    last = feeds[-1]

    def open_feed() -> ScriptedFeed:
        feed = next(waiting, last)
        if isinstance(feed, EdgedsError):
            raise feed
        return feed

    return open_feed


def test_a_broken_connection_is_made_anew_and_the_numbering_goes_on() -> None:
    gone = SourceError("cannot open", why="there is no /dev/video0")
    feeds = _feeds(ScriptedFeed(then=_breaks), gone, gone, ScriptedFeed(then=_goes_on))
    states = []
    with LiveSource(feeds, QUICK) as source:
        frames = []
        for frame in itertools.islice(source, 6):
            frames.append(frame)
            states.append((source.state, source.message))
    assert [frame.index for frame in frames] == list(range(6))
    assert all(a.pts < b.pts for a, b in itertools.pairwise(frames))
    assert set(states) == {("running", "")}
    assert source.state == "ended"


def test_people_are_told_what_broke_and_when_it_is_tried_again() -> None:
    gone = SourceError("cannot open camera 0", why="there is no /dev/video0")
    feeds = _feeds(ScriptedFeed(then=_breaks), gone)
    with LiveSource(feeds, QUICK) as source:
        reading = threading.Thread(target=lambda: list(source))
        reading.start()
        _wait_for(lambda: "no /dev/video0" in source.message)
        assert source.state == "reconnecting"
        assert "trying again in" in source.message
    reading.join(60)
    assert not reading.is_alive()


def test_a_break_does_not_take_the_place_of_the_first_picture() -> None:
    feed = ScriptedFeed(then=_breaks, count=1)
    reader = Reader(lambda: feed)
    assert feed.closed.wait(30)
    time.sleep(0.05)  # it has told of the break by now, if it ever would
    assert isinstance(reader.next(timeout_secs=1), Grab)
    assert isinstance(reader.next(timeout_secs=1), SourceFailed)


def test_a_read_that_hangs_is_said_then_left_behind_and_closed_when_it_returns() -> None:
    release = threading.Event()
    hung = ScriptedFeed(then=lambda: release.wait(60) and None)
    feeds = _feeds(hung, ScriptedFeed(then=_goes_on))
    with Told(feeds, QUICK) as source:
        frames = list(itertools.islice(source, 5))
    assert source.states.index("stalled") < source.states.index("reconnecting")
    assert [frame.index for frame in frames] == list(range(5))
    assert not hung.closed.is_set()
    release.set()
    assert hung.closed.wait(60)


def test_the_defaults_tell_of_silence_within_two_seconds() -> None:
    assert Reconnect().stall_secs <= 1.8


def test_leaving_does_not_wait_for_a_hung_read() -> None:
    release = threading.Event()
    source = LiveSource(_feeds(ScriptedFeed(then=lambda: release.wait(60) and None)), QUICK)
    frames = iter(source)
    next(frames)
    began = time.monotonic()
    source.close()
    assert list(frames) == []
    assert time.monotonic() - began < 10
    release.set()


def test_a_source_that_gives_nothing_is_refused_at_the_start() -> None:
    release = threading.Event()
    silent = ScriptedFeed(count=0, then=lambda: release.wait(60) and None)
    with pytest.raises(SourceError, match="gives no picture"):
        LiveSource(_feeds(silent), Reconnect(open_secs=0.2))
    release.set()
    with pytest.raises(SourceError, match="broke off"):
        LiveSource(_feeds(ScriptedFeed(count=0, then=_breaks)), QUICK)


def test_a_camera_that_comes_back_larger_keeps_the_announced_size() -> None:
    feeds = _feeds(ScriptedFeed(then=_breaks), ScriptedFeed(size=(16, 24), then=_goes_on))
    with LiveSource(feeds, QUICK) as source:
        assert {frame.size for frame in itertools.islice(source, 6)} == {(8, 12)}


def test_a_camera_that_comes_back_with_another_view_is_not_taken() -> None:
    turned = ScriptedFeed(size=(12, 8), then=_goes_on, count=9)
    feeds = _feeds(ScriptedFeed(then=_breaks), turned, ScriptedFeed(then=_goes_on))
    with LiveSource(feeds, QUICK) as source:
        assert {frame.size for frame in itertools.islice(source, 6)} == {(8, 12)}
    assert turned.closed.wait(60)


def test_the_first_frame_is_new_however_late_it_is_asked_for() -> None:
    class Counting(SyntheticFeed):
        def read(self) -> Grab:
            grabs.append(super().read())
            return grabs[-1]

    grabs: list[Grab] = []
    with LiveSource(Counting, QUICK) as source:
        _wait_for(lambda: len(grabs) > 10)
        asked_after = len(grabs)
        frame = next(iter(source))
    # The newest one, or the one before it, where its successor was not handed over yet.
    assert (frame.grabbed_secs or 0) >= grabs[asked_after - 2].secs


def test_a_picture_that_is_being_replaced_is_not_missed() -> None:
    reader = Reader(lambda: ScriptedFeed(then=_goes_on))
    assert reader.next(timeout_secs=30) is not None
    put = reader._items.put_nowait

    def put_late(item: Grab | EdgedsError) -> None:
        time.sleep(0.02)
        put(item)

    reader._items.put_nowait = put_late  # type: ignore[method-assign]
    for _ in range(10):
        _wait_for(lambda: not reader._items.empty())
        time.sleep(0.01)  # into the middle of the next exchange
        assert reader.newest() is not None
    reader.leave()
    reader.join(30)


def test_a_clip_plays_at_its_own_speed() -> None:
    clip = SyntheticSource(frame_count=11, rate=Fraction(25))
    with RealTimeSource(lambda: clip) as source:
        frames = list(source)
    assert len(frames) == 11
    # Ten gaps of 40 ms, less the delay of the first frame; unpaced it would take a few ms. A busy
    # machine may play slower.
    assert frames[-1].pts_secs - frames[0].pts_secs > 0.2
    assert source.state == "ended"


def test_a_looped_clip_goes_on_with_rising_times() -> None:
    opened = []

    def open_clip() -> SyntheticSource:
        opened.append(1)
        return SyntheticSource(frame_count=4, rate=Fraction(100))

    with RealTimeSource(open_clip, loop=True) as source:
        frames = list(itertools.islice(source, 11))
    assert [frame.index for frame in frames] == list(range(11))
    assert all(a.pts < b.pts for a, b in itertools.pairwise(frames))
    assert len(opened) == 3


def test_the_uri_says_what_is_opened(make_clip: Callable[..., Path], data: Path) -> None:
    clip = make_clip(frame_count=4, rate=Fraction(100))
    with open_live_source(f"file:{clip}") as source:
        assert len(list(source)) == 4
    with open_live_source(f"file:{clip}?loop") as source:
        assert len(list(itertools.islice(source, 9))) == 9
    odd = clip.rename(clip.with_name("what?loop"))
    with open_live_source(f"file:{odd}") as source:
        assert len(list(source)) == 4


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("file:missing.mp4", "no such file"),
        ("file:missing.mp4?loop", "no such file"),
        ("63", "no /dev/video63"),
        ("/dev/video63", "no /dev/video63"),
        ("nonsense", "not a camera's number"),
        ("rtsp://user:secret@127.0.0.1:9/none", "connection was refused"),
        ("http://127.0.0.1:9/none", "connection was refused"),
    ],
)
def test_what_cannot_be_opened_is_told_with_its_reason(uri: str, why: str) -> None:
    with pytest.raises(SourceError, match=why) as caught:
        open_live_source(uri)
    assert caught.value.fix
    assert "secret" not in str(caught.value)


def test_a_file_that_is_there_needs_no_prefix(make_clip: Callable[..., Path]) -> None:
    with open_live_source(str(make_clip(frame_count=4))) as source:
        assert len(list(source)) == 4


class FakeCamera:
    """A V4L2 camera that keeps the settings it is given, and always shows the same."""

    def __init__(self) -> None:
        self.settings: dict[int, float] = {}

    def get(self, prop: int) -> float:
        return self.settings.get(prop, 3.0)

    def set(self, prop: int, value: float) -> bool:
        self.settings[prop] = value
        return True

    def read(self) -> tuple[bool, np.ndarray]:  # type: ignore[type-arg]
        return True, np.full((16, 16, 3), 100, np.uint8)

    def getBackendName(self) -> str:  # noqa: N802
        return "V4L2"


def test_a_camera_is_locked_unlocked_and_after_a_break_locked_again() -> None:
    cameras = [FakeCamera(), FakeCamera()]
    feeds = [ScriptedFeed(then=_goes_on), ScriptedFeed(then=_goes_on)]
    for feed, camera in zip(feeds, cameras, strict=True):
        feed.camera = camera
    breaking = threading.Event()
    feeds[0]._then = lambda: _breaks() if breaking.is_set() else None
    exposure, auto_exposure = 15, 21
    with LiveSource(_feeds(*feeds), QUICK) as source:
        reading = threading.Thread(target=lambda: list(source))
        reading.start()
        source.lock()
        _wait_for(lambda: source.locked is not None)
        assert cameras[0].settings[auto_exposure] == 1  # V4L2's manual
        source.unlock()
        _wait_for(lambda: source.locked is None)
        assert cameras[0].settings[auto_exposure] == 3
        source.lock({"exposure": 77.0})
        _wait_for(lambda: source.locked is not None)
        assert cameras[0].settings[exposure] == 77
        breaking.set()
        _wait_for(lambda: cameras[1].settings.get(exposure) == 77)
    reading.join(60)
    assert cameras[1].settings[auto_exposure] == 3  # given back


def test_what_cannot_be_locked_is_left_alone() -> None:
    with LiveSource(_feeds(ScriptedFeed(then=_goes_on)), QUICK) as source:
        source.lock()
        assert len(list(itertools.islice(source, 9))) == 9
        assert source.locked is None


class WatchedCamera(FakeCamera):
    """Counts the pictures that somebody else than the feed takes from it."""

    taken = 0

    def read(self) -> tuple[bool, np.ndarray]:  # type: ignore[type-arg]
        self.taken += 1
        return super().read()


def test_a_lock_lets_the_pictures_flow() -> None:
    feed = ScriptedFeed(then=_goes_on, count=1)
    feed.camera = camera = WatchedCamera()
    with LiveSource(_feeds(feed), QUICK) as source:
        source.lock()
        count = 0
        for count, _ in enumerate(source, 1):
            if source.locked is not None or count > 200:
                break
    assert list(source.locked.values if source.locked else {}) == []  # unlocked again at the end
    # It needs eight pictures; the few after that are on their way before it is known.
    assert 8 <= count <= 200
    assert camera.taken == 0, "it looks at the feed's pictures, which go on to the run"


def test_a_lock_that_was_not_finished_is_undone_at_the_end() -> None:
    camera, auto_exposure = FakeCamera(), 21
    feed = ScriptedFeed(then=_goes_on)
    feed.camera = camera
    with LiveSource(_feeds(feed), QUICK) as source:
        source.lock()
        for _ in source:
            if camera.settings.get(auto_exposure) == 1:
                assert source.is_locking
                break
    assert feed.closed.wait(60)
    assert camera.settings[auto_exposure] == 3


def test_a_close_that_meets_a_reconnect_leaves_no_reader() -> None:
    opened: list[int] = []

    def open_feed() -> ScriptedFeed:
        opened.append(1)
        return ScriptedFeed(then=_breaks, count=1)

    source = LiveSource(open_feed, QUICK)
    reading = threading.Thread(target=lambda: list(source))
    with source._changing:  # a close that is under way just as the pause before a retry ends
        reading.start()
        _wait_for(lambda: source.state == "reconnecting")
        time.sleep(10 * QUICK.backoff_secs)
        source._closed.set()
    reading.join(60)
    assert not reading.is_alive()
    assert len(opened) == 1
    source.close()


def test_a_slow_camera_is_not_a_stalled_one() -> None:
    patience = Reconnect(stall_secs=0.12, abandon_secs=5, open_secs=5, backoff_secs=0.01)
    feed = ScriptedFeed(then=lambda: time.sleep(0.3), count=1)
    for _ in range(5):  # a machine that stands still for a second makes any camera stall
        with Told(_feeds(feed), patience) as source:
            frames = iter(source)
            list(itertools.islice(frames, 4))  # it takes three pictures to know how slow it is
            source.states.clear()
            list(itertools.islice(frames, 3))
            if seen := set(source.states) == {"running"}:
                break
    assert seen


def test_a_camera_that_comes_back_larger_is_told_once() -> None:
    events: list[str] = []
    feeds = _feeds(ScriptedFeed(then=_breaks), ScriptedFeed(size=(16, 24), then=_goes_on))
    with LiveSource(feeds, QUICK, on_event=events.append) as source:
        list(itertools.islice(source, 8))
    assert events == ["scripted: its pictures are 24x16 now; they are scaled to 12x8"]


def test_a_callback_that_raises_is_logged_and_the_camera_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def on_event(text: str) -> None:
        raise LookupError(text)

    feeds = _feeds(ScriptedFeed(then=_breaks), ScriptedFeed(size=(16, 24), then=_goes_on))
    with LiveSource(feeds, QUICK, on_event=on_event) as source:
        assert len(list(itertools.islice(source, 8))) == 8
    assert "it was called with: scripted: its pictures are 24x16 now" in caplog.text


def _wait_for(what: Callable[[], object], secs: float = 60) -> None:
    end = time.monotonic() + secs
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _no_reader_is_left() -> Iterator[None]:
    yield
    _wait_for(lambda: not [t for t in threading.enumerate() if t.name == "edgeds-reader"])
