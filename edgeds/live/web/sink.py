"""The browser page as a sink: the newest picture for all who look, the newest command for the run.

Knows nothing about HTTP; edgeds.web does.
"""

from __future__ import annotations

from edgeds.live.control import LiveControl
from edgeds.live.web.server import Server, address_from_text
from edgeds.live.web.settings import PAGE, Page
from edgeds.types import Closing, Frame


class WebSink(Closing):
    """Serves the page of a live run at [HOST:]PORT: "8080", "0.0.0.0:8080"; port 0 is any.

    On this machine (127.0.0.1, the default) whoever is on the machine may look. Anywhere else the
    page wants the token that is part of `location`: show it to the user and to nobody else.

    Raises:
        SinkError: the address is not to be had, or the extra `web` is missing.
    """

    def __init__(self, address: str, control: LiveControl, *, settings: Page = PAGE) -> None:
        self._server = Server(address_from_text(address), control, settings=settings)

    @property
    def location(self) -> str:
        """The page's link, with the token where one is needed."""
        return self._server.url

    @property
    def viewers(self) -> int:
        """How many look at it now."""
        return self._server.viewers

    @property
    def encoded(self) -> int:
        """Pictures encoded so far: one a frame however many look, none while nobody does."""
        return self._server.encoded

    def write(self, frame: Frame) -> None:
        """Costs next to nothing; the encoding happens elsewhere, and only if it is wanted.

        Raises:
            SinkFailed: the server broke down.
        """
        self._server.show(frame)

    def close(self) -> None:
        self._server.close()
