"""The page of one run inside a server: its pictures, its stream and its answers.

Made, used and closed in the event loop's thread, but for `show`.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

from edgeds.live.control import LiveControl
from edgeds.live.web.settings import Page
from edgeds.types import Closing, Frame

if TYPE_CHECKING:
    from edgeds.live.web.broadcast import Broadcast
    from edgeds.live.web.connection_limits import ConnectionLimiter
    from edgeds.live.web.qr_code import PhoneLink


class RunPage(Closing):
    """Shows what it is given, and passes commands on to the run."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        control: LiveControl,
        limiter: ConnectionLimiter,
        phone: PhoneLink,
        settings: Page,
    ) -> None:
        from edgeds.live.web.app import App

        self.control = control
        self.newest: Frame | None = None
        """The picture that was shown last."""
        self._stack = ExitStack()
        self.pictures = self._stack.enter_context(_picture_broadcast(loop, settings))
        self._stream = _stream_broadcast(loop, settings)
        if self._stream is not None:
            self._stack.enter_context(self._stream)
        self.app = App(control, self.pictures, self._stream, limiter, phone, settings)
        self._stack.callback(self.app.close)

    def show(self, frame: Frame) -> None:
        """Make this the newest picture. Call it from any thread; it returns at once."""
        self.newest = frame
        self.pictures.show(frame)
        if self._stream is not None:
            self._stream.show(frame)

    def close(self) -> None:
        self._stack.close()


def _picture_broadcast(loop: asyncio.AbstractEventLoop, settings: Page) -> Broadcast:
    from edgeds.live.web.broadcast import Broadcast
    from edgeds.live.web.jpeg_encoder import JpegEncoder

    return Broadcast(loop, lambda: JpegEncoder(settings), name="jpeg", depth=1, on_demand=True)


def _stream_broadcast(loop: asyncio.AbstractEventLoop, settings: Page) -> Broadcast | None:
    from edgeds.live.web.broadcast import Broadcast
    from edgeds.live.web.h264_encoder import H264Encoder
    from edgeds.live.web.webrtc import is_webrtc_installed

    if not is_webrtc_installed():
        return None
    return Broadcast(
        loop,
        lambda: H264Encoder(settings),
        name="h264",
        depth=settings.stream_packets,
        on_demand=False,
    )
