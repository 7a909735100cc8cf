"""The network at one size, and what is done with its maps there: functions of tensors, replayed.

It sees a part of the frame, or the whole. Knows no streams of frames and no decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from edgeds.engine.gpu.colour import Colour, crop_weights, quick_rgb
from edgeds.engine.gpu.depth_fit import fit_to_plate, foreground_depth, spread_foreground
from edgeds.engine.gpu.eight_bit import to_level
from edgeds.engine.gpu.field import crop_of, in_square, inside, nearest_at, read_at
from edgeds.engine.gpu.graph_replay import Replayed
from edgeds.engine.gpu.held_foreground import CHANNELS, held
from edgeds.engine.gpu.matte_refinement import around, bounds_of, refined
from edgeds.estimate.look_settings import LOOKS
from edgeds.estimate.maps_on_demand import ALPHA_SEEN, ALPHA_ZERO, SEEN_SIDE
from edgeds.estimate.settings import Matte
from edgeds.types import Box, PlateFeatures

if TYPE_CHECKING:
    from edgeds.engine.device_engine import DeviceEngine
    from edgeds.engine.gpu.transfer import Nv12
    from edgeds.types import FloatMap, Pixels, Size

COARSE, NEAR = 11, 12
"""Maps of a field behind those of `matte.around`."""
STATISTICS = 12
"""How many numbers of a look go to the host: see `look_statistics`."""


@dataclass(frozen=True, slots=True, eq=False)
class PlatePart:
    """A part of the plate, as the network sees it; all but the features is on the host."""

    box: Box
    small: Pixels
    depth: FloatMap
    """(h, w), that frames are fitted to."""
    doubt: FloatMap | None
    middle: float
    features: PlateFeatures


@dataclass(frozen=True, slots=True, eq=False)
class PartEstimate:
    """The network's maps of a part, for the caller to keep; the next look overwrites `small`."""

    plate: PlatePart
    small: Tensor
    maps: Tensor
    """Alpha and inverse depth, (2, h, w)."""
    near: Tensor
    """The foreground's inverse depth in the plate's units, not yet carried over its border."""
    fit: Tensor
    statistics: Tensor
    remembered: Tensor | None
    """For the next frame: see `held_foreground`."""


class PartNetwork:
    """Call it from one thread at a time, inside `with stream`."""

    def __init__(
        self,
        engine: DeviceEngine,
        full: Size,
        side: int,
        matte: Matte,
        colour: Colour,
        *,
        compiled: bool,
    ) -> None:
        """
        Args:
            full: of frames, (height, width).
            side: of the square that fields lie in.
        """
        self._engine, self._full = engine, full
        stream, (height, width) = engine.stream, engine.size
        device = stream.device
        self._plate = torch.zeros((3, height, width), device=device)
        self.depth = torch.zeros((height, width), device=device)
        self._doubt = torch.zeros((height, width), device=device)
        self._middle = torch.ones((), device=device)
        self._weights = tuple(
            torch.zeros(shape, device=device)
            for shape in (
                (height, full[0]), (full[1], width), (height, full[0] // 2), (full[1] // 2, width),
                (width, width),
            )
        )  # fmt: skip
        self.crop = torch.from_numpy(crop_of(Box(0, 0, *full), engine.size)).to(device)
        self._loaded: PlatePart | None = None
        luma = torch.zeros(full, dtype=torch.uint8, device=device)
        chroma = torch.zeros((full[0] // 2, full[1] // 2, 2), dtype=torch.uint8, device=device)
        small = torch.zeros((1, height, width, 3), dtype=torch.uint8, device=device)
        maps = torch.zeros((2, height, width), device=device)
        fit = torch.tensor([1.0, 0.0, 1.0], device=device)

        def replayed(function: Any, inputs: tuple[Tensor, ...], *fixed: Any) -> Replayed:
            return Replayed(function, stream, inputs, fixed=fixed, compiled=compiled)

        self._cropped = replayed(cropped, (luma, chroma), self._weights, colour)
        before = torch.zeros((CHANNELS, side // 2, side // 2), device=device)
        self._held = replayed(held, (maps[0], small, before, self.crop), self._plate, self.crop)
        self._statistics = replayed(look_statistics, (maps, fit), self.depth, self._middle)
        self._field = replayed(
            field_of, (maps, maps[0], small), self._plate, self._doubt, matte, side
        )

    def look(
        self,
        plate: PlatePart,
        fit: Tensor,
        *,
        planes: Nv12,
        small: Tensor | None,
        before: tuple[Tensor, Tensor] | None,
    ) -> PartEstimate:
        """See the part of a frame that `plate` is a part of.

        Args:
            fit: that stands where there is nothing to fit by.
            planes: the whole frame.
            small: the network's picture, where it was made already.
            before: what is remembered of the frame before, and the `crop` of its part; None for
                frames in no order.
        """
        self._load(plate)
        if small is None:
            (small,) = self._cropped(*planes)
        maps = self._engine.infer_on_device(small, plate.features).clone()
        remembered = None
        if before is not None:
            alpha, remembered = self._held.kept(maps[0], small, *before)
            self._engine.stream.copy(maps[0], alpha)
        near, new, statistics = self._statistics.kept(maps, fit)
        return PartEstimate(plate, small, maps, near, new, statistics, remembered)

    def field(self, estimate: PartEstimate, near: Tensor) -> Tensor:
        """What alpha and depth at full size are read from, (13, side, side).

        Args:
            near: the estimate's own, or another in its place.
        """
        self._load(estimate.plate)
        (field,) = self._field.kept(estimate.maps, near, estimate.small)
        return field

    def _load(self, plate: PlatePart) -> None:
        if plate is self._loaded:
            return
        doubt = np.zeros(plate.depth.shape, np.float32) if plate.doubt is None else plate.doubt
        weights = crop_weights(self._full, plate.box, self._engine.size)
        pairs: tuple[tuple[Tensor, Any], ...] = (
            (self._plate, plate.small.transpose(2, 0, 1)),
            (self.depth, plate.depth),
            (self._doubt, doubt),
            (self._middle, np.float32(plate.middle)),
            *zip(self._weights, weights, strict=True),
            (self.crop, crop_of(plate.box, self._engine.size)),
        )
        for mine, new in pairs:
            mine.copy_(torch.from_numpy(np.array(new)))
        self._loaded = plate


def cropped(
    luma: Tensor, chroma: Tensor, weights: tuple[Tensor, ...], colour: Colour
) -> tuple[Tensor]:
    """The network's picture of a part of the frame, uint8 (1, h, w, 3): planes are scaled, and only
    then converted, as on the CPU.
    """
    rows, columns, half_rows, half_columns, right = weights
    y = to_level(rows @ luma.float() @ columns)
    uv = half_rows @ chroma.permute(2, 0, 1).float() @ half_columns
    is_scaled = right[1, 0] > 0  # else nothing is rounded in between
    uv = torch.where(is_scaled, to_level(uv), uv) @ right
    small = quick_rgb(torch.cat((y[None], uv.round())), colour)
    return (small.permute(1, 2, 0)[None].contiguous(),)


def look_statistics(
    maps: Tensor, fit: Tensor, plate_depth: Tensor, middle: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The foreground's inverse depth (h, w); the fit; and the few numbers by which the host
    decides where to look: whether there is foreground, its first and last row and column, whether
    it touches the four edges, how much of it is sure, the median depth of that, the fit's trust.
    """
    alpha, depth = maps
    fit = fit_to_plate(depth, plate_depth, alpha, fit)
    near = foreground_depth(fit[0] * depth + fit[1], alpha, plate_depth, middle)
    shown = alpha > LOOKS.foreground
    sure = alpha > 0.5
    known = torch.where(sure, near, torch.nan).flatten()
    lower, upper = (sign * (sign * known).nanmedian(dim=0).values for sign in (1, -1))
    statistics = (
        shown.any(),
        *_ends(shown.any(1)),
        *_ends(shown.any(0)),
        *(edge.any() for edge in (shown[:2], shown[-2:], shown[:, :2], shown[:, -2:])),
        sure.sum(),
        torch.nan_to_num((lower + upper) / 2, nan=0.0),
        fit[2],
    )
    return near, fit, torch.stack([one.to(torch.float32) for one in statistics])


def field_of(
    maps: Tensor, near: Tensor, small: Tensor, plate: Tensor, doubt: Tensor, matte: Matte, side: int
) -> tuple[Tensor]:
    """(13, side, side): what is around each pixel, coarse alpha, the foreground's depth."""
    alpha = without_faint(maps[0])
    near_by = around(alpha, small[0].permute(2, 0, 1).float(), plate, doubt, matte)
    coarse = torch.where(alpha > ALPHA_ZERO, near_by[0], 0.0)
    rest = torch.stack((coarse, spread_foreground(near, alpha)))
    return (in_square(torch.cat((near_by, rest)), side),)


def without_faint(alpha: Tensor) -> Tensor:
    """As `maps_on_demand.without_faint`."""
    near = max_pool2d(alpha[None, None], SEEN_SIDE, stride=1, padding=SEEN_SIDE // 2)[0, 0]
    return torch.where(near > ALPHA_SEEN, alpha, 0.0)


def alpha_of(
    field: Tensor, crop: Tensor, rgb: Tensor, plate: Tensor, matte: Matte
) -> tuple[Tensor]:
    """Alpha (H, W) of a field, the frame and the plate, uint8 (3, H, W)."""
    size = (int(rgb.shape[1]), int(rgb.shape[2]))
    is_open = (field[2] > matte.band) & (field[1] < 1 - matte.band)
    near = read_at(torch.cat((field[:1], bounds_of(field), field[3:COARSE])), crop, size)
    alpha = refined(near, nearest_at(is_open, crop, size), rgb.float(), plate.float(), matte)
    return (torch.where(inside(crop, size) & (alpha >= ALPHA_ZERO), alpha, 0.0),)


def _ends(line: Tensor) -> tuple[Tensor, Tensor]:
    """The first that is set, and the one behind the last."""
    at = torch.arange(line.shape[0], device=line.device)
    return torch.where(line, at, line.shape[0]).amin(), torch.where(line, at + 1, 0).amax()
