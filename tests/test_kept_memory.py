"""Memory of large pictures is used again, and never while somebody has the picture."""

from __future__ import annotations

import gc
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeds.sinks import open_sink
from edgeds.sources import open_source
from edgeds.sources.kept_memory import kept_memory
from edgeds.sources.process_memory import LARGE_BYTES
from edgeds.sources.yuv_planes import blank
from edgeds.types import ColourTags, Frame, StreamInfo

LARGE = 2160, 3840


def _place(values: npt.NDArray[Any]) -> int:
    return int(values.ctypes.data)


def test_memory_is_used_again_once_no_view_of_it_is_left() -> None:
    first = kept_memory(LARGE_BYTES)
    part, place = first[5:9], _place(first)
    del first
    other = kept_memory(LARGE_BYTES)
    assert _place(other) != place
    del part
    assert _place(kept_memory(LARGE_BYTES)) == place
    assert place % 64 == 0


def test_planes_of_a_picture_that_is_gone_stay_as_they_were() -> None:
    picture = blank(LARGE, ColourTags())
    chroma = picture.planes[1]
    chroma[...] = 77
    del picture
    gc.collect()
    for _ in range(6):
        for plane in blank(LARGE, ColourTags()).planes:
            plane[...] = 200
    assert (chroma == 77).all()


def test_an_encoder_gets_each_picture_though_memory_is_used_again(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    clock = Fraction(1, 25)
    info = StreamInfo(
        name="drawn", size=LARGE, rate=Fraction(25), time_base=clock, frame_count=8,
        duration_secs=8 / 25,
    )  # fmt: skip
    places = set()
    with open_sink(path, info) as sink:
        for index in range(8):
            picture = blank(LARGE, ColourTags(matrix=1))
            places.add(_place(picture.planes[0]))
            for plane, level in zip(picture.planes, (40 + 20 * index, 128, 128), strict=True):
                plane[...] = level
            sink.write(Frame(None, index, index, clock, picture=picture))
    assert len(places) < 4
    with open_source(path) as source:
        levels = [int(frame.picture.planes[0].mean() + 0.5) for frame in source]
    assert np.abs(np.array(levels) - (40 + 20 * np.arange(8))).max() <= 1
