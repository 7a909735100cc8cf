"""Views drawn on NV12 planes: the functions of tensors. views/ draws the same on the CPU.

The mix C = aF + (1 - a)B is linear, so it holds for luma and chroma as for RGB; chroma takes the
mean alpha of its four pixels. Pixels with alpha 0 keep their exact values.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.engine.gpu.colour import Colour, Scale, half_chroma, rounded
from edgeds.engine.gpu.field import crop_at
from edgeds.engine.gpu.maps import anchored, coarse_of, near_of, offset_of
from edgeds.engine.gpu.outline import Line
from edgeds.estimate.settings import Matte
from edgeds.types import Box
from edgeds.views.settings import STYLE

Planes = tuple[Tensor, Tensor]
"""Luma uint8 (H, W) and chroma uint8 (H/2, W/2, 2)."""


@dataclass(frozen=True, slots=True, eq=False)
class DepthColours:
    """How inverse depth is converted to colour."""

    far: float
    near: float
    colours: Tensor
    """YUV of 256 levels, float32 (256, 3)."""

    def __call__(self, inverse_depth: Tensor) -> Tensor:
        """(H, W) to float YUV (3, H, W)."""
        t = ((inverse_depth - self.far) / (self.near - self.far)).clamp(min=0)
        levels = (255 * t / (t + STYLE.depth_knee)).round().clamp(max=255).to(torch.int64)
        return self.colours[levels].permute(2, 0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Inset:
    """Where the depth is shown small, and what it is made of."""

    box: Box
    """With its frame of one pixel; from even pixels to even ones."""
    colours: DepthColours
    scale: Scale
    """From the frame's size to that inside the box."""


@dataclass(frozen=True, slots=True, eq=False)
class OverlayStyle:
    tint: Tensor
    """YUV, float32 (3, 1, 1)."""
    line: Tensor
    opacity: float
    outline: Line
    inset: Inset | None


def overlay(
    luma: Tensor,
    chroma: Tensor,
    alpha: Tensor,
    field: Tensor,
    crop: Tensor,
    plate_depth: Tensor,
    style: OverlayStyle,
) -> Planes:
    """The foreground tinted and outlined, the depth as an inset."""
    share = style.opacity * alpha
    y, uv = _floats(luma, chroma)
    y, uv = _mixed(y, uv, share, _halved(share), style.tint)
    line = style.outline(alpha)
    y, uv = _mixed(y.round(), uv.round(), line, _halved(line), style.line)
    drawn = rounded(y), rounded(uv).permute(1, 2, 0).contiguous()
    if style.inset is not None:
        _draw_inset(drawn, field, crop, plate_depth, style.inset, style.line)
    return drawn


def side_by_side(luma: Tensor, chroma: Tensor, *rest: object) -> Planes:
    """The frame, and its overlay beside it. Takes what `overlay` takes."""
    drawn = overlay(luma, chroma, *rest)  # type: ignore[arg-type]  # the same, in its order
    return torch.cat((luma, drawn[0]), 1), torch.cat((chroma, drawn[1]), 1)


def _draw_inset(
    drawn: Planes, field: Tensor, crop: Tensor, plate_depth: Tensor, inset: Inset, line: Tensor
) -> None:
    """Draws into the planes."""
    luma, chroma = drawn
    size = (int(luma.shape[0]), int(luma.shape[1]))
    full = coarse_of(field, crop, size), near_of(field, crop, size), plate_depth
    coarse, near, plate = inset.scale(torch.stack(full))
    depth = plate + coarse * (near - plate)
    height, width = inset.box.size
    framed = line.expand(3, height, width).clone()
    framed[:, 1:-1, 1:-1] = inset.colours(depth)
    luma[inset.box.of] = rounded(framed[0])
    half = Box(*(side // 2 for side in inset.box))
    chroma[half.of] = half_chroma(framed[1:])


def replaced(
    luma: Tensor,
    chroma: Tensor,
    alpha: Tensor,
    field: Tensor,
    crop: Tensor,
    behind_luma: Tensor,
    behind_chroma: Tensor,
    plate_luma: Tensor,
    plate_chroma: Tensor,
    colour: Colour,
    matte: Matte,
) -> Planes:
    """The foreground's own colours over a backdrop (its planes), the plate's light taken out."""
    y, uv = _floats(luma, chroma)
    size = (int(alpha.shape[0]), int(alpha.shape[1]))
    half = (size[0] // 2, size[1] // 2)
    at_half = crop_at(crop, size, half)
    offset, halved = offset_of(field, crop, size), offset_of(field, at_half, half)
    plate_y = plate_luma.float() + torch.einsum("j,jhw->hw", colour.from_rgb[0], offset)
    of_plate = torch.einsum("ij,jhw->ihw", colour.from_rgb[1:], halved)
    plate_uv = plate_chroma.permute(2, 0, 1).float() + of_plate
    over_y = _over(y, plate_y, behind_luma.float(), alpha, matte)
    of_chroma = _halved(alpha)
    over_uv = _over(uv, plate_uv, behind_chroma.permute(2, 0, 1).float(), of_chroma, matte)
    return rounded(over_y), rounded(over_uv).permute(1, 2, 0).contiguous()


def _over(own: Tensor, plate: Tensor, behind: Tensor, alpha: Tensor, matte: Matte) -> Tensor:
    """C = aF + (1 - a)B with F un-mixed in the border, as estimate/unmixed_colours.py does."""
    border = (alpha > matte.band) & (alpha < 1 - matte.band)
    unmixed = (own - (1 - alpha) * plate) / alpha.clamp(min=matte.band)
    front = torch.where(border, unmixed.clamp(0, 255), own)
    return behind + alpha * (front - behind)


def mask_planes(alpha: Tensor, black: Tensor, white: Tensor) -> Planes:
    """Alpha as grey; black and white are YUV, (3, 1, 1)."""
    grey = (255 * alpha).round() / 255
    luma = rounded(black[0] + grey * (white[0] - black[0]))
    shape = (alpha.shape[0] // 2, alpha.shape[1] // 2, 2)
    return luma, torch.full(shape, 128, dtype=torch.uint8, device=alpha.device)


def depth_planes(
    alpha: Tensor, field: Tensor, crop: Tensor, plate_depth: Tensor, colours: DepthColours
) -> Planes:
    """Inverse depth in colours that keep their meaning for a whole clip."""
    yuv = colours(anchored(alpha, plate_depth, field, crop))
    return rounded(yuv[0]), half_chroma(yuv[1:])


def _floats(luma: Tensor, chroma: Tensor) -> Planes:
    return luma.float(), chroma.permute(2, 0, 1).float()


def _mixed(y: Tensor, uv: Tensor, share: Tensor, of_chroma: Tensor, colour: Tensor) -> Planes:
    """Float planes with a share (H, W) of one colour; chroma is (2, H/2, W/2) here."""
    return y + share * (colour[0] - y), uv + of_chroma * (colour[1:] - uv)


def _halved(values: Tensor) -> Tensor:
    return F.avg_pool2d(values[None, None], 2)[0, 0]
