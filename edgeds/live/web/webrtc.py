"""One viewer's WebRTC connection: the H.264 stream for viewers who want to save bandwidth.

Needs aiortc (extra `webrtc`). It asks no server for addresses: both ends are on this machine or in
its network. Knows nothing about encoding.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from edgeds.live.web.broadcast import Broadcast, Subscription


def is_webrtc_installed() -> bool:
    return find_spec("aiortc") is not None


async def connected_peer(stream: Broadcast, offer: str) -> Peer:
    """Connect a viewer that offers this session description (SDP).

    Raises:
        Exception: aiortc refuses it; the type is aiortc's.
    """
    if stream.error is not None:
        raise stream.error
    peer = Peer(stream)
    try:
        await peer.connect(offer)
    except BaseException:
        await peer.close()
        raise
    return peer


class Peer:
    def __init__(self, stream: Broadcast) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection

        self._stream = stream
        self._track = _packet_track()
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.answer = ""
        """Our session description, once connected."""

    async def connect(self, offer: str) -> None:
        from aiortc import RTCRtpSender, RTCSessionDescription

        connection = self._connection
        # Before the offer is read: aiortc settles on the codecs while it reads it.
        video = connection.addTransceiver(self._track, direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        video.setCodecPreferences([c for c in codecs if c.mimeType == "video/H264"])
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        self.answer = connection.localDescription.sdp

        @connection.on("connectionstatechange")  # type: ignore[untyped-decorator]
        def changed() -> None:
            if connection.connectionState == "connected":
                self._track.subscribe(self._stream)

    async def close(self) -> None:
        self._track.leave()
        await self._connection.close()


def _packet_track() -> Any:
    import asyncio

    from aiortc import MediaStreamTrack

    class PacketTrack(MediaStreamTrack):  # type: ignore[misc]  # untyped here
        """Pictures that are encoded already: aiortc only packs them."""

        kind = "video"

        def __init__(self) -> None:
            super().__init__()
            self._subscription: Subscription | None = None
            self._subscribed = asyncio.Event()

        def subscribe(self, stream: Broadcast) -> None:
            self._subscription = self._subscription or stream.subscribe()
            self._subscribed.set()

        def leave(self) -> None:
            if self._subscription is not None:
                self._subscription.close()

        async def recv(self) -> Any:
            await self._subscribed.wait()
            assert self._subscription is not None
            return (await self._subscription.next()).data

    return PacketTrack()
