"""`edgeds video --rules --events`: events of a clip, as a user gets them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

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
