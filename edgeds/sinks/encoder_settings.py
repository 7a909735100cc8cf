"""Settings of encoders, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgeds.types import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    x264: dict[str, str] = field(
        # No B frames: with them fragmented MP4 and AVI shift all times by their delay.
        default_factory=lambda: {"preset": "veryfast", "crf": "18", "bf": "0"}
    )
    large_px: int = 6_000_000
    """Frames of more pixels than this are large."""
    x264_large: dict[str, str] = field(
        # Each frame that x264 looks ahead holds 23 MB at 4K. With 3 of them instead of 10 a
        # transcode took 331 MB instead of 491: 50.33 dB in 3.76 MB instead of 50.70 in 3.85.
        default_factory=lambda: {"rc-lookahead": "3", "crf": "17.1"}
    )
    nvenc: dict[str, str] = field(
        # Its constant quality; not measured against x264's, for want of a GPU.
        default_factory=lambda: {
            "preset": "p4", "tune": "hq", "rc": "vbr", "cq": "19", "b": "0", "bf": "0",
        }
    )  # fmt: skip
    vp9: dict[str, str] = field(
        default_factory=lambda: {
            "crf": "28",
            "b": "0",
            "deadline": "realtime",
            "cpu-used": "8",
            "row-mt": "1",
            "auto-alt-ref": "0",  # alternate reference frames cannot carry alpha in VP9
        }
    )
    ffv1: dict[str, str] = field(
        # Every frame is a key frame; version 3 with checksums, in slices that threads share.
        default_factory=lambda: {"level": "3", "g": "1", "slices": "8", "slicecrc": "1"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """A live stream to a server."""

    x264: dict[str, str] = field(
        default_factory=lambda: {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "crf": "23",
            "maxrate": "8M",
            "bufsize": "4M",
            "bf": "0",
        }
    )
    key_secs: float = 1.0
    """Between key frames: so long waits a viewer who comes late, or lost something."""
    stall_secs: float = 5.0
    """For the network to take a frame, and for a connection to be made."""
    backoff_secs: float = 0.5
    """Before the first new attempt; doubled with each that fails."""
    max_backoff_secs: float = 10.0
    close_secs: float = 3.0
    """For the stream to end in order."""


def x264_options(size: Size) -> dict[str, str]:
    """For frames of a (height, width)."""
    is_large = size[0] * size[1] > ENCODE.large_px
    return {**ENCODE.x264, **(ENCODE.x264_large if is_large else {})}


ENCODE = Encode()
PUBLISH = Publish()
