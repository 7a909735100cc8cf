"""Options of commands: what is refused before anything is opened, and how help shows them."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.cli.batch.command import _check_places, _made_by, batch_command
from edgeds.cli.build_engine import build_engine_command
from edgeds.cli.calibrate import calibrate_command
from edgeds.cli.clip_plate import plate_of_clip
from edgeds.cli.eval import evaluate_command
from edgeds.cli.live import live_command
from edgeds.cli.live_options import CameraSettings
from edgeds.cli.live_outputs import OutputOptions
from edgeds.cli.option_groups import SectionedCommand
from edgeds.cli.rules_and_events import SignalOptions
from edgeds.cli.sources import check_transport
from edgeds.cli.video import video_command
from edgeds.cli.video_report import print_result
from edgeds.errors import InputError, SinkError, SinkFailed, SourceError, counted
from edgeds.sources import open_live_source, open_source
from edgeds.views.settings import STYLE

COMMANDS: Any = typer.main.get_command(app)


def parsed(command: str, *options: str) -> None:
    COMMANDS.commands[command].make_context(command, list(options)).close()


@pytest.mark.parametrize(
    "line",
    [
        ("video", "in.mp4", "--fog", "inf"),
        ("video", "in.mp4", "--stereo", "nan"),
        ("video", "in.mp4", "--opacity", "nan"),
        ("capture", "--countdown", "inf"),
        ("calibrate", "-o", "set", "--every", "nan"),
    ],
)
def test_a_number_without_an_end_is_refused(line: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match=r"finite|should be|range") as caught:
        parsed(*line)
    assert getattr(caught.value, "exit_code", None) == 2


def test_finite_numbers_are_taken() -> None:
    parsed("video", "in.mp4", "--fog", "0.2")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--view=mask", "--opacity=0.2"], "--opacity"),
        (["--fog=0.1", "--opacity=0.2"], "--opacity"),
        (["--backdrop=#00b140"], "--backdrop"),
        (["--view=depth", "--steady"], "--steady"),
        (["--layers=depth,plate", "--steady"], "--steady"),
        (["--view=mask", "--layers=alpha"], "--view and --layers"),
        (["--aperture=0.1"], "--aperture"),
        (["--focus=foreground", "--stereo=0.02"], "--focus and --stereo"),
        (["--depth-from=network", "--person-height=1.6"], "--person-height"),
    ],
)
def test_a_batch_refuses_contradictions_before_the_first_clip(
    options: list[str], what: str
) -> None:
    with pytest.raises(InputError) as caught:
        _made_by(options)
    assert what in caught.value.what
    assert caught.value.why
    assert caught.value.fix


@pytest.mark.parametrize(
    "options",
    [
        ["--view=mask", "--backdrop=#00b140"],
        ["--view=depth", "--opacity=0.2"],
        ["--view=depth", "--steady"],
    ],
)
def test_a_live_run_refuses_what_its_view_never_shows(options: list[str]) -> None:
    """With a page, or a window, another view can be chosen, which shows it."""
    done = CliRunner().invoke(app, ["live", "file:none.mp4", "--no-show", *options])
    assert isinstance(done.exception, InputError)
    assert done.exception.what.startswith(options[1].partition("=")[0])
    backdrop = "#00b140" if "backdrop" in options[1] else None
    for outputs in (OutputOptions(serve="0", show=False), OutputOptions()):
        outputs.check_view("depth", backdrop, 0.2, steady=True)
    OutputOptions(show=False).check_view("replace", "#00b140", STYLE.opacity)


def test_discovery_is_not_switched_off_for_nobody() -> None:
    with pytest.raises(InputError, match="--no-mqtt-discovery was given without --mqtt"):
        SignalOptions(mqtt_discovery=False).check(as_json=False)


@pytest.mark.parametrize("source", ["0", "file:in.mp4", "http://10.0.0.5/stream"])
def test_a_transport_is_refused_for_what_has_none(source: str) -> None:
    with pytest.raises(InputError, match="no RTSP stream"):
        CameraSettings(rtsp_transport="tcp").settings(source)
    with pytest.raises(InputError, match="no RTSP stream"):
        check_transport(source, "udp")
    assert CameraSettings(rtsp_transport="tcp").settings("RTSP://10.0.0.5/stream")


@pytest.mark.parametrize("option", ["--sheet=a.png", "--save-plate=a.npz", "--events=a.jsonl"])
def test_a_batch_refuses_one_file_for_several_clips(option: str) -> None:
    with pytest.raises(InputError, match="one file for 2 clips") as caught:
        _check_places(_made_by([option]), 2)
    assert "{out}" in caught.value.fix
    _check_places(_made_by([option]), 1)
    _check_places(_made_by([option.replace("a.", "{out}.")]), 2)


def test_a_batch_takes_options_that_fit() -> None:
    assert _made_by(["--view=side-by-side", "--opacity=0.2"]).view == "side-by-side"
    assert _made_by(["--view=replace", "--backdrop=#00b140", "--shadow=keep"]).view == "replace"
    assert _made_by(["--view=mask", "--steady"]).steady
    assert _made_by(["--layers=depth,alpha", "--steady"]).steady


@pytest.mark.parametrize("opened", [open_live_source, open_source])
@pytest.mark.parametrize("scheme", ["file:", ""])
def test_an_unknown_option_of_a_clip_names_the_one_there_is(
    tmp_path: Path, scheme: str, opened: Any
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        opened(f"{scheme}{clip}?lop")
    assert "'lop' is not an option" in caught.value.why
    assert "?loop" in caught.value.fix


def test_a_clip_may_loop_without_file_before_its_name(
    make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    clip = make_clip(frame_count=2)
    with open_live_source(f"{clip}?loop") as frames:
        assert frames.info.name == clip.name
    (tmp_path / "shot1.png").write_bytes(b"")
    with pytest.raises(SourceError, match=r"cannot read.*shot1\.png"):
        open_source(tmp_path / "shot?.png")  # a question mark is a glob's otherwise


@pytest.mark.parametrize(
    ("outputs", "why"),
    [
        (OutputOptions(serve="99999"), "not \\[HOST:\\]PORT"),
        (OutputOptions(virtual_camera=True), "pyvirtualcam is not installed"),
        (OutputOptions(virtual_camera_device="/dev/video9"), "pyvirtualcam is not installed"),
    ],
)
def test_a_live_run_refuses_outputs_before_it_opens_anything(
    outputs: OutputOptions, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(SinkError, match=why):
        outputs.checked()


@pytest.mark.parametrize("run", [video_command, live_command])
@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"mqtt": "http://broker"}, "cannot send events to 'http://broker'"),
        ({"webhook": ["broker"]}, "cannot post events to 'broker'"),
        ({"events": Path("no-folder/events.jsonl")}, "cannot write the events"),
    ],
)
def test_a_wrong_consumer_is_found_before_anything_is_opened(
    run: Callable[..., None], options: dict[str, Any], what: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=what):
        run(str(tmp_path / "none.mp4"), **options)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"plate": Path("none.png")}, "cannot use the plate: cannot open 'none.png'"),
        ({"insert": ["none.png@0.5"]}, "cannot read the picture 'none.png'"),
    ],
)
def test_a_missing_picture_is_found_before_the_clip_is_opened(
    options: dict[str, Any], what: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=what):
        video_command(str(tmp_path / "none.mp4"), **options)


def test_a_point_outside_the_picture_is_found_before_the_plate_is_estimated(
    make_clip: Callable[..., Path],
) -> None:
    clip = make_clip(frame_count=2)  # too few for a plate
    with pytest.raises(InputError, match="the point 900,2 is not in the picture"):
        video_command(str(clip), metric=["900,2=2m"])


def test_one_frame_has_no_rate(capsys: pytest.CaptureFixture[str]) -> None:
    done: dict[str, Any] = {
        "frames": 1, "secs": 0.5, "fps": 0.0, "stages": {}, "damaged_packets": 0, "status": "done",
        "plate": {"followed": None}, "view": "mask", "output": "a.mp4", "audio": "none",
        "sheet": None, "mesh": None, "signals": None,
    }  # fmt: skip
    print_result(done, as_json=False)
    print_result({**done, "frames": 2, "fps": 4.0}, as_json=False)
    shown = capsys.readouterr().out
    assert "1 frame in 0.5 s\n" in shown
    assert "2 frames in 0.5 s: the first after 0.2 s, then 4.0 fps\n" in shown


def test_the_sentences_about_a_full_disk_fit_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    failed: dict[str, Any] = {"frames": 0, "secs": 0.5, "status": "failed"}
    print_result(failed, as_json=False)  # the error says "after at most 21 frames"
    assert "no frame" not in "".join(capsys.readouterr())
    print_result({**failed, "secs": 0.0}, as_json=False)
    assert "no frame was written" in "".join(capsys.readouterr())
    left: dict[str, Any] = {
        **failed, "frames": 1, "fps": 0.0, "stages": {}, "damaged_packets": 0, "view": "layers",
        "plate": {"followed": None}, "output": "lay", "audio": "none", "sheet": None, "mesh": None,
        "signals": None,
    }  # fmt: skip
    print_result(left, as_json=False)
    assert "layers: lay (cut short, audio: none)" in capsys.readouterr().err


def test_a_sheet_that_cannot_be_written_is_not_listed_and_leaves_the_video_whole(
    make_clip: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = pytest.importorskip("resource")
    clip, plate, sheet = make_clip(frame_count=3), tmp_path / "p.png", tmp_path / "sheet.png"
    cv2.imwrite(str(plate), np.zeros((90, 160, 3), np.uint8))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # room for the video alone
    try:
        with pytest.raises(SinkFailed, match="cannot write the contact sheet"):
            video_command(
                str(clip), plate=plate, engine="difference", output=tmp_path / "o.mp4", sheet=sheet
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    said = capsys.readouterr().err
    assert "contact sheet:" not in said
    assert "o.mp4 (audio: none)" in said


def test_pictures_of_several_sizes_and_no_plate_have_the_true_reason(tmp_path: Path) -> None:
    for name, size in (("a", (36, 64, 3)), ("b", (72, 128, 3)), ("c", (36, 64, 3))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros(size, np.uint8))
    with pytest.raises(SourceError, match=r"b\.png is 128x72") as caught:
        video_command(str(tmp_path), output=tmp_path / "o.mp4", engine="difference")
    assert "the images before it are 64x36" in caught.value.why


def test_a_file_whose_name_starts_with_a_dash_is_no_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-dash.mp4").write_bytes(b"")
    with pytest.raises(Exception, match=r"write \./-dash\.mp4"):
        parsed("video", "-dash.mp4")
    parsed("video", "--", "-dash.mp4")
    parsed("video", "in.mp4", "-o", "-dash.mp4")


def test_a_missing_package_is_found_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(SinkError, match="cannot serve a page"):
        live_command(str(tmp_path / "none.mp4"), serve="8080")
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(SinkError, match="cannot write OpenEXR files"):
        video_command(str(tmp_path / "none.mp4"), layers="all", layer_format="exr")


def test_a_file_of_rules_that_is_not_there_is_refused_in_our_own_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the rules") as caught:
        video_command(str(tmp_path / "none.mp4"), rules=tmp_path / "none.toml")
    assert caught.value.why == "there is no such file"


def test_a_command_that_is_stopped_before_it_wrote_anything_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    app = typer.Typer()
    app.command(cls=SectionedCommand)(interrupted)
    with pytest.raises(SystemExit) as caught:
        app([])
    assert caught.value.code == 130
    assert capsys.readouterr().err == "edgeds: stopped\n"


def test_the_bar_of_a_short_clips_plate_gets_to_its_end(
    make_clip: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(frame_count=8)
    plate_of_clip(None, str(clip), (90, 160), stop=threading.Event())
    assert "8/8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("run", "options"),
    [
        (batch_command, {"clips": ["none.mp4"], "output": Path("file/out")}),
        (calibrate_command, {"source": "none.mp4", "output": Path("file/out")}),
        (evaluate_command, {"path": Path("set"), "save": Path("file/out")}),
    ],
)
def test_a_folder_that_cannot_be_made_is_found_before_anything_is_opened(
    run: Callable[..., None], options: dict[str, Any], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"")
    Path("set").mkdir()
    cv2.imwrite("set/a.png", np.zeros((64, 96, 3), np.uint8))
    line = {"frame": "a.png", "plate": "a.png", "alpha": "a.png", "scene": "a"}
    Path("set/manifest.jsonl").write_text(json.dumps(line))
    with pytest.raises(SinkError, match=r"cannot write (results|a set|maps) to"):
        run(**options)


def test_a_given_plate_has_no_progress_bar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "plate.png"), np.zeros((90, 160, 3), np.uint8))
    plate_of_clip(tmp_path / "plate.png", "none.mp4", (90, 160), stop=threading.Event())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "line",
    [
        ("video", ""),
        ("live", ""),
        ("batch", "", "-o", "out"),
        ("eval", ""),
        ("video", "in.mp4", "-o", ""),
    ],
)
def test_an_empty_word_is_not_the_current_folder(line: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match="it is empty"):
        parsed(*line)
    parsed("batch", "a.mp4", "-o", "out", "--video-options", "")


@pytest.mark.parametrize(
    "asked",
    [CameraSettings(size="640x480"), CameraSettings(fps=30), CameraSettings(pixel_format="yuyv")],
)
@pytest.mark.parametrize("source", ["in.mp4", "file:in.mp4", "rtsp://10.0.0.7/a"])
def test_what_only_a_camera_can_do_is_not_asked_of_a_clip(
    asked: CameraSettings, source: str
) -> None:
    with pytest.raises(InputError, match="SOURCE is no camera") as caught:
        asked.settings(source)
    assert caught.value.why
    assert asked.settings("0") == asked.settings("/dev/video2") == asked.settings("csi://0")


def test_a_wrong_choice_is_refused_in_our_own_words() -> None:
    with pytest.raises(Exception, match="'nope' is not one of") as caught:
        parsed("video", "in.mp4", "--view", "nope")
    assert "Value error" not in str(getattr(caught.value, "message", caught.value))


def test_a_calibration_set_is_refused_for_float32(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--calib was given for the precision fp32"):
        build_engine_command(precision="fp32", gpu="none", calib=tmp_path)


@pytest.mark.parametrize("command", sorted(COMMANDS.commands))
def test_every_example_of_the_help_has_options_that_exist(command: str) -> None:
    shown = COMMANDS.commands[command].get_help(click.Context(COMMANDS.commands[command]))
    examples = shown.partition("Examples:\n")[2].splitlines()
    assert examples
    for line in examples:
        assert len(line) < 80
        name, of, *options = shlex.split(line)
        assert (name, of) == ("edgeds", command)
        parsed(command, *options)


@pytest.mark.parametrize("command", sorted(COMMANDS.commands))
def test_help_of_a_command_with_many_options_has_headings(command: str) -> None:
    options = COMMANDS.commands[command].params
    text = COMMANDS.commands[command].get_help(click.Context(COMMANDS.commands[command]))
    headings = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    assert len(headings) >= (3 if len(options) > 8 else 1), text


def test_one_is_not_many() -> None:
    assert [counted(n, "frame") for n in (0, 1, 2)] == ["0 frames", "1 frame", "2 frames"]
