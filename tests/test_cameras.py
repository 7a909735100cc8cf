"""Many cameras in one process: their file, failures that stay alone, the command."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.engine.background_subtraction import DifferenceEngine
from edgeds.errors import InputError, PlateError, SourceError
from edgeds.live.cameras.camera_file import CameraPlan, cameras_from_file
from edgeds.live.cameras.frame_rate_limit import Thinned
from edgeds.live.cameras.run_cameras import Camera, Cameras
from edgeds.live.run import LiveRun
from edgeds.plate.plate import Plate
from edgeds.sources import RealTimeSource, SyntheticSource
from edgeds.types import Engine

SIZE = (90, 160)
MakeClip = Callable[..., Path]
Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cameras.toml"
    path.write_text(text)
    return path


def test_a_file_gives_plans_with_what_is_common_to_all(tmp_path: Path) -> None:
    (tmp_path / "door.png").write_bytes(b"")
    plans = cameras_from_file(
        written(
            tmp_path,
            'view = "mask"\nfps = 10\n'
            '[[camera]]\nname = "door"\nsource = 0\nplate = "door.png"\nrecord = "door.mp4"\n'
            '[[camera]]\nname = "yard"\nsource = "file:yard.mp4?loop"\nview = "depth"\n'
            'publish = "udp://127.0.0.1:5000"\ndepth_from = "network"\nmetric = "20,30=2.4m"\n'
            "steady = true\n",
        )
    )
    door, yard = plans
    assert (door.name, door.source, door.view, door.fps) == ("door", "0", "mask", 10)
    assert door.plate == str(tmp_path / "door.png")
    assert door.record == tmp_path / "door.mp4"
    assert (yard.source, yard.view) == (f"file:{tmp_path / 'yard.mp4?loop'}", "depth")
    assert yard.publish == ("udp://127.0.0.1:5000",)
    assert (door.depth_from, yard.depth_from) == ("auto", "network")
    assert (door.steady, yard.steady) == (False, True)
    assert (door.metric, yard.metric) == ((), ("20,30=2.4m",))


def test_a_source_with_a_very_long_name_is_left_to_whoever_opens_it(tmp_path: Path) -> None:
    text = CAMERA.replace('"0"', f'"{"n" * 5000}"')
    assert cameras_from_file(written(tmp_path, text))[0].source == "n" * 5000


def test_a_file_of_windows_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert cameras_from_file(written(tmp_path, f"\ufeff{CAMERA}"))[0].name == "a"


CAMERA = '[[camera]]\nname = "a"\nsource = "0"\n'
SECOND = CAMERA.replace('"a"', '"b"')


def test_a_value_that_cannot_be_used_has_what_why_and_fix(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        cameras_from_file(written(tmp_path, CAMERA.replace('"a"', '"a b"')))
    assert "name = 'a b'" in caught.value.what
    assert "letters, digits" in caught.value.why
    assert "in this line" in caught.value.fix


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("fps = 10\n", "", "there is no camera"),
        (f"{CAMERA}fsp = 10\n", "line 4", "did you mean fps?"),
        ("fps = 9\ncamera = [{name = 'a', source = '0'}]\n", "line 2", "two brackets"),
        ("camera = [1, 2]\n", "line 1", "two brackets"),
        ("[camera]\nname = 'a'\n", "line 1", "two brackets"),
        (f"{CAMERA}plate = {'[' * 3000}{']' * 3000}\n", "", "nested"),
        (f"{CAMERA}\n[[camera]]\nname = 'b'\n", "line 5", "has no source"),
        (f"{CAMERA}{CAMERA}", "line 4", "two cameras 'a'"),
        (CAMERA + CAMERA.replace('"a"', '"A"'), "line 4", "cameras 'a' and 'A'"),
        (f"{CAMERA}plate = 'gone.png'\n", "line 4", "a file that is there"),
        (f"{CAMERA}plate = '{'n' * 5000}'\n", "line 4", "a file that is there"),
        (f'{CAMERA}record = "a\\u0000b"\n', "line 4", "the name of a file"),
        (f'{CAMERA}rules = "a\\u0000b"\n', "line 4", "the name of a file"),
        (f"{CAMERA}view = 'nice'\n", "line 4", '"overlay" or'),
        (f"{CAMERA}depth_from = 'tape'\n", "line 4", '"people" or'),
        (f"{CAMERA}steady = 1\n", "line 4", "true or false"),
        (f"{CAMERA}metric = 3\n", "line 4", "a distance such as"),
        (f"{CAMERA}publish = 'rstp://me:hush@h'\n", "line 4", "did you mean rtsp://"),
        ("[[camera]\n", "line 1", "not TOML"),
        (
            f"{CAMERA}record = 'x.mp4'\n{SECOND}record = 'x.mp4'\n",
            "line 8",
            "same file",
        ),
        (
            f"{CAMERA}record = 'x.mp4'\n{SECOND}record = 'y/../X.mp4'\n",
            "line 8",
            "same file",
        ),
        (
            f"{CAMERA}mqtt = 'mqtt://h/x'\n{SECOND}mqtt = 'mqtt://h/x'\n",
            "line 8",
            "same topic",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, text: str, line: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        cameras_from_file(written(tmp_path, text))
    assert f"cameras.toml{', ' if line else ':'}{line}" in caught.value.what
    assert message in str(caught.value)
    assert "hush" not in str(caught.value)


@contextmanager
def a_run(engine: Engine) -> Iterator[LiveRun]:
    scene = SyntheticSource(size=SIZE)
    source = RealTimeSource(lambda: SyntheticSource(size=SIZE, frame_count=30), loop=True)
    with source, LiveRun(source, engine, Plate(scene.plate)) as run:
        yield run


def delivered(camera: Camera) -> int:
    status = camera.status()
    return 0 if status is None else status.delivered


def test_a_camera_that_fails_ends_or_retries_alone() -> None:
    engine, tries = DifferenceEngine(), {"flaky": 0}
    events: list[str] = []
    done = threading.Event()

    @contextmanager
    def open_run(plan: CameraPlan, stop: threading.Event) -> Iterator[LiveRun]:
        if plan.name == "wrong":
            raise PlateError("no plate", why="it is not there")
        if plan.name == "flaky":
            tries["flaky"] += 1
            if tries["flaky"] < 3:
                raise SourceError("cannot open rtsp://me:hush@cam/1", why="it is off")
        if plan.name == "buggy":
            raise KeyError("a library's surprise")
        with a_run(engine) as run:
            yield run

    plans = [CameraPlan(name=name, source="0") for name in ("good", "wrong", "flaky", "buggy")]
    with Cameras(plans, open_run, on_event=events.append, pause_secs=0.02) as cameras:

        def watch() -> None:
            good, flaky = cameras.all[0], cameras.all[2]
            while not all(
                c.run is not None and c.run.status().delivered > 5 for c in (good, flaky)
            ):
                if done.wait(0.02):
                    return
            done.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        cameras.wait(done, duration_secs=100)
        done.set()
        watcher.join()
    good, wrong, flaky, buggy = (camera.report() for camera in cameras.all)
    assert (good.state, good.restarts, len(good.runs)) == ("ended", 0, 1)
    assert good.runs[0].frames > 0
    assert (flaky.state, flaky.restarts) == ("ended", 2)
    assert (wrong.state, wrong.message) == ("failed", "no plate: it is not there")
    assert buggy.restarts > 0
    assert "surprise" in f"{buggy.message} {events}"
    assert "hush" not in f"{events}"
    for report in (good, flaky):
        run = report.runs[-1]
        assert run.grabbed == run.delivered + run.dropped


def test_a_camera_that_is_not_there_at_the_end_is_missing_with_the_reason() -> None:
    done, connecting = threading.Event(), threading.Event()

    @contextmanager
    def open_run(plan: CameraPlan, stop: threading.Event) -> Iterator[LiveRun]:
        if plan.name == "off" and not connecting.is_set():
            connecting.set()
            raise SourceError("cannot open it", why="it is off")
        done.set()
        assert stop.wait(60)
        raise SourceError("it was not opened", why="it was stopped while connecting")
        yield

    plans = [CameraPlan(name=name, source="0") for name in ("off", "slow")]
    with Cameras(plans, open_run, pause_secs=0.02) as cameras:
        assert connecting.wait(60)
        cameras.wait(done, duration_secs=100)
    off, slow = (camera.report() for camera in cameras.all)
    assert (off.state, off.message) == ("missing", "cannot open it: it is off")
    assert (slow.state, slow.message[:17]) == ("missing", "it was not opened")


@pytest.mark.parametrize(("rate", "kept"), [(10, 20), (31, 60), (20, 40), (0.5, 1)])
def test_thinning_keeps_the_rate_and_spreads_the_frames(rate: float, kept: int) -> None:
    source = SyntheticSource(size=(18, 32), frame_count=60)  # of two seconds
    times = [frame.pts_secs for frame in Thinned(source, rate)]  # type: ignore[arg-type]
    assert abs(len(times) - kept) <= 1
    assert all(after - before < 1.5 / rate for before, after in itertools.pairwise(times))


def test_the_command_runs_all_cameras_and_reports_each(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = make_clip(frame_count=75, rate=Fraction(10))  # slow enough for a busy machine
    cv2.imwrite(str(tmp_path / "plate.png"), SyntheticSource(size=SIZE).plate[..., ::-1])
    cv2.imwrite(str(tmp_path / "square.png"), np.zeros((80, 80, 3), np.uint8))
    camera = f'[[camera]]\nsource = "file:{clip.name}"\nname = '
    written(
        tmp_path,
        f'plate = "plate.png"\n{camera}"a"\nrecord = "a.mp4"\n'
        'webhook = "http://me:hush@127.0.0.1:9/"\n'
        f'{camera}"b"\nview = "mask"\nsteady = true\n'
        f'{camera}"bad"\nplate = "square.png"\n',
    )
    done = edgeds("live", "cameras.toml", "--engine", "difference", "--json")
    assert done.returncode == 1, done.stderr  # the plate of one camera has another shape
    report = json.loads(done.stdout)
    a, b, bad = report["cameras"]
    assert (a["state"], b["state"], bad["state"]) == ("ended", "ended", "failed")
    for one in (a, b):
        (run,) = one["runs"]
        assert run["grabbed"] == run["delivered"] + run["dropped"]
        assert run["frames"] > 0
    assert "bad failed: " in done.stderr
    assert "a: webhook 127.0.0.1:9 is away: " in done.stderr, "each message names its camera"
    assert "hush" not in done.stderr + done.stdout
    assert (tmp_path / "a.mp4").stat().st_size > 0
    refused = edgeds("live", "cameras.toml", "--record", "x.mp4", "--steady")
    assert refused.returncode == 2
    assert "--steady, --record cannot be given" in refused.stderr
    (tmp_path / "square.png").write_text("no picture")
    refused = edgeds("live", "cameras.toml")
    assert refused.returncode == 2
    assert "bad: cannot use the plate" in refused.stderr, "the camera is named"


@pytest.mark.parametrize(
    "options",
    [
        ("--view", "mask"),
        ("--opacity", "0.2"),
        ("--events", "e.jsonl"),
        ("--mqtt", "mqtt://host"),
        ("--fps", "5"),
        ("--metric", "1,1=2m"),
        ("--no-allow-motion",),
        ("--plate", "last"),
        ("--show",),
    ],
)
def test_options_of_one_camera_are_refused_beside_a_file_of_them(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "cameras.toml").write_text('[[camera]]\nname = "a"\nsource = "file:none.mp4"\n')
    command = ["live", str(tmp_path / "cameras.toml"), "--no-show", "--duration", "1", *options]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, InputError)
    assert done.exception.what.startswith(f"{options[0]} cannot be given beside a file of cameras")


@pytest.mark.parametrize("options", [("-v",), ("-vv",), ("--log-file", "run.log"), ("--json",)])
def test_options_of_the_program_are_taken_beside_a_file_of_cameras(
    options: tuple[str, ...], edgeds: Edgeds, tmp_path: Path
) -> None:
    (tmp_path / "cameras.toml").write_text('[[camera]]\nname = "a"\nsource = "file:none.mp4"\n')
    done = edgeds("live", "cameras.toml", "--no-show", "--duration", "1", *options)
    assert "cannot be given" not in done.stderr
    assert "none.mp4" in done.stderr, "it got as far as the camera's own fault"
