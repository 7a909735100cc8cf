"""Animated WebP, which FFmpeg does not read, as a stream of frames; and which images are animated.

GIF, APNG and AVIF sequences are read by FFmpeg, as videos. Knows nothing about folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources.argument_checks import check_readable
from edgeds.types import Closing, Frame, Pixels, StreamInfo

_TIME_BASE = Fraction(1, 1000)
# Pictures decoded at a time: all of a long animation would not fit into memory.
_CHUNK = 32
# A browser shows a picture without a duration for a tenth of a second.
_FALLBACK_MS = 100


def frames_in(data: bytes) -> int:
    """How many pictures an image file holds; 1 where it is a plain image or no image."""
    if _is_webp_animation(data):
        return max(1, sum(1 for kind, _, _ in _chunks(data) if kind == b"ANMF"))
    if data.startswith(b"\x89PNG"):
        at = data.find(b"acTL", 0, 4096)
        return max(1, int.from_bytes(data[at + 4 : at + 8], "big")) if at > 0 else 1
    return 1


def is_animation(path: Path) -> bool:
    """Whether a file is a WebP, PNG or AVIF with several pictures."""
    if path.suffix.lower() not in (".webp", ".png", ".apng", ".avif") or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    if head[4:12] == b"ftypavis":
        return True
    return _is_webp_animation(head) or (head.startswith(b"\x89PNG") and b"acTL" in head)


class WebpSource(Closing):
    """The pictures of an animated WebP, each with its duration."""

    damaged = 0

    def __init__(self, path: Path) -> None:
        """
        Raises:
            SourceError: it cannot be decoded, or this OpenCV cannot do it (before 4.11).
        """
        import cv2

        self._path, self._data = path, path.read_bytes()
        self._closed = False
        self.notes: list[str] = []
        """Notes for people about the animation."""
        if not hasattr(cv2, "imdecodeanimation"):
            raise SourceError(
                f"cannot read {str(path)!r}",
                why="it is an animated WebP, which this version of OpenCV does not read",
                fix="pip install -U opencv-python-headless, or convert it to a GIF or MP4",
            )
        first = self._decoded(0, 1)
        if not first:
            raise SourceError(
                f"cannot read {str(path)!r}",
                why="it is damaged",
                fix="open it in a browser; if it does not play, it must be made again",
            )
        durations = self._durations = _durations_ms(self._data)
        total_ms = sum(durations)
        height, width = first[0].shape[:2]
        self.info = StreamInfo(
            name=path.name,
            size=(height, width),
            rate=Fraction(1000 * len(durations), total_ms).limit_denominator(1001),
            time_base=_TIME_BASE,
            frame_count=len(durations),
            duration_secs=total_ms / 1000,
            ends_secs=total_ms / 1000,
            files=(path,),
        )

    def __iter__(self) -> Iterator[Frame]:
        check_readable(self._path.name, self._closed)
        pts = index = 0
        while index < len(self._durations) and not self._closed:
            chunk = self._decoded(index, _CHUNK)
            if not chunk:
                raise SourceFailed(
                    f"{self._path.name} ended early: {index} of {len(self._durations)} frames",
                    why="the rest of it is damaged",
                    fix="copy the file again; what was there has been processed",
                )
            for pixels in chunk[: len(self._durations) - index]:
                duration = self._durations[index]
                yield Frame(pixels, index, pts, _TIME_BASE, duration=duration)
                pts, index = pts + duration, index + 1

    def close(self) -> None:
        self._closed = True

    def _decoded(self, start: int, count: int) -> list[Pixels]:
        import cv2

        data = np.frombuffer(self._data, np.uint8)
        _, animation = cv2.imdecodeanimation(data, start, count)
        return [_on_white(bgra) for bgra in animation.frames]


def _on_white(bgra: Any) -> Pixels:
    """RGB; transparent parts white, as a page shows them."""
    if bgra.shape[2] == 3:
        pixels: Pixels = np.ascontiguousarray(bgra[..., ::-1])
    else:
        alpha = bgra[..., 3:].astype(np.uint16)
        rgb = bgra[..., 2::-1].astype(np.uint16)
        pixels = ((rgb * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    pixels.flags.writeable = False
    return pixels


def _is_webp_animation(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X" and bool(data[20] & 0x02)


def _durations_ms(data: bytes) -> list[int]:
    found = [
        int.from_bytes(data[at + 12 : at + 15], "little")
        for kind, at, _ in _chunks(data)
        if kind == b"ANMF"
    ]
    return [duration or _FALLBACK_MS for duration in found]


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, size) of each RIFF chunk's content."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at + 8, size
        at += 8 + size + size % 2
