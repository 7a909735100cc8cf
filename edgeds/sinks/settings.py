"""Settings of encoders, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    x264: dict[str, str] = field(
        # No B frames: with them fragmented MP4 and AVI shift all times by their delay.
        default_factory=lambda: {"preset": "veryfast", "crf": "18", "bf": "0"}
    )
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


ENCODE = Encode()
