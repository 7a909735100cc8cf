"""What every source must do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from edgeds.sources import SyntheticSource, open_source
from edgeds.types import Source

OpenSource = Callable[[], Source]


@pytest.fixture(params=["synthetic", "video", "images"])
def open_any(request: pytest.FixtureRequest, tmp_path: Path, make_clip) -> OpenSource:  # type: ignore[no-untyped-def]
    if request.param == "synthetic":
        return lambda: SyntheticSource(frame_count=12)
    if request.param == "video":
        clip = make_clip(frame_count=12)
        return lambda: open_source(clip)
    folder = tmp_path / "shots"
    folder.mkdir()
    for frame in SyntheticSource(frame_count=12):
        cv2.imwrite(str(folder / f"{frame.index}.png"), frame.pixels[..., ::-1])
    return lambda: open_source(folder)


def test_frames_have_the_announced_size_number_and_order(open_any: OpenSource) -> None:
    with open_any() as source:
        frames = list(source)
    assert len(frames) == source.info.frame_count == 12
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
