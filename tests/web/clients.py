"""A simulated run with its page, and its clients. Skips where the page cannot be served."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("starlette", reason='the extra "web" is not installed')

from websockets.sync.client import ClientConnection, connect

from edgeds.live.simulated import SimulatedRun
from edgeds.live.web.settings import PAGE
from edgeds.live.web.web_sink import WebSink


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Served:
    """A served simulated run, as its clients see it."""

    def __init__(self, run: SimulatedRun, sink: WebSink) -> None:
        self.run, self.sink = run, sink
        self.url = sink.link
        self.port = int(self.url.split("/")[2].rpartition(":")[2])
        self.token = self.url.partition("?token=")[2] or None
        self.name = "[::1]" if "[::1]" in self.url else "127.0.0.1"
        self.host = f"{self.name}:{self.port}"
        self.origin = f"http://{self.host}"

    @property
    def cookie(self) -> str:
        return f"edgeds_{self.port}={self.token}"

    def ask(
        self, path: str = "/", *, method: str = "GET", body: Any = None, **headers: str
    ) -> Answer:
        """One request; header names with _ for -. Host is ours unless it is given."""
        connection = http.client.HTTPConnection(self.name.strip("[]"), self.port, timeout=60)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"Host": self.host, **given})
            answer = connection.getresponse()
            return Answer(answer.status, answer.msg, answer.read())
        finally:
            connection.close()

    def shake_hands(self, **headers: str) -> int:
        """The status of a WebSocket handshake: 101 lets us in."""
        asked = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        return self.ask("/live", **{**asked, **headers}).status

    def watch(self, **options: Any) -> ClientConnection:
        """A viewer's connection."""
        url = f"ws://{self.host}/live"
        return connect(url, origin=self.origin, proxy=None, compression=None, **options)


Serve = Callable[..., Served]


@contextmanager
def serving(folder: Path) -> Iterator[Serve]:
    """A function that serves a simulated run: address, token, page settings, the run's options."""
    open_ones: list[Served] = []

    def start(
        address: str = "0", *, token: str | None = None, settings: Any = PAGE, **options: Any
    ) -> Served:
        run = SimulatedRun(folder, **{"size": (90, 160), **options})
        sink = WebSink(address, run, token=token, settings=settings)
        run.add_sink(sink)
        open_ones.append(Served(run, sink))
        return open_ones[-1]

    yield start
    for page in open_ones:
        page.run.close()
        page.sink.close()


def wait_until(true: Callable[[], Any], *, secs: float = 180.0) -> Any:
    """What `true()` gives once it is something; fails after `secs`."""
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        if value := true():
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def picture(viewer: Any) -> tuple[int, np.ndarray]:
    """The next picture, acknowledged: (number, BGR pixels)."""
    while isinstance(message := viewer.recv(timeout=60), str):
        pass
    number = int.from_bytes(message[:4], "big")
    viewer.send(json.dumps({"do": "ack", "number": number}))
    return number, cv2.imdecode(np.frombuffer(message[4:], np.uint8), cv2.IMREAD_COLOR)


def told(viewer: Any, kind: str, true: Callable[[Any], Any] = lambda _: True) -> Any:
    """The next message of a kind of which `true` holds; pictures on the way are acknowledged."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        message = viewer.recv(timeout=60)
        if isinstance(message, bytes):
            viewer.send(json.dumps({"do": "ack", "number": int.from_bytes(message[:4], "big")}))
        elif (content := json.loads(message))["type"] == kind and true(content):
            return content
    raise AssertionError(f"no such {kind}")


def command(viewer: Any, do: str, **more: Any) -> None:
    viewer.send(json.dumps({"do": do, **more}))
