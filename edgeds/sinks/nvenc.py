"""H.264 by the GPU's own encoder (NVENC), from pictures that are on the GPU. Knows no torch."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from edgeds.sinks.encoder_settings import ENCODE
from edgeds.sinks.encoding import Format, format_of
from edgeds.sources.media_errors import media_errors, reason_of
from edgeds.sources.nvdec import ON_GPU, index_of
from edgeds.sources.primary_context import primary_context
from edgeds.types import Frame, Size

if TYPE_CHECKING:
    import av
    from av.video.frame import CudaContext

CODEC = "h264_nvenc"
_REASONS = {
    "ExternalError": "this GPU has no encoder, as H100 and H200, or all that it has are in use",
    "NotImplementedError": "NVIDIA's driver is too old for this FFmpeg",
    "PermissionError": "NVIDIA's driver, or its library of the encoder, is missing",
}
"""By the class of PyAV's error; each was seen with such a driver."""


def nvenc_format(path: Path) -> Format | None:
    """How a file of this suffix is encoded on a GPU; None where it holds no H.264."""
    kind = format_of(path, alpha=False)
    if kind.codec != "libx264":
        return None
    return replace(kind, codec=CODEC, pix_fmt=ON_GPU, options=ENCODE.nvenc)


def nvenc_problem(path: Path, size: Size, device: str) -> str:
    """Why the GPU cannot encode frames of a (height, width) for a file; empty where it can.

    An encoder is opened to find out: many data centre GPUs (H100, H200) have none.
    """
    import av

    if nvenc_format(path) is None:
        return f"NVENC does not write {path.suffix} files"
    if not hasattr(av.VideoFrame, "sw_format"):
        return f"PyAV {av.__version__} takes no pictures from a GPU; 18.1 and newer do"
    try:
        encoder = cast("av.VideoCodecContext", av.CodecContext.create(CODEC, "w"))
        encoder.height, encoder.width = size
        encoder.pix_fmt, encoder.time_base = "nv12", Fraction(1, 30)
        encoder.options = {**ENCODE.nvenc, "gpu": str(index_of(device))}
        encoder.open()
    except media_errors() as error:
        return f"NVENC does not open: {nvenc_reason(error)}"
    return ""


def nvenc_reason(error: Exception) -> str:
    """What FFmpeg's error means where it opens NVENC: its own words fit files and disks."""
    known = (_REASONS.get(kind.__name__) for kind in type(error).__mro__)
    return next(filter(None, known), "") or reason_of(error).why


def on_gpu(frame: Frame) -> av.VideoFrame:
    """A frame whose NV12 planes are whole, on a GPU, as NVENC takes it: nothing is copied."""
    import av

    index = index_of(frame.picture.device)
    height, width = frame.size
    with primary_context(index):  # where FFmpeg takes it the first time
        picture = av.VideoFrame.from_dlpack(
            frame.picture.planes, format="nv12", width=width, height=height,
            device_id=index, cuda_context=_context(index),
        )  # fmt: skip
    picture.pts, picture.time_base = frame.pts, frame.time_base
    return picture


@cache
def _context(index: int) -> CudaContext:
    """FFmpeg's side of a GPU: one for all pictures of a process, so that they share their pools."""
    from av.video.frame import CudaContext

    return CudaContext(device_id=index, primary_ctx=False, current_ctx=True)
