"""Hostile clients: idle ones, slow readers, floods; other viewers notice nothing."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clients import Serve, Served, picture, wait_until

from edgeds.errors import SinkError
from edgeds.live.web.settings import Page

HURRIED = Page(idle_secs=1.0, send_secs=1.0, connections=20)


def closed_by_server(client: socket.socket, *, secs: float = 20.0) -> bool:
    client.settimeout(secs)
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return True


def request_head(page: Served, path: str = "/") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {page.host}\r\n\r\n".encode()


@pytest.mark.parametrize("first", ["silence", "half a request", "a request, then silence"])
def test_who_hangs_about_is_shown_out(serve: Serve, first: str) -> None:
    page = serve(settings=HURRIED)
    whole = request_head(page)
    said = {"silence": b"", "half a request": whole[:-2], "a request, then silence": whole}
    with socket.create_connection(("127.0.0.1", page.port)) as client:
        client.sendall(said[first])
        assert closed_by_server(client)


def test_who_sends_a_request_byte_by_byte_is_shown_out(serve: Serve) -> None:
    page = serve(settings=HURRIED)
    with socket.create_connection(("127.0.0.1", page.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError):  # noqa: PT011 (reset or broken pipe, as the kernel likes)
            for _ in range(200):
                client.sendall(b"x: y\r\n")
                time.sleep(0.05)


@pytest.mark.parametrize("name", ["127.0.0.1", "[::1]"])
def test_who_watches_may_stay_however_long(serve: Serve, name: str) -> None:
    try:
        page = serve(f"{name}:0", settings=Page(idle_secs=0.5))
    except SinkError as error:
        pytest.skip(f"this machine has no {name}: {error.why}")
    with page.watch() as viewer:
        deadline = time.monotonic() + 2.5
        while time.monotonic() < deadline:
            picture(viewer)


def test_headers_without_end_are_refused(page: Served) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as client:
        client.sendall(b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000)
        assert client.recv(100).split()[1] == b"400"


def test_a_crowd_that_hangs_about_keeps_nobody_else_out(serve: Serve) -> None:
    page = serve(settings=Page(connections=20, idle_secs=60))
    with page.watch() as viewer:
        crowd = [socket.create_connection(("127.0.0.1", page.port)) for _ in range(60)]
        try:
            assert page.ask("/").status == 200
            with page.watch() as another:
                picture(another)
            for _ in range(3):  # who is being served is not shown out
                picture(viewer)
            for client in crowd[:30]:
                assert closed_by_server(client)
        finally:
            for client in crowd:
                client.close()


def test_a_viewer_who_claims_to_have_drawn_what_he_never_took_is_let_go(
    serve: Serve,
) -> None:
    page = serve(settings=HURRIED, size=(360, 640))
    # Buffers of its own, so that what is not taken fills them soon.
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", page.port))
        head = request_head(page, "/live").decode()[:-2]
        raw.sendall(
            f"{head}Origin: {page.origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n".encode()
            + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        wait_until(lambda: page.sink.viewers == 1)
        deadline = time.monotonic() + 60
        try:
            while page.sink.viewers and time.monotonic() < deadline:
                shown = page.run.status().delivered
                for number in range(max(0, shown - 4), shown + 5):
                    raw.sendall(masked(json.dumps({"do": "ack", "number": number}).encode()))
                time.sleep(0.02)
        except OSError:
            pass
        wait_until(lambda: page.sink.viewers == 0)
    with page.watch() as viewer:
        picture(viewer)


def masked(text: bytes) -> bytes:
    """A WebSocket text frame as clients send it (RFC 6455, 5.2), masked with zeros."""
    assert len(text) < 126
    return bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text


class Gang:
    def __init__(self, port: int) -> None:
        script = Path(__file__).with_name("attackers.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, order: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate(timeout=60)


@pytest.fixture
def attacked(serve: Serve) -> Iterator[tuple[Served, Gang]]:
    page = serve(settings=Page(idle_secs=1.5), size=(180, 320), rate_hz=25)
    gang = Gang(page.port)
    yield page, gang
    gang.close()


@pytest.mark.skipif(sys.platform == "win32", reason="select.poll")
def test_under_attack_from_all_sides_the_run_keeps_its_pace_and_serves_its_viewers(
    attacked: tuple[Served, Gang],
) -> None:
    page, gang = attacked
    wait_until(lambda: page.run.status().delivered > 70)
    frames, secs = {"off": 0, "on": 0}, {"off": 0.0, "on": 0.0}
    pace = 0.0
    with page.watch() as viewer:
        for turn in range(8):
            for phase in ("off", "on"):  # in turn: whatever else the machine does, both have it
                gang(phase)
                began, before = time.monotonic(), page.run.status().delivered
                while time.monotonic() < began + 1.2:
                    picture(viewer)
                frames[phase] += page.run.status().delivered - before
                secs[phase] += time.monotonic() - began
            pace = (frames["on"] / secs["on"]) / (frames["off"] / secs["off"])
            if turn and pace >= 0.8:  # most machines need no more turns to say so
                break
        assert page.ask("/").status == 200
        told = gang("tell")
        assert told["surprises"] == []
        wait_until(lambda: len(gang("tell")["answers"]) == 7)
        wait_until(lambda: gang("tell")["idle_left"] == 0)
        picture(viewer)
    assert pace >= 0.8, (pace, frames, secs)
    assert page.run.backdrop is None
    assert list(page.run.files.folder.iterdir()) == []
