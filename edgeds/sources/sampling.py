"""Picks a few frames spread over a whole clip. Knows nothing about their use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources import open_source
from edgeds.sources.threads import threads
from edgeds.sources.video import VideoSource
from edgeds.types import Frame, Pixels, Size, Source

Taken = TypeVar("Taken")

# Up to this many frames a clip is read from end to end, unless it has a key frame for each sample.
_READ_WHOLE_FRAMES = 900
# A seek to a key frame costs about as much as so many other frames.
_SEEK_FRAMES = 6
# After a seek to a key frame that was taken, frames decoded past it towards the wanted time.
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
    return _Sampling(lambda frame: frame, on_frame, cancelled).of(uri, count, memory_bytes)


def spread_pixels(
    uri: str | Path,
    count: int,
    *,
    size: Size | None = None,
    least: int = 0,
    memory_bytes: int | None = None,
    on_frame: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Pixels]:
    """The same frames as uint8 RGB, which is made in other threads while the next are decoded.

    Args:
        size: (height, width); None is that of each frame.
        least: where the clip breaks off before so many frames, that is an error.

    Raises:
        as `spread_frames`.
    """
    with ThreadPoolExecutor(max(1, threads().sampling // 2)) as pool:

        def taken(frame: Frame) -> Future[Pixels]:
            return pool.submit(frame.rgb, size)

        sampling = _Sampling(taken, on_frame, cancelled, least)
        return [pixels.result() for pixels in sampling.of(uri, count, memory_bytes)]


def _every(stride: int, source: Source) -> Iterator[Frame]:
    if isinstance(source, VideoSource):
        return source.every(stride)
    return (frame for frame in source if frame.index % stride == 0)


def _frame_near(source: VideoSource, secs: float) -> Frame | None:
    """A frame past the key frame before a time, towards it."""
    source.seek(secs)
    best = None
    with suppress(SourceFailed):
        for past, frame in enumerate(source):
            best = frame
            if frame.pts_secs >= secs or past >= _FRAMES_PAST_KEY:
                return best
    return best


def _is_cheaper_to_seek(source: VideoSource, count: int) -> bool:
    known = source.info.frame_count or 0
    if known > _READ_WHOLE_FRAMES:
        return True
    return known > _SEEK_FRAMES * count and (source.key_frames() or 0) >= count


class _Sampling(Generic[Taken]):
    """Reads frames and keeps what `taken` makes of some of them."""

    def __init__(
        self,
        taken: Callable[[Frame], Taken],
        on_frame: Callable[[int, int], None] | None,
        cancelled: Callable[[], bool] | None,
        least: int = 0,
    ) -> None:
        self._taken, self._on_frame, self._cancelled = taken, on_frame, cancelled
        self._least = least

    def of(self, uri: str | Path, count: int, memory_bytes: int | None) -> list[Taken]:
        with open_source(uri, decoder_threads=threads().sampling) as source:
            height, width = source.info.size
            if memory_bytes is not None:
                count = max(1, min(count, memory_bytes // (height * width * 3)))
            if isinstance(source, VideoSource) and _is_cheaper_to_seek(source, count):
                frames = self._by_seeking(source, count)
                if len(frames) > count // 2:
                    return frames
            else:
                return self._by_stride(source, count)
        with open_source(uri, decoder_threads=threads().sampling) as source:
            # not seekable after all: again from the start
            return self._by_stride(source, count)

    def _by_stride(self, source: Source, count: int) -> list[Taken]:
        """Read everything, keep every n-th frame; n doubles whenever twice too many are kept."""
        kept: list[Taken] = []
        stride, thinner = max(1, (source.info.frame_count or 0) // count), 1
        try:
            for number, frame in enumerate(_every(stride, source)):
                if number % thinner == 0:
                    kept.append(self._taken(frame))
                if len(kept) >= 2 * count:
                    kept, thinner = kept[::2], 2 * thinner
                self._report(min(len(kept), count), count)
        except SourceFailed as broken:
            if len(kept) < self._least:
                raise SourceError(broken.what, why=broken.why, fix=broken.fix) from broken
            # Else the frames so far are a fair sample; the run itself will report the break.
        if len(kept) <= count:
            return kept
        return [kept[round(i * (len(kept) - 1) / (count - 1))] for i in range(count)]

    def _by_seeking(self, source: VideoSource, count: int) -> list[Taken]:
        duration_secs = source.info.duration_secs or 0.0
        frames: dict[int, Taken] = {}
        for done in range(count):
            target_secs = duration_secs * (done + 0.5) / count
            best = source.key_frame(target_secs)
            if best is None or best.pts in frames:
                best = _frame_near(source, target_secs)
            if best is not None:
                frames[best.pts] = self._taken(best)
            self._report(done + 1, count)
        return [frames[pts] for pts in sorted(frames)]

    def _report(self, done: int, of: int) -> None:
        if self._on_frame is not None:
            self._on_frame(done, of)
        if self._cancelled is not None and self._cancelled():
            raise CancelledError
