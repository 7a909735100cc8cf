"""Maps of a frame that stay on their device until the host needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from edgeds.engine.gpu.colour import scale_to
from edgeds.engine.gpu.field import crop_at, inside, read_at
from edgeds.engine.gpu.matte_refinement import OFFSET
from edgeds.engine.gpu.part_network import COARSE, NEAR
from edgeds.types import Box, FloatMap, Maps, Pixels, Size, whole
from edgeds.types.maps import Parts

if TYPE_CHECKING:
    from edgeds.engine.cuda_stream import DeviceStream


class OnDevice:
    """What the device knows of one frame; makes its maps on the host, too."""

    def __init__(
        self,
        alpha: Tensor,
        field: Tensor,
        crop: Tensor,
        *,
        small: Size,
        plate_depth: Tensor,
        planes: tuple[Tensor, Tensor],
        stream: DeviceStream,
        plate: Pixels,
    ) -> None:
        """
        Args:
            alpha: float32 (H, W).
            field: what coarse alpha, the foreground's depth and the plate offset are read from,
                and the crop that it covers: see `edgeds.engine.gpu.field`.
            small: the network's size.
            plate_depth: float32 (H, W).
            planes: the frame's luma and chroma.
            plate: of the host.
        """
        self.alpha_on_device, self.field, self.crop = alpha, field, crop
        self.plate_depth, self.planes, self.plate = plate_depth, planes, plate
        self.size: Size = (int(alpha.shape[0]), int(alpha.shape[1]))
        self._small, self._stream = small, stream
        self._alpha: FloatMap | None = None
        self._depth: FloatMap | None = None

    @property
    def boxes(self) -> tuple[Box, ...]:
        return Maps(self._whole_alpha(), self._whole_alpha()).boxes

    def alpha(self, box: Box) -> FloatMap:
        return self._whole_alpha()[box.of]

    def alpha_at(self, size: Size) -> FloatMap:
        if size == self.size:
            return self._whole_alpha()
        with self._stream, torch.no_grad():
            coarse = coarse_of(self.field, self.crop, self.size)
            return self._brought(self._resized(coarse, size))

    def inverse_depth(self, box: Box) -> FloatMap:
        if self._depth is None:
            with self._stream, torch.no_grad():
                depth = anchored(self.alpha_on_device, self.plate_depth, self.field, self.crop)
            self._depth = self._brought(depth)
        return self._depth[box.of]

    def inverse_depth_at(self, size: Size) -> FloatMap:
        if size == self.size:
            return self.inverse_depth(whole(size))
        with self._stream, torch.no_grad():
            coarse = coarse_of(self.field, self.crop, self.size)
            near = near_of(self.field, self.crop, self.size)
            alpha, near, plate = (
                self._resized(one, size) for one in (coarse, near, self.plate_depth)
            )
            return self._brought(plate + alpha * (near - plate))

    def depth_parts_at(self, size: Size) -> tuple[FloatMap, Parts]:
        return self.inverse_depth_at(size), ()

    def plate_offset(self) -> FloatMap:
        with self._stream, torch.no_grad():
            crop = crop_at(self.crop, self.size, self._small)
            return self._brought(offset_of(self.field, crop, self._small).permute(1, 2, 0))

    def plate_offset_in(self, box: Box) -> FloatMap:
        with self._stream, torch.no_grad():
            rows, columns = box.of
            offset = offset_of(self.field, self.crop, self.size)[:, rows, columns]
            return self._brought(offset.permute(1, 2, 0))

    def _whole_alpha(self) -> FloatMap:
        if self._alpha is None:
            self._alpha = self._brought(self.alpha_on_device)
        return self._alpha

    def _resized(self, values: Tensor, size: Size) -> Tensor:
        with self._stream, torch.no_grad():
            mine = int(values.shape[0]), int(values.shape[1])
            return scale_to(mine, size, values.device)(values)

    def _brought(self, values: Tensor) -> FloatMap:
        """A copy in the host's memory; waits for the device."""
        with self._stream, torch.no_grad():
            host = self._stream.host(tuple(values.shape), torch.float32)
            self._stream.copy(host, values)
            done = self._stream.record_event()
        done.wait()
        return cast("FloatMap", host.numpy())


class DeviceMaps(Maps):
    """`Maps` that know their device."""

    __slots__ = ()

    @property
    def on_device(self) -> OnDevice:
        """The maps on their device."""
        return cast("OnDevice", self._maker)


def anchored(alpha: Tensor, plate_depth: Tensor, field: Tensor, crop: Tensor) -> Tensor:
    """The plate's depth where alpha is 0, the foreground's where it is 1; (H, W)."""
    near = near_of(field, crop, (int(alpha.shape[0]), int(alpha.shape[1])))
    return plate_depth + alpha * (near - plate_depth)


def near_of(field: Tensor, crop: Tensor, size: Size) -> Tensor:
    """The foreground's inverse depth at the pixels of a picture, (H, W)."""
    return read_at(field[NEAR : NEAR + 1], crop, size)[0]


def coarse_of(field: Tensor, crop: Tensor, size: Size) -> Tensor:
    """The network's alpha, grown where it is open, (H, W)."""
    coarse = read_at(field[COARSE : COARSE + 1], crop, size)[0]
    return torch.where(inside(crop, size), coarse, 0.0)


def offset_of(field: Tensor, crop: Tensor, size: Size) -> Tensor:
    """How much brighter the background is than the plate, RGB, (3, H, W)."""
    return read_at(field[OFFSET], crop, size)
