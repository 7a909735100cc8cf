"""The live run: what it shows, what may be asked of it, and what cannot stop it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer import Exit

from edgeds.cli.live_report import exit_after
from edgeds.engine import DifferenceEngine
from edgeds.errors import SinkError, SinkFailed, SourceFailed
from edgeds.live.control import LiveStatus
from edgeds.live.run import LiveReport, LiveRun
from edgeds.plate.plate import Plate
from edgeds.plate.settings import CaptureSettings
from edgeds.sinks import MemorySink
from edgeds.sources import LiveSource, RealTimeSource, SyntheticSource, open_source
from edgeds.sources.synthetic import SyntheticFeed
from edgeds.sources.timeouts import Reconnect
from edgeds.types import Closing, FloatMap, Frame, Pixels

SIZE = (90, 160)
BRIEF = CaptureSettings(countdown_secs=0.3, capture_secs=0.3)
PLATE = Plate(SyntheticSource(size=SIZE).plate)


def _camera(*, frame_count: int = 60, rate: int = 60, loop: bool = True) -> RealTimeSource:
    return RealTimeSource(
        lambda: SyntheticSource(size=SIZE, frame_count=frame_count, rate=Fraction(rate)), loop=loop
    )


class Running:
    """A live run in a thread of its own, with what it said."""

    def __init__(self, run: LiveRun, events: list[str]) -> None:
        self.live, self.events = run, events
        self.report: LiveReport | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def wait_for(self, what: Callable[[LiveStatus], object], secs: float = 60) -> LiveStatus:
        end = time.monotonic() + secs
        while not what(status := self.live.status()):
            assert time.monotonic() < end, f"it did not happen: {status} {self.events}"
            assert self._thread.is_alive(), f"the run ended: {self.error} {self.events}"
            time.sleep(0.01)
        return status

    def end(self) -> LiveReport:
        self.live.stop()
        self._thread.join(60)
        assert not self._thread.is_alive()
        assert self.error is None, self.error
        assert self.report is not None
        return self.report

    def _run(self) -> None:
        try:
            self.report = self.live.run()
        except BaseException as error:
            self.error = error


@contextmanager
def _running(source=None, plate: Plate | None = PLATE, **options) -> Iterator[Running]:  # type: ignore[no-untyped-def]
    events: list[str] = []
    outputs = options.pop("outputs", {})
    run = LiveRun(source or _camera(), DifferenceEngine(), plate, on_event=events.append, **options)
    for name, sink in outputs.items():
        run.add_output(name, sink)
    running = Running(run, events)
    try:
        yield running
    finally:
        run.stop()
        running._thread.join(60)


class Newest(Closing):
    """A sink that keeps the last picture."""

    location = "the test"
    lost = 0

    def __init__(self) -> None:
        self.frame: Frame | None = None
        self.brightest = -1.0
        self.closed = False

    def write(self, frame: Frame) -> None:
        self.frame = frame
        self.brightest = max(self.brightest, self.mean())

    def close(self) -> None:
        self.closed = True

    def mean(self) -> float:
        return float(self.frame.pixels.mean()) if self.frame is not None else -1.0


def test_a_run_shows_every_kind_of_output_and_its_counts_add_up() -> None:
    one, other = MemorySink(), MemorySink()
    with _running(outputs={"one": one, "other": other}) as running:
        status = running.wait_for(lambda s: s.outputs[1].frames > 10 and s.fps > 0)
        assert status.grabbed - status.delivered - status.dropped in (0, 1)
        assert 0 < status.latency_p50_ms <= status.latency_p95_ms
        assert status.size == SIZE
        report = running.end()
    assert report.grabbed == report.delivered + report.dropped
    assert report.frames <= report.delivered
    assert one.closed
    assert [output.name for output in report.outputs] == ["one", "other"]
    assert len(one.frames) == report.outputs[0].frames
    assert len(one.frames) + report.outputs[0].dropped == report.frames
    assert all(a.index < b.index for a, b in itertools.pairwise(one.frames))
    assert report.first_frame_secs is not None
    assert report.first_frame_secs < report.secs


def test_it_ends_with_its_source() -> None:
    memory = MemorySink()
    with _running(_camera(frame_count=5, loop=False), outputs={"memory": memory}) as running:
        running._thread.join(60)
        report = running.end()
    assert memory.frames[-1].index == 4  # the newest always arrives
    assert report.grabbed == 5


def test_it_ends_after_so_many_frames_or_seconds() -> None:
    report = LiveRun(_camera(), DifferenceEngine(), PLATE).run(max_frames=3)
    assert report.frames == 3
    report = LiveRun(_camera(), DifferenceEngine(), PLATE).run(duration_secs=0.3)
    assert 0.3 <= report.secs < 20


def test_view_and_opacity_change_while_it_runs() -> None:
    newest = Newest()
    with _running(outputs={"newest": newest}) as running:
        running.wait_for(lambda s: newest.frame is not None)
        running.live.set_view("mask")
        running.wait_for(lambda s: s.view == "mask" and _is_grey(newest.frame))
        running.live.set_view("side-by-side")
        running.wait_for(lambda s: newest.frame.size == (90, 320))
        running.live.set_view("replace")
        running.live.set_backdrop(np.full((30, 30, 3), 255, np.uint8))
        running.wait_for(lambda s: newest.mean() > 180)
        running.live.set_backdrop(None)
        running.wait_for(lambda s: newest.mean() < 120)
        running.live.set_view("cutout")  # on grey tiles, since screens have no alpha
        running.wait_for(lambda s: newest.frame.size == SIZE and newest.mean() > 150)
        assert newest.frame.pixels.shape[2] == 3
        running.live.set_opacity(7)
        assert running.live.status().opacity == 1


def _is_grey(frame: Frame | None) -> bool:
    return frame is not None and bool((frame.pixels[..., 0] == frame.pixels[..., 2]).all())


def test_a_recording_keeps_real_times_through_every_view(tmp_path: Path) -> None:
    with _running(folder=tmp_path) as running:
        running.wait_for(lambda s: s.fps > 0)
        running.live.start_recording()
        running.live.start_recording()  # harmless
        for view in ("overlay", "side-by-side", "cutout"):
            running.live.set_view(view)
            before = running.live.status().outputs[0].frames
            running.wait_for(lambda s, n=before: s.outputs[0].frames > n + 3)
        began = running.live.status().recording
        assert 0 < running.live.status().recording_secs < running.live.status().secs
        path = running.live.stop_recording()
        assert str(path) == began
        assert running.live.status().recording is None
        assert running.live.status().recording_secs == 0
        assert running.live.stop_recording() is None
        running.end()
    assert path is not None
    frames = list(open_source(path))
    assert {frame.size for frame in frames} == {SIZE}
    assert frames[0].pts_secs == 0
    gaps = np.diff([frame.pts_secs for frame in frames])
    assert (gaps > 0).all()


def test_a_recording_under_way_is_complete_when_the_run_ends(tmp_path: Path) -> None:
    wanted = tmp_path / "out.mp4"
    with _running(record=wanted) as running:
        for _ in range(2):
            running.live.start_recording()
            running.wait_for(lambda s: s.outputs[-1].frames > 3)
            if not wanted.exists():
                running.live.stop_recording()
        running.end()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out-2.mp4", "out.mp4"]
    assert all(len(list(open_source(path))) > 3 for path in tmp_path.iterdir())


def test_a_recording_that_cannot_be_written_is_an_error_and_the_run_goes_on(tmp_path: Path) -> None:
    with _running(record=tmp_path / "none" / "out.mp4") as running:
        with pytest.raises(SinkError, match="no folder"):
            running.live.start_recording()
        assert running.live.status().recording is None
        shown = running.live.status().grabbed
        running.wait_for(lambda s: s.grabbed > shown + 3)


def test_a_snapshot_is_the_picture_now_shown(tmp_path: Path) -> None:
    run = LiveRun(_camera(), DifferenceEngine(), PLATE, folder=tmp_path)
    assert run.snapshot() is None
    run.close()
    paths: list[Path] = []
    pictures: list[Pixels] = []

    def shows_foreground(_: LiveStatus) -> bool:  # the scene is empty now and then
        if path := running.live.snapshot():
            paths.append(path)
            pictures.append(np.asarray(cv2.imread(str(path)), np.uint8))
        return bool(pictures) and pictures[-1].max() > 0

    with _running(folder=tmp_path, view="mask") as running:
        running.wait_for(shows_foreground)
        assert running.live.snapshot() not in paths
    assert len(set(paths)) == len(paths)
    picture = pictures[-1]
    assert picture.shape == (*SIZE, 3)
    assert (picture[..., 0] == picture[..., 2]).all()
    assert picture.mean() < 255


def test_a_failing_output_ends_alone_and_is_reported() -> None:
    memory, full = MemorySink(), MemorySink(capacity=2)
    with _running(outputs={"full": full, "memory": memory}) as running:
        status = running.wait_for(lambda s: s.outputs[0].ended and s.outputs[1].frames > 20)
        assert "full after 2 frames" in status.outputs[0].message
        assert any("full after 2 frames" in event for event in running.events)
        report = running.end()
    assert full.closed
    assert report.outputs[1].message == ""


def test_a_slow_output_slows_nobody() -> None:
    class Slow(MemorySink):
        def write(self, frame: Frame) -> None:
            done.wait(60)
            super().write(frame)

    memory, done = MemorySink(), threading.Event()
    with _running(outputs={"slow": Slow(), "memory": memory}) as running:
        status = running.wait_for(lambda s: s.outputs[1].frames > 10)
        assert status.outputs[0].frames == 0
        assert status.outputs[0].dropped > 5
        done.set()
        running.wait_for(lambda s: s.outputs[0].frames > 2)


def test_an_output_may_fail_with_anything() -> None:
    class Broken(MemorySink):
        def write(self, frame: Frame) -> None:
            raise ZeroDivisionError("a library's surprise")

    with _running(outputs={"broken": Broken()}) as running:
        running.wait_for(lambda s: s.outputs[0].ended and "surprise" in s.outputs[0].message)
        shown = running.live.status().grabbed
        running.wait_for(lambda s: s.grabbed > shown + 3)


def test_a_source_that_fails_for_good_ends_the_run_with_its_recording_complete(
    tmp_path: Path,
) -> None:
    class Breaks(SyntheticSource):
        def __iter__(self) -> Iterator[Frame]:
            yield from itertools.islice(super().__iter__(), 15)
            raise SourceFailed("the clip broke off", why="it was set to break off")

    run = LiveRun(RealTimeSource(Breaks), DifferenceEngine(), PLATE, record=tmp_path / "out.mp4")
    run.start_recording()
    with pytest.raises(SourceFailed, match="broke off"):
        run.run()
    assert len(list(open_source(tmp_path / "out.mp4"))) > 0


def test_people_are_told_that_the_camera_is_away_and_that_it_is_back() -> None:
    opened, seen = itertools.count(), threading.Event()
    quick = Reconnect(stall_secs=0.3, abandon_secs=1, open_secs=60, backoff_secs=0.1)

    def open_feed() -> SyntheticFeed:
        if next(opened) == 0:
            return SyntheticFeed(size=SIZE, breaks_after=5)
        seen.wait(60)  # it is away until that was seen
        return SyntheticFeed(size=SIZE)

    with _running(LiveSource(open_feed, quick)) as running:
        away = running.wait_for(lambda s: s.source_state == "reconnecting")
        assert "it was set to break off" in away.source_message
        seen.set()
        running.wait_for(lambda s: s.source_state == "running" and s.grabbed > 12)
        report = running.end()
    assert any("broke off" in event for event in running.events)
    assert any(event.endswith("running") for event in running.events)
    assert not report.camera_away
    assert report.grabbed == report.delivered + report.dropped


def test_a_camera_that_is_away_at_the_end_is_in_the_report_and_fails_the_command() -> None:
    with _running(LiveSource(_breaks_for_good(), BACK_SOON)) as running:
        running.wait_for(lambda s: s.source_state == "reconnecting")
        report = running.end()
    assert "it was set to break off" in report.camera_away
    with pytest.raises(Exit) as ended:
        exit_after(report, stopped=False)
    assert ended.value.exit_code == 1


BACK_SOON = Reconnect(stall_secs=0.3, abandon_secs=1, open_secs=60, backoff_secs=0.1)


def _breaks_for_good() -> Callable[[], SyntheticFeed]:
    opened = itertools.count()

    def open_feed() -> SyntheticFeed:
        if next(opened):
            raise SourceFailed("it is off", why="it was set to break off")
        return SyntheticFeed(size=SIZE, breaks_after=5)

    return open_feed


def test_leaving_never_hangs_while_a_camera_hangs() -> None:
    release = threading.Event()

    class Hangs(SyntheticFeed):
        def read(self):  # type: ignore[no-untyped-def]
            if next(reads) > 2:
                release.wait(110)
            return super().read()

    reads = itertools.count()
    began = time.monotonic()
    report = LiveRun(LiveSource(lambda: Hangs(size=SIZE)), DifferenceEngine(), PLATE).run(
        duration_secs=0.5
    )
    assert report.grabbed == report.delivered + report.dropped
    assert time.monotonic() - began < 60  # half of what the camera hangs
    release.set()


def test_without_a_plate_the_overlay_is_the_bare_picture_until_one_is_taken() -> None:
    newest = Newest()
    source = RealTimeSource(lambda: SyntheticSource(size=SIZE, empty=60, frame_count=60), loop=True)
    outputs, slower = {"newest": newest}, replace(BRIEF, countdown_secs=1.5)
    with _running(source, None, outputs=outputs, view="overlay", capture=slower) as running:
        running.wait_for(lambda s: s.plate.phase == "counting" and newest.mean() > 50)
        running.wait_for(lambda s: s.plate.phase == "ready")
        running.live.set_view("mask")
        running.wait_for(lambda s: newest.mean() < 1)
        assert any(event.startswith("plate ready: good") for event in running.events)


def test_a_refused_plate_leaves_the_former_in_use() -> None:
    newest = Newest()
    with _running(outputs={"newest": newest}, view="mask", capture=BRIEF) as running:
        running.wait_for(lambda s: _is_grey(newest.frame))
        running.live.take_plate()  # while the ball rolls by
        refused = running.wait_for(lambda s: s.plate.phase == "refused")
        assert refused.plate.verdict
        running.wait_for(lambda s: s.plate.phase == "ready")
        assert _is_grey(newest.frame)


def test_without_a_plate_a_refusal_is_followed_by_the_next_try() -> None:
    def open_clip() -> SyntheticSource:
        # The ball rolls by until a plate was refused.
        return SyntheticSource(size=SIZE, empty=60 if refused.is_set() else 2, frame_count=60)

    refused = threading.Event()
    with _running(RealTimeSource(open_clip, loop=True), None, capture=BRIEF) as running:
        running.wait_for(lambda s: s.plate.phase == "refused")
        refused.set()
        running.wait_for(lambda s: s.plate.phase == "ready")


def test_the_plate_follows_the_light_and_a_trouble_is_told() -> None:
    class Dimmed(SyntheticSource):
        def _pixels(self, index: int) -> np.ndarray:  # type: ignore[type-arg]
            dimmed = super()._pixels(index) * 0.75
            return dimmed.astype(np.uint8)

    def open_clip() -> SyntheticSource:
        kind = Dimmed if dims.is_set() else SyntheticSource
        return kind(size=SIZE, empty=60, frame_count=60, rate=Fraction(60))

    dims, newest = threading.Event(), Newest()
    source = RealTimeSource(open_clip, loop=True)
    with _running(source, outputs={"newest": newest}, view="mask") as running:
        running.wait_for(lambda s: s.plate.fits and newest.mean() < 1)
        newest.brightest = 0.0
        dims.set()
        running.wait_for(lambda _: newest.brightest > 5)  # the words that it does not fit
        status = running.wait_for(lambda s: s.plate.fits and newest.mean() < 1)
        assert status.plate.health is not None
        assert status.plate.phase == "ready"


class KeyWindow(MemorySink):
    """A window whose keys are pressed by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: list[str | None] = []
        self.told: LiveStatus | None = None
        self.plates: list[Pixels] = []

    def keys(self) -> str | None:
        return self.typed.pop(0) if self.typed else ""

    def show_status(self, status: LiveStatus) -> None:
        self.told = status

    def show_plate(self, pixels: Pixels) -> None:
        self.plates.append(pixels)


def test_the_keys_do_what_they_say(tmp_path: Path) -> None:
    window = KeyWindow()
    with _running(window=window, folder=tmp_path) as running:
        running.wait_for(lambda s: s.fps > 0)
        window.typed.append("v")
        running.wait_for(lambda s: s.view == "mask")
        window.typed.append("s")
        running.wait_for(lambda s: list(tmp_path.glob("*.png")))
        window.typed.append("r")
        running.wait_for(lambda s: s.recording and s.outputs[-1].frames > 3)
        window.typed.append("r")
        running.wait_for(lambda s: s.recording is None)
        window.typed.append("bx")
        running.wait_for(lambda s: s.plate.phase == "counting")
        running.wait_for(lambda s: window.told)
        window.typed.append("q")
        running._thread.join(60)
        report = running.end()
    assert len(list(open_source(next(tmp_path.glob("*.mp4"))))) > 3
    assert window.closed
    assert [plate is PLATE.pixels for plate in window.plates] == [True], "it is shown once"
    assert report.outputs[0].name == "window"
    assert report.outputs[0].frames == len(window.frames)


def test_a_key_that_fails_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    window = KeyWindow()
    with _running(window=window, folder=tmp_path / "none") as running:
        window.typed.append("r")
        running.wait_for(lambda s: any("cannot write" in event for event in running.events))
        shown = running.live.status().grabbed
        running.wait_for(lambda s: s.grabbed > shown + 3)


def test_closing_the_window_ends_the_run_only_when_nothing_else_shows_it() -> None:
    alone = KeyWindow()
    with _running(window=alone) as running:
        alone.typed.append(None)
        running._thread.join(60)
        running.end()
    beside, memory = KeyWindow(), MemorySink()
    with _running(window=beside, outputs={"memory": memory}) as running:
        beside.typed.append(None)
        running.wait_for(lambda s: s.outputs[0].ended)
        shown = len(memory.frames)
        running.wait_for(lambda s: len(memory.frames) > shown + 3)
    assert beside.closed


def test_a_window_that_fails_ends_alone() -> None:
    class Broken(KeyWindow):
        def write(self, frame: Frame) -> None:
            raise SinkFailed("the screen is gone", why="it was unplugged")

    with _running(window=Broken()) as running:
        running.wait_for(lambda s: s.outputs[0].ended)
        assert any("screen is gone" in event for event in running.events)
        shown = running.live.status().grabbed
        running.wait_for(lambda s: s.grabbed > shown + 3)


class Late:
    """A depth network that answers when it is let: the right side is near."""

    size, identity = (64, 128), "late"

    def __init__(self) -> None:
        self.may_answer, self.answers = threading.Event(), 0

    def __call__(self, pixels: Pixels) -> FloatMap:
        assert self.may_answer.wait(60)
        self.answers += 1
        ramp = np.linspace(0.1, 1.0, 128, dtype=np.float32)
        side = ramp if self.answers % 2 else ramp[::-1]  # every other one is asked of the mirror
        return np.ascontiguousarray(np.repeat(side[None], 64, 0))


def test_the_mask_is_shown_at_once_and_the_better_depth_when_it_is_there() -> None:
    network, shown = Late(), Newest()
    with _running(view="depth", depth_network=network, outputs={"one": shown}) as running:
        running.wait_for(lambda s: s.outputs[0].frames > 3)
        assert shown.frame is not None
        assert leans(shown.frame) < 10
        assert not network.may_answer.is_set(), "frames go by while it computes"
        network.may_answer.set()
        running.wait_for(lambda _: shown.frame is not None and leans(shown.frame) > 30)
        running.end()


def leans(frame: Frame) -> float:
    """How much brighter, thus nearer, the right quarter of the lowest rows is than the left one."""
    rows = frame.pixels[-8:].astype(float)
    return float(rows[:, -40:].mean() - rows[:, :40].mean())


class Busy(Late):
    """Fails at its first answer, and counts how many ask at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.asking = self.most_asking = 0
        self.has_failed = False

    def __call__(self, pixels: Pixels) -> FloatMap:
        self.asking += 1
        self.most_asking = max(self.most_asking, self.asking)
        try:
            answer = super().__call__(pixels)
            if not self.has_failed:
                self.has_failed, self.answers = True, 0
                raise RuntimeError("Infer Request is busy")
            return answer
        finally:
            self.asking -= 1


def test_a_depth_that_fails_is_reported_and_the_run_goes_on() -> None:
    network = Busy()
    network.may_answer.set()
    with _running(depth_network=network) as running:
        running.wait_for(lambda _: any("Infer Request is busy" in told for told in running.events))
        shown = running.live.status().delivered
        running.wait_for(lambda s: s.delivered > shown + 10)
        running.end()
    assert sum("could not be estimated" in told for told in running.events) == 1


def test_a_plate_that_comes_while_the_former_ones_depth_is_estimated_waits_for_its_turn() -> None:
    network, shown = Busy(), Newest()
    with _running(view="depth", depth_network=network, outputs={"one": shown}) as running:
        running.wait_for(lambda s: s.outputs[0].frames > 3 and network.asking)
        running.live.set_plate(PLATE.pixels)
        running.wait_for(lambda s: s.plates == 2)
        network.may_answer.set()
        running.wait_for(lambda _: shown.frame is not None and leans(shown.frame) > 30)
        running.end()
    assert network.most_asking == 1
    assert not any("could not be estimated" in told for told in running.events), "nobody wanted it"
