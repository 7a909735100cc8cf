"""The browser page as a sink: the newest picture for all viewers, their commands for the run.

Knows nothing about HTTP; server.py does.
"""

from __future__ import annotations

from edgeds.live.control import LiveControl
from edgeds.live.web.server import Server, address_from_text
from edgeds.live.web.settings import PAGE, Page
from edgeds.types import Closing, Frame


class WebSink(Closing):
    """Serves the page of a live run at [HOST:]PORT: "8080", "0.0.0.0:8080"; port 0 is any.

    On this machine (127.0.0.1, the default) every user of the machine may watch. From other
    machines the page needs the token, which is part of `link`: show it to the user and to nobody
    else.

    Raises:
        SinkError: the address cannot be used, or the extra `web` is missing.
    """

    lost = 0

    def __init__(
        self,
        address: str,
        control: LiveControl,
        *,
        token: str | None = None,
        settings: Page = PAGE,
    ) -> None:
        """`token`: see `token_from_file`; without one, this run makes its own."""
        self._server = Server(address_from_text(address), control, token=token, settings=settings)

    @property
    def location(self) -> str:
        """The page's address, without the token: for reports and logs."""
        return self._server.url

    @property
    def link(self) -> str:
        """The link for a browser: the address, with the token if one is needed."""
        return self._server.link

    @property
    def is_local(self) -> bool:
        """Whether only this machine can open the page, so that it needs no token."""
        return self._server.token is None

    @property
    def viewers(self) -> int:
        """Number of viewers now."""
        return self._server.viewers

    @property
    def encoded(self) -> int:
        """JPEGs encoded so far: one a frame for any number of viewers, none without viewers."""
        return self._server.encoded

    def write(self, frame: Frame) -> None:
        """Show a frame. It is cheap: a thread of the page encodes, and only if somebody watches.

        Raises:
            SinkFailed: the server broke down.
        """
        self._server.show(frame)

    def close(self) -> None:
        self._server.close()
