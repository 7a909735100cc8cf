"""The one loop, with the shipped fakes for source, engine and sink."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.engine.in_turn import in_turn
from edgeds.errors import SinkFailed, SourceFailed
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.look_settings import WHOLE
from edgeds.pipeline import Clock, max_waiting_for, run
from edgeds.plate.plate import Plate
from edgeds.sinks import MemorySink
from edgeds.sources import SyntheticSource
from edgeds.sources.interpreter_turn import InterpreterTurn, turn_given_away
from edgeds.sources.settings import HANDOFF
from edgeds.types import Frame, Maps, Pixels, PlateFeatures


def _as_is(frame: Frame, maps: Maps) -> Frame:
    return frame


def _estimator(source: SyntheticSource) -> Estimator:
    return Estimator(DifferenceEngine(size=(45, 80)), Plate(source.plate))


def _no_threads_left() -> bool:
    for _ in range(600):
        if not [t for t in threading.enumerate() if t.name == "edgeds-handoff"]:
            return True
        time.sleep(0.05)
    return False


def test_every_frame_comes_out_once_and_in_order() -> None:
    source = SyntheticSource(frame_count=25)
    sink = MemorySink()
    report = run(source, _estimator(source), _as_is, sink)
    assert [frame.index for frame in sink.frames] == list(range(25))
    assert report.frames == 25


def test_compose_gets_each_frame_with_its_own_maps() -> None:
    source = SyntheticSource(frame_count=12, noise_levels=0)

    def check(frame: Frame, maps: Maps) -> Frame:
        truth = source.alpha(frame.index)
        assert np.abs((maps.alpha > 0.5).astype(float) - (truth > 0.5)).mean() < 0.02
        return frame

    run(source, _estimator(source), check, MemorySink())


def test_frames_are_prepared_once_each_and_not_by_the_thread_that_estimates() -> None:
    source = SyntheticSource(frame_count=9)
    estimate = _estimator(source)
    prepared: dict[int, int] = {}
    estimated: set[int] = set()

    def prepare(frame: Frame) -> None:
        assert frame.index not in prepared
        estimate.prepare(frame)
        prepared[frame.index] = threading.get_ident()

    def ready(frame: Frame) -> Maps:
        assert frame.index in prepared
        estimated.add(threading.get_ident())
        return estimate(frame)

    run(source, ready, _as_is, MemorySink(), prepare=prepare)
    assert len(prepared) == 9
    assert not estimated & set(prepared.values())


@pytest.mark.parametrize(("beside_secs", "together"), [(0.005, False), (0.08, True)])
def test_what_is_shorter_than_the_engine_takes_turns_with_the_work_around_it(
    beside_secs: float, together: bool
) -> None:
    turn, has_turn, is_known = InterpreterTurn(), threading.Event(), threading.Event()
    seen: list[bool] = []

    def with_engine() -> None:
        for _ in range(12):
            with turn.with_engine():
                has_turn.set()
                time.sleep(0.02)  # its own small calls
                has_turn.clear()
                with turn_given_away(), turn_given_away():  # a method may call another one
                    time.sleep(0.04)
            is_known.set()  # how long the engine takes

    thread = threading.Thread(target=with_engine)
    thread.start()
    while thread.is_alive():
        with turn.beside_engine():
            before = has_turn.is_set()
            time.sleep(beside_secs)
            if is_known.is_set():
                seen.append(before or has_turn.is_set())
    thread.join()
    assert any(seen[2:]) == together


def test_while_an_engine_works_the_thread_beside_has_its_turn() -> None:
    works, is_back = threading.Event(), threading.Event()

    class Slow(DifferenceEngine):
        @in_turn
        def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
            works.set()
            time.sleep(0.2)
            return super().infer(frame, plate)

    source, turn, order = SyntheticSource(frame_count=2), InterpreterTurn(), list[str]()
    estimate = Estimator(Slow(size=(45, 80)), Plate(source.plate), looks=WHOLE)

    def beside() -> None:
        for event in (works, is_back):
            event.wait(10)
            with turn.beside_engine():
                order.append("beside")

    first, second = source
    with turn.with_engine():
        estimate(first)
    with turn.beside_engine():
        works.clear()
    thread = threading.Thread(target=beside)
    thread.start()
    with turn.with_engine():
        estimate(second)
        is_back.set()
        time.sleep(0.1)
        order.append("with")
    thread.join()
    assert order == ["beside", "with", "beside"]


def test_a_source_that_breaks_ends_the_run_after_the_frames_before_it() -> None:
    good = SyntheticSource(frame_count=7)

    def breaks() -> Iterator[Frame]:
        yield from good
        raise SourceFailed("cable pulled")

    sink = MemorySink()
    with pytest.raises(SourceFailed, match="cable pulled"):
        run(breaks(), _estimator(good), _as_is, sink)
    assert len(sink.frames) == 7
    assert _no_threads_left()


def test_a_full_sink_ends_the_run_promptly_and_is_the_error_reported() -> None:
    source = SyntheticSource(frame_count=10_000)
    sink = MemorySink(capacity=3)
    with pytest.raises(SinkFailed, match="full after 3"):
        run(source, _estimator(source), _as_is, sink)
    assert len(sink.frames) == 3
    assert _no_threads_left()


@pytest.mark.parametrize("stage", ["estimate", "compose"])
def test_an_error_in_the_middle_is_raised_and_stops_every_thread(stage: str) -> None:
    source = SyntheticSource(frame_count=10_000)
    estimate = _estimator(source)

    def failing_estimate(frame: Frame) -> Maps:
        if stage == "estimate" and frame.index == 5:
            raise ZeroDivisionError("in estimate")
        return estimate(frame)

    def failing_compose(frame: Frame, maps: Maps) -> Frame:
        if stage == "compose" and frame.index == 5:
            raise ZeroDivisionError("in compose")
        return frame

    sink = MemorySink()
    with pytest.raises(ZeroDivisionError, match=f"in {stage}"):
        run(source, failing_estimate, failing_compose, sink)
    assert [frame.index for frame in sink.frames] == [0, 1, 2, 3, 4]
    assert _no_threads_left()


def test_stages_overlap() -> None:
    source = SyntheticSource(frame_count=10)
    maps = Maps(np.zeros(source.info.size, np.float32), np.zeros(source.info.size, np.float32))

    both = threading.Barrier(2, timeout=30)  # breaks if one stage waits for the other

    def estimate(frame: Frame) -> Maps:
        if frame.index > 0:
            both.wait()  # while the frame before it is composed
        return maps

    def compose(frame: Frame, maps: Maps) -> Frame:
        if frame.index < 9:
            both.wait()
        return frame

    assert run(source, estimate, compose, MemorySink()).frames == 10


def test_fps_counts_the_gaps_between_frames_and_not_the_frames() -> None:
    clock = Clock(began_secs=0.0, written_secs=[1.0, 1.5, 2.0])
    assert clock.report().fps == pytest.approx(2.0)  # two gaps in one second, not three frames
    assert clock.report().secs == pytest.approx(2.0)


def test_a_run_of_nothing_reports_nothing() -> None:
    report = run([], lambda _: pytest.fail("no frame to look at"), _as_is, MemorySink())
    assert (report.frames, report.fps) == (0, 0.0)


def test_a_run_that_fails_returns_when_its_slowest_stage_is_done() -> None:
    """Whoever closes source and engine right after it would close them under a stage's hands."""
    source = SyntheticSource(frame_count=10_000)
    maps = Maps(np.zeros(source.info.size, np.float32), np.zeros(source.info.size, np.float32))
    busy = threading.Event()

    def slow_estimate(frame: Frame) -> Maps:
        if frame.index > 1:
            busy.set()
            time.sleep(3)
            busy.clear()
        return maps

    def failing_compose(frame: Frame, maps: Maps) -> Frame:
        busy.wait(60)
        raise ZeroDivisionError("in compose")

    with pytest.raises(ZeroDivisionError, match="in compose"):
        run(source, slow_estimate, failing_compose, MemorySink())
    assert not busy.is_set()
    assert not [t for t in threading.enumerate() if t.name == "edgeds-handoff"]


def test_fewer_frames_wait_where_they_are_large() -> None:
    assert max_waiting_for((720, 1280)) == max_waiting_for((1080, 1920)) == HANDOFF.max_waiting
    assert max_waiting_for((1440, 2560)) == 2
    assert max_waiting_for((2160, 3840)) == max_waiting_for((4320, 7680)) == 0
