"""Copies pictures to a device and back. Knows torch, streams and layouts, and no views."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from edgeds.engine.gpu.colour import (
    Colour,
    colour_for,
    full_yuv,
    quick_planes,
    rgb_of,
    rounded,
    scale_to,
)
from edgeds.engine.settings import GPU
from edgeds.sources.picture_on_device import PictureOnDevice
from edgeds.sources.scaling import swscale_colour
from edgeds.sources.yuv_planes import YuvPicture, owned

if TYPE_CHECKING:
    from edgeds.engine.cuda_stream import DeviceStream, StreamEvent
    from edgeds.types import ColourTags, Picture, Pixels, Size

Nv12 = tuple[Tensor, Tensor]
"""Luma uint8 (H, W) and chroma uint8 (H/2, W/2, 2) on the device."""
_PITCH = 256


class Uploads:
    """Brings pictures of any layout to the device as NV12. Page-locked memory is used in turn."""

    def __init__(self, stream: DeviceStream, tags: ColourTags, colour: Colour) -> None:
        """
        Args:
            tags: what NV12 on the device means; `colour` are the equations of that.
        """
        self._stream, self._colour = stream, colour
        self._kind = swscale_colour(tags)
        self._slots: deque[_Slot] = deque(_Slot() for _ in range(GPU.frames_in_flight))

    def __call__(self, picture: Picture) -> Nv12:
        """Valid in the stream's order, for the caller to keep. Call it inside `with stream`."""
        planes = picture.planes
        own = getattr(picture, "colour", None)
        if own is None or swscale_colour(own) != self._kind:
            return self._of_rgb(picture.rgb())
        if picture.device != "cpu":
            luma, chroma = self._stream.adopted(planes)
            return luma, chroma
        if picture.layout == "nv12":
            luma, chroma = self._sent(planes)
            return luma, chroma
        luma, blue, red = self._sent(planes)
        with torch.no_grad():
            return luma, torch.stack((blue, red), -1)

    def _of_rgb(self, rgb: Pixels) -> Nv12:
        (pixels,) = self._sent((rgb[..., :3],))
        with torch.no_grad():
            return quick_planes(pixels.permute(2, 0, 1).float(), self._colour)

    def _sent(self, planes: tuple[Any, ...]) -> tuple[Tensor, ...]:
        slot = self._slots[0]
        self._slots.rotate(-1)
        return slot.sent(planes, self._stream)


class _Slot:
    """Page-locked memory for the planes of one picture."""

    def __init__(self) -> None:
        self._host: tuple[Tensor, ...] = ()
        self._sent: StreamEvent | None = None

    def sent(self, planes: tuple[Any, ...], stream: DeviceStream) -> tuple[Tensor, ...]:
        if self._sent is not None:
            self._sent.wait()  # the copy before may still read
        if [tuple(host.shape) for host in self._host] != [plane.shape for plane in planes]:
            self._host = tuple(stream.host(plane.shape, torch.uint8) for plane in planes)
        on_device = []
        for host, plane in zip(self._host, planes, strict=True):
            np.copyto(host.numpy(), plane)
            target = torch.empty(host.shape, dtype=torch.uint8, device=stream.device)
            stream.copy(target, host)
            on_device.append(target)
        self._sent = stream.record_event()
        return tuple(on_device)


class DevicePicture(PictureOnDevice):
    """Finished NV12 planes on a device, which a hardware encoder takes without a copy."""

    def __init__(self, planes: Nv12, colour: ColourTags, stream: DeviceStream) -> None:
        self.planes: tuple[Tensor, ...] = planes
        self.colour, self._stream = colour, stream
        self.device = str(planes[0].device)
        self.size: Size = (int(planes[0].shape[0]), int(planes[0].shape[1]))

    def jpeg(self, most_wide: int, quality: int) -> bytes | None:
        """The picture as a JPEG, not wider than `most_wide` px, by the GPU's own encoder (nvJPEG,
        through torchvision): only its bytes are copied. None where there is no such encoder.
        """
        encode = _nvjpeg() if self.device.startswith("cuda") else None
        if encode is None:
            return None
        luma, chroma = self.planes
        with self._stream, torch.no_grad():
            rgb = rgb_of(full_yuv(luma, chroma), colour_for(self.colour, luma.device))
            if self.size[1] > most_wide:
                smaller = max(1, round(self.size[0] * most_wide / self.size[1])), most_wide
                rgb = scale_to(self.size, smaller, luma.device)(rgb)
            try:
                made = encode(rounded(rgb), quality)
            except RuntimeError:  # a torchvision that was built without nvJPEG
                return None
            on_host = self._stream.host(tuple(made.shape), torch.uint8)
            self._stream.copy(on_host, made)
            self._stream.record_event().wait()
        return bytes(on_host.numpy())

    def _brought(self) -> YuvPicture:
        return download((self.planes[0], self.planes[1]), self.colour, self._stream)()


def _nvjpeg() -> Callable[[Tensor, int], Tensor] | None:
    try:
        from torchvision.io import encode_jpeg
    except (ImportError, RuntimeError):  # RuntimeError: it is for another torch
        return None
    encode: Callable[[Tensor, int], Tensor] = encode_jpeg
    return encode


def joined(planes: Nv12) -> Nv12:
    """A copy in one piece of memory, chroma right behind luma, rows of a whole number of 256 bytes.

    FFmpeg gives NVENC the address of luma alone; rows must be a multiple of 4 bytes (NVENC's API,
    `NV_ENC_REGISTER_RESOURCE`).
    """
    luma, chroma = planes
    height, width = int(luma.shape[0]), int(luma.shape[1])
    pitch = -(-width // _PITCH) * _PITCH
    both = torch.empty((height * 3 // 2, pitch), dtype=torch.uint8, device=luma.device)
    mine = both[:height, :width]
    other = both[height:].view(height // 2, pitch // 2, 2)[:, : width // 2]
    mine.copy_(luma)
    other.copy_(chroma)
    return mine, other


def download(planes: Nv12, colour: ColourTags, stream: DeviceStream) -> Callable[[], YuvPicture]:
    """Begin to bring NV12 to the host's memory; what is returned waits and gives the picture.

    An encoder reads the page-locked memory that the device wrote: nothing is copied on the host.
    """
    luma, chroma = planes
    with stream, torch.no_grad():
        parts = (luma, *chroma.permute(2, 0, 1).contiguous())
        copies = tuple(stream.host(tuple(part.shape), torch.uint8) for part in parts)
        for host, part in zip(copies, parts, strict=True):
            stream.copy(host, part)
        done = stream.record_event()
    height, width = int(luma.shape[0]), int(luma.shape[1])

    def picture() -> YuvPicture:
        import av

        done.wait()
        # as NumPy's: torch may call page-locked memory a GPU's, which PyAV would refuse
        planes = tuple(one.numpy() for one in copies)
        video = av.VideoFrame.from_dlpack(planes, format="yuv420p", width=width, height=height)
        return owned(video, colour)

    return picture
