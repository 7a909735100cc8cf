"""Maps of a frame that stay on their device until the host needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from edgeds.engine.gpu.colour import scale_to
from edgeds.engine.gpu.matte_refinement import enlarged
from edgeds.types import Box, FloatMap, Maps, Pixels, Size, whole
from edgeds.types.maps import Parts, resized_map

if TYPE_CHECKING:
    from edgeds.engine.cuda_stream import DeviceStream


class OnDevice:
    """What the device knows of one frame; makes its maps on the host, too."""

    def __init__(
        self,
        alpha: Tensor,
        coarse: Tensor,
        near: Tensor,
        offset: Tensor,
        *,
        plate_depth: Tensor,
        planes: tuple[Tensor, Tensor],
        stream: DeviceStream,
        plate: Pixels,
    ) -> None:
        """
        Args:
            alpha: float32 (H, W); `coarse` is the network's (h, w), grown where it is open.
            near: the foreground's inverse depth, float32 (h, w).
            offset: how much brighter the background is than the plate, float32 (3, h, w).
            plate_depth: float32 (H, W).
            planes: the frame's luma and chroma.
            plate: of the host.
        """
        self.alpha_there, self.coarse, self.near, self.offset = alpha, coarse, near, offset
        self.plate_depth, self.planes, self.plate = plate_depth, planes, plate
        self.size: Size = (int(alpha.shape[0]), int(alpha.shape[1]))
        self._stream = stream
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
        return self._brought(self._resized(self.coarse, size))

    def inverse_depth(self, box: Box) -> FloatMap:
        if self._depth is None:
            with self._stream, torch.no_grad():
                depth = anchored(self.alpha_there, self.plate_depth, self.near)
            self._depth = self._brought(depth)
        return self._depth[box.of]

    def inverse_depth_at(self, size: Size) -> FloatMap:
        if size == self.size:
            return self.inverse_depth(whole(size))
        alpha, near, plate = (
            self._resized(one, size) for one in (self.coarse, self.near, self.plate_depth)
        )
        return self._brought(plate + alpha * (near - plate))

    def depth_parts_at(self, size: Size) -> tuple[FloatMap, Parts]:
        return self.inverse_depth_at(size), ()

    def plate_offset(self) -> FloatMap:
        return self._brought(self.offset.permute(1, 2, 0))

    def plate_offset_in(self, box: Box) -> FloatMap:
        return resized_map(self.plate_offset(), self.size)[box.of]

    def _whole_alpha(self) -> FloatMap:
        if self._alpha is None:
            self._alpha = self._brought(self.alpha_there)
        return self._alpha

    def _resized(self, values: Tensor, size: Size) -> Tensor:
        with self._stream, torch.no_grad():
            there = int(values.shape[0]), int(values.shape[1])
            return scale_to(there, size, values.device)(values)

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
    def there(self) -> OnDevice:
        """The maps on their device."""
        return cast("OnDevice", self._maker)


def anchored(alpha: Tensor, plate_depth: Tensor, near: Tensor) -> Tensor:
    """The plate's depth where alpha is 0, the foreground's (h, w) where it is 1: (H, W)."""
    return plate_depth + alpha * (enlarged(near[None], alpha.shape)[0] - plate_depth)
