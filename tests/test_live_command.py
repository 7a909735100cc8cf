"""`edgeds live` as a process: what people type, and what they get."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources import SyntheticSource, open_source

ROOT = Path(__file__).parents[1]
MakeClip = Callable[..., Path]
Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]

FAST = ("--engine", "difference", "--no-show")


@pytest.fixture
def camera(make_clip: MakeClip) -> str:
    return f"file:{make_clip(frame_count=30)}?loop"


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    path = tmp_path / "plate.png"
    cv2.imwrite(str(path), SyntheticSource(size=(90, 160)).plate[..., ::-1])
    return path


def test_a_run_reports_counts_that_add_up_and_leaves_a_recording(
    edgeds: Edgeds, camera: str, plate: Path
) -> None:
    done = edgeds(
        "live", "--camera", camera, "-b", plate, *FAST, "--record", "out.mp4", "--max-frames",
        "20", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["frames"] == 20
    assert report["grabbed"] == report["delivered"] + report["dropped"]
    assert 0 < report["latency_p50_ms"] <= report["latency_p95_ms"]
    assert report["first_frame_secs"] < report["secs"]
    assert report["plate"]["phase"] == "ready"
    assert report["depth"] == {"from": "network", "ground": None, "scale": None}
    assert set(report["plate"]) >= {"verdict", "health", "prompt"}
    recording = report["outputs"][0]
    assert recording["name"] == "recording"
    assert recording["frames"] + recording["dropped"] == 20
    assert len(list(open_source(plate.with_name("out.mp4")))) == recording["frames"]
    assert "source: clip.mp4 (160x90, 30 fps)" in done.stderr
    assert "plate: given" in done.stderr
    assert "engine: plate difference" in done.stderr


def test_a_clip_that_ends_before_its_plate_says_so(edgeds: Edgeds, camera: str) -> None:
    done = edgeds("live", camera.removesuffix("?loop"), *FAST)
    assert done.returncode == 0, done.stderr
    assert "before there was a plate, so nothing was found" in done.stderr
    assert "?loop" in done.stderr


def test_what_is_wrong_with_a_given_plate_is_noted(
    edgeds: Edgeds, camera: str, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((45, 80, 3), np.uint8))
    done = edgeds("live", camera, "-b", "black.png", *FAST, "--max-frames", "2")
    assert done.returncode == 0, done.stderr
    assert "note: the plate is black: whatever is lit counts as foreground" in done.stderr
    assert "note: the plate is 80x45 and the frames are 160x90" in done.stderr


def test_people_get_a_table(edgeds: Edgeds, camera: str, plate: Path) -> None:
    done = edgeds("live", "--camera", camera, "-b", plate, *FAST, "--duration", "1")
    assert done.returncode == 0, done.stderr
    assert "grabbed = " in done.stdout
    assert "composed" in done.stdout
    assert "plate: ready" in done.stderr


def test_the_shipped_engine_shows_the_real_clip(edgeds: Edgeds, data: Path, tmp_path: Path) -> None:
    done = edgeds(
        "live", "--camera", f"file:{data / 'moving_person.mp4'}", "-b",
        data / "moving_person_plate.jpg", "--no-show", "--record", "out.mp4", "--view", "mask",
        "--max-frames", "20", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *_, last = open_source(tmp_path / "out.mp4")
    assert last.pixels.mean() > 1, "somebody is in from the tenth frame of the clip on"


def test_the_plate_of_another_view_is_told_to_people_and_to_scripts(
    live_until: Edgeds, data: Path, tmp_path: Path
) -> None:
    """Alpha is in shreds then. Whether it is another scene, or the view has changed, depends on how
    much of the picture is foreground at the first look.
    """
    foreign = cv2.flip(cv2.imread(str(data / "moving_person_plate.jpg")), 0)
    cv2.imwrite(str(tmp_path / "foreign.png"), foreign)
    prompt = "retake the plate"
    done = live_until(
        prompt, "--camera", f"file:{data / 'moving_person.mp4'}?loop", "-b", "foreign.png",
        "--no-show", "--json",
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    report = json.loads(done.stdout)
    assert report["plate"]["health"] == 0
    assert prompt in report["plate"]["prompt"]
    assert report["plate"]["prompt"] in done.stderr


def _started(folder: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edgeds", "live", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_ends_it_with_a_recording_that_plays(
    camera: str, plate: Path, tmp_path: Path
) -> None:
    process = _started(
        tmp_path, "--camera", camera, "-b", plate, *FAST, "--record", "out.mp4", "--json"
    )
    end = time.monotonic() + 60
    while not any(part.stat().st_size for part in tmp_path.glob(".out.*.part.mp4")):
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    report = json.loads(out)
    assert len(list(open_source(tmp_path / "out.mp4"))) == report["outputs"][0]["frames"] > 0
    assert "Traceback" not in err


def test_a_full_disk_ends_the_recording_alone_and_tells_at_the_end(
    edgeds: Edgeds, make_clip: MakeClip, plate: Path, tmp_path: Path
) -> None:
    camera = f"file:{make_clip(size=(360, 640))}?loop"
    resource = pytest.importorskip("resource", reason="file size limits are a POSIX thing")

    def small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    done = edgeds(
        "live", "--camera", camera, "-b", plate, *FAST, "--record", "out.mp4",
        "--max-frames", "60", "--json", preexec=small_disk,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["outputs"][0]["message"]
    assert report["frames"] == 60, "the run goes on"
    played = 0
    with suppress(SourceError, SourceFailed):  # what breaks off may hold no whole frame
        for _ in open_source(tmp_path / "out.mp4"):
            played += 1
    assert report["outputs"][0]["frames"] == played
    assert "recording ended" in done.stderr


def test_a_stream_that_nobody_ever_took_is_a_failure(
    edgeds: Edgeds, camera: str, plate: Path
) -> None:
    done = edgeds(
        "live", "--camera", camera, "-b", plate, *FAST, "--publish", "tcp://127.0.0.1:9?key=hush",
        "--max-frames", "10", "--json",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    (stream,) = json.loads(done.stdout)["outputs"]
    assert stream["frames"] == 0
    assert "went out" in stream["message"]
    assert "stream ended: cannot publish to tcp://127.0.0.1:9" in done.stderr
    assert "hush" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--camera", "63"), ("cannot open camera 63", "fix:")),
        (("--camera", "file:missing.mp4"), ("no such file", "fix:")),
        (("--camera", "missing.mp4"), ("cannot open 'missing.mp4' as a camera", "file:clip.mp4")),
        (("--camera", "0", "--size", "big"), ("not a size", "1280x720")),
        (("--camera", "rtsp://127.0.0.1:9/x"), ("cannot open rtsp://127.0.0.1:9/x", "refused")),
    ],
)
def test_bad_input_is_told_in_words(
    edgeds: Edgeds, arguments: tuple[str, ...], told: tuple[str, ...]
) -> None:
    done = edgeds("live", *arguments, *FAST)
    assert done.returncode == 2
    for words in told:
        assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_display_there_is_a_clear_word_and_no_abort(
    edgeds: Edgeds, camera: str, plate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    done = edgeds("live", "--camera", camera, "-b", plate, "--engine", "difference", "--show")
    assert done.returncode == 2
    assert "there is no display" in done.stderr
    assert "--serve" in done.stderr


def test_without_a_display_and_any_other_wish_there_is_a_page(
    edgeds: Edgeds, camera: str, plate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uvicorn", reason="the extra `web` is not installed")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    arguments = ("live", "--camera", camera, "-b", plate, "--engine", "difference")
    done = edgeds(*arguments, "--serve", "0", "--max-frames", "5", "--json")
    assert done.returncode == 0, done.stderr
    assert "no window: there is no display" in done.stderr
    assert "page: http://127.0.0.1:" in done.stderr
    assert json.loads(done.stdout)["outputs"][0]["name"] == "page"


def test_a_window_is_shown_where_there_is_a_display(
    edgeds: Edgeds, camera: str, plate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pygame", reason="the extra `window` is not installed")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    done = edgeds(
        "live", "--camera", camera, "-b", plate, "--engine", "difference", "--max-frames", "10",
        "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    window = json.loads(done.stdout)["outputs"][0]
    assert window["name"] == "window"
    assert window["frames"] == 10
    assert window["latency_p50_ms"] > 0


def test_the_help_has_every_option_in_full_on_a_narrow_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edgeds", "live", "--help"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    for words in (
        "--virtual-camera-device DEVICE",
        "--pixel-format <auto|mjpg|yuyv>",
        "overlay|mask|depth|side-by-side|cutout|replace|blur",
        "--size WxH",
    ):
        assert words in done.stdout
