"""Video that the GPU's own decoder (NVDEC) decodes, and pictures that stay on the GPU.

Everything goes through PyAV, as it does on the CPU: containers, times, colours. Whoever computes on
the GPU takes the planes by DLPack. Knows no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeds.sources.picture_on_device import PictureOnDevice
from edgeds.sources.primary_context import CURRENT
from edgeds.sources.tone_map import HDR_NAMES
from edgeds.sources.yuv_planes import YuvPicture
from edgeds.types import ColourTags, Size

if TYPE_CHECKING:
    import av
    from av.codec.hwaccel import HWAccel

ON_GPU = "cuda"
"""The name of FFmpeg's format for pictures on an NVIDIA GPU."""


class GpuPicture(PictureOnDevice):
    """A decoded NV12 picture on a GPU. It keeps the decoder's memory as long as it lives."""

    def __init__(self, video: av.VideoFrame, colour: ColourTags) -> None:
        self.video, self.colour = video, colour
        self.size: Size = (video.height, video.width)
        self.planes: tuple[Any, ...] = tuple(video.planes[:2])
        """Each has `__dlpack__`; the decoder wrote them in the device's default stream."""
        self.device = f"cuda:{self.planes[0].__dlpack_device__()[1]}"

    def _brought(self) -> YuvPicture:
        return YuvPicture(self.video.reformat(format="yuv420p"), self.colour)


def hardware_decoder(device: str) -> HWAccel:
    """NVDEC for `av.open`, on a device such as "cuda:1", whose context has to be current then.
    Pictures stay there; what NVDEC does not know, FFmpeg decodes on the CPU.
    """
    from av.codec.hwaccel import HWAccel

    return HWAccel(
        ON_GPU, device=str(index_of(device)), is_hw_owned=True, allow_software_fallback=True,
        options=CURRENT,
    )  # fmt: skip


def index_of(device: str) -> int:
    """The number of the GPU in "cuda:1"."""
    return int(device.partition(":")[2] or 0)


def hardware_problem() -> str:
    """Why PyAV cannot keep pictures on a GPU; empty where it can."""
    import av

    try:
        from av.codec.hwaccel import hwdevices_available
    except ImportError:
        return f"PyAV {av.__version__} knows no hardware decoders"
    if ON_GPU not in hwdevices_available():
        return f"this build of PyAV {av.__version__} has no NVDEC"
    if not hasattr(av.VideoFrame, "sw_format"):
        return f"PyAV {av.__version__} cannot leave pictures on the GPU; 18.1 and newer can"
    return ""


def why_not_on_gpu(first: av.VideoFrame, colour: ColourTags) -> str:
    """Why a video is better decoded on the CPU, judged by its first frame; empty where it is not.

    Args:
        colour: of the frame.
    """
    if first.format.name != ON_GPU:
        return "NVDEC does not decode it"
    kind = first.sw_format
    if kind is None or kind.name != "nv12":
        return f"NVDEC gives {'?' if kind is None else kind.name}, not 8-bit 4:2:0"
    if colour.transfer in HDR_NAMES:
        return f"{HDR_NAMES[colour.transfer]} is tone-mapped on the CPU"
    if first.interlaced_frame:
        return "it is interlaced"
    return ""
