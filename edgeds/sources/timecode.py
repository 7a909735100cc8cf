"""What a recording says beside its pictures: the timecode of its start, the bits of its colours."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from edgeds.sources.container import open_container
from edgeds.sources.media_errors import media_errors
from edgeds.sources.tone_map import HDR_NAMES
from edgeds.sources.video_info import stream_tags


@dataclass(frozen=True, slots=True)
class Recorded:
    """Facts of a file for editors."""

    timecode: str | None = None
    """The first frame's, "01:00:00:00"; ";" before the frames says that numbers are dropped."""
    bits: int = 8
    """Bits of a colour channel."""
    hdr: int = 0
    """FFmpeg's code of an HDR transfer; 0 is SDR."""


def recorded(path: Path | None) -> Recorded:
    """The facts of a video file; the defaults where there is none, or it says nothing."""
    if path is None:
        return Recorded()
    with suppress(*media_errors()), open_container(path) as container:
        streams = container.streams
        stated = [container.metadata, *(s.metadata for s in (*streams.video, *streams.data))]
        timecode = next((m["timecode"] for m in stated if timecode_parts(m.get("timecode"))), None)
        kind = streams.video[0].codec_context.format if streams.video else None
        if not streams.video or kind is None:
            return Recorded(timecode)
        transfer = stream_tags(streams.video[0]).transfer
        hdr = transfer if transfer in HDR_NAMES else 0
        return Recorded(timecode, max(part.bits for part in kind.components), hdr)
    return Recorded()


def timecode_parts(text: str | None) -> tuple[int, int, int, int, bool] | None:
    """(hours, minutes, seconds, frames, numbers are dropped) of SMPTE timecode, else None."""
    found = re.fullmatch(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)", text or "")
    if found is None:
        return None
    hours, minutes, seconds, frames = (int(found[part]) for part in (1, 2, 3, 5))
    return hours, minutes, seconds, frames, found[4] != ":"


def timecode_after(start: str | None, count: int, rate: Fraction) -> str:
    """The timecode of the frame `count` frames after a start (SMPTE ST 12-1); None is 0.

    With dropped numbers, 2 of 30 (4 of 60) are left out in each minute but every tenth.
    """
    per_sec = max(1, round(rate))
    hours, minutes, seconds, frames, drops = timecode_parts(start) or (0, 0, 0, 0, False)
    dropped = per_sec // 15 if drops else 0
    passed = 60 * hours + minutes
    number = (60 * passed + seconds) * per_sec + frames - dropped * (passed - passed // 10) + count
    if dropped:
        tens, rest = divmod(number, 600 * per_sec - 9 * dropped)
        more = max(0, rest - dropped) // (60 * per_sec - dropped)
        number += dropped * (9 * tens + more)
    total, frames = divmod(number, per_sec)
    mark = ";" if drops else ":"
    return f"{total // 3600 % 24:02}:{total // 60 % 60:02}:{total % 60:02}{mark}{frames:02}"
