"""`edgeds video --rules --events`: events of a clip, as a user gets them."""

from __future__ import annotations

import json
import subprocess
import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from edgeds.cli.deliveries import Deliveries
from edgeds.cli.rules_and_events import ClipSignals, SignalOptions
from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.maintained_estimator import MaintainedEstimator
from edgeds.live.signals.delivery.retry_queue import DELIVERY
from edgeds.live.signals.rules.kinds import Rules
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.types import Frame

from .messages import event

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_events_go_to_standard_output_and_nothing_else_does(
    edgeds: Command, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        "[[zone]]\nname = 'all'\npoints = [[0, 0], [1, 0], [1, 1], [0, 1]]\nsnapshot = true\n"
    )
    clip = make_clip(frame_count=30)
    done = edgeds("video", clip, "--rules", rules, "--events", "-", "--engine", "difference")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["event"] for event in events} >= {"object.appeared", "zone.entered"}
    assert all(event["schema"] == 1 and event["source"] == "clip.mp4" for event in events)
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert f"events: {len(events)} to standard output" in done.stderr
    entered = next(event for event in events if event["event"] == "zone.entered")
    assert entered["snapshot_jpeg"]
    assert (tmp_path / "clip.edgeds.mp4").is_file()


def test_events_go_to_a_file_that_is_whole(
    edgeds: Command, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    clip = make_clip(frame_count=12)
    done = edgeds(
        *("video", clip, "--events", tmp_path / "out.jsonl", "--json", "--engine", "difference")
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    (done,) = report["signals"]["deliveries"]
    assert done["to"] == str(tmp_path / "out.jsonl")
    assert done["delivered"] == len(lines)


def test_a_device_for_events_is_refused_before_the_work(
    edgeds: Command, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    clip = make_clip(frame_count=3)
    done = edgeds("video", clip, "--events", "/dev/null", "--engine", "no-engine-of-this-name")
    assert done.returncode == 2
    assert "device" in done.stderr
    assert "no engine" not in done.stderr, "the events are looked at first"


def test_people_hear_that_the_last_events_are_sent() -> None:
    said: list[str] = []
    places = tuple(f"http://127.0.0.1:{held}/" for held in (9, 9))
    options = SignalOptions(webhook=list(places))
    deliveries = Deliveries(options, Rules(), "x", live=True, on_event=said.append)
    for listener in deliveries.listeners:
        listener.event(event(1))
    began = time.monotonic()
    deliveries.end(whole=True)
    # One after the other they would take 3 s each.
    assert time.monotonic() - began < 2 * DELIVERY.close_secs
    (words,) = (text for text in said if "sending the last events" in text)
    assert "127.0.0.1:9, webhook 127.0.0.1:9 (2)" in words
    deliveries.end(whole=True)
    assert sum("sending the last events" in text for text in said) == 1


def test_events_do_not_depend_on_how_far_the_estimate_is_ahead(tmp_path: Path) -> None:
    """The light goes out, and so does the plate's health: when it did is in the events."""
    rules = tmp_path / "rules.toml"
    rules.write_text("[plate]\nbelow = 0.7\nfor_secs = 0.5\n")
    source = SyntheticSource(size=(90, 160), frame_count=40)
    lit = [np.asarray(source.plate * (1 if index < 20 else 0.6), np.uint8) for index in range(40)]
    frames = [Frame(pixels, index, index, Fraction(1, 10)) for index, pixels in enumerate(lit)]

    def events(ahead: int, out: Path) -> list[str]:
        estimate = MaintainedEstimator(
            Estimator(DifferenceEngine(size=(90, 160)), Plate(source.plate))
        )
        signals = ClipSignals(SignalOptions(rules=rules, events=out), source.info, estimate)
        compose = signals.around(lambda frame, _: frame, "mask")
        waiting = deque(maxlen=ahead + 1)
        for frame in frames:
            waiting.append((frame, estimate(frame)))
            if len(waiting) > ahead:
                compose(*waiting.popleft())
        while waiting:
            compose(*waiting.popleft())
        signals.end(whole=True)
        told = [json.loads(line) for line in out.read_text().splitlines()]
        return [f"{one['event']} at {one['secs']}: {one.get('health')}" for one in told]

    in_step = events(0, tmp_path / "a.jsonl")
    assert any("plate.worn" in event for event in in_step)
    assert events(4, tmp_path / "b.jsonl") == in_step


def test_bad_rules_and_a_shared_standard_output_are_bad_input(
    edgeds: Command, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    clip, rules = make_clip(frame_count=2), tmp_path / "rules.toml"
    rules.write_text("[[zone]]\nname = 'a'\n")
    done = edgeds("video", clip, "--rules", rules, "--engine", "difference")
    assert done.returncode == 2
    assert "rules.toml, line 1" in done.stderr
    assert not (tmp_path / "clip.edgeds.mp4").exists()
    done = edgeds("video", clip, "--events", "-", "--json")
    assert done.returncode == 2
    assert "both write to standard output" in done.stderr
