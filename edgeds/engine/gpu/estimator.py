"""Frame -> Maps on one device: planes in, alpha and depth out, nothing on the host between them.

    planes -> RGB and the network's picture -> network -> depth fit, nearer depth, refined alpha

`Estimator` does the plate's part (its features, its depth, its replacement), once per
plate. Knows nothing about views.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import torch
from torch import Tensor

from edgeds.engine.cuda_stream import gpu_errors
from edgeds.engine.gpu.colour import (
    Colour,
    Nv12Scale,
    colour_for,
    full_yuv,
    half_chroma,
    nv12_scale_to,
    rgb_of,
    rounded,
    yuv_of,
)
from edgeds.engine.gpu.depth_fit import fit_to_plate, nearer_depth, spread_foreground
from edgeds.engine.gpu.graph_replay import Replayed
from edgeds.engine.gpu.maps import DeviceMaps, OnDevice
from edgeds.engine.gpu.matte_refinement import OFFSET, around, refined
from edgeds.engine.gpu.transfer import Nv12, Uploads
from edgeds.errors import ShapeError
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.maps_on_demand import ALPHA_ZERO
from edgeds.estimate.settings import MATTE, WHOLE, Matte
from edgeds.types import Engine, Frame, PlateFeatures

if TYPE_CHECKING:
    import numpy.typing as npt

    from edgeds.engine.cuda_stream import DeviceStream
    from edgeds.estimate.feet_depth import Standing
    from edgeds.estimate.plate_depth import DepthNetwork
    from edgeds.estimate.plate_depth_on_ground import GroundedDepth
    from edgeds.estimate.plate_state import PlateState
    from edgeds.plate.plate import Plate
    from edgeds.types import ColourTags, FloatMap


class DeviceEngine(Engine, Protocol):
    """An engine that takes frames on its device: torch's and TensorRT's."""

    @property
    def stream(self) -> DeviceStream: ...

    def infer_on_device(self, frame: Tensor, plate: PlateFeatures) -> Tensor: ...


@dataclass(frozen=True, slots=True, eq=False)
class PlateThere:
    """What frames are compared with, on the device, at fixed addresses."""

    pixels: Tensor
    """uint8 (3, H, W)."""
    depth: Tensor
    """float32 (H, W)."""
    small: Tensor
    """float32 (3, h, w), in levels."""
    raw_small: Tensor
    doubt: Tensor
    """float32 (h, w), both."""
    middle: Tensor
    """float32 (), of the depth."""
    luma: Tensor
    chroma: Tensor
    """`pixels` as NV12."""

    def take(self, state: PlateState, colour: Colour) -> None:
        """Become another plate of the same size."""
        view = state.view
        doubt = np.zeros(self.doubt.shape, np.float32) if view.doubt is None else view.doubt
        pairs: tuple[tuple[Tensor, npt.NDArray[np.generic] | np.float32], ...] = (
            (self.pixels, view.pixels.transpose(2, 0, 1)),
            (self.depth, view.depth),
            (self.small, view.small.transpose(2, 0, 1)),
            (self.raw_small, state.raw_small),
            (self.doubt, doubt),
            (self.middle, np.float32(state.middle)),
        )
        for mine, new in pairs:
            mine.copy_(torch.from_numpy(np.array(new)))
        yuv = yuv_of(self.pixels.float(), colour)
        self.luma.copy_(rounded(yuv[0]))
        self.chroma.copy_(half_chroma(yuv[1:]))


class DeviceEstimator(Estimator):
    """An `Estimator` for frames whose planes are, or come, on the engine's device."""

    def __init__(
        self,
        engine: DeviceEngine,
        plate: Plate,
        colour: ColourTags,
        *,
        depth_network: DepthNetwork | None = None,
        matte: Matte = MATTE,
        compiled: bool = False,
    ) -> None:
        """
        Args:
            colour: what the YUV of the frames means.
            compiled: by torch.compile, which takes its time once.

        Raises:
            ShapeError: frames of the plate's size cannot be NV12, or are too small.
        """
        size = plate.size
        if problem := size_problem(size, engine.size):
            raise ShapeError(
                "these frames cannot stay on the GPU", why=problem, fix="use --device cpu"
            )
        super().__init__(engine, plate, depth_network=depth_network, matte=matte, looks=WHOLE)
        self.network, self.stream, self.colour = engine, engine.stream, colour
        device = engine.stream.device
        self.colours = colour_for(colour, device)
        self.uploads = Uploads(self.stream, colour, self.colours)
        with self.stream, torch.no_grad():
            self.plate_there = _empty_plate(size, engine.size, device)
            self.plate_there.take(self.state, self.colours)
            self._taken = self.state
            self._units_changed = False
            self._fit = torch.tensor([1.0, 0.0], device=device)
            luma, chroma = example = empty_planes(size, device)
            scale = nv12_scale_to(size, engine.size, device)
            self._before = Replayed(
                before, self.stream, example, fixed=(scale, self.colours), compiled=compiled
            )
            small, rgb = self._before(luma, chroma)
            maps = torch.zeros((2, *engine.size), device=device)
            there = self.plate_there
            self._fitted = Replayed(
                fitted, self.stream, (maps, self._fit), fixed=(there,), compiled=compiled
            )
            self._after = Replayed(
                after, self.stream, (maps, maps[0], small, rgb), fixed=(there, matte),
                compiled=compiled,
            )  # fmt: skip

    def _take(self, depth: FloatMap, measured: GroundedDepth | None) -> None:
        super()._take(depth, measured)
        self._units_changed = True

    def empty_maps(self) -> OnDevice:
        """Maps of a frame without foreground, of the shapes that all others have."""
        device, small = self.stream.device, self.network.size
        with self.stream, torch.no_grad():
            return OnDevice(
                torch.zeros(self.plate.size, device=device),
                torch.zeros(small, device=device),
                torch.zeros(small, device=device),
                torch.zeros((3, *small), device=device),
                plate_depth=self.plate_there.depth,
                planes=empty_planes(self.plate.size, device),
                stream=self.stream,
                plate=self.plate.pixels,
            )

    def __call__(self, frame: Frame) -> DeviceMaps:
        """Maps that are still being made, in the stream's order. They are the caller's to keep.

        Raises:
            ShapeError: the frame is not of the plate's size.
            RunError: the GPU failed.
        """
        if frame.size != self.plate.size:
            raise ShapeError(
                f"the frame is {frame.size} and the plate {self.plate.size} (height, width)",
                why="frame and plate must be the same view at the same size",
                fix="bring the plate to the frame's size: edgeds.fitted(plate, frame.size)",
            )
        state = self.state
        with gpu_errors(), self.stream, torch.no_grad():
            if state is not self._taken:
                self.plate_there.take(state, self.colours)
                self._taken = state
            if self._units_changed:
                self._fit = torch.tensor([1.0, 0.0], device=self.stream.device)
                self._units_changed = False
            planes = self.uploads(frame.picture)
            small, rgb = self._before(*planes)
            maps = self.network.infer_on_device(small, state.features)
            near, self._fit = self._fitted(maps, self._fit)
            if state.standing is not None:
                near = self._standing(state.standing, near, maps[0])
            made = self._after.kept(maps, near, small, rgb)
        maker = OnDevice(
            *made, plate_depth=self.plate_there.depth, planes=planes, stream=self.stream,
            plate=state.plate.pixels,
        )  # fmt: skip
        return cast("DeviceMaps", DeviceMaps.on_demand(maker))

    def _standing(self, standing: Standing, near: Tensor, alpha: Tensor) -> Tensor:
        """On measured ground, depth goes through the host once a frame: it looks for feet."""
        here = [self.stream.host(tuple(one.shape), torch.float32) for one in (near, alpha)]
        for host, there in zip(here, (near, alpha), strict=True):
            self.stream.copy(host, there)
        self.stream.record_event().wait()
        stands = standing(*(host.numpy() for host in here))
        return torch.tensor(stands, dtype=torch.float32, device=near.device)


def before(luma: Tensor, chroma: Tensor, scale: Nv12Scale, colour: Colour) -> tuple[Tensor, Tensor]:
    """The network's picture, uint8 (1, h, w, 3), and the frame's RGB, uint8 (3, H, W)."""
    pixels = rounded(rgb_of(scale(luma, chroma), colour)).permute(1, 2, 0)[None].contiguous()
    return pixels, rounded(rgb_of(full_yuv(luma, chroma), colour))


def fitted(maps: Tensor, fit: Tensor, plate: PlateThere) -> tuple[Tensor, Tensor]:
    """The foreground's inverse depth (h, w) in the plate's units; the fit that brought it there."""
    alpha, depth = maps
    fit = fit_to_plate(depth, plate.raw_small, alpha, fit)
    return nearer_depth(depth, fit, plate.middle), fit


def after(
    maps: Tensor, near: Tensor, small: Tensor, rgb: Tensor, plate: PlateThere, matte: Matte
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Alpha (H, W), coarse alpha and nearer depth (h, w), plate offset (3, h, w)."""
    alpha = maps[0]
    near_by = around(alpha, small[0].permute(2, 0, 1).float(), plate.small, plate.doubt, matte)
    full = refined(near_by, rgb.float(), plate.pixels.float(), matte)
    full = torch.where(full < ALPHA_ZERO, 0.0, full)
    coarse = torch.where(alpha > ALPHA_ZERO, near_by[0], 0.0)
    return full, coarse, spread_foreground(near, alpha), near_by[OFFSET].clone()


def size_problem(size: tuple[int, int], network: tuple[int, int]) -> str:
    """The reason why frames of a (height, width) cannot stay on the device; empty if they can."""
    if size[0] % 2 or size[1] % 2:
        return f"{size[1]}x{size[0]} has an odd side, and NV12 has none"
    if size[0] < network[0] or size[1] < network[1]:
        return f"{size[1]}x{size[0]} is smaller than the network's {network[1]}x{network[0]}"
    return ""


def empty_planes(size: tuple[int, int], device: torch.device) -> Nv12:
    """Black NV12 of a (height, width)."""
    height, width = size
    return (
        torch.zeros(size, dtype=torch.uint8, device=device),
        torch.full((height // 2, width // 2, 2), 128, dtype=torch.uint8, device=device),
    )


def _empty_plate(size: tuple[int, int], small: tuple[int, int], device: torch.device) -> PlateThere:
    return PlateThere(
        pixels=torch.zeros((3, *size), dtype=torch.uint8, device=device),
        depth=torch.zeros(size, device=device),
        small=torch.zeros((3, *small), device=device),
        raw_small=torch.zeros(small, device=device),
        doubt=torch.zeros(small, device=device),
        middle=torch.ones((), device=device),
        luma=torch.zeros(size, dtype=torch.uint8, device=device),
        chroma=torch.zeros((size[0] // 2, size[1] // 2, 2), dtype=torch.uint8, device=device),
    )
