"""NV12 planes and RGB as torch tensors, the same colours that swscale gives. Knows no video files.

A picture is a luma plane uint8 (H, W) and a chroma plane uint8 (H/2, W/2, 2): NV12, as NVDEC gives
it. H and W are even.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from edgeds.sources.yuv_planes import from_rgb, to_rgb
from edgeds.types import Box, ColourTags, Size


@dataclass(frozen=True, slots=True)
class Colour:
    """How luma and chroma of a video mean RGB in 0..255: rgb = to_rgb @ (yuv - black)."""

    to_rgb: Tensor
    """float32 (3, 3)."""
    from_rgb: Tensor
    """float32 (3, 3)."""
    black: Tensor
    """YUV of black, float32 (3, 1, 1)."""
    quick: Tensor
    """float32 (3, 3): `to_rgb` in 1024ths, as OpenCV computes 8 bits."""
    quick_shift: Tensor
    """float32 (3, 1, 1), added to that; half a level for rounding is in it."""
    quick_back: Tensor
    """float32 (3, 3): `from_rgb` in 1024ths."""
    quick_back_shift: Tensor


def colour_for(tags: ColourTags, device: torch.device) -> Colour:
    """The equations that the CPU uses."""

    def tensor(values: npt.NDArray[np.floating]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=device)

    to_colours, from_colours = to_rgb(tags), from_rgb(tags)
    half_a_level = np.array([0, 0, 0, 0.5])
    quick, quick_back = (
        np.rint(1024 * (one + half_a_level)) / 1024 for one in (to_colours, from_colours)
    )
    return Colour(
        to_rgb=tensor(to_colours[:, :3]),
        from_rgb=tensor(from_colours[:, :3]),
        black=tensor(from_colours[:, 3:, None]),
        quick=tensor(quick[:, :3]),
        quick_shift=tensor(quick[:, 3:, None]),
        quick_back=tensor(quick_back[:, :3]),
        quick_back_shift=tensor(quick_back[:, 3:, None]),
    )


def rgb_of(yuv: Tensor, colour: Colour) -> Tensor:
    """RGB in 0..255, not rounded, of float YUV; both (3, H, W)."""
    return torch.einsum("ij,jhw->ihw", colour.to_rgb, yuv - colour.black).clamp(0, 255)


def quick_rgb(yuv: Tensor, colour: Colour) -> Tensor:
    """RGB uint8 of YUV in whole levels, both (3, H, W): the very levels of `cv2.transform`."""
    rgb = torch.einsum("ij,jhw->ihw", colour.quick, yuv) + colour.quick_shift
    return rgb.clamp(0, 255).to(torch.uint8)


def quick_yuv(rgb: Tensor, colour: Colour) -> Tensor:
    """Float YUV in whole levels of RGB in whole levels, both (3, H, W): as `cv2.transform` does."""
    yuv = torch.einsum("ij,jhw->ihw", colour.quick_back, rgb) + colour.quick_back_shift
    return yuv.clamp(0, 255).floor()


def quick_planes(rgb: Tensor, colour: Colour) -> tuple[Tensor, Tensor]:
    """NV12 planes of RGB in whole levels (3, H, W), as views/canvas.py makes planes."""
    yuv = quick_yuv(rgb, colour)
    return yuv[0].to(torch.uint8), half_chroma(yuv[1:])


def full_rgb(luma: Tensor, chroma: Tensor, colour: Colour) -> Tensor:
    """RGB uint8 (3, H, W) of NV12 planes: as `YuvPicture` gives it."""
    return quick_rgb(full_yuv(luma, chroma).round(), colour)


def yuv_of(rgb: Tensor, colour: Colour) -> Tensor:
    """The inverse of `rgb_of`."""
    return torch.einsum("ij,jhw->ihw", colour.from_rgb, rgb) + colour.black


def full_yuv(luma: Tensor, chroma: Tensor) -> Tensor:
    """float32 (3, H, W) of NV12 planes: chroma between its samples is interpolated.

    Samples lie on even columns and between rows, as MPEG-2 and H.264 have them and swscale takes
    them.
    """
    plane = chroma.permute(2, 0, 1).float()
    above = torch.cat((plane[:, :1], plane[:, :-1]), 1)
    below = torch.cat((plane[:, 1:], plane[:, -1:]), 1)
    rows = torch.stack((0.25 * above + 0.75 * plane, 0.75 * plane + 0.25 * below), 2)
    rows = rows.flatten(1, 2)  # (2, H, W/2)
    right = torch.cat((rows[..., 1:], rows[..., -1:]), 2)
    full = torch.stack((rows, (rows + right) / 2), 3).flatten(2, 3)  # (2, H, W)
    return torch.cat((luma[None].float(), full))


def half_chroma(full: Tensor) -> Tensor:
    """Chroma planes (H/2, W/2, 2) of float chroma (2, H, W), rounded: the mean of 2 x 2 pixels."""
    halved = torch.nn.functional.avg_pool2d(full[None], 2)[0]
    return rounded(halved).permute(1, 2, 0).contiguous()


def half_chroma_of_swscale(full: Tensor) -> Tensor:
    """As `half_chroma`, but as swscale makes it of RGB: each sample is the mean of two columns and
    of four rows, the inner ones with three times the weight.
    """
    columns = torch.nn.functional.avg_pool2d(full[None], (1, 2))[0]
    around = torch.cat((columns[:, :1], columns, columns[:, -1:]), 1)
    inner, outer = columns[:, ::2] + columns[:, 1::2], around[:, :-2:2] + around[:, 3::2]
    return rounded((3 * inner + outer) / 8).permute(1, 2, 0).contiguous()


def rounded(values: Tensor) -> Tensor:
    """To the nearest level of uint8."""
    return (values + 0.5).clamp(0, 255).to(torch.uint8)


@dataclass(frozen=True, slots=True)
class Scale:
    """Planes at another size: averaged over areas where smaller, interpolated where larger."""

    rows: Tensor
    """float32 (h, H): each row sums to 1."""
    columns: Tensor
    """float32 (W, w)."""

    def __call__(self, planes: Tensor) -> Tensor:
        """(..., H, W) to float32 (..., h, w)."""
        return self.rows @ planes.float() @ self.columns


def scale_to(size: Size, other: Size, device: torch.device, *, right: float = 0.0) -> Scale:
    """From one (height, width) to another.

    Args:
        right: how far to the right of its middle each pixel is read, in pixels of `size`.
    """
    return Scale(
        rows=_weights(size[0], other[0], 0.0, device),
        columns=_weights(size[1], other[1], right, device).T.contiguous(),
    )


def crop_weights(size: Size, part: Box, other: Size) -> tuple[npt.NDArray[np.float32], ...]:
    """What takes NV12 of a (height, width) to a part of it at another size: rows (h, H) and columns
    (W, w) of luma, the same of chroma, and where its columns then lie (w, w). The part has even
    sides.
    """
    half = Box(*(side // 2 for side in part))
    own, right = _placed(part, size, other), np.eye(other[1], dtype=np.float32)
    if part.size == other:  # nothing is scaled: chroma is read between its samples, as of the frame
        down = _shares(size[0] // 2, size[0], 0.0)[part.top : part.bottom]
        across = _shares(size[1] // 2, size[1], 0.25)[part.left : part.right]
        return (*own, np.asarray(down, np.float32), np.asarray(across.T, np.float32), right)
    # Scaling takes the middle of two columns for the place of chroma, which is the first one.
    share = other[1] / half.size[1] / 4
    beside = np.roll(right, 1, axis=0)
    beside[:, -1] = right[:, -1]
    right += np.float32(share) * (beside - right)
    return (*own, *_placed(half, (size[0] // 2, size[1] // 2), other), right)


def _placed(
    part: Box, size: Size, other: Size
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    rows = np.zeros((other[0], size[0]), np.float32)
    columns = np.zeros((size[1], other[1]), np.float32)
    rows[:, part.top : part.bottom] = _shares(part.size[0], other[0], 0.0)
    columns[part.left : part.right] = _shares(part.size[1], other[1], 0.0).T
    return rows, columns


@dataclass(frozen=True, slots=True)
class Nv12Scale:
    """NV12 at another size, as swscale does it."""

    luma: Scale
    chroma: Scale

    def __call__(self, luma: Tensor, chroma: Tensor) -> Tensor:
        """uint8 planes to float YUV (3, h, w)."""
        return torch.cat((self.luma(luma[None]), self.chroma(chroma.permute(2, 0, 1))))


def nv12_scale_to(size: Size, other: Size, device: torch.device) -> Nv12Scale:
    """From one (height, width) to another."""
    half = size[0] // 2, size[1] // 2
    # Chroma lies on the left one of its two columns: a quarter of its own pixels off the middle.
    return Nv12Scale(
        luma=scale_to(size, other, device), chroma=scale_to(half, other, device, right=0.25)
    )


def _weights(given: int, wanted: int, shift: float, device: torch.device) -> Tensor:
    return torch.tensor(_shares(given, wanted, shift), dtype=torch.float32, device=device)


def _shares(given: int, wanted: int, shift: float) -> npt.NDArray[np.float64]:
    """(wanted, given): the share of each input in each output."""
    ratio = given / wanted
    inputs = np.arange(given, dtype=np.float64)
    if wanted < given:
        edges = np.arange(wanted + 1)[:, None] * ratio + shift
        begin, end = inputs.copy(), inputs + 1
        begin[0], end[-1] = -np.inf, np.inf  # what lies outside is as the edge
        overlap = np.minimum(edges[1:], end) - np.maximum(edges[:-1], begin)
        shares = np.clip(overlap, 0, None) / ratio
    else:
        at = np.clip((np.arange(wanted) + 0.5) * ratio - 0.5 + shift, 0, given - 1)
        shares = np.clip(1 - np.abs(at[:, None] - inputs[None]), 0, None)
    return np.asarray(shares)
