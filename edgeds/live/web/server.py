"""The page's server: one event loop in its own thread, on a port that no other server shares.

It puts the parts of the page together, and knows nothing about their work.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from edgeds.errors import SinkError, SinkFailed
from edgeds.live.control import LiveControl
from edgeds.live.web.run_page import RunPage
from edgeds.live.web.settings import PAGE, Page
from edgeds.live.web.token_and_origin_check import is_loopback, own_names
from edgeds.live.web.token_file import new_token
from edgeds.sources.url import masked
from edgeds.types import Closing, Frame

if TYPE_CHECKING:
    import uvicorn


_START_SECS = 20.0
_JOIN_SECS = 5.0
_ONLY = ""
"""The name of the run where there is one."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int


def address_from_text(text: str) -> Address:
    """[HOST:]PORT: "8080", "0.0.0.0:8080", "[::1]:8080"; port 0 is any free port.

    Raises:
        SinkError: it has another form.
    """
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise SinkError(
            f"cannot serve a page at {text!r}",
            why="this is not [HOST:]PORT",
            fix="for example --serve 8080, or --serve 0.0.0.0:8080 for other devices",
        )
    return Address(host, int(port))


class Server(Closing):
    """Serves the page from its construction until it is closed.

    Raises:
        SinkError: the address cannot be used, or the web extra is missing.
    """

    def __init__(
        self,
        address: Address,
        control: LiveControl | Mapping[str, LiveControl],
        *,
        token: str | None = None,
        settings: Page = PAGE,
    ) -> None:
        """
        Args:
            control: of the run, or of several by their names: a wall of all, and a page of each.
            token: for other devices; without one, a new one. On this machine none is needed.
        """
        require_extra()
        self._socket = _listening(address)
        self.port: int = self._socket.getsockname()[1]
        self.token = None if is_loopback(address.host) else token or new_token()
        self._host, self._settings = address.host, settings
        self._controls = control if isinstance(control, Mapping) else {_ONLY: control}
        self._ready = threading.Event()
        self._pages: dict[str, RunPage] = {}
        self._uvicorn: uvicorn.Server | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="edgeds-web", daemon=True)
        self._thread.start()
        self._ready.wait(_START_SECS)
        self._raise_if_broken()

    @property
    def url(self) -> str:
        """The page's address, without the token."""
        host = _reachable(self._host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def link(self) -> str:
        """The link for a browser: the address, with the token if one is needed."""
        return self.url if self.token is None else f"{self.url}?token={self.token}"

    @property
    def viewers(self) -> int:
        return sum(page.app.viewers for page in self._pages.values())

    @property
    def encoded(self) -> int:
        """JPEGs encoded so far: none while nobody watches."""
        return sum(page.pictures.encoded for page in self._pages.values())

    def show(self, frame: Frame, name: str = "") -> None:
        """Make this the newest picture of the run, or of the run of this name.

        Call it from any thread; it returns at once.
        """
        self._raise_if_broken()
        self._pages[name].show(frame)

    def close(self) -> None:
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True
        self._thread.join(_JOIN_SECS)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # raised by the next `show`
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from edgeds.live.web.connection_limits import ConnectionLimiter
        from edgeds.live.web.qr_code import PhoneLink
        from edgeds.live.web.token_and_origin_check import AccessControl
        from edgeds.live.web.wall import Wall

        loop = asyncio.get_running_loop()
        limiter = ConnectionLimiter(self._settings)
        with ExitStack() as stack:
            phone = PhoneLink(self.link, is_local=self.token is None)
            for name, control in self._controls.items():
                page = RunPage(loop, control, limiter, phone, self._settings)
                self._pages[name] = stack.enter_context(page)
            only = self._pages.get(_ONLY)
            access = AccessControl(
                Wall(self._pages, limiter, self._settings) if only is None else only.app,
                port=self.port,
                token=self.token,
                hosts=own_names(self._host),
                any_ip=self.token is not None,
            )
            self._uvicorn = _uvicorn_server(access, limiter, self._settings)
            watch = asyncio.ensure_future(limiter.watch())
            self._ready.set()
            try:
                await self._uvicorn.serve(sockets=[self._socket])
            finally:
                watch.cancel()
                with suppress(asyncio.CancelledError):
                    await watch

    def _raise_if_broken(self) -> None:
        broken = (page.pictures.error for page in self._pages.values())
        error = self._error or next((error for error in broken if error is not None), None)
        if error is not None:
            raise SinkFailed(
                "the page's server broke down",
                why=masked(repr(error)),
                fix="start edgeds again; with -v its log has more, for a report of the mistake",
            ) from error


def _uvicorn_server(app: object, limiter: object, settings: Page) -> uvicorn.Server:
    import uvicorn

    from edgeds.live.web.connection_limits import ConnectionLimiter, protocol_at

    assert isinstance(limiter, ConnectionLimiter)
    # Bad requests of strangers do not belong on the terminal; a program that sets up logging
    # gets them.
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=protocol_at(limiter),
        ws="websockets-sansio",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(settings.idle_secs),
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=settings.header_bytes,
        ws_max_size=settings.message_bytes,
        ws_per_message_deflate=False,  # JPEG does not get smaller
    )
    return uvicorn.Server(config)


def _listening(address: Address) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, where = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where REUSEADDR steals ports
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise SinkError(
            f"cannot serve the page at {address.host}:{address.port}",
            why=error.strerror or str(error),
            fix="give an address of this machine: 127.0.0.1, or 0.0.0.0 for other devices"
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
            else "give another port, e.g. --serve 8081; 0 is any free port",
        ) from error
    listener.setblocking(False)
    return listener


def _reachable(host: str) -> str:
    """The host for the link: for a server on all addresses, the one that the network reaches."""
    if host not in ("0.0.0.0", "::"):
        return host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Connecting a UDP socket sends nothing; it only chooses the way out (documentation addresses).
    far_away = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far_away, 9))
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])


def require_extra() -> None:
    """Look for the packages without loading them.

    Raises:
        SinkError: the web extra is missing.
    """
    for package in ("starlette", "uvicorn", "websockets"):
        if find_spec(package) is None:
            raise SinkError(
                "cannot serve a page",
                why=f"the package {package!r} is not installed",
                fix='pip install "edgeds[web]"',
            )
