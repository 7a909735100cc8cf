"""Published streams: real receivers on this machine, a server that is away, passwords."""

from __future__ import annotations

import contextlib
import itertools
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest

from edgeds.errors import SinkError, SinkFailed
from edgeds.live.outputs import Output
from edgeds.sinks.encoder_settings import Publish
from edgeds.sinks.publish_sink import PublishSink
from edgeds.sources import SyntheticSource
from edgeds.sources.upright_picture import upright_rgb
from edgeds.types import Frame
from tests.held_port import held_port

SCENE = list(SyntheticSource(size=(90, 160), frame_count=30))
QUICK = Publish(backoff_secs=0.1, max_backoff_secs=0.2, stall_secs=20)

PLACES = {"rtmp": "/live/key", "rtsp": "/live"}
LISTENING = {"rtmp": {"listen": "1"}, "rtsp": {"rtsp_flags": "listen", "listen_timeout": "60"}}


class Receiver:
    """The other side, by FFmpeg in listening mode: the sizes, times and brightness of pictures."""

    def __init__(self, url: str, **options: str) -> None:
        self.pictures: list[tuple[int, int, float]] = []
        self.times: list[float] = []
        self._url, self._options = url, options
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with (
            contextlib.suppress(av.FFmpegError),  # the other side has gone
            av.open(self._url, options=self._options, timeout=60) as container,
        ):
            for frame in container.decode(video=0):
                red = float(upright_rgb(frame)[..., 0].mean())
                self.pictures.append((frame.height, frame.width, red))
                if frame.pts is not None:
                    self.times.append(float(frame.pts * frame.time_base))

    def wait(self, pictures: int = 1) -> None:
        deadline = time.monotonic() + 60
        while len(self.pictures) < pictures:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def frames() -> Iterator[Frame]:
    """The scene again and again, grabbed now, at about 25 a second."""
    for frame in itertools.cycle(SCENE):
        time.sleep(0.04)
        yield replace(frame, grabbed_secs=time.monotonic())


@pytest.mark.parametrize("scheme", ["rtmp", "rtsp", "udp", "tcp"])
def test_a_receiver_gets_the_picture(scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:{held_port()}{PLACES.get(scheme, '')}"
    heard = Receiver(url + ("?listen=1" if scheme == "tcp" else ""), **LISTENING.get(scheme, {}))
    events: list[str] = []
    with PublishSink(url, settings=QUICK, on_event=events.append) as sink:
        for frame in frames():
            sink.write(frame)
            if len(heard.pictures) >= 5:
                break
    heard.wait(5)
    assert {(height, width) for height, width, _ in heard.pictures} == {(90, 160)}
    truths = [float(frame.pixels[..., 0].mean()) for frame in SCENE]
    assert all(min(truths) - 3 < red < max(truths) + 3 for _, _, red in heard.pictures)
    assert heard.times == sorted(heard.times)
    assert events[-1].startswith(f"publishing to {scheme}://")
    assert sink.sent + sink.lost == sink._offered


def test_a_callback_that_raises_is_logged_and_the_stream_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def on_event(text: str) -> None:
        raise LookupError(text)

    url = f"udp://127.0.0.1:{held_port()}"
    heard = Receiver(url)
    output = Output("stream", PublishSink(url, settings=QUICK, on_event=on_event), is_file=False)
    for frame in frames():
        output.offer(frame)
        assert not output.ended, output.status().message
        if "LookupError" in caplog.text and len(heard.pictures) >= 5:
            break
    output.ask_to_end()
    assert output.wait(20)
    assert output.status().message == ""
    assert f"it was called with: publishing to {url}" in caplog.text


def test_it_connects_again_when_the_server_comes_back() -> None:
    port, events = held_port(), []
    url = f"tcp://127.0.0.1:{port}"
    sink = PublishSink(f"{url}?password=hush", settings=QUICK, on_event=events.append)
    output = Output("stream", sink, is_file=False)
    offered, worst_secs, servers = 0, 0.0, []
    for frame in frames():
        if not servers and sink.message:
            servers.append(server(port))
        elif len(servers) == 1 and sink.sent > 5:
            servers[0].kill()
            servers.append(servers[0])
        elif len(servers) == 2 and sink.message:
            sent = sink.sent
            servers.append(server(port))
        elif len(servers) == 3 and sink.sent > sent + 5:
            break
        began_secs = time.monotonic()
        output.offer(frame)
        worst_secs = max(worst_secs, time.monotonic() - began_secs)
        offered += 1
    output.ask_to_end()
    assert output.wait(20)
    servers[-1].kill()
    status = output.status()
    assert status.frames + status.dropped == offered
    assert status.frames > 10
    assert status.dropped > 0
    assert worst_secs < 5  # a server that takes nothing is left after 20 s
    assert "hush" not in f"{events}{status}"
    said = [event.split(":")[0] for event in events]
    assert said.count("publishing to tcp") == 2
    assert said.count("cannot publish to tcp") >= 2
    for process in servers:
        process.wait()


def server(port: int) -> subprocess.Popen[bytes]:
    """A receiver that can be killed."""
    code = f"import av\nfor _ in av.open('tcp://127.0.0.1:{port}?listen=1').demux(): pass"
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)


def test_a_server_that_takes_nothing_is_left_and_the_frames_are_counted() -> None:
    with socket.socket() as deaf:  # accepts, and never reads
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        settings = replace(QUICK, stall_secs=1.0, close_secs=0.2)
        events: list[str] = []
        url = f"rtmp://127.0.0.1:{deaf.getsockname()[1]}/live"
        sink = PublishSink(url, settings=settings, on_event=events.append)
        offered = 0
        for frame in frames():
            sink.write(frame)
            offered += 1
            if sink.message:
                break
        assert "takes nothing more" in sink.message
        with pytest.raises(SinkFailed, match="cannot publish to rtmp://") as caught:
            sink.close()
        assert "takes nothing more" in caught.value.why
        assert f"none of {offered} frames went out" in caught.value.why
        sink.close()
        assert sink.sent == 0
        assert sink.lost == offered


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("out.mp4", "it is not a URL"),
        ("rstp://host/live", "did you mean rtsp://"),
        ("http://host/live", "is not a way to publish"),
        ("rtsp://me:pass/word@host/live", "write it as %2F"),
        ("rtsp://me:word@", "has no host"),
        ("rtmp:///live", "has no host"),
        ("udp://127.0.0.1", "has no port"),
        ("rtsp://me:word@host:x/live", "that can be read"),
    ],
)
def test_what_is_no_address_is_refused_at_once(url: str, message: str) -> None:
    with pytest.raises(SinkError) as caught:
        PublishSink(url)
    assert message in str(caught.value)
    assert "word" not in str(caught.value).replace("password", "")


def test_a_missing_srt_is_said_at_once_with_a_way_round_it() -> None:
    url = "srt://127.0.0.1:9?passphrase=hush"
    with contextlib.suppress(av.error.InvalidDataError, OSError, ValueError):
        with pytest.raises(av.error.ProtocolNotFoundError):
            av.open("srt:", "r").close()
        with pytest.raises(SinkError, match="no SRT") as caught:
            PublishSink(url)
        assert "hush" not in str(caught.value)


def test_the_address_is_on_no_command_line() -> None:
    url = f"rtmp://127.0.0.1:{held_port()}/live/hush"
    with pytest.raises(SinkFailed), PublishSink(url, settings=QUICK) as sink:
        sink.write(SCENE[0])
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert lines or sys.platform != "linux"
    assert not any(b"hush" in line for line in lines)
