"""Measuring: the figures are there, add up and say what they are of. How large they are is not
tested.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.cli.bench import measure as bench_module
from edgeds.cli.bench.command import print_report
from edgeds.cli.bench.measure import BenchReport, EndToEnd, NetworkTimes, bench, network_times
from edgeds.cli.bench.settings import BENCH
from edgeds.engine import DifferenceEngine
from edgeds.errors import InputError
from edgeds.pipeline import STAGES, RunReport

Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


def test_every_size_is_measured_with_and_without_decoding_and_encoding() -> None:
    stages: list[str] = []
    sizes = ((90, 160), (64, 96))
    report = bench("difference", sizes=sizes, frames=4, on_stage=stages.append)
    assert [row.size for row in report.rows] == [s for s in sizes for _ in range(2)]
    for memory, file in zip(report.rows[::2], report.rows[1::2], strict=True):
        assert (memory.way, file.way) == ("frames in memory", "H.264 file to file")
        assert memory.report.frames == file.report.frames == 4
        assert file.report.stages["encode"]["p50_ms"] > 0
        assert file.report.stages["decode"]["p50_ms"] > 0
    assert report.first_frame_secs > 0
    assert len(stages) == 2 + 2 * len(sizes)


def test_the_network_is_timed_in_turns_with_the_yardstick() -> None:
    times = network_times(DifferenceEngine(size=(64, 96)), on_gpu=False, runs=5)
    assert 0 < times.p50_ms <= times.p95_ms
    assert times.ratio == pytest.approx(times.p50_ms / times.yardstick_p50_ms, abs=2e-3)


def test_a_slow_machine_does_fewer_frames_but_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_module, "BENCH", replace(BENCH, row_secs=0.0))
    report = bench("difference", sizes=((64, 96),), frames=10_000)
    assert 2 <= report.rows[0].report.frames < 10_000
    assert report.rows[1].report.frames == report.rows[0].report.frames


def test_the_command_writes_the_report_it_shows(edgeds: Edgeds, tmp_path: Path) -> None:
    arguments = ("--engine", "difference", "--at", "160x90", "--frames", "3")
    done = edgeds("bench", *arguments, "--json", "-o", tmp_path / "report.json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown == json.loads((tmp_path / "report.json").read_text())
    assert shown["rows"][0]["size"] == [90, 160]
    assert shown["machine"]["cpu"]


def test_the_table_names_the_engine_the_machine_and_what_is_left_out(
    edgeds: Edgeds,
) -> None:
    done = edgeds("bench", "--engine", "difference", "--at", "64x64", "--frames", "2")
    assert done.returncode == 0, done.stderr
    for words in ("plate difference", "64x64", "cores", "neither decoded nor", "network alone"):
        assert words in done.stdout


def test_rows_of_a_slow_machine_fit_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    stages = {name: {"p50_ms": 1234.56, "p95_ms": 2345.67} for name in STAGES}
    run = RunReport(frames=9, secs=9.0, fps=123.4, stages=stages)
    times = NetworkTimes(p50_ms=1, p95_ms=2, runs=3, yardstick="it", yardstick_p50_ms=1, ratio=1)
    ways = ("frames in memory", "H.264 file to file")
    rows = tuple(EndToEnd(size=(1080, 1920), way=way, report=run) for way in ways)
    report = BenchReport(engine="it", day="today", first_frame_secs=1, network=times, rows=rows)
    print_report(report, {"gpus": [], "cpu": "it", "cores": 2})
    shown = [line for line in capsys.readouterr().out.splitlines() if "1920x1080" in line]
    assert len(shown) == 2, "a cell was wrapped"
    assert all(len(line) <= 80 and "2.35e" not in line for line in shown)


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
