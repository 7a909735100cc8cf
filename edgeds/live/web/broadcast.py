"""The newest picture, encoded once for all who look, and only while somebody looks.

Knows nothing about connections: viewers ask for a picture newer than their last one, and a viewer
who asks seldom gets fewer of them, never older ones.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

import numpy as np

from edgeds.live.web.settings import PAGE, Page
from edgeds.sources.scaling import resized
from edgeds.types import Closing, Frame, Pixels

_JOIN_SECS = 2.0


@dataclass(frozen=True, slots=True)
class Picture:
    number: int
    """Counts the frames shown, from 1; gaps are frames nobody could take."""
    jpeg: bytes


class Broadcast(Closing):
    """`show` in the video loop's thread, `picture_after` in the event loop's, JPEG in a third."""

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: Page = PAGE) -> None:
        self._loop, self._settings = loop, settings
        self._change = threading.Condition()
        self._newest: Frame | None = None
        self._shown = 0
        self._wanted = self._closed = False
        self._picture = Picture(0, b"")
        self._waiting: set[asyncio.Future[None]] = set()
        self.encoded = 0
        """How many pictures were encoded, for whoever wants to know what the page costs."""
        self._thread = threading.Thread(target=self._encode, name="edgeds-web-jpeg", daemon=True)
        self._thread.start()

    def show(self, frame: Frame) -> None:
        """Any thread. Costs a lock and an assignment: a frame is looked at only if it is wanted."""
        with self._change:
            self._newest = frame
            self._shown += 1
            if self._wanted:
                self._change.notify()

    async def picture_after(self, number: int) -> Picture:
        """The newest picture once there is one newer than `number`. In the event loop's thread."""
        while self._picture.number <= number:
            arrived = self._loop.create_future()
            self._waiting.add(arrived)
            with self._change:
                self._wanted = True
                self._change.notify()
            try:
                await arrived
            finally:
                self._waiting.discard(arrived)
        return self._picture

    def close(self) -> None:
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join(_JOIN_SECS)

    def _encode(self) -> None:
        done = 0
        while True:
            with self._change:
                while not self._closed and not (self._wanted and self._shown > done):
                    self._change.wait()
                if self._closed:
                    return
                frame, done, self._wanted = self._newest, self._shown, False
            assert frame is not None  # something was shown
            picture = Picture(done, jpeg_from_pixels(frame.pixels, self._settings))
            self.encoded += 1
            try:
                self._loop.call_soon_threadsafe(self._publish, picture)
            except RuntimeError:  # the event loop ended first
                return

    def _publish(self, picture: Picture) -> None:
        self._picture = picture
        for arrived in self._waiting:
            if not arrived.done():
                arrived.set_result(None)


def jpeg_from_pixels(pixels: Pixels, settings: Page = PAGE) -> bytes:
    """`page_pixels` as a JPEG."""
    import cv2

    pixels = page_pixels(pixels, settings)
    quality = [cv2.IMWRITE_JPEG_QUALITY, settings.jpeg_quality]
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), quality)
    assert done  # memory to memory
    return bytes(jpeg)


def page_pixels(pixels: Pixels, settings: Page = PAGE) -> Pixels:
    """uint8 RGB, or RGBA over a checkerboard, not wider than the page shows."""
    height, width = pixels.shape[:2]
    if width > settings.max_width_px:
        size = round(height * settings.max_width_px / width), settings.max_width_px
        pixels = resized(pixels, (max(1, size[0]), size[1]))
    return _over_checkerboard(pixels) if pixels.shape[2] == 4 else pixels


def _over_checkerboard(pixels: Pixels) -> Pixels:
    import cv2

    height, width = pixels.shape[:2]
    squares = (np.arange(height)[:, None] // 12 + np.arange(width) // 12) % 2
    board = np.where(squares[..., None], 205, 245).astype(np.uint8).repeat(3, axis=2)
    alpha = pixels[..., 3].astype(np.float32) / 255
    mixed: Pixels = cv2.blendLinear(np.ascontiguousarray(pixels[..., :3]), board, alpha, 1 - alpha)
    return mixed
