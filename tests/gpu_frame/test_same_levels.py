"""Colours and outlines as a GPU computes them, on torch's CPU device: the CPU's very levels."""

from __future__ import annotations

import threading
from typing import Any

import av
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from edgeds.engine.cuda_stream import CpuStream  # noqa: E402
from edgeds.engine.gpu.colour import (  # noqa: E402
    colour_for,
    crop_weights,
    full_rgb,
    quick_planes,
)
from edgeds.engine.gpu.graph_replay import Replayed  # noqa: E402
from edgeds.engine.gpu.outline import line_of  # noqa: E402
from edgeds.engine.gpu.part_network import cropped  # noqa: E402
from edgeds.sources.yuv_planes import YuvPicture, blank  # noqa: E402
from edgeds.types import Box, ColourTags, Frame, Size  # noqa: E402
from edgeds.views.canvas import Ground  # noqa: E402
from edgeds.views.outline import outline  # noqa: E402

SIZE = (180, 320)
COLOURS = [
    ColourTags(matrix=5), ColourTags(matrix=1), ColourTags(matrix=9, full_range=True),
]  # fmt: skip


def decoded(colour: ColourTags, seed: int = 0) -> YuvPicture:
    """Smooth planes with edges, as video has them."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (23, 40, 3), dtype=np.uint8)
    video = av.VideoFrame.from_ndarray(coarse, format="rgb24").reformat(
        width=SIZE[1], height=SIZE[0], format="yuv420p"
    )
    return YuvPicture(video, colour)


def nv12(picture: YuvPicture) -> tuple[Any, Any]:
    luma, *chroma = (np.array(plane) for plane in picture.planes)
    return torch.from_numpy(luma), torch.from_numpy(np.stack(chroma, -1))


@pytest.mark.parametrize("colour", COLOURS)
def test_rgb_of_planes_and_planes_of_rgb_are_the_cpus(colour: ColourTags) -> None:
    picture, own = decoded(colour), colour_for(colour, torch.device("cpu"))
    rgb = full_rgb(*nv12(picture), own).permute(1, 2, 0).numpy()
    assert np.array_equal(rgb, picture.rgb())
    pixels = np.random.default_rng(1).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    canvas: Any = Ground().canvas(Frame(None, picture=blank(SIZE, colour)), pixels)
    luma, chroma = quick_planes(torch.from_numpy(pixels).permute(2, 0, 1).float(), own)
    made = (luma, *chroma.permute(2, 0, 1))
    for one, wanted in zip(made, canvas.picture.planes, strict=True):
        assert np.array_equal(one.numpy(), wanted)


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (Box(40, 0, 136, 160), (192, 320)),  # larger, at the border
        (Box(20, 64, 116, 224), (96, 160)),  # as it is
        (Box(0, 200, 180, 308), (160, 96)),  # smaller, its chroma larger
        (Box(0, 0, 180, 300), (128, 112)),
        (Box(8, 40, 152, 320), (192, 160)),  # one side larger, the other smaller
    ],
)
def test_the_network_gets_the_very_picture_of_a_part(box: Box, size: Size) -> None:
    picture = decoded(COLOURS[0], seed=2)
    own = colour_for(COLOURS[0], torch.device("cpu"))
    weights = tuple(torch.from_numpy(one) for one in crop_weights(SIZE, box, size))
    (got,) = cropped(*nv12(picture), weights, own)
    off = np.abs(got[0].numpy().astype(int) - picture.region(box, size))
    assert (off > 0).mean() < 2e-2  # ties: swscale's sums have 15 bits
    assert off.max() <= 4  # a level of luma and one of chroma


@pytest.mark.parametrize("thickness", [1, 2, 3, 4, 6])
def test_the_outline_is_the_one_of_the_cpu(thickness: int) -> None:
    y, x = np.mgrid[:180, :320]
    waves = 30 * np.sin(x / 9) + 20 * np.sin(y / 5 + x / 31)
    alpha = ((np.hypot(y - 90, x - 160) + waves < 70) | (x + y < 60)).astype(np.float32)
    wanted = outline(alpha, thickness) / 255
    line = line_of(thickness, torch.device("cpu"))
    off = np.abs(line(torch.from_numpy(alpha)).numpy() - wanted)
    assert wanted.mean() > 0.01
    assert off.mean() < 2e-4
    assert (off > 0.02).mean() < 2e-4
    assert not line(torch.zeros(20, 30)).any()


def test_pictures_are_convolved_without_tf32() -> None:
    seen: list[bool] = []

    def function(values: Any) -> tuple[Any]:
        seen.append(torch.backends.cudnn.allow_tf32)
        return (values + 1,)

    before = torch.backends.cudnn.allow_tf32
    (made,) = Replayed(function, CpuStream(), (torch.zeros(3),))(torch.ones(3))
    assert made.tolist() == [2, 2, 2]
    assert not any(seen)
    assert torch.backends.cudnn.allow_tf32 == before


def test_two_threads_leave_the_process_with_the_tf32_that_it_had() -> None:
    # one would take the other's setting for the process's own, and leave it behind
    before = torch.backends.cudnn.allow_tf32
    assert before
    inside, both, seen = threading.Event(), threading.Event(), []

    def first(values: Any) -> tuple[Any]:
        inside.set()
        both.wait(0.2)
        return (values + 1,)

    def second(values: Any) -> tuple[Any]:
        both.set()
        threads[0].join()
        seen.append(torch.backends.cudnn.allow_tf32)
        return (values + 1,)

    def made(function: Any) -> None:
        Replayed(function, CpuStream(), (torch.zeros(3),))

    threads = [threading.Thread(target=made, args=(one,)) for one in (first, second)]
    threads[0].start()
    assert inside.wait(5)
    threads[1].start()
    threads[1].join()
    assert seen == [False]
    assert torch.backends.cudnn.allow_tf32 == before
