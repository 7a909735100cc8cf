"""Picks a few frames spread over a whole clip. Knows nothing about their use."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path

from edgeds.errors import SourceFailed
from edgeds.sources import open_source
from edgeds.sources.video import VideoSource
from edgeds.types import Frame, Source

# Up to this many frames a clip is read from end to end: cheaper than seeking in it.
_READ_WHOLE_FRAMES = 900
# After a seek, frames decoded past the key frame towards the wanted time.
_FRAMES_PAST_KEY = 8


def spread_frames(
    uri: str | Path,
    count: int,
    *,
    memory_bytes: int | None = None,
    on_frame: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Frame]:
    """At most `count` frames, evenly spread over the whole clip, in order.

    In a long video it seeks, so that a long one costs no more than a short one. Frames that cannot
    be read are left out. Each frame calls `on_frame(done, of)` and `cancelled()`.

    Raises:
        SourceError: the clip cannot be opened.
        CancelledError: `cancelled` returned true.
    """

    def report(done: int, of: int) -> None:
        if on_frame is not None:
            on_frame(done, of)
        if cancelled is not None and cancelled():
            raise CancelledError

    with open_source(uri) as source:
        height, width = source.info.size
        if memory_bytes is not None:
            count = max(1, min(count, memory_bytes // (height * width * 3)))
        known = source.info.frame_count
        if isinstance(source, VideoSource) and known is not None and known > _READ_WHOLE_FRAMES:
            frames = _by_seeking(source, count, report)
            if len(frames) > count // 2:
                return frames
        else:
            return _by_stride(source, count, report)
    with open_source(uri) as source:  # not seekable after all: again from the start
        return _by_stride(source, count, report)


def _by_stride(source: Source, count: int, report: Callable[[int, int], None]) -> list[Frame]:
    """Read everything and keep every n-th frame; n doubles whenever twice too many are kept."""
    kept: list[Frame] = []
    stride = max(1, (source.info.frame_count or 0) // count)
    try:
        for frame in source.every(stride) if isinstance(source, VideoSource) else source:
            if frame.index % stride == 0:
                kept.append(frame)
            if len(kept) >= 2 * count:
                kept, stride = kept[::2], 2 * stride
            report(min(len(kept), count), count)
    except SourceFailed:
        pass  # the frames so far are a fair sample; the run itself will report the break
    if len(kept) <= count:
        return kept
    return [kept[round(i * (len(kept) - 1) / (count - 1))] for i in range(count)]


def _by_seeking(source: VideoSource, count: int, report: Callable[[int, int], None]) -> list[Frame]:
    duration_secs = source.info.duration_secs or 0.0
    frames: dict[int, Frame] = {}
    for done in range(count):
        target_secs = duration_secs * (done + 0.5) / count
        source.seek(target_secs)
        try:
            best = None
            for past, frame in enumerate(source):
                best = frame
                if frame.pts_secs >= target_secs or past >= _FRAMES_PAST_KEY:
                    break
        except SourceFailed:
            best = None
        if best is not None:
            frames[best.pts] = best
        report(done + 1, count)
    return [frames[pts] for pts in sorted(frames)]
