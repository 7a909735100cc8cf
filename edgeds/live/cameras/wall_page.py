"""The page of many cameras: a wall, and each camera's own page. Each camera has a sink for it."""

from __future__ import annotations

from collections.abc import Mapping

from edgeds.live.control import LiveControl
from edgeds.live.web.server import Server, address_from_text
from edgeds.types import Closing, Frame


class WallPage(Closing):
    """Serves the wall at [HOST:]PORT, as `WebSink` serves the page of one run.

    Raises:
        SinkError: the address cannot be used, or the extra `web` is missing.
    """

    def __init__(
        self, address: str, controls: Mapping[str, LiveControl], *, token: str | None = None
    ) -> None:
        self._server = Server(address_from_text(address), controls, token=token)

    @property
    def link(self) -> str:
        """The link for a browser: the address, with the token if one is needed."""
        return self._server.link

    def sink(self, name: str) -> CameraTile:
        """Where the pictures of a camera go."""
        return CameraTile(self._server, name)

    def close(self) -> None:
        self._server.close()


class CameraTile(Closing):
    """One camera's place on the wall. After the camera's end its last picture stays."""

    lost = 0

    def __init__(self, server: Server, name: str) -> None:
        self._server, self._name = server, name
        self.location = f"{server.url}cameras/{name}/"

    def write(self, frame: Frame) -> None:
        """
        Raises:
            SinkFailed: the server broke down.
        """
        self._server.show(frame, self._name)

    def close(self) -> None:
        """Nothing: the server goes on."""
