"""Settings of the page and its server, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The browser page of a live run, and the limits of its server."""

    port: int = 8080
    max_width_px: int = 1280
    """Wider pictures are shrunk for the page; the recording keeps its size."""
    jpeg_quality: int = 80
    thumbnail_px: int = 480
    """Longer side of the plate's thumbnail."""
    in_flight: int = 2
    """Pictures on the way to a viewer; the next is sent when the viewer has drawn one of them."""
    stream_packets: int = 30
    """H.264 packets that wait for a viewer, before the stream starts again with a key frame."""
    status_secs: float = 0.25
    saved_files: int = 100
    """Recordings and snapshots that the page offers; the oldest make room."""
    viewers: int = 32
    connections: int = 128
    """With more connections, the one that has been idle longest is closed."""
    idle_secs: float = 10.0
    """Timeout for a whole request to arrive, and between requests."""
    send_secs: float = 15.0
    """A client that reads nothing for so long is disconnected."""
    send_buffer_bytes: int = 262_144
    """What the kernel buffers for a client that does not read: the system's own limit is 4 MB."""
    header_bytes: int = 16_384
    rules_bytes: int = 65_536
    """Most bytes of a rule file, or of another message, that a program or the page sends."""
    message_bytes: int = 16_384
    """Most bytes of a viewer's WebSocket message; WebRTC offers are half as long."""
    uploads: int = 2
    """At the same time; each may hold `plate_bytes` of memory."""
    upload_bytes: int = 12_000_000
    """Most bytes of a backdrop picture."""
    upload_pixels: int = 40_000_000
    upload_aspect: float = 4.0
    """Longer pictures are cropped to this aspect ratio, in the middle."""
    upload_scans: int = 32
    """Most scans of a progressive JPEG; cameras write 10. Each scan costs a pass over all pixels.
    """
    upload_secs: float = 60.0
    backdrop_px: int = 2560
    """The longer side of an uploaded backdrop, once decoded."""
    plate_bytes: int = 40_000_000
    """Most bytes of a plate picture: a 4K PNG with a noisy sensor has 20 MB."""
    video_bytes: int = 200_000_000
    """Most bytes of a backdrop video, which goes to a temporary file."""
    video_pixels: int = 4096 * 2304
    video_secs: float = 300.0
    """Timeout for a backdrop video to arrive."""


PAGE = Page()
