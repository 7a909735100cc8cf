"""Measuring: the figures are there, add up and say what they are of. How large they are is not
tested.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.cli.bench import measure
from edgeds.cli.bench.command import print_report
from edgeds.cli.bench.measure import BenchReport, EndToEnd, NetworkTimes, bench, network_times
from edgeds.cli.bench.turn import Turn, Wanted, in_own_process
from edgeds.engine import DifferenceEngine
from edgeds.errors import InputError, RunError
from edgeds.pipeline import STAGES
from edgeds.sources import open_source

Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


def test_edgeds_and_a_plain_transcode_take_turns_at_every_size() -> None:
    stages: list[str] = []
    report = bench("difference", sizes=((64, 96),), frames=4, turns=1, on_stage=stages.append)
    (row,) = report.rows
    assert (row.size, row.frames) == ((64, 96), 4)
    for turn in (*row.transcode, *row.edgeds):
        assert turn.frames == 4
        assert 0 < turn.cpu_secs < 60
        assert turn.peak_bytes is None or turn.peak_bytes > 10_000_000
    assert row.edgeds[0].stages["encode"]["p50_ms"] > 0
    assert row.edgeds[0].engine == report.engine
    assert len(row.ratios()) == 1
    assert report.first_frame_secs > 0
    assert stages[-2:] == ["96x64, transcode 1", "96x64, edgeds 1"]


def test_a_turn_that_fails_says_why(tmp_path: Path) -> None:
    wanted = Wanted(
        way="transcode", clip=str(tmp_path / "none.mp4"), output=str(tmp_path / "a.mp4")
    )
    with pytest.raises(RunError, match="transcode") as told:
        in_own_process(wanted)
    assert "none.mp4" in told.value.why


def test_a_clip_is_brought_to_the_size_and_has_its_own_plate(data: Path, tmp_path: Path) -> None:
    plate = measure._made(tmp_path / "in.mp4", (90, 160), 30, data / "moving_person.mp4")
    assert plate.size == (90, 160)
    assert plate.origin == "clip"
    with open_source(tmp_path / "in.mp4") as source:
        assert source.info.size == (90, 160)
        assert len(list(source)) == 30


def test_the_network_is_timed_in_turns_with_the_yardstick() -> None:
    times = network_times(DifferenceEngine(size=(64, 96)), on_gpu=False, runs=5)
    assert 0 < times.p50_ms <= times.p95_ms
    assert times.ratio == pytest.approx(times.p50_ms / times.yardstick_p50_ms, abs=2e-3)


def test_the_command_writes_the_report_it_shows(edgeds: Edgeds, tmp_path: Path) -> None:
    arguments = ("--engine", "difference", "--at", "96x64", "--frames", "3", "--turns", "1")
    done = edgeds("bench", *arguments, "--json", "-o", tmp_path / "report.json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown == json.loads((tmp_path / "report.json").read_text())
    assert shown["rows"][0]["size"] == [64, 96]
    assert shown["machine"]["cpu"]


def test_tables_fit_80_columns_and_name_what_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stages = {name: {"p50_ms": 1234.56, "p95_ms": 2345.67, "p99_ms": 9876.5} for name in STAGES}
    slow = Turn(frames=9, secs=90.0, cpu_secs=11.25, peak_bytes=1_234_000_000, stages=stages)
    fast = Turn(frames=9, secs=30.0, cpu_secs=9, peak_bytes=None)
    times = NetworkTimes(p50_ms=1, p95_ms=2, runs=3, yardstick="it", yardstick_p50_ms=1, ratio=1)
    row = EndToEnd(size=(1080, 1920), frames=9, transcode=(fast, fast), edgeds=(slow, slow))
    report = BenchReport(
        engine="it", day="today", clip="in.mp4", first_frame_secs=1, network=times, rows=(row,)
    )
    print_report(report, {"gpus": [], "cpu": "it", "cores": 2})
    out = capsys.readouterr().out
    shown = [line for line in out.splitlines() if "1920x1080" in line]
    assert len(shown) == 3, "a cell was wrapped"
    assert all(len(line) <= 80 and "2.35e" not in line for line in out.splitlines())
    assert shown[1].replace("│", " ").split()[2:] == ["0.1", "1250", "1.25", "1234"]
    for words in ("in.mp4 clip", "2 cores", "network alone"):
        assert words in out


@pytest.mark.parametrize(
    "arguments",
    [("--at", "huge"), ("--at", "161x90"), ("-o", "report.txt"), ("-o", "nowhere/report.json")],
)
def test_bad_input_is_refused_before_anything_is_measured(arguments: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, ["bench", "--engine", "difference", *arguments])
    assert isinstance(told.exception, InputError)
    assert told.exception.exit_code == 2
    assert told.exception.fix
    assert "first frame" not in told.output
