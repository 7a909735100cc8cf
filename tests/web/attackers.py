"""All of the page's ill-wishers at once, in a process of their own: python attackers.py PORT.

Waits for lines on its input: `on` (in place: answers `on`), `off`, and `tell`, which answers with
what they were given, as JSON. The end of its input ends it.
"""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import suppress

IDLE = 200
SLOW = 16
_PAUSE_SECS = 0.05
BOMB = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x02\x00\x00\x00" * 9
)


class Attackers:
    def __init__(self, port: int) -> None:
        self.port, self.host = port, f"127.0.0.1:{port}"
        self.on = threading.Event()
        self.idle: list[socket.socket] = []
        self.slow: list[socket.socket] = []
        self.answers: Counter[str] = Counter()
        self.surprises: list[str] = []
        for attack in (self.forge, self.upload):
            threading.Thread(target=self.keep_on, args=(attack,), daemon=True).start()

    def keep_on(self, attack: object) -> None:
        while True:
            self.on.wait()
            with suppress(OSError, http.client.HTTPException):
                attack()  # type: ignore[operator]
            time.sleep(_PAUSE_SECS)

    def start(self) -> None:
        self.idle = [self.connected(b"GET / HT" if i % 2 else b"") for i in range(IDLE)]
        self.slow = [self.slow_viewer() for _ in range(SLOW)]
        self.on.set()

    def stop(self) -> None:
        self.on.clear()
        for client in (*self.idle, *self.slow):
            client.close()

    def tell(self) -> dict[str, object]:
        return {
            "answers": self.answers,
            "surprises": self.surprises,
            "idle_left": sum(not _is_over(client) for client in self.idle),
        }

    def connected(self, first: bytes) -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", self.port))
        client.sendall(first)
        return client

    def slow_viewer(self) -> socket.socket:
        """Opens the WebSocket and never reads again."""
        lines = (
            "GET /live HTTP/1.1",
            f"Host: {self.host}",
            f"Origin: http://{self.host}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
        return self.connected("\r\n".join((*lines, "", "")).encode())

    def forge(self) -> None:
        """Requests in foreign names, from foreign pages, in foreign protocols."""
        foreign = {"Origin": "http://evil.example"}
        self.ask("GET", "/", {"Host": "evil.example"}, "rebinding", (421,))
        self.ask("POST", "/snapshot", {"Host": self.host, **foreign}, "origin", (403,))
        self.ask("GET", "/../../etc/passwd", {"Host": self.host}, "path", (404,))
        with socket.create_connection(("127.0.0.1", self.port), 10) as client:
            client.sendall(b"\x16\x03\x01" + os.urandom(200) + b"\r\n\r\n")
            self.note("noise", client.recv(100).split()[1:2] in ([b"400"], []))

    def upload(self) -> None:
        own = {"Host": self.host, "Origin": f"http://{self.host}"}
        self.ask("POST", "/backdrop", own, "bomb", (415,), BOMB)
        self.ask("POST", "/backdrop", own, "noise upload", (415,), os.urandom(200_000))
        huge = {**own, "Content-Length": "50000000000"}
        self.ask("POST", "/backdrop", huge, "huge upload", (413,), b"x")

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        name: str,
        wanted: tuple[int, ...],
        body: bytes | None = None,
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            self.note(name, answer.status in wanted and len(answer.read()) < 400)
        finally:
            connection.close()

    def note(self, name: str, as_wanted: bool) -> None:
        self.answers[name] += 1
        if not as_wanted:
            self.surprises.append(name)


def _is_over(client: socket.socket) -> bool:
    """The server has closed it."""
    poll = select.poll()
    poll.register(client, select.POLLIN)
    if not poll.poll(0):
        return False
    try:
        return client.recv(1) == b""
    except OSError:
        return True


def main() -> None:
    if hasattr(os, "nice"):
        os.nice(19)  # what they cost the server is asked, not what they cost this machine
    attackers = Attackers(int(sys.argv[1]))
    for line in sys.stdin:
        if line.strip() == "on":
            attackers.start()
        elif line.strip() == "off":
            attackers.stop()
        answer = attackers.tell() if line.strip() == "tell" else line.strip()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
