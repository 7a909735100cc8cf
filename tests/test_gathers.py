"""Scaling without gather instructions: the same pixels, in less time."""

from __future__ import annotations

import ctypes
import platform
import sys

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from edgeds.sources.scaling import SLOW_GATHER
from edgeds.sources.yuv_planes import blank
from edgeds.types import ColourTags

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="the flag is x86's, and FFmpeg's symbols are found through PyAV on Linux",
)


def test_frames_are_scaled_without_gather_instructions() -> None:
    ffmpeg = ctypes.CDLL(av._core.__file__)
    picture = blank((72, 128), ColourTags())
    for plane in picture.planes:
        plane[...] = 100
    picture.rgb((16, 32))
    assert ffmpeg.av_get_cpu_flags() & SLOW_GATHER


def test_pixels_are_the_same_with_and_without_gather_instructions() -> None:
    ffmpeg = ctypes.CDLL(av._core.__file__)
    before = ffmpeg.av_get_cpu_flags()
    pixels = np.random.default_rng(3).integers(0, 256, (360, 640), np.uint8)
    grey = av.VideoFrame.from_ndarray(pixels, format="gray")
    scaled = []
    try:
        for flags in (before & ~SLOW_GATHER, before | SLOW_GATHER):
            ffmpeg.av_force_cpu_flags(flags)
            scaler = VideoReformatter()  # it looks at the flags once
            small = scaler.reformat(grey, width=256, height=160, interpolation=0x20 | 0x40000)
            scaled.append(small.to_ndarray())
    finally:
        ffmpeg.av_force_cpu_flags(before)
    np.testing.assert_array_equal(*scaled)
