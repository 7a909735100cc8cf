"""Limits on connections: how many at a time, and how long without a request.

uvicorn's timeouts start with the first response; a client that never sends a request would stay
connected for ever. Knows nothing about tokens or pages: `inside` marks the client being served.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from edgeds.live.web.settings import PAGE, Page

_CHECK_SECS = 0.5


@dataclass(slots=True)
class _Client:
    transport: asyncio.Transport
    idle_since_secs: float
    inside: int = 0


class ConnectionLimiter:
    """All connections of one server. For the event loop's thread."""

    def __init__(self, settings: Page = PAGE) -> None:
        self._settings = settings
        self._clients: dict[object, _Client] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def enter(self, transport: asyncio.Transport) -> None:
        """A connection was made. If it is one too many, the longest idle one is closed."""
        now = asyncio.get_running_loop().time()
        self._forget_closed()
        if len(self._clients) >= self._settings.connections:
            idle = [item for item in self._clients.items() if not item[1].inside]
            if not idle:
                transport.abort()
                return
            address, client = min(idle, key=lambda item: item[1].idle_since_secs)
            client.transport.abort()
            del self._clients[address]
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, self._settings.send_buffer_bytes
        )
        # Host and port, as in ASGI; IPv6 has two more, which do not distinguish clients.
        self._clients[transport.get_extra_info("peername")[:2]] = _Client(transport, now)

    @contextmanager
    def inside(self, address: object) -> Iterator[None]:
        """Mark the client at this address while its request is served or its WebSocket is open."""
        client = self._clients.get(address)
        if client is None:
            yield
            return
        client.inside += 1
        try:
            yield
        finally:
            client.inside -= 1
            client.idle_since_secs = asyncio.get_running_loop().time()

    async def watch(self) -> None:
        """Disconnect clients that are idle for too long or do not read their last answer.

        Never returns.
        """
        while True:
            await asyncio.sleep(_CHECK_SECS)
            self._forget_closed()
            late = asyncio.get_running_loop().time() - self._settings.idle_secs
            for client in self._clients.values():
                if not client.inside and client.idle_since_secs < late:
                    client.transport.abort()

    def _forget_closed(self) -> None:
        # A transport that is closing may still hold data that its client does not read.
        gone = [a for a, g in self._clients.items() if _is_gone(g.transport)]
        for address in gone:
            del self._clients[address]


def _is_gone(transport: asyncio.Transport) -> bool:
    return transport.is_closing() and not transport.get_write_buffer_size()


def protocol_at(limiter: ConnectionLimiter) -> Any:
    """uvicorn's HTTP protocol, with each new connection reported to the limiter."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class LimitedProtocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            limiter.enter(transport)

    return LimitedProtocol
