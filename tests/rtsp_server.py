"""A network camera for tests: RTSP with H.264 over TCP or UDP, in real time, in a thread.

As real cameras do, it has key frames far apart, refuses a transport with 461, or begins a
connection in the middle of a group of pictures.
"""

from __future__ import annotations

import base64
import itertools
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import av

from edgeds.sources import SyntheticSource
from edgeds.types import Closing

SIZE = (90, 160)
_PAYLOAD = 96
_CLOCK = 90_000
_MAX_BYTES = 1200


class RtspServer(Closing):
    """Serves the synthetic scene at `url` until it is left."""

    def __init__(
        self,
        *,
        rate: float = 25,
        gop_secs: float = 1.0,
        transports: frozenset[str] = frozenset({"tcp", "udp"}),
        begins_late_secs: float = 0.0,
        breaks_after: int | None = None,
    ) -> None:
        """
        Args:
            begins_late_secs: how far after a key frame a connection begins.
            breaks_after: pictures after which every connection is cut.
        """
        self._rate, self._transports, self._breaks_after = rate, transports, breaks_after
        self._skipped = round(begins_late_secs * rate)
        self._units = _encoded(rate, max(1, round(gop_secs * rate)))
        self._left = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/cam"
        self.connections = 0
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End all connections and take no more."""
        if self._left.is_set():
            return
        self._left.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while not self._left.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        send_rtp = None
        with connection:
            connection.settimeout(0.1)
            for method, headers in _requests(connection, self._left):
                answer, body = "200 OK", ""
                extra = "Session: 1\r\n"
                transport = headers.get("transport", "")
                if method == "OPTIONS":
                    extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
                elif method == "DESCRIBE":
                    body = self._description()
                    extra = "Content-Type: application/sdp\r\n"
                elif method == "SETUP":
                    kind = "tcp" if "TCP" in transport else "udp"
                    if kind not in self._transports:
                        answer = "461 Unsupported Transport"
                    elif kind == "tcp":
                        extra += f"Transport: {transport}\r\n"
                        send_rtp = _over_tcp(connection)
                    else:
                        send_rtp, ports = _over_udp(transport)
                        extra += f"Transport: {transport};server_port={ports}\r\n"
                length = f"Content-Length: {len(body)}\r\n" if body else ""
                sequence = headers.get("cseq", "0")
                connection.sendall(
                    f"RTSP/1.0 {answer}\r\nCSeq: {sequence}\r\n{extra}{length}\r\n{body}".encode()
                )
                if method == "PLAY" and send_rtp is not None:
                    self.connections += 1
                    with send_rtp:
                        self._play(send_rtp)
                    return
                if method == "TEARDOWN":
                    return

    def _play(self, send_rtp: _Send) -> None:
        began, sequence = time.monotonic(), 0
        laps = itertools.islice(itertools.cycle(self._units), self._skipped, None)
        for index, units in enumerate(laps):
            if self._left.wait(max(0.0, began + index / self._rate - time.monotonic())):
                return
            if index == self._breaks_after:
                return
            stamp = round(index / self._rate * _CLOCK)
            for payload, last in _payloads(units):
                marker = 0x80 if last else 0
                header = struct.pack(">BBHII", 0x80, marker | _PAYLOAD, sequence & 0xFFFF, stamp, 7)
                sequence += 1
                try:
                    send_rtp(header + payload)
                except OSError:
                    return  # the viewer has gone

    def _description(self) -> str:
        sets = [u for u in self._units[0] if u[0] & 0x1F in (7, 8)]
        sprop = ",".join(base64.b64encode(unit).decode() for unit in sets)
        return (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=video 0 RTP/AVP {_PAYLOAD}\r\na=rtpmap:{_PAYLOAD} H264/{_CLOCK}\r\n"
            f"a=fmtp:{_PAYLOAD} packetization-mode=1;sprop-parameter-sets={sprop}\r\n"
            "a=control:trackID=0\r\n"
        )


class _Send(Closing):
    """Sends one RTP packet."""

    def close(self) -> None:
        """The connection is closed by who opened it."""

    def __call__(self, packet: bytes) -> None:
        raise NotImplementedError


class _over_tcp(_Send):  # noqa: N801
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def __call__(self, packet: bytes) -> None:
        self._connection.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)


class _Udp(_Send):
    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.own_port = self._socket.getsockname()[1]
        self._port = port

    def close(self) -> None:
        self._socket.close()

    def __call__(self, packet: bytes) -> None:
        self._socket.sendto(packet, ("127.0.0.1", self._port))


def _over_udp(transport: str) -> tuple[_Udp, str]:
    found = re.search(r"client_port=(\d+)", transport)
    assert found is not None
    sender = _Udp(int(found[1]))
    return sender, f"{sender.own_port}-{sender.own_port + 1}"


def _requests(
    connection: socket.socket, left: threading.Event
) -> Iterator[tuple[str, dict[str, str]]]:
    data = b""
    while not left.is_set():
        while b"\r\n\r\n" not in data:
            try:
                more = connection.recv(4096)
            except TimeoutError:
                if left.is_set():
                    return
                continue
            except OSError:
                return
            if not more:
                return
            data += more
        head, _, data = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        yield first.split()[0], {key.lower(): value.strip() for key, _, value in pairs}


def _encoded(rate: float, gop: int) -> list[list[bytes]]:
    """One group of pictures: for each picture its NAL units."""
    exact = Fraction(rate).limit_denominator(1000)
    codec = av.CodecContext.create("libx264", "w")
    codec.height, codec.width = SIZE
    codec.pix_fmt, codec.time_base, codec.framerate = "yuv420p", 1 / exact, exact
    codec.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:repeat-headers=1",
    }
    pictures = itertools.islice(itertools.cycle(SyntheticSource(size=SIZE, frame_count=50)), gop)
    packets = []
    for index, frame in enumerate(pictures):
        picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
        picture.pts, picture.time_base = index, 1 / exact
        packets += codec.encode(picture)
    packets += codec.encode(None)
    return [_units(bytes(packet)) for packet in packets]


def _units(annex_b: bytes) -> list[bytes]:
    return [unit for unit in re.split(rb"\x00?\x00\x00\x01", annex_b) if unit]


def _payloads(units: list[bytes]) -> Iterator[tuple[bytes, bool]]:
    """RTP payloads (RFC 6184: single units and FU-A), and whether it is the picture's last."""
    for position, unit in enumerate(units):
        last_unit = position == len(units) - 1
        if len(unit) <= _MAX_BYTES:
            yield unit, last_unit
            continue
        kind, body = unit[0], unit[1:]
        for start in range(0, len(body), _MAX_BYTES):
            piece = body[start : start + _MAX_BYTES]
            ends = start + _MAX_BYTES >= len(body)
            flags = (0x80 if start == 0 else 0) | (0x40 if ends else 0) | (kind & 0x1F)
            yield bytes([(kind & 0xE0) | 28, flags]) + piece, last_unit and ends
