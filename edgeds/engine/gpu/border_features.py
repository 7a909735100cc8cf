"""What the border's regression looks at, as functions of tensors: estimate/border_features.py and
estimate/border_noise.py for a GPU, which read their settings there.

The CPU computes what lies around the squares in question; here maps of all squares are computed,
and features read from them. Knows nothing about weights.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.estimate.border_features import (
    ALPHA_PX,
    ENOUGH,
    LEAST_CONTRAST,
    LOG_LEVELS,
    PLACED_BY,
    PLACES,
    SURE,
    TEXTURE_PX,
    WINDOWS,
)
from edgeds.estimate.border_noise import BESIDE, EMPTY, NEARBY, STEPS_TO_DETAIL

_GREY = 0.299, 0.587, 0.114
"""Red, green and blue in OpenCV's grey."""


class Surroundings(NamedTuple):
    """Maps of all squares, one row after the other: (..., n) but the first."""

    size: tuple[int, int]
    """(h, w) of the squares."""
    pixels: Tensor
    """Alpha, place and difference of each square's four pixels, (n, 12)."""
    means: Tensor
    """Alpha, colour of the plate, difference from it and its size, (8, n)."""
    wide: Tensor
    """Mean colour of the sure foreground in wide windows, (3, n), in smaller ones, (3, n), and what
    even the widest lack.
    """
    near: Tensor
    missing: Tensor
    behind: Tensor
    """The plate in the frame's light, and what the frame differs by, (3, 4, n)."""
    difference: Tensor
    texture: Tensor
    mean_alpha: Tensor
    noise: Tensor
    """What `border_noise` finds at squares, (2, n), and in windows of squares of 4x4, (3, q)."""
    noise_nearby: Tensor


def surroundings(alpha: Tensor, colours: Tensor, behind: Tensor) -> Surroundings:
    """The maps of alpha (2h, 2w), frame and plate in the frame's light, (3, 2h, 2w) in levels."""
    height, width = int(alpha.shape[0]) // 2, int(alpha.shape[1]) // 2
    grey, seen = (_grey(one) for one in (behind, colours))
    back, off, own = (_squares(one) for one in (behind, colours - behind, alpha[None]))
    small_alpha, small_back, small_off = (one.mean(1) for one in (own, back, off))
    near, wide, missing = _foreground(
        small_alpha.view(height, width), (small_back + small_off).view(3, height, width)
    )
    placed, _ = _between(off, near[:, None] - back)
    pixels = torch.stack((own[0].T, placed.T, _log(_magnitude(off)).T), 2)  # (n, 4, 3)
    magnitude = _log(_magnitude(small_off))
    texture = box_means(_laplacian(grey)[None], TEXTURE_PX, 2)
    at_squares, nearby = _noise(small_alpha, small_off, off, seen, (height, width))
    return Surroundings(
        size=(height, width),
        pixels=pixels.flatten(1),
        means=torch.cat((small_alpha, small_back, small_off, magnitude[None])),
        near=near,
        wide=wide,
        missing=missing,
        behind=back,
        difference=off,
        texture=texture.flatten(),
        mean_alpha=box_means(alpha[None], ALPHA_PX, 2).flatten(),
        noise=torch.stack((at_squares, grey[::2, ::2].flatten())),
        noise_nearby=nearby,
    )


def features_of(
    maps: Surroundings, squares: Tensor, finer: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The features of squares, by their numbers (k,): (k, 108) of their pixels and those beside
    them, (45, k) further ones; 61 of them if alpha is known `finer`, (16, n). As on the CPU.
    """
    beside, further = (_three_by_three(squares, maps.size, step) for step in (1, 2))
    around = maps.pixels.index_select(0, beside.movedim(2, 0).flatten())
    further = further.flatten(0, 1)
    further = torch.cat((further[:4], further[5:]))  # without the square itself
    means = maps.means.index_select(1, further.flatten()).view(8, *further.shape)
    placed, _ = _between(means[4:7], maps.near.index_select(1, squares)[:, None] - means[1:4])
    ring = torch.stack((means[0], placed, means[7]), 1).flatten(0, 1)  # (24, k)
    rest = [ring, *_own(maps, squares), *_noise_of(maps, squares)]
    if finer is not None:
        rest.append(finer.index_select(1, squares))
    return around.view(squares.shape[0], -1), torch.cat(rest)


def box_means(maps: Tensor, side: int, stride: int = 1) -> Tensor:
    """Means over side x side of (c, H, W), mirrored at the edge as OpenCV does: along columns, then
    along rows, which reads 2 side pixels and not side squared.
    """
    r = side // 2
    padded = F.pad(maps[None], (r, r, r, r), mode="reflect")
    columns = F.avg_pool2d(padded, (side, 1), (stride, 1))
    return F.avg_pool2d(columns, (1, side), (1, stride))[0]


def _three_by_three(squares: Tensor, size: tuple[int, int], step: int) -> Tensor:
    """The numbers of squares that are a step apart around each one, (3, 3, k); at the edge, those
    of the edge.
    """
    steps = torch.arange(-step, step + 1, step, device=squares.device)[:, None]
    rows = (squares // size[1] + steps).clamp(0, size[0] - 1)
    columns = (squares % size[1] + steps).clamp(0, size[1] - 1)
    return rows[:, None] * size[1] + columns


def _own(maps: Surroundings, squares: Tensor) -> list[Tensor]:
    """What is of the square itself, or of each of its pixels, (16, k) in pieces."""
    back, off = (one.index_select(2, squares) for one in (maps.behind, maps.difference))
    to_foreground = maps.wide.index_select(1, squares)[:, None] - back
    placed, contrast = _between(off, to_foreground)
    # Colours end at 0 and 255: a smaller alpha cannot have made this difference.
    least = off.abs() / torch.where(off > 0, 255 - back, back).clamp(min=1)
    rest = torch.stack(
        (
            _log(contrast.mean(0)),
            maps.missing.index_select(0, squares),
            _log(maps.texture.index_select(0, squares)),
            maps.mean_alpha.index_select(0, squares),
        )
    )
    return [
        placed, _log(_magnitude(off - placed * to_foreground)), least.amax(0).clamp(max=1), rest,
    ]  # fmt: skip


def _noise_of(maps: Surroundings, squares: Tensor) -> list[Tensor]:
    """The five numbers of estimate/border_noise.py, (5, k) in pieces."""
    nearby = _nearby(maps, squares)
    return [_log(one.clamp(min=0)) for one in (nearby, maps.noise.index_select(1, squares))]


def _nearby(maps: Surroundings, squares: Tensor) -> Tensor:
    width = maps.size[1]
    quarter = squares // width // 2 * ((width + 1) // 2) + squares % width // 2
    return maps.noise_nearby.index_select(1, quarter)


def detail_of(maps: Surroundings, squares: Tensor) -> Tensor:
    """The detail beside squares that is no noise, (k,), in levels."""
    noise = STEPS_TO_DETAIL * _nearby(maps, squares)[1]
    detail = maps.noise[0].index_select(0, squares)
    return (detail.square() - noise.square()).clamp(min=0).sqrt()


def _noise(
    alpha: Tensor, small_off: Tensor, off: Tensor, seen: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Detail beside each square, (n,); where there is background nearby, what frame and plate
    differ by, and how that changes from pixel to pixel in light and colour, (3, q).
    """
    first, second = off[:, 0].view(3, *size), off[:, 1].view(3, *size)  # of a square's upper row
    step = (second - first)[:, ::2, ::2]
    light, hue = _grey(step).abs(), (step[0] - step[1]).abs()
    empty = (alpha < EMPTY).float().view(1, *size)
    power = small_off.square().mean(0).view(1, *size)
    some = empty[0, ::2, ::2]
    even = F.pad(torch.cat((power * empty, empty))[None], _to_even(size), mode="replicate")
    powers, known = F.avg_pool2d(even, 2)[0]
    nearby = box_means(torch.stack((powers, light * some, hue * some, known)), NEARBY)
    found = (nearby[:3] / nearby[3].clamp(min=1e-3)).clamp(min=0).flatten(1)
    detail = box_means(F.avg_pool2d(_laplacian(seen)[None], 2), BESIDE)
    return detail.flatten(), torch.cat((found[:1].sqrt(), found[1:]))


def _to_even(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """What `F.pad` adds to a map (h, w) so that its sides are even."""
    return 0, size[1] % 2, 0, size[0] % 2


def _foreground(alpha: Tensor, colours: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The sure foreground's mean colour in small windows and in wide ones, (3, n), and the share of
    it that even the widest lacks, (n,).
    """
    sure = ((alpha - SURE) / (1 - SURE)).clamp(0, 1)
    counted = torch.cat((colours * sure, sure[None]))
    total, left = torch.zeros_like(colours), torch.ones_like(sure)
    near = colours
    for number, side in enumerate(WINDOWS):
        mean = box_means(counted, side)
        share = (mean[3] * (side * side / ENOUGH)).clamp(max=1) * left
        total = total + mean[:3] * (share / mean[3].clamp(min=1e-5))
        left = left - share
        if number == PLACED_BY:
            near = _over(total, 1 - left)
    return near.flatten(1), _over(total, 1 - left).flatten(1), left.flatten()


def _over(total: Tensor, count: Tensor) -> Tensor:
    return total / count.clamp(min=1e-3)


def _squares(values: Tensor) -> Tensor:
    """A picture (c, 2h, 2w) as the four pixels of its squares, row by row, (c, 4, n)."""
    channels = int(values.shape[0])
    return F.pixel_unshuffle(values[None], 2).view(channels, 4, -1)


def _between(difference: Tensor, to_foreground: Tensor) -> tuple[Tensor, Tensor]:
    """Where a colour lies between plate (0) and foreground (1), and how far these are apart; all
    (3, ...) to (...).
    """
    apart = to_foreground.square().sum(0).clamp(min=LEAST_CONTRAST)
    along = (difference * to_foreground).sum(0)
    return (along / apart).clamp(*PLACES), (apart / 3).sqrt()


def _magnitude(values: Tensor) -> Tensor:
    return values.square().mean(0).sqrt()


def _log(levels: Tensor) -> Tensor:
    return (levels / LOG_LEVELS + 1).log() / LOG_LEVELS


def _grey(colours: Tensor) -> Tensor:
    red, green, blue = _GREY
    return red * colours[0] + green * colours[1] + blue * colours[2]


def _laplacian(values: Tensor) -> Tensor:
    """Its size, (H, W), mirrored at the edge: each pixel against the four beside it."""
    padded = F.pad(values[None, None], (1, 1, 1, 1), mode="reflect")[0, 0]
    upper, lower = padded[:-2, 1:-1], padded[2:, 1:-1]
    return (upper + lower + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * values).abs()
