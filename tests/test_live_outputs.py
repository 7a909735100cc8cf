"""Outputs of a live run: completed for as long as it takes, reported as they are, never lost."""

from __future__ import annotations

import itertools
import threading
import time
from fractions import Fraction
from pathlib import Path

import cv2
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.errors import SinkError, SinkFailed
from edgeds.live.fps_meter import Meter
from edgeds.live.outputs import Output, Outputs
from edgeds.live.recordings_and_snapshots import LiveFiles
from edgeds.live.run import LiveRun
from edgeds.plate.plate import Plate
from edgeds.sinks import MemorySink
from edgeds.sinks.atomic_files import part_name
from edgeds.sinks.live_recording import RecordingSink
from edgeds.sources import RealTimeSource, SyntheticSource, open_source
from edgeds.types import Maps, Pixels, PlateFeatures

SIZE = (90, 160)
SCENE = SyntheticSource(size=SIZE, frame_count=60)


class SlowToEnd(MemorySink):
    """A disk that takes its time with the last bytes."""

    def close(self) -> None:
        time.sleep(0.6)
        super().close()


class SlowRecording(RecordingSink):
    def close(self) -> None:
        time.sleep(0.6)
        super().close()

    def __exit__(self, *_: object) -> None:
        self.close()


def test_a_file_is_waited_for_and_the_wait_is_reported() -> None:
    events: list[str] = []
    file = SlowToEnd()
    with Outputs(events.append, close_secs=0.1) as outputs:
        outputs.add(Output("video", file))
        outputs.offer(next(iter(SCENE)))
    assert file.closed
    assert len(file.frames) == 1
    assert any("still being completed" in event for event in events)
    assert outputs.statuses()[0].message == ""


def test_the_figures_of_an_output_that_ended_are_those_of_all_its_frames() -> None:
    with Outputs(lambda _: None) as outputs:
        output = Output("video", MemorySink(), max_waiting=3)
        output.meter = Meter(window_secs=0.1)
        outputs.add(output)
        for frame in itertools.islice(SCENE, 3):
            outputs.offer(frame)
            time.sleep(0.05)
        time.sleep(0.1)
    (ended,) = outputs.statuses()
    assert ended.frames == 3
    assert 0 < ended.fps < 25  # two gaps of at least .05 s


def test_latencies_of_more_than_ten_seconds_are_measured() -> None:
    meter = Meter()
    for _ in range(10):
        meter.add(time.monotonic() - 42.2)
    assert meter.whole().latency_p95_ms == pytest.approx(42_000, abs=1_000)
    meter.add(time.monotonic() - 0.05)
    meter.add(time.monotonic() - 1e6)
    assert meter.whole().latency_p50_ms == pytest.approx(42_000, abs=1_000)


def test_what_a_killed_run_left_is_named_when_its_recording_begins_again(tmp_path: Path) -> None:
    events: list[str] = []
    path = tmp_path / "door.mp4"
    part_name(path).write_bytes(b"as far as it got")
    with Outputs(events.append) as outputs:
        files = LiveFiles(outputs, record=path, folder=tmp_path, on_event=events.append)
        files.start_recording(SCENE.info)
    (left,) = (event for event in events if "an earlier run was killed" in event)
    assert ".door." in left
    assert len([event for event in events if ".part" in event]) == 1


def test_a_page_that_does_not_end_is_left_behind_and_reported() -> None:
    release = threading.Event()

    class Hangs(MemorySink):
        def close(self) -> None:
            release.wait(30)

    began = time.monotonic()
    with Outputs(lambda _: None, close_secs=0.2) as outputs:
        outputs.add(Output("page", Hangs(), is_file=False))
    assert time.monotonic() - began < 10
    assert "did not end" in outputs.statuses()[0].message
    release.set()


def test_a_recording_that_is_slow_to_complete_is_reported_and_not_lost(tmp_path: Path) -> None:
    events: list[str] = []
    wanted = tmp_path / "out.mp4"
    with Outputs(events.append, close_secs=0.1) as outputs:
        files = LiveFiles(
            outputs,
            record=wanted,
            folder=tmp_path,
            on_event=events.append,
            open_recording=SlowRecording,
        )
        files.start_recording(SCENE.info)
        for frame in itertools.islice(SCENE, 5):
            outputs.offer(frame)
        with pytest.raises(SinkFailed, match="not complete yet"):
            files.stop_recording()
        assert not any(event.startswith("recorded") for event in events)
    assert events[-1] == f"recorded: {wanted}"
    assert len(list(open_source(wanted))) > 0


def test_a_callback_that_raises_ends_the_run_which_raises_it() -> None:
    """Also in the thread of an output, which has nobody to raise it to."""

    def on_event(text: str) -> None:
        raise LookupError(text)

    source = RealTimeSource(lambda: SyntheticSource(size=SIZE, frame_count=9), loop=True)
    run = LiveRun(source, DifferenceEngine(), Plate(SCENE.plate), on_event=on_event)
    whole = MemorySink()
    run.add_output("whole", whole)
    run.add_output("full", MemorySink(capacity=1))
    with pytest.raises(LookupError, match="memory sink is full"):
        run.run(duration_secs=60)
    assert whole.closed


def test_a_recording_of_a_run_that_has_ended_is_refused_without_a_thread(tmp_path: Path) -> None:
    source = RealTimeSource(lambda: SyntheticSource(size=SIZE, frame_count=9))
    run = LiveRun(source, DifferenceEngine(), Plate(SCENE.plate), folder=tmp_path)
    run.run()
    before = threading.active_count()
    with pytest.raises(SinkError, match="cannot start a recording"):
        run.start_recording()
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


def test_snapshots_of_the_same_moment_get_names_of_their_own(tmp_path: Path) -> None:
    files = LiveFiles(
        Outputs(lambda _: None), record=None, folder=tmp_path, on_event=lambda _: None
    )
    frame, paths = next(iter(SCENE)), []
    threads = [
        threading.Thread(target=lambda: paths.append(files.snapshot(frame))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(paths)) == 6
    assert sorted(paths) == sorted(tmp_path.iterdir())
    for path in paths:
        assert (cv2.imread(str(path))[..., ::-1] == frame.pixels).all()


def test_a_cutout_keeps_its_alpha_where_the_file_can(tmp_path: Path) -> None:
    source = RealTimeSource(lambda: SyntheticSource(size=SIZE, frame_count=30), loop=True)
    events: list[str] = []
    run = LiveRun(
        source,
        DifferenceEngine(),
        Plate(SCENE.plate),
        view="cutout",
        record=tmp_path / "out.mp4",
        on_event=events.append,
    )
    run.start_recording()
    assert any("cannot keep alpha" in event for event in events)
    memory = MemorySink()
    run._outputs.add(Output("alpha", memory, keeps_alpha=True))
    run.run(max_frames=5)
    assert {frame.pixels.shape[2] for frame in memory.frames} == {4}
    assert {frame.pixels.shape[2] for frame in open_source(tmp_path / "out.mp4")} == {3}


def test_a_run_returns_when_nothing_reads_or_infers_any_more() -> None:
    """Whoever closes source and engine right after it would close them in use."""

    class Slow(DifferenceEngine):
        busy = closed = False

        def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
            assert not self.closed, "used after close"
            self.busy = True
            time.sleep(2.5)
            self.busy = False
            return super().infer(frame, plate)

    source = RealTimeSource(
        lambda: SyntheticSource(size=SIZE, frame_count=60, rate=Fraction(60)), loop=True
    )
    engine = Slow()
    run = LiveRun(source, engine, Plate(SCENE.plate))
    run.run(duration_secs=0.2)
    assert not engine.busy
    assert not [t.name for t in threading.enumerate() if t.name.startswith("edgeds-handoff")]
