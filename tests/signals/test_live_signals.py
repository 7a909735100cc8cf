"""Signals of a live run: every estimated frame is looked at, and nobody holds the picture up."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.errors import InputError
from edgeds.live.estimating import LiveEstimate
from edgeds.live.live_plate import LivePlate, PlateChoice
from edgeds.live.run import LiveReport, LiveRun
from edgeds.live.signals.delivery.retry_queue import Delivery, Outbox
from edgeds.live.signals.rules.kinds import PlateHealth, Rules, Zone
from edgeds.live.signals.signals import Signals, object_seen
from edgeds.plate.plate import Plate
from edgeds.sinks import MemorySink
from edgeds.sources import RealTimeSource, SyntheticSource
from edgeds.types import Frame

from .messages import Fickle
from .scene import Figure, Scene

SIZE = (90, 160)
ALL = Zone(name="all", points=((0, 0), (1, 0), (1, 1), (0, 1)), enter_secs=0.1)


def _run(consumer: Fickle, delivery: Delivery) -> tuple[Signals, Outbox, MemorySink, LiveReport]:
    outbox = Outbox(consumer, settings=delivery)
    signals = Signals(Rules(zones=(ALL,)), SIZE, source="synthetic", listeners=(outbox,))
    source = RealTimeSource(
        lambda: SyntheticSource(size=SIZE, frame_count=60, rate=Fraction(30)), loop=True
    )
    sink = MemorySink()
    plate = Plate(SyntheticSource(size=SIZE).plate)
    run = LiveRun(source, DifferenceEngine(), plate, signals=signals)
    run.add_output("memory", sink)
    with source, run:
        report = run.run(max_frames=60, duration_secs=90)
    outbox.close()
    return signals, outbox, sink, report


def test_a_live_run_reports_what_it_sees_with_the_time_of_day_and_draws_it() -> None:
    consumer = Fickle()
    signals, outbox, sink, _ = _run(consumer, Delivery(close_secs=60))
    assert signals.seen is not None
    # On a busy machine the last frames of the loop may find nobody yet, or somebody new whom no
    # zone has counted.
    states = [one for one in consumer.taken if isinstance(one, dict)]
    state = [one for one in states if one["zones"]["all"]["count"]][-1]
    assert abs(time.time() - _secs(state["time"])) < 60
    assert state["zones"]["all"]["count"] == len(state["objects"]) >= 1
    numbers = [taken for taken in consumer.taken if isinstance(taken, int)]
    assert numbers[:2] == [1, 2]
    assert outbox.counts.delivered == outbox.counts.produced - outbox.counts.replaced
    # The zone's border: drawn along the first row.
    first = np.asarray(sink.frames[-1].pixels[0, 80])
    assert first[0] > 200
    assert first[2] < 120


def test_a_consumer_that_hangs_does_not_slow_the_picture() -> None:
    consumer = Fickle()
    consumer.open.clear()
    _, outbox, _, report = _run(consumer, Delivery(max_waiting=5, close_secs=0.2))
    assert report.frames == 60, "it waits for nobody"
    assert consumer.taken == []
    assert outbox.counts.lost == outbox.counts.produced - outbox.counts.replaced
    consumer.open.set()


def test_an_object_is_taken_into_the_plate_only_when_told_so() -> None:
    scene = SyntheticSource(size=SIZE, frame_count=60)
    still = scene.frame(30).pixels
    plates: list[Plate] = []
    signals = Signals(Rules(), SIZE, source="drawn")

    def frames() -> Iterator[Frame]:
        end = time.monotonic() + 90
        for n in itertools.count():
            yield Frame(still, n, n, Fraction(1, 10))
            if plates and not signals.seen.objects:
                return
            assert time.monotonic() < end
            time.sleep(0.01)

    with ThreadPoolExecutor(1) as pool:
        source = RealTimeSource(lambda: SyntheticSource(size=SIZE, frame_count=2))
        choice = PlateChoice(given=Plate(scene.plate))
        plate = LivePlate(DifferenceEngine(), source, choice, pool, lambda _: None)
        estimate = LiveEstimate(DifferenceEngine(), plate, pool, signals=signals)
        for item in estimate.each(frames()):
            things = item.seen.objects if item.seen else ()
            if things and not plates and things[0].age_secs > 1:
                assert plate.current is not None
                plates.append(plate.current)
                plate.take_in(things[0].outline)
    assert estimate.plates == 2
    assert plate.current is not None
    changed = np.abs(plate.current.pixels.astype(int) - scene.plate).max(axis=2) > 8
    assert changed[scene.alpha(30) > 0.9].mean() > 0.9, "it is in the plate"
    assert changed[:5].mean() < 0.01, "the rest stays"


def test_an_object_that_is_not_there_cannot_be_taken() -> None:
    with pytest.raises(InputError, match="object 7"):
        object_seen(Signals(Rules(), SIZE, source="x"), 7)


def test_objects_outlast_a_moment_without_maps_and_no_longer() -> None:
    signals = Signals(Rules(), (108, 192), source="drawn")
    counts = []
    for frame, maps in Scene([Figure((60, 90))], secs=4):
        is_blind = frame.index >= 10
        counts.append(len(signals(frame, None if is_blind else maps).objects))
    assert counts[9] == counts[20] == 1
    assert counts[-1] == 0


def test_a_plate_that_is_still_being_taken_is_not_worn() -> None:
    signals = Signals(
        Rules(plate=PlateHealth(name="plate", for_secs=0.0)), SIZE, source="synthetic"
    )
    source = RealTimeSource(
        lambda: SyntheticSource(size=SIZE, frame_count=60, rate=Fraction(30)), loop=True
    )
    with source, LiveRun(source, DifferenceEngine(), signals=signals) as run:
        run.run(max_frames=10, duration_secs=90)
    assert signals.seen is not None
    assert signals.seen.state()["plate_health"] is None
    assert not signals.counts


def _secs(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
