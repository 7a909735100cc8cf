"""Small videos made on the spot, and the command as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from edgeds.sources import SyntheticSource
from edgeds.sources.scaling import SWSCALE_FLAGS

DATA = Path(__file__).parent / "data"
MakeClip = Callable[..., Path]

# `nohup` and a shell's background jobs ignore some signals, and so would every process that a test
# starts. A handler does nothing either, but is not inherited.
for _name in ("SIGINT", "SIGHUP"):
    _number = getattr(signal, _name, None)
    if _number is not None and signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds the engines and plates of another run, or leaves its own behind."""
    monkeypatch.setenv("EDGEDS_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def data() -> Path:
    return DATA


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """A function that writes the synthetic scene as a video and returns its path."""

    def make(
        name: str = "clip.mp4",
        *,
        frame_count: int = 30,
        size: tuple[int, int] = (90, 160),
        rate: Fraction = Fraction(30),
        pts: list[int] | None = None,
        time_base: Fraction | None = None,
        audio: bool = False,
        rotation: int = 0,
        full_range: bool = False,
        matrix: int = 2,
        codec: str = "libx264",
    ) -> Path:
        path = tmp_path / name
        source = SyntheticSource(size=size, frame_count=frame_count, rate=rate)
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate)
            stream.height, stream.width = size
            stream.pix_fmt = "yuv420p"
            context = stream.codec_context
            context.color_range = 2 if full_range else 1
            context.colorspace = context.color_primaries = context.color_trc = matrix
            if codec == "libx264":
                context.options = {"crf": "10", "preset": "veryfast", "g": "12"}
            context.time_base = time_base or 1 / rate
            if rotation:
                stream.set_display_rotation(rotation)
            sound = container.add_stream("aac", rate=48000) if audio else None
            for frame in source:
                picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24").reformat(
                    format="yuv420p",
                    dst_colorspace=5 if matrix == 2 else matrix,
                    dst_color_range=2 if full_range else 1,
                    interpolation=SWSCALE_FLAGS,
                )
                picture.pts = pts[frame.index] if pts else frame.index
                picture.time_base = time_base or 1 / rate
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
            if sound is not None:
                _beep(container, sound, float(frame_count / rate))
        return path

    return make


def _beep(container: av.container.OutputContainer, stream: av.AudioStream, secs: float) -> None:
    for start in range(0, int(secs * 48000), 1024):
        wave = np.sin(np.arange(start, start + 1024) * 0.05).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


@pytest.fixture
def live_until(tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """`edgeds live` until it has printed what is waited for on stderr; then Ctrl-C ends it."""
    running: list[subprocess.Popen[str]] = []

    def run(wanted: str, *arguments: str | Path, secs_more: float = 0) -> Any:
        process = subprocess.Popen(
            [sys.executable, "-m", "edgeds", "live", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(DATA.parents[1])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stderr is not None
        printed = ""
        for line in process.stderr:  # until it ends; pytest's timeout ends what prints nothing
            printed += line
            if wanted in line:
                time.sleep(secs_more)
                process.send_signal(signal.SIGINT)
                break
        stdout, rest = process.communicate(timeout=60)
        assert wanted in printed, printed
        return subprocess.CompletedProcess([], process.returncode, stdout, printed + rest)

    yield run
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def gstreamer() -> None:
    """Skips where GStreamer, its base plugins or its Python binding are missing."""
    gi = pytest.importorskip("gi", reason="PyGObject is not installed")
    try:
        gi.require_version("Gst", "1.0")
    except ValueError:
        pytest.skip("GStreamer is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # old PyGObjects load in an old way
        from gi.repository import Gst
    Gst.init(None)
    if Gst.ElementFactory.find("videotestsrc") is None:
        pytest.skip("GStreamer's base plugins are not installed")


@pytest.fixture
def edgeds(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command as a process, in an empty folder."""

    def run(
        *arguments: str | Path, preexec: Callable[[], None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "edgeds", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(DATA.parents[1])},
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
            preexec_fn=preexec,
        )

    return run
