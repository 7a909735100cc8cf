"""Backdrops: pictures of any shape, and videos that keep their time."""

from __future__ import annotations

import time
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edgeds.sources import open_source
from edgeds.types import Frame, Pixels
from edgeds.views.backdrop import VideoBackdrop, open_backdrop

SIZE = 90, 160


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 s at 10 fps whose grey grows by a level every 3 frames: the picture says its time."""
    path = tmp_path_factory.mktemp("backdrop") / "counting.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 90, 160, "yuv420p"
        stream.codec_context.options = {"crf": "1", "preset": "ultrafast", "g": "20"}
        for index in range(600):
            grey = np.full((90, 160, 3), 20 + index // 3, np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def _at(secs: float) -> Frame:
    return Frame(
        np.zeros((*SIZE, 3), np.uint8), pts=round(secs * 1000), time_base=Fraction(1, 1000)
    )


def _level(secs: float) -> float:
    return 20 + int(secs * 10 + 1e-6) // 3


def _secs_of_decoding(clip: Path) -> float:
    """Of the processor: what else the machine does costs wall time alone."""
    began = time.process_time()
    with open_source(clip) as source:
        assert sum(1 for _ in source) == 600
    return time.process_time() - began


def _mean(pixels: Pixels) -> float:
    return float(pixels.mean())


def test_a_video_backdrop_begins_with_its_first_picture_whatever_the_clocks_say(
    counting: Path,
) -> None:
    with VideoBackdrop(str(counting), SIZE) as backdrop:
        for secs in (0.0, 0.5, 2.0, 7.3):
            assert _mean(backdrop(_at(600 + secs))) == pytest.approx(_level(secs), abs=1.5)


def test_a_video_backdrop_jumps_ahead_without_decoding_what_it_skips(counting: Path) -> None:
    whole_secs = _secs_of_decoding(counting)
    with VideoBackdrop(str(counting), SIZE) as backdrop:
        backdrop(_at(0))
        began = time.process_time()
        picture = backdrop(_at(55))
        assert time.process_time() - began < 0.5 * whole_secs
    assert _mean(picture) == pytest.approx(_level(55), abs=1.5)


def test_hours_later_a_video_backdrop_shows_the_lap_it_is_in(counting: Path) -> None:
    with VideoBackdrop(str(counting), SIZE) as backdrop:
        backdrop(_at(5))
        began = time.process_time()
        picture = backdrop(_at(5 + 3 * 3600 + 12.0))
        assert time.process_time() - began < 2 * _secs_of_decoding(counting)  # not of 180 laps
    assert _mean(picture) == pytest.approx(_level(12), abs=1.5)


def test_a_video_backdrop_starts_again_at_its_end(counting: Path) -> None:
    with VideoBackdrop(str(counting), SIZE) as backdrop:
        shown = [_mean(backdrop(_at(secs))) for secs in (0.0, 58.0, 59.9, 60.0, 61.0)]
    expected = [_level(secs) for secs in (0.0, 58.0, 59.9, 0.0, 1.0)]
    assert shown == pytest.approx(expected, abs=1.5)


def test_a_folder_of_pictures_starts_again_at_its_end(tmp_path: Path) -> None:
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((9, 16, 3), 50 * index, np.uint8))
    with VideoBackdrop(str(tmp_path), SIZE) as backdrop:
        shown = [_mean(backdrop(Frame(np.zeros((*SIZE, 3), np.uint8), pts=i))) for i in range(7)]
    assert shown == [0, 50, 100, 0, 50, 100, 0]


@pytest.mark.parametrize("shape", [(8000, 1, 3), (1, 8000, 3)])
def test_a_long_thin_picture_takes_no_more_memory_than_a_frame(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    cv2.imwrite(str(tmp_path / "thin.png"), np.full(shape, 77, np.uint8))
    tracemalloc.start()
    with open_backdrop(str(tmp_path / "thin.png"), (360, 640)) as backdrop:
        picture = backdrop(_at(0))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert picture.shape == (360, 640, 3)
    assert (picture == 77).all()
    assert peak_bytes < 20_000_000
