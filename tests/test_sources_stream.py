"""A network stream that is killed, stopped, and comes back: real sockets, a server of its own."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources import LiveSource, StreamFeed, SyntheticSource
from edgeds.sources.timeouts import Reconnect
from tests.held_port import held_port

ROOT = Path(__file__).parents[1]
PATIENT = Reconnect(open_secs=40, backoff_secs=0.1, max_backoff_secs=0.3)


class Server:
    """The stream on a port of its own, as often as it is started."""

    def __init__(self) -> None:
        self.url = f"tcp://127.0.0.1:{held_port()}"
        self.start()

    def start(self) -> None:
        script = Path(__file__).with_name("stream_server.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), self.url.rpartition(":")[2]],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def source(self) -> LiveSource:
        """Connected as soon as the server listens."""
        end = time.monotonic() + 60
        while True:
            try:
                return LiveSource(lambda: StreamFeed(self.url), PATIENT)
            except SourceError:
                assert time.monotonic() < end, "the server never came"
                time.sleep(0.1)


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    try:
        yield one
    finally:
        one.kill()


def test_a_killed_stream_comes_back_and_the_numbering_goes_on(server: Server) -> None:
    with server.source() as source:
        frames = iter(source)
        before = list(itertools.islice(frames, 10))
        server.kill()
        told: list[str] = []

        def restart() -> None:
            _wait_for(lambda: source.state == "reconnecting")
            told.append(source.message)
            server.start()

        restarting = threading.Thread(target=restart)
        restarting.start()
        after = list(itertools.islice(frames, 90))
        restarting.join(60)
    assert source.info.size == (90, 160)
    assert [frame.index for frame in before + after] == list(range(100))
    assert all(a.pts < b.pts for a, b in itertools.pairwise(before + after))
    assert "broke off" in told[0] or "cannot open" in told[0]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be paused here")
def test_a_stalled_stream_is_told_and_goes_on(server: Server) -> None:
    with server.source() as source:
        reading = threading.Thread(target=lambda: list(source))
        reading.start()
        server.process.send_signal(signal.SIGSTOP)
        # After two seconds: test_sources_live.py has that. What lay in the socket is read first.
        _wait_for(lambda: source.state == "stalled")
        assert "no picture for" in source.message
        server.process.send_signal(signal.SIGCONT)
        _wait_for(lambda: source.state == "running")
    reading.join(20)
    assert not reading.is_alive()


def _wait_for(what: Callable[[], object], secs: float = 60) -> None:
    end = time.monotonic() + secs
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def test_a_server_that_ends_the_connection_is_named_with_a_remedy(tmp_path: Path) -> None:
    clip = tmp_path / "clip.ts"
    with av.open(str(clip), "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=25, options={"g": "5", "bf": "0"})
        stream.height, stream.width, stream.pix_fmt = 90, 160, "yuv420p"
        for frame in SyntheticSource(size=(90, 160), frame_count=40):
            picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            one, _ = listening.accept()
            with one:
                one.recv(4000)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nContent-Length: 9000000\r\n"
                one.sendall(head + b"\r\n" + clip.read_bytes())

        server = threading.Thread(target=answer)
        server.start()
        with pytest.raises(SourceFailed) as caught:  # noqa: SIM117
            with StreamFeed(f"http://127.0.0.1:{listening.getsockname()[1]}/x.ts") as feed:
                while True:
                    feed.read()
        server.join()
    assert caught.value.why == "the server ended the connection"
    assert "another player" in caught.value.fix
