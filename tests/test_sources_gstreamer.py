"""`gst:` and `csi:` sources: the words of errors everywhere, pictures where GStreamer is."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources import GStreamerFeed, is_live, open_live_source
from edgeds.sources.gstreamer import csi_pipeline

GREEN = "videotestsrc pattern=green ! video/x-raw,width=162,height=90,framerate=50/1"
LIVE = (
    "videotestsrc is-live=true do-timestamp=true ! video/x-raw,width=160,height=90,framerate=50/1"
)


def test_pipelines_and_csi_cameras_are_live() -> None:
    assert is_live("gst:videotestsrc")
    assert is_live("csi://0")
    assert not is_live("gst.mp4")


def test_without_the_binding_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gi", None)
    with pytest.raises(SourceError, match="cannot use GStreamer") as caught:
        open_live_source("gst:videotestsrc")
    assert "python3-gi" in caught.value.fix


def test_pictures_are_rgb_whatever_the_padding_of_their_rows(gstreamer: None) -> None:
    with open_live_source(f"gst:{GREEN}") as source:
        frame = next(iter(source))
        assert source.info.size == frame.size == (90, 162)
        assert source.info.rate == 50
    assert (frame.pixels == np.array([0, 255, 0])).mean() > 0.99


def test_a_pipeline_written_for_opencv_works(gstreamer: None) -> None:
    with GStreamerFeed(f"{GREEN} ! videoconvert ! appsink drop=1 max-buffers=2") as feed:
        assert feed.read().pixels.shape == (90, 162, 3)


def test_live_pictures_have_the_time_of_their_capture(gstreamer: None) -> None:
    with GStreamerFeed(f"{LIVE} ! queue min-threshold-time=100000000") as feed:
        ages = [-feed.read().secs + time.monotonic() for _ in range(5)]
    assert max(ages) > 0.05, ages  # the queue holds them for 100 ms


def test_recorded_pictures_come_in_real_time(gstreamer: None) -> None:
    with GStreamerFeed(GREEN) as feed:
        stamps = [feed.read().secs for _ in range(11)]
    assert stamps[-1] - stamps[0] > 0.1  # ten gaps of 20 ms; unpaced it would take 5 ms


def test_the_end_and_a_break_are_told_apart(gstreamer: None) -> None:
    short = GStreamerFeed(GREEN.replace("videotestsrc", "videotestsrc num-buffers=3"))
    with short, pytest.raises(SourceFailed, match="the pipeline ended"):
        for _ in range(5):
            short.read()
    broken = GStreamerFeed(f"{GREEN} ! identity error-after=3")
    with broken, pytest.raises(SourceFailed, match="broke off") as caught:
        for _ in range(5):
            broken.read()
    assert caught.value.why


@pytest.mark.parametrize(
    ("pipeline", "why"),
    [
        ("nosuchelement", 'no element "nosuchelement"'),
        ("filesrc location=/nowhere.ts ! decodebin", "No such file|Resource not found|not open"),
        ("", "nothing follows gst:"),
    ],
)
def test_what_cannot_start_is_an_error_with_its_reason(
    gstreamer: None, pipeline: str, why: str
) -> None:
    with pytest.raises((SourceError, SourceFailed)) as caught, GStreamerFeed(pipeline) as feed:
        feed.read()
    assert any(part in f"{caught.value.why}" for part in why.split("|")), caught.value.why


def test_passwords_of_a_pipeline_are_hidden(gstreamer: None) -> None:
    uri = "gst:nosuchsrc location=rtsp://me:hush@10.0.0.7/1"
    with pytest.raises(SourceError) as caught:
        open_live_source(uri)
    assert "rtsp://me:***@" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_csi_camera_has_a_number(gstreamer: None) -> None:
    with pytest.raises(SourceError, match="a number is missing"):
        csi_pipeline("csi://front")


def test_an_ended_pipeline_starts_again(gstreamer: None) -> None:
    events: list[str] = []
    pipeline = GREEN.replace("videotestsrc", "videotestsrc num-buffers=4")
    with open_live_source(f"gst:{pipeline}", on_event=events.append) as source:
        frames = list(itertools.islice(source, 6))
    assert [frame.index for frame in frames] == list(range(6))


def test_openvino_and_gstreamer_live_in_one_process(gstreamer: None) -> None:
    """GStreamer's libunwind once took the place of libgcc's unwinder, and OpenVINO aborted."""
    done = subprocess.run(
        [sys.executable, "-m", "edgeds", "live", "gst:nosuchelement", "--no-show"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done
    assert 'no element "nosuchelement"' in done.stderr
