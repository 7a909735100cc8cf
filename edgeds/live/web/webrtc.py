"""The picture as one H.264 stream over WebRTC, for viewers who would rather save bandwidth.

One encoder for all of them, as with the JPEGs, and only while one of them looks. A stream cannot
leave out a picture for one viewer: who loses some waits for the next key picture. Needs aiortc
(extra `webrtc`). No server is asked for addresses: peers meet on this machine or in its network.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from fractions import Fraction
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias

from edgeds.live.web.broadcast import page_pixels
from edgeds.live.web.settings import PAGE, Page
from edgeds.types import Closing, Frame, Pixels, Size

if TYPE_CHECKING:
    import av

Packets: TypeAlias = "asyncio.Queue[Any]"
"""Encoded pictures (av.Packet) on their way to one viewer."""

_JOIN_SECS = 2.0
_CLOCK_HZ = 90_000
_QUEUED = 30
_BT709 = 1


def is_webrtc_installed() -> bool:
    return find_spec("aiortc") is not None


class Stream(Closing):
    """`show` in the video loop's thread, `answer` in the event loop's, H.264 in a third."""

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: Page = PAGE) -> None:
        self._loop, self._settings = loop, settings
        self._change = threading.Condition()
        self._newest: Frame | None = None
        self._shown = 0
        self._key_wanted = self._closed = False
        self._queues: set[Packets] = set()
        self._watched = False
        self.encoded = 0
        self._thread = threading.Thread(target=self._encode, name="edgeds-web-h264", daemon=True)
        self._thread.start()

    def show(self, frame: Frame) -> None:
        """Any thread. Costs a lock and an assignment."""
        with self._change:
            self._newest = frame
            self._shown += 1
            if self._watched:
                self._change.notify()

    async def answer(self, offer: str) -> Peer:
        """Connect a viewer who offers this session description (SDP).

        Raises:
            Exception: whatever aiortc finds wrong with it.
        """
        peer = Peer(self)
        try:
            await peer.connect(offer)
        except BaseException:
            await peer.close()
            raise
        return peer

    def join(self, queue: Packets) -> None:
        self._queues.add(queue)
        with self._change:
            self._watched = self._key_wanted = True
            self._change.notify()

    def leave(self, queue: Packets) -> None:
        self._queues.discard(queue)
        with self._change:
            self._watched = bool(self._queues)

    def close(self) -> None:
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join(_JOIN_SECS)

    def _encode(self) -> None:
        done, size = 0, (0, 0)
        codec: av.VideoCodecContext | None = None
        while True:
            with self._change:
                while not self._closed and not (self._watched and self._shown > done):
                    self._change.wait()
                if self._closed:
                    return
                frame, done = self._newest, self._shown
                key, self._key_wanted = self._key_wanted, False
            assert frame is not None  # something was shown
            pixels = _even(page_pixels(frame.pixels, self._settings))
            if codec is None or size != pixels.shape[:2]:
                size = pixels.shape[0], pixels.shape[1]
                codec = _encoder(size)
            packets = codec.encode(_video_frame(pixels, key=key))
            self.encoded += 1
            with suppress(RuntimeError):  # the event loop ended first
                self._loop.call_soon_threadsafe(self._publish, packets)

    def _publish(self, packets: list[Any]) -> None:
        for queue in self._queues:
            for packet in packets:
                if queue.full():  # he is too slow: he starts again with the next key picture
                    while not queue.empty():
                        queue.get_nowait()
                    with self._change:
                        self._key_wanted = True
                queue.put_nowait(packet)


class Peer:
    """One viewer's connection."""

    def __init__(self, stream: Stream) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        self._stream = stream
        self._queue: Packets = asyncio.Queue(_QUEUED)
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.answer = ""
        """Our session description, once connected."""

    async def connect(self, offer: str) -> None:
        from aiortc import RTCRtpSender, RTCSessionDescription

        connection = self._connection
        # Before the offer is read: aiortc settles on the codecs while it reads it.
        video = connection.addTransceiver(_track(self._queue), direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        video.setCodecPreferences([c for c in codecs if c.mimeType == "video/H264"])
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        self.answer = connection.localDescription.sdp

        @connection.on("connectionstatechange")  # type: ignore[untyped-decorator]
        def changed() -> None:
            if connection.connectionState == "connected":
                self._stream.join(self._queue)

    async def close(self) -> None:
        self._stream.leave(self._queue)
        await self._connection.close()


def _track(queue: Packets) -> Any:
    from aiortc import MediaStreamTrack

    class PacketTrack(MediaStreamTrack):  # type: ignore[misc]  # untyped here
        """Pictures that are encoded already: aiortc only packs them."""

        kind = "video"

        async def recv(self) -> Any:
            return await queue.get()

    return PacketTrack()


def _encoder(size: Size) -> av.VideoCodecContext:
    import av

    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.height, codec.width = size
    codec.pix_fmt = "yuv420p"
    codec.time_base = Fraction(1, _CLOCK_HZ)
    codec.gop_size = 60  # a viewer who lost something waits for two seconds at most
    codec.thread_count = 1  # the network needs the other cores more
    codec.color_primaries = codec.color_trc = codec.colorspace = _BT709
    codec.color_range = 1  # limited
    codec.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "crf": "25",
    }
    return codec


def _video_frame(pixels: Pixels, *, key: bool) -> av.VideoFrame:
    import av
    from av.video.frame import PictureType

    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=_BT709, dst_color_range=1
    )
    frame.pts = int(time.monotonic() * _CLOCK_HZ)
    frame.time_base = Fraction(1, _CLOCK_HZ)
    frame.pict_type = PictureType.I if key else PictureType.NONE
    return frame


def _even(pixels: Pixels) -> Pixels:
    """4:2:0 wants even sides; an odd last row or column is left out."""
    height, width = pixels.shape[:2]
    return pixels[: height - height % 2, : width - width % 2]
