"""RTSP cameras: how soon the first picture comes, over which transport, and again after a break."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from edgeds.errors import SourceError
from edgeds.sources import LiveSource, StreamFeed, open_live_source
from edgeds.sources.timeouts import Reconnect
from tests.rtsp_server import SIZE, RtspServer

ONLY_UDP, ONLY_TCP = frozenset({"udp"}), frozenset({"tcp"})


@pytest.mark.parametrize(
    ("rate", "gop_secs"),
    [(25, 10), (25, 12.5), (5, 10), (2, 10), (1, 10)],
)
def test_the_first_picture_comes_at_once_whatever_the_key_frame_interval(
    rate: float, gop_secs: float
) -> None:
    with RtspServer(rate=rate, gop_secs=gop_secs) as server:
        began = time.monotonic()
        with open_live_source(server.url) as source:
            first_secs = time.monotonic() - began
    # Measured .05 s at 25 fps and one frame's time at 1 to 5 fps; the rest is for a busy machine.
    # With nobuffer it was the next key frame that came first, or nothing for 10 s.
    assert first_secs < gop_secs / 2
    assert source.info.size == SIZE
    assert source.info.rate == rate


def test_a_reconnect_gives_its_first_picture_at_once_too() -> None:
    with (
        RtspServer(rate=25, gop_secs=12, breaks_after=10) as server,
        open_live_source(server.url) as source,
    ):
        stamps = [frame.grabbed_secs or 0.0 for frame in islice(source, 25)]
    assert server.connections >= 2
    # .25 s of pause before the new attempt; with nobuffer the first key frame would be lost.
    assert max(b - a for a, b in pairwise(stamps)) < 6


def test_a_camera_that_begins_between_key_frames_is_waited_for() -> None:
    events: list[str] = []
    patience = Reconnect(open_secs=0.5, say_secs=0.2)
    with (
        RtspServer(rate=25, gop_secs=3, begins_late_secs=1) as server,
        LiveSource(lambda: StreamFeed(server.url), patience, on_event=events.append) as source,
    ):
        frame = next(iter(source))
    assert events == ["waiting for a key frame of the source ..."]
    # A grey or smeared picture would be one decoded without its key frame.
    assert np.ptp(frame.pixels) > 100


@pytest.mark.parametrize("offered", [ONLY_UDP, ONLY_TCP])
def test_a_camera_that_refuses_a_transport_is_asked_for_the_other(
    offered: frozenset[str],
) -> None:
    with RtspServer(transports=offered) as server, open_live_source(server.url) as source:
        assert len(list(islice(source, 5))) == 5


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_the_transport_can_be_chosen(transport: str) -> None:
    offered = frozenset({transport})
    with (
        RtspServer(transports=offered) as server,
        open_live_source(server.url, rtsp_transport=transport) as source,  # type: ignore[arg-type]
    ):
        assert len(list(islice(source, 3))) == 3
    other = ONLY_UDP if transport == "tcp" else ONLY_TCP
    with RtspServer(transports=other) as server, pytest.raises(SourceError, match="transport"):
        open_live_source(server.url, rtsp_transport=transport)  # type: ignore[arg-type]


def test_a_break_is_told_in_one_sentence() -> None:
    with (
        RtspServer(rate=25, breaks_after=3) as server,
        open_live_source(server.url) as source,
    ):
        list(islice(source, 3))
        server.close()
        reading = threading.Thread(target=lambda: list(source))
        reading.start()
        end = time.monotonic() + 20
        while source.state != "reconnecting" and time.monotonic() < end:
            time.sleep(0.01)
        message = source.message
        source.close()
        reading.join(60)
    assert "trying again in" in message
    assert "rtsp://" not in message  # whoever shows it puts the source's name before it
    assert "Immediate exit" not in message


@pytest.fixture
def silent_host() -> str:
    """An address that takes a connection and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    yield f"127.0.0.1:{listener.getsockname()[1]}"  # type: ignore[misc]
    listener.close()


def test_connecting_is_said_after_a_moment_and_can_be_stopped(silent_host: str) -> None:
    events: list[str] = []
    stop = threading.Event()

    def heard(event: str) -> None:
        events.append(event)
        stop.set()

    # If nothing ended the wait, it would end with another reason: no answer.
    with pytest.raises(SourceError, match="stopped"):
        open_live_source(f"rtsp://me:secret@{silent_host}/1", on_event=heard, stop=stop)
    assert events == [f"connecting to rtsp://me:***@{silent_host}/1 ..."]


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
@pytest.mark.parametrize("command", ["live", "capture"])
def test_ctrl_c_while_connecting_ends_at_once_and_says_so(
    silent_host: str, command: str, tmp_path: Path
) -> None:
    patient = (
        "from edgeds.sources import timeouts\n"
        "for settings in (timeouts.STREAM, timeouts.RECONNECT):\n"
        "    object.__setattr__(settings, 'open_secs', 60)\n"
        "from edgeds.__main__ import main\nmain()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", patient, command, f"rtsp://me:secret@{silent_host}/1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            assert "connecting to" in process.stderr.readline()
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=60)
            took_secs = time.monotonic() - began
        finally:
            process.kill()
    assert process.returncode == 130, stderr
    assert took_secs < 30  # half of what FFmpeg waits for an answer
    assert stderr.strip() == "stopped before there was a picture"


def test_a_live_run_never_shows_its_password(
    edgeds: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    with RtspServer(rate=25, breaks_after=40) as server:
        url = server.url.replace("rtsp://", "RTSP://me:secret@")
        done = edgeds(
            *("live", url, "--duration", "4", "--no-show", "--json", "--record", "out.mkv"),
            *("--engine", "difference", "-v"),
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["source"].startswith("RTSP://me:***@127.0.0.1:")
    assert "trying again in" in done.stderr  # the connection broke after 40 pictures
    assert "secret" not in done.stdout + done.stderr
