"""What every source must do."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from edgeds.sources import GStreamerFeed, LiveSource, RealTimeSource, SyntheticSource, open_source
from edgeds.sources.synthetic import SyntheticFeed
from edgeds.types import Source

OpenSource = Callable[[], Source]

LIVE = ["real time", "live", "gstreamer"]
PIPELINE = "videotestsrc pattern=blue ! video/x-raw,width=160,height=90,framerate=30/1"


@pytest.fixture(params=["synthetic", "video", "images", "real time", "live", "gstreamer"])
def open_any(request: pytest.FixtureRequest, tmp_path: Path, make_clip) -> OpenSource:  # type: ignore[no-untyped-def]
    if request.param == "synthetic":
        return lambda: SyntheticSource(frame_count=12)
    if request.param == "video":
        clip = make_clip(frame_count=12)
        return lambda: open_source(clip)
    if request.param == "real time":
        return lambda: RealTimeSource(lambda: SyntheticSource(frame_count=12))
    if request.param == "live":
        return lambda: LiveSource(SyntheticFeed)
    if request.param == "gstreamer":
        request.getfixturevalue("gstreamer")
        return lambda: LiveSource(lambda: GStreamerFeed(PIPELINE))
    folder = tmp_path / "shots"
    folder.mkdir()
    for frame in SyntheticSource(frame_count=12):
        cv2.imwrite(str(folder / f"{frame.index}.png"), frame.pixels[..., ::-1])
    return lambda: open_source(folder)


def test_frames_have_the_announced_size_number_and_order(open_any: OpenSource) -> None:
    with open_any() as source:
        frames = list(itertools.islice(source, 12))
    assert len(frames) == 12
    assert source.info.frame_count in (12, None)  # a live source does not know when it ends
    assert {frame.size for frame in frames} == {source.info.size}
    assert [frame.index for frame in frames] == list(range(12))
    assert all(a.pts < b.pts for a, b in itertools.pairwise(frames))
    assert {frame.time_base for frame in frames} == {source.info.time_base}


def test_pixels_are_rgb_and_read_only(open_any: OpenSource) -> None:
    with open_any() as source:
        frame = next(iter(source))
    assert frame.pixels.dtype == "uint8"
    assert frame.pixels.shape == (*source.info.size, 3)
    red, _, blue = frame.pixels.reshape(-1, 3).mean(axis=0)
    assert blue > red + 30  # the wall is bluish: swapped channels would make it reddish
    with pytest.raises(ValueError, match="read-only"):
        frame.pixels[0, 0] = 0


def test_a_closed_source_gives_no_more_frames_and_closes_twice(open_any: OpenSource) -> None:
    source = open_any()
    frames = iter(source)
    next(frames)
    source.close()
    source.close()
    assert list(frames) == []


@pytest.mark.parametrize("open_any", LIVE, indirect=True)
def test_live_frames_know_when_they_were_grabbed(open_any: OpenSource) -> None:
    with open_any() as source:
        frames = list(itertools.islice(source, 5))
    stamps = [frame.grabbed_secs or 0 for frame in frames]
    assert time.monotonic() - 60 < stamps[0] <= stamps[-1] <= time.monotonic()
    for (one, one_secs), (other, other_secs) in itertools.pairwise(
        zip(frames, stamps, strict=True)
    ):
        assert other.pts_secs - one.pts_secs == pytest.approx(other_secs - one_secs, abs=3e-3)


@pytest.mark.parametrize("open_any", LIVE, indirect=True)
def test_closing_from_another_thread_ends_a_live_source(open_any: OpenSource) -> None:
    source = open_any()
    frames = iter(source)
    next(frames)
    closer = threading.Timer(0.05, source.close)
    closer.start()
    assert len(list(frames)) < 1000
    closer.join()
