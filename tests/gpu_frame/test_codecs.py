"""The GPU's decoder and encoder where there is none, and what their pictures are made of."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from edgeds.engine.cuda_driver import find_cuda
from edgeds.errors import SinkFailed
from edgeds.sinks import VideoSink
from edgeds.sinks.nvenc import nvenc_format, nvenc_problem
from edgeds.sources import VideoSource
from edgeds.sources.nvdec import GpuPicture, why_not_on_gpu
from edgeds.types import ColourTags

CLIP = Path(__file__).parents[1] / "data" / "moving_person.mp4"
no_gpu = pytest.mark.skipif(not find_cuda().problem, reason="there is a GPU")


@no_gpu
def test_without_a_gpu_a_video_is_decoded_on_the_cpu_and_a_note_says_so() -> None:
    with VideoSource(CLIP, device="cuda:0") as there, VideoSource(CLIP) as here:
        assert there.info == here.info
        for got, wanted, _ in zip(there, here, range(3), strict=False):
            assert got.picture.device == "cpu"
            assert np.array_equal(got.pixels, wanted.pixels)
        assert "decoded on the CPU" in there.notes[0]
        there.seek(1.0)
        assert next(iter(there)).pixels.shape == (*here.info.size, 3)


def first_frame(**other: Any) -> Any:
    with av.open(str(CLIP)) as container:
        frame = next(container.decode(video=0)).reformat(format="nv12")
    # what PyAV says of a picture on a GPU, but that its planes are on the host
    said = {
        "format": SimpleNamespace(name="cuda"), "sw_format": frame.format, "planes": frame.planes,
        "interlaced_frame": False, "width": frame.width, "height": frame.height,
        "reformat": frame.reformat,
    }  # fmt: skip
    return SimpleNamespace(**{**said, **other})


def test_what_nvdec_cannot_give_as_it_is_goes_to_the_cpu() -> None:
    sdr = ColourTags(transfer=1)
    assert why_not_on_gpu(first_frame(), sdr) == ""
    reasons = {
        "does not decode": first_frame(format=SimpleNamespace(name="yuv420p")),
        "p010le": first_frame(sw_format=SimpleNamespace(name="p010le")),
        "interlaced": first_frame(interlaced_frame=True),
    }
    for why, frame in reasons.items():
        assert why in why_not_on_gpu(frame, sdr)
    assert "tone-mapped" in why_not_on_gpu(first_frame(), ColourTags(transfer=16))


def test_a_picture_on_a_gpu_gives_rgb_of_the_host_when_asked() -> None:
    picture = GpuPicture(first_frame(), ColourTags(matrix=5))
    assert picture.layout == "nv12"
    assert [tuple(np.from_dlpack(p).shape) for p in picture.planes] == [(360, 640), (180, 320, 2)]
    with VideoSource(CLIP) as source:
        wanted = next(iter(source))
    assert np.array_equal(picture.rgb(), wanted.pixels)
    assert np.array_equal(picture.rgb((96, 160)), wanted.rgb((96, 160)))


@no_gpu
@pytest.mark.parametrize(("name", "why"), [("a.mp4", "NVENC does not open"), ("a.webm", ".webm")])
def test_without_nvenc_the_reason_is_said(name: str, why: str) -> None:
    assert why in nvenc_problem(Path(name), (360, 640), "cuda:0")


def test_nvenc_writes_what_libx264_writes_otherwise() -> None:
    for name in ("a.mp4", "a.mov", "a.mkv"):
        kind = nvenc_format(Path(name))
        assert kind is not None
        assert (kind.codec, kind.pix_fmt, kind.options["bf"]) == ("h264_nvenc", "cuda", "0")
    assert nvenc_format(Path("a.webm")) is None


@no_gpu
def test_an_encoder_that_does_not_open_is_a_sink_that_failed(tmp_path: Path) -> None:
    with VideoSource(CLIP) as source:
        frame = next(iter(source)).with_picture(GpuPicture(first_frame(), ColourTags(matrix=5)))
        sink = VideoSink(tmp_path / "a.mp4", source.info, kind=nvenc_format(Path("a.mp4")))
        with pytest.raises(SinkFailed, match="after 0 frames"):
            sink.write(frame)
        sink.close()
    assert list(tmp_path.iterdir()) == []
