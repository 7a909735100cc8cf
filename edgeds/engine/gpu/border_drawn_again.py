"""Alpha's border drawn once more, as functions of tensors: estimate/border_drawn_again.py and
estimate/border_of_boxes.py for a GPU, which read their settings there.

The CPU draws the boxes of the foreground; here a window of the frame is drawn, whatever is in it.
Knows no networks.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.engine.gpu.border_calmed import calmed, smoothed
from edgeds.engine.gpu.border_features import box_means, detail_of, features_of, surroundings
from edgeds.engine.gpu.border_regression import MOST_SQUARES, Layers, evaluated, open_squares
from edgeds.engine.gpu.colour import Colour, full_rgb, quick_rgb
from edgeds.engine.gpu.eight_bit import to_level
from edgeds.engine.gpu.field import crop_at, read_at
from edgeds.engine.gpu.matte_refinement import OFFSET, bounds_of
from edgeds.estimate.border_drawn_again import COARSER, NEARBY
from edgeds.estimate.maps_on_demand import ALPHA_ZERO
from edgeds.estimate.settings import Matte


class Prepared(NamedTuple):
    """What the border is drawn of, as estimate/border_of_boxes.py has it."""

    alpha: Tensor
    """(2h, 2w)."""
    colours: Tensor
    """The frame's colours, (3, 2h, 2w) in levels; `behind` is the plate in the frame's light,
    alike."""
    behind: Tensor
    bounds: Tensor
    """Lowest and highest coarse alpha nearby, (2, h, w)."""
    finer: Tensor | None
    """Alpha (4h, 4w)."""


def window_drawn_again(
    alpha: Tensor,
    luma: Tensor,
    chroma: Tensor,
    plate: Tensor,
    field: Tensor,
    crop: Tensor,
    layers: Layers,
    colour: Colour,
    matte: Matte,
) -> tuple[Tensor]:
    """Alpha (H, W) of a window of the frame with its border drawn again, `matte.again` times
    smaller.

    Args:
        luma, chroma: the window's planes.
        plate: its pixels, uint8 (3, H, W).
        crop: where the field lies on the window.
    """
    times = matte.again
    assert times, "a matte with another `again`: see Matte.for_sizes"
    size = (int(alpha.shape[0]), int(alpha.shape[1]))
    given = _prepared(alpha, luma, chroma, plate, field, crop, times, colour)
    if given.finer is None:
        drawn = given.alpha + F.pixel_shuffle(_change(given, layers, matte)[None], 2)[0, 0]
    else:
        change = F.pixel_shuffle(_change(given, layers, matte)[None], 4)[0]
        made = (given.finer + smoothed(change)).clamp(0, 1)
        if times > 2:
            made = F.interpolate(
                (made - given.finer)[None], scale_factor=times / 2, mode="bilinear",
                align_corners=False,
            )[0]  # fmt: skip
            made = (alpha + made[:, : size[0], : size[1]]).clamp(0, 1)
        drawn = made[0, : size[0], : size[1]]
    return (torch.where(drawn >= ALPHA_ZERO, drawn, 0.0),)


def _prepared(
    alpha: Tensor, luma: Tensor, chroma: Tensor, plate: Tensor, field: Tensor, crop: Tensor,
    times: int, colour: Colour,
) -> Prepared:  # fmt: skip
    step = 2 * times
    high, wide = (-(-int(side) // step) for side in alpha.shape)
    even = (0, wide * step - int(alpha.shape[1]), 0, high * step - int(alpha.shape[0]))
    offset = read_at(field[OFFSET], crop_at(crop, (times, times), (1, 1)), (2 * high, 2 * wide))
    low, top = read_at(bounds_of(field), crop_at(crop, (step, step), (1, 1)), (high, wide))
    bounds = torch.stack((low, top))
    if times == 1:
        colours = full_rgb(luma, chroma, colour).float()
        return Prepared(alpha, colours, plate.float() + offset, bounds, None)
    colours = _smaller_rgb(luma, chroma, times, even, colour)
    behind = to_level(F.avg_pool2d(_padded(plate, even), times)) + offset
    finer = F.avg_pool2d(_padded(alpha[None], even), times // 2)
    return Prepared(F.avg_pool2d(finer, 2)[0], colours, behind, bounds, finer[0])


def _smaller_rgb(
    luma: Tensor, chroma: Tensor, times: int, even: tuple[int, ...], colour: Colour
) -> Tensor:
    """float32 (3, 2h, 2w) in whole levels: planes are scaled, and only then converted."""
    half = tuple(side // 2 for side in even)
    y = to_level(F.avg_pool2d(_padded(luma[None], even), times))
    uv = _padded(chroma.permute(2, 0, 1), half)
    if times > 2:
        uv = to_level(F.avg_pool2d(uv, times // 2))
    # Scaling takes the middle of two columns for the place of chroma, which is the first one.
    right = torch.cat((uv[..., 1:], uv[..., -1:]), 2)
    uv = uv + (right - uv) / (2 * times)
    return quick_rgb(torch.cat((y, uv.round())), colour).float()


def _padded(picture: Tensor, even: tuple[int, ...]) -> Tensor:
    """float32, its last rows and columns repeated."""
    return F.pad(picture[None].float(), even, mode="replicate")[0]


def _change(given: Prepared, layers: Layers, matte: Matte) -> Tensor:
    """What is added to alpha in each square, (4, h, w), or in finer pixels, (16, h, w)."""
    high, wide = (int(side) // 2 for side in given.alpha.shape)
    most = min(high * wide, MOST_SQUARES)
    squares, place = open_squares(given.alpha, matte.again_band, most)
    maps = surroundings(given.alpha, given.colours, given.behind)
    finer = None if given.finer is None else _by_squares(given.finer, 4)
    drawn = evaluated(*features_of(maps, squares, finer), layers)
    low, top = given.bounds.flatten(1).index_select(1, squares)
    apart = maps.wide.index_select(1, squares) - maps.means[1:4].index_select(1, squares)
    contrast = apart.square().mean(0)
    beyond = matte.again_beyond * contrast / (contrast + matte.again_alike_levels**2)
    drawn = torch.minimum(torch.maximum(drawn, low - beyond), top + beyond)
    before = (finer if finer is not None else _by_squares(given.alpha, 2)).index_select(1, squares)
    fits = _plate_fits(given.alpha, given.colours - given.behind, matte)
    coarser = COARSER // 2
    nearby = squares // wide // coarser * int(fits.shape[1]) + squares % wide // coarser
    share = matte.again_share * fits.flatten().index_select(0, nearby)
    change = F.pad(share * (drawn - before), (0, 1))  # what has no place is not changed
    change = change.index_select(1, place).view(-1, high, wide)
    if given.finer is not None or not matte.again_crumb_levels:
        return change
    detail = F.pad(detail_of(maps, squares), (0, 1), value=torch.inf)
    detail = detail.index_select(0, place).view(high, wide)
    return calmed(change, given.alpha, given.bounds, detail, matte)


def _by_squares(values: Tensor, side: int) -> Tensor:
    """A map (side h, side w) as the pixels of squares, row by row, (side * side, n)."""
    return F.pixel_unshuffle(values[None, None], side)[0].flatten(1)


def _plate_fits(alpha: Tensor, off: Tensor, matte: Matte) -> Tensor:
    """0..1 (h, w) at a smaller size: whether the background nearby looks like the plate, but for
    light.
    """
    maps = torch.cat((off, alpha[None]))
    even = (0, -maps.shape[2] % COARSER, 0, -maps.shape[1] % COARSER)
    # As cv2.resize reads it: between the middle pixels.
    first, second = COARSER // 2 - 1, COARSER // 2
    padded = _padded(maps, even)
    rows = padded[:, first::COARSER] + padded[:, second::COARSER]
    *small, open_alpha = (rows[..., first::COARSER] + rows[..., second::COARSER]) / 4
    empty = (open_alpha < matte.band).float()
    own = torch.stack(small) * empty
    counted = torch.cat((own, own.square().sum(0)[None], empty[None]))
    *mean, power, share = box_means(counted, NEARBY)
    share = share.clamp(min=1e-3)
    scatter = power / share - (torch.stack(mean) / share).square().sum(0)
    return torch.exp(scatter.clamp(min=0) / (-3 * matte.again_scatter_levels**2))
