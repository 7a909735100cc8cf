"""Settings of the page and its server, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The browser page of a live run, and what a stranger may ask of its server."""

    port: int = 8080
    max_width_px: int = 1280
    """Wider pictures are shrunk for the page; the recording keeps its size."""
    jpeg_quality: int = 80
    in_flight: int = 2
    """Pictures on the way to a viewer: the next is sent when he has drawn the one before."""
    status_secs: float = 0.25
    viewers: int = 32
    connections: int = 128
    """Past it, the connection that has been idle longest makes room for a new one."""
    idle_secs: float = 10.0
    """For a whole request to arrive, and between requests."""
    send_secs: float = 15.0
    """A client who takes nothing for so long is let go."""
    send_buffer_bytes: int = 262_144
    """What the kernel holds for a client who does not take it: the system's own limit is 4 MB."""
    header_bytes: int = 16_384
    message_bytes: int = 16_384
    """Of what a viewer says over his WebSocket; WebRTC offers are half as long."""
    upload_bytes: int = 12_000_000
    upload_pixels: int = 40_000_000
    upload_scans: int = 32
    """Of a progressive JPEG; cameras write 10. Each costs a pass over all pixels."""
    upload_secs: float = 60.0
    backdrop_px: int = 2560
    """The longer side of an uploaded backdrop, once decoded."""


PAGE = Page()
