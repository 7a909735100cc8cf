"""Measuring: the figures are there, add up and say what they are of. How large they are is not
tested.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.cli.bench import other_ways
from edgeds.cli.bench.clips import Material, material_of
from edgeds.cli.bench.command import bench_command
from edgeds.cli.bench.measure import bench
from edgeds.cli.bench.network import network_times
from edgeds.cli.bench.one_measurement import TurnPlan, in_own_process
from edgeds.cli.bench.one_measurement import turn as run_turn
from edgeds.cli.bench.plan import Plan
from edgeds.cli.bench.plot import plot
from edgeds.cli.bench.report import BenchReport, NetworkTimes, Row, Turn
from edgeds.cli.bench.tables import print_report
from edgeds.engine import DifferenceEngine
from edgeds.errors import InputError, RunError, SourceError
from edgeds.pipeline import STAGES
from edgeds.plate.file import plate_to_file
from edgeds.plate.plate import Plate
from edgeds.sinks.encoder_settings import ENCODE
from edgeds.sources import open_source, process_memory

Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL = (64, 96)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A small clip and its plate."""
    folder = tmp_path_factory.mktemp("bench")
    plate = material_of(None, SMALL).written(folder / "in.mp4", SMALL, 8)
    plate_to_file(plate, folder / "plate.npz")
    return str(folder / "in.mp4"), str(folder / "plate.npz")


def test_edgeds_and_a_plain_transcode_take_turns_at_every_size() -> None:
    stages: list[str] = []
    plan = Plan(engine="difference", sizes=(SMALL,), frames=4, turns=1)
    report = bench(plan, on_stage=stages.append)
    (row,) = report.sizes
    assert (row.name, row.size) == ("96x64", SMALL)
    assert list(row.ways) == ["transcode", "balanced"]
    for (turn,) in row.ways.values():
        assert turn.frames == 4
        assert 0 < turn.cpu_secs < 60
        assert turn.peak_bytes is None or turn.peak_bytes > 10_000_000
    own = row.ways["balanced"][0]
    assert own.stages["encode"]["p50_ms"] > 0
    assert own.engine == report.engine
    assert row.ratios("balanced") == [own.cpu_ms / row.ways["transcode"][0].cpu_ms]
    assert report.first_frame_secs > 0
    assert stages[-2:] == ["96x64, transcode 1", "96x64, balanced 1"]
    assert len(stages) == plan.steps


def test_a_turn_that_fails_says_why(tmp_path: Path) -> None:
    wanted = TurnPlan(
        way="transcode", clip=str(tmp_path / "none.mp4"), output=str(tmp_path / "a.mp4")
    )
    with pytest.raises(RunError, match="transcode") as told:
        in_own_process(wanted)
    assert "none.mp4" in told.value.why


def test_streams_share_one_engine_and_count_together(made: tuple[str, str], tmp_path: Path) -> None:
    clip, plate = made
    wanted = TurnPlan(
        way="edgeds", clip=clip, plate=plate, output=str(tmp_path / "out.mp4"),
        engine="difference", streams=2,
    )  # fmt: skip
    taken = run_turn(wanted)
    assert taken.frames == 16
    written = sorted(tmp_path.glob("*.mp4"))
    assert [path.name for path in written] == ["out-0.mp4", "out-1.mp4"]
    for path in written:
        with open_source(path) as source:
            assert len(list(source)) == 8


LOADED_LATE = """
import json, sys
from edgeds.cli.bench import one_measurement as bench
engines, before = bench._engines, set()
def opened(*given):
    found = engines(*given)
    before.update(sys.modules)  # the clock starts now
    return found
bench._engines = opened
bench.turn(bench.TurnPlan(**json.loads(sys.argv[1])))
print([name for name in set(sys.modules) - before if name.startswith(("edgeds", "cv2"))])
"""


def test_no_module_is_loaded_while_the_clock_runs(made: tuple[str, str], tmp_path: Path) -> None:
    wanted = {
        "way": "edgeds", "clip": made[0], "plate": made[1], "output": str(tmp_path / "out.mp4"),
        "engine": "difference",
    }  # fmt: skip
    command = [sys.executable, "-c", LOADED_LATE, json.dumps(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("way", ["transcode", "mog2", "knn"])
def test_every_other_way_writes_all_frames_at_their_times(
    way: str, made: tuple[str, str], tmp_path: Path
) -> None:
    output = tmp_path / "out.mp4"
    wanted = {"way": way, "clip": made[0], "output": str(output), **asdict(ENCODE)}
    wanted["memory"] = process_memory.__file__
    assert other_ways.main(wanted)["frames"] == 8
    with open_source(made[0]) as before, open_source(output) as after:
        given, got = list(before), list(after)
    assert [frame.pts_secs for frame in got] == pytest.approx([f.pts_secs for f in given], abs=1e-3)
    apart = np.abs(got[-1].pixels.astype(int) - given[-1].pixels).mean()
    assert apart < 4 if way == "transcode" else apart > 20
    if way != "transcode":
        assert got[-1].pixels.min() < 20, "a mask has background"


def test_a_mask_of_another_library_has_black_at_0_and_white_at_255() -> None:
    frame = other_ways._grey(np.array([[0, 255] * 8] * 16, np.uint8))
    assert frame.format.name == "yuv420p"
    rgb = frame.to_ndarray(format="rgb24")
    assert rgb[:, ::2].max() <= 1
    assert rgb[:, 1::2].min() >= 254


def test_mediapipe_may_live_in_another_environment(made: tuple[str, str], tmp_path: Path) -> None:
    if importlib.util.find_spec("mediapipe") is not None:
        pytest.skip("mediapipe is installed here")
    wanted = TurnPlan(
        way="mediapipe", clip=made[0], output=str(tmp_path / "o.mp4"), python=sys.executable
    )
    with pytest.raises(RunError) as told:
        in_own_process(wanted)
    assert "mediapipe" in told.value.why


def test_a_clip_is_brought_to_the_size_and_has_its_own_plate(data: Path, tmp_path: Path) -> None:
    material = material_of(data / "moving_person.mp4", SMALL)
    assert material.plate.origin == "clip"
    plate = material.written(tmp_path / "in.mp4", (90, 160), 70)
    assert plate.size == (90, 160)
    with open_source(tmp_path / "in.mp4") as source:
        assert source.info.size == (90, 160)
        assert len(list(source)) == 70, "a clip of 60 frames goes on from its start"


def _moved(path: Path, plate: Plate) -> list[float]:
    """Share of pixels that differ from the plate, frame by frame."""
    with open_source(path) as source:
        return [
            float((np.abs(f.pixels.astype(int) - plate.pixels).max(axis=2) > 60).mean())
            for f in source
        ]


def test_scenes_differ_in_how_much_happens(tmp_path: Path) -> None:
    """A square of a quarter of the sides, near a corner."""
    wall = np.full((64, 96, 3), 90, np.uint8)
    shown = wall.copy()
    shown[4:20, 60:84] = 220
    material = Material("square", Plate(wall), lambda n: iter([shown] * n), Fraction(30))
    shares = {}
    for scene in ("static", "sparse", "busy", "close"):
        path = tmp_path / f"{scene}.mp4"
        plate = material.written(path, (64, 96), 8, scene)  # type: ignore[arg-type]
        shares[scene] = _moved(path, plate)
    assert max(shares["static"]) == 0
    assert [share > 0.01 for share in shares["sparse"]] == [False] * 6 + [True] * 2
    assert min(shares["busy"]) > 0.05
    assert np.mean(shares["close"]) == pytest.approx(9 * np.mean(shares["busy"]), rel=0.2)


def test_larger_frames_are_fewer_and_quick_is_quick() -> None:
    plan = Plan(frames=90)
    counts = [plan.frames_at(size) for size in ((360, 640), (720, 1280), (1080, 1920))]
    assert counts == [90, 90, 40]
    assert plan.frames_at((2160, 3840)) == 40
    assert replace(plan, quick=True).frames_at((720, 1280)) == 12


def test_the_network_is_timed_in_turns_with_the_yardstick() -> None:
    times = network_times(DifferenceEngine(size=(64, 96)), on_gpu=False, runs=5)
    assert 0 < times.p50_ms <= times.p95_ms
    assert times.ratio == pytest.approx(times.p50_ms / times.yardstick_p50_ms, abs=2e-3)


def test_the_command_writes_the_report_it_shows(edgeds: Edgeds, tmp_path: Path) -> None:
    arguments = ("--engine", "difference", "--at", "96x64", "--frames", "3", "--quick")
    done = edgeds("bench", *arguments, "--json", "-o", tmp_path / "report.json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown == json.loads((tmp_path / "report.json").read_text())
    assert shown["sizes"][0]["size"] == [64, 96]
    assert shown["machine"]["cpu"]
    assert shown["command"].startswith("edgeds bench --engine difference --at 96x64")
    assert str(tmp_path) not in shown["command"]


@pytest.fixture
def full() -> BenchReport:
    """A report with every part, and figures as wide as they come."""
    stages = {name: {"p50_ms": 1234.56, "p95_ms": 2345.67, "p99_ms": 9876.5} for name in STAGES}
    slow = Turn(frames=9, secs=90.0, cpu_secs=11.25, peak_bytes=1_234_000_000, stages=stages)
    fast = Turn(frames=9, secs=30.0, cpu_secs=9, peak_bytes=None)
    times = NetworkTimes(
        p50_ms=1, p95_ms=2, runs=3, yardstick="it", yardstick_p50_ms=1, ratio=1,
        engine="edgeds-192x320-fp32 at 512x288 on OpenVINO CPU", preset="fine",
    )  # fmt: skip
    ways = {"transcode": (fast, fast), "balanced": (slow, slow), "fine": (slow, fast)}
    row = Row(name="1920x1080", size=(1080, 1920), ways=ways)
    scenes = tuple(
        replace(row, name=name, foreground=0.123, ways={"transcode": (fast,), "balanced": (slow,)})
        for name in ("static", "busy")
    )
    return BenchReport(
        engine="it", day="today", clip="in.mp4", first_frame_secs=1, network=times, sizes=(row,),
        compare=replace(row, ways={**ways, "MOG2": (fast, fast)}),
        missing={"MediaPipe": "not installed"}, scenes=scenes,
        streams=(replace(row, name="4 streams", streams=4, ways={"balanced": (slow,)}),),
        networks=(times,), start_secs=(1.0, 1.5, 9.0), start_kept_secs=(0.9, 0.8, 9.0),
    )  # fmt: skip


def test_tables_fit_80_columns_and_name_what_was_measured(
    full: BenchReport, capsys: pytest.CaptureFixture[str]
) -> None:
    print_report(full, {"gpus": [], "cpu": "it", "cores": 2})
    out = capsys.readouterr().out
    shown = [line for line in out.splitlines() if line.startswith("1920x1080")]
    assert len(shown) == 4, "a cell was wrapped"
    assert all(len(line) <= 80 and "2.35e" not in line for line in out.splitlines())
    assert shown[1].replace("│", " ").split()[2:] == ["0.1", "1250", "1.25", "1234"]
    for words in (
        "in.mp4 clip", "2 cores", "network alone", "MediaPipe: did not run: not installed",
        "12.3%", "4 streams", "whole process: 0.90 s, 1.50 s without",
    ):  # fmt: skip
        assert words in out


def test_the_plot_has_a_panel_for_every_part(full: BenchReport, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    widths = []
    for number, report in enumerate((full, replace(full, compare=None, scenes=(), streams=()))):
        path = tmp_path / f"{number}.png"
        plot(report, path)
        with av.open(str(path)) as picture:
            widths.append(picture.streams.video[0].width)
    assert widths[0] == 4 * widths[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--at", "huge"), ("--at", "161x90"), ("-o", "report.txt"), ("-o", "nowhere/report.json"),
        ("--plot", "nowhere/plot.png"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_before_anything_is_measured(arguments: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, ["bench", "--engine", "difference", *arguments])
    assert isinstance(told.exception, InputError)
    assert told.exception.exit_code == 2
    assert told.exception.fix
    assert "first frame" not in told.output


def test_a_clip_that_is_not_there_is_found_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = cv2.getNumThreads()
    try:
        with pytest.raises(SourceError, match="no such file"):
            bench_command(clip=tmp_path / "none.mp4", quick=True)
    finally:
        cv2.setNumThreads(threads)
    assert not capsys.readouterr().err, "no step has begun"
