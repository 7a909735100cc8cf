"""Frame -> Maps on one device: planes in, alpha and depth out, nothing on the host between them.

    planes -> RGB and the network's picture -> looks: network, depth fit, field -> alpha

`Estimator` does the plate's part (its features, its depth, its replacement), once per
plate. Knows nothing about views.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from edgeds.engine.cuda_stream import gpu_errors
from edgeds.engine.device_engine import DeviceEngine
from edgeds.engine.gpu.border_of_parts import BorderOfParts
from edgeds.engine.gpu.colour import (
    Colour,
    Nv12Scale,
    colour_for,
    full_rgb,
    half_chroma,
    nv12_scale_to,
    quick_rgb,
    rounded,
    yuv_of,
)
from edgeds.engine.gpu.eight_bit import to_level
from edgeds.engine.gpu.field import crop_of
from edgeds.engine.gpu.graph_replay import Replayed
from edgeds.engine.gpu.looks import CroppedField, DeviceLooks
from edgeds.engine.gpu.maps import DeviceMaps, OnDevice
from edgeds.engine.gpu.part_network import NEAR, alpha_of
from edgeds.engine.gpu.transfer import Nv12, Uploads
from edgeds.errors import ShapeError
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.look_settings import LOOKS, LookSettings
from edgeds.estimate.plate_state import check_fits
from edgeds.estimate.settings import MATTE, Matte
from edgeds.types import Frame, whole
from edgeds.views.compose import Compose, composer

if TYPE_CHECKING:
    from edgeds.estimate.kept_depth import KnownDepth
    from edgeds.estimate.plate_depth_on_ground import GroundedDepth
    from edgeds.estimate.plate_state import PlateState
    from edgeds.plate.plate import Plate
    from edgeds.types import ColourTags, FloatMap
    from edgeds.views.backdrop import Backdrop
    from edgeds.views.settings import View


@dataclass(frozen=True, slots=True, eq=False)
class DevicePlate:
    """What frames are compared with, on the device, at fixed addresses."""

    pixels: Tensor
    """uint8 (3, H, W)."""
    depth: Tensor
    """float32 (H, W)."""
    luma: Tensor
    chroma: Tensor
    """`pixels` as NV12."""

    def take(self, state: PlateState, colour: Colour) -> None:
        """Become another plate of the same size."""
        view = state.view
        for mine, new in ((self.pixels, view.pixels.transpose(2, 0, 1)), (self.depth, view.depth)):
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
        known: KnownDepth | None = None,
        matte: Matte = MATTE,
        looks: LookSettings = LOOKS,
        compiled: bool = False,
    ) -> None:
        """
        Args:
            colour: what the YUV of the frames means.
            looks: as the `Estimator`'s. With `WHOLE`, no number of a frame goes to the host.
            compiled: by torch.compile, which takes its time once.

        Raises:
            ShapeError: frames of the plate's size cannot be NV12, or are too small.
        """
        size = plate.size
        if problem := size_problem(size, engine.size):
            raise ShapeError(
                "these frames cannot stay on the GPU", why=problem, fix="use --device cpu"
            )
        super().__init__(engine, plate, known=known, matte=matte)
        self.network, self.stream, self.colour = engine, engine.stream, colour
        device = engine.stream.device
        self.colours = colour_for(colour, device)
        self.uploads = Uploads(self.stream, colour, self.colours)
        with self.stream, torch.no_grad():
            self.plate_on_device = _empty_plate(size, device)
            self.plate_on_device.take(self.state, self.colours)
            self._taken = self.state
            self._device_looks = DeviceLooks(
                engine, size, matte, self.colours, looks, compiled=compiled
            )
            self._begins_anew = False
            luma, chroma = example = empty_planes(size, device)
            scale = nv12_scale_to(size, engine.size, device)
            self._before = Replayed(
                before, self.stream, example, fixed=(scale, self.colours), compiled=compiled
            )
            _, rgb = self._before(luma, chroma)
            at, pixels = self._empty_field(), self.plate_on_device.pixels
            of_network = matte.for_sizes(size, engine.size)
            self._after = Replayed(
                alpha_of, self.stream, (at.field, at.crop, rgb), fixed=(pixels, of_network),
                compiled=compiled,
            )  # fmt: skip
            self._draw_again = BorderOfParts(
                self.stream, pixels, matte, self.colours, at, compiled=compiled
            )
        self._alpha: Tensor | None = None

    def _take(self, depth: FloatMap, measured: GroundedDepth | None) -> None:
        super()._take(depth, measured)
        self._begins_anew = True  # depth was in other units

    def start_over(self) -> None:
        """As the `Estimator`'s."""
        self._begins_anew = True

    def prepare(self, frame: Frame) -> None:
        """Nothing: frames are on the device, or are brought there in the thread that estimates."""

    def composer(
        self,
        view: View,
        *,
        backdrop: Backdrop | None = None,
        opacity: float,
        blur: float,
        **on_host: Any,
    ) -> Compose:
        """As `edgeds.views.compose.composer`; what can be drawn on the device is, and stays there
        until somebody looks at it.
        """
        from edgeds.engine.gpu.composer import DEVICE_VIEWS, DeviceComposer

        if view not in DEVICE_VIEWS:
            return composer(view, backdrop=backdrop, opacity=opacity, blur=blur, **on_host)
        return DeviceComposer(view, self, backdrop=backdrop, opacity=opacity, blur=blur, keeps=True)

    def empty_maps(self) -> OnDevice:
        """Maps of a frame without foreground, of the shapes that all others have."""
        device = self.stream.device
        with self.stream, torch.no_grad():
            at = self._empty_field()
            return OnDevice(
                torch.zeros(self.plate.size, device=device),
                at.field,
                at.crop,
                small=self.network.size,
                plate_depth=self.plate_on_device.depth,
                planes=empty_planes(self.plate.size, device),
                stream=self.stream,
                plate=self.plate.pixels,
            )

    def _empty_field(self) -> CroppedField:
        side, device = self._device_looks.side, self.stream.device
        part, network = whole(self.plate.size), self.network.size
        field = torch.zeros((NEAR + 1, side, side), device=device)
        crop = torch.from_numpy(crop_of(part, network)).to(device)
        return CroppedField(field, crop, part, network)

    def __call__(self, frame: Frame) -> DeviceMaps:
        """Maps that are still being made, in the stream's order. They are the caller's to keep.

        Raises:
            ShapeError: the frame is not of the plate's size, or not uint8 RGB.
            RunError: the GPU failed.
        """
        check_fits(frame, self.plate)
        state = self.state
        with gpu_errors(), self.stream, torch.no_grad():
            if state is not self._taken:
                self.plate_on_device.take(state, self.colours)
                self._taken = state
            if self._begins_anew:
                self._device_looks.forget()
                self._begins_anew = False
            planes = self.uploads(frame.picture)
            small, rgb = self._before(*planes)
            at, is_new = self._device_looks(small, planes, state, frame.pts_secs)
            if is_new or self._alpha is None:
                (self._alpha,) = self._after.kept(at.field, at.crop, rgb)
                self._draw_again(self._alpha, at, planes)
        maker = OnDevice(
            self._alpha, at.field, at.crop, small=self.network.size,
            plate_depth=self.plate_on_device.depth, planes=planes, stream=self.stream,
            plate=state.plate.pixels,
        )  # fmt: skip
        return cast("DeviceMaps", DeviceMaps.on_demand(maker))


def before(luma: Tensor, chroma: Tensor, scale: Nv12Scale, colour: Colour) -> tuple[Tensor, Tensor]:
    """The network's picture, uint8 (1, h, w, 3), and the frame's RGB, uint8 (3, H, W)."""
    pixels = quick_rgb(to_level(scale(luma, chroma)), colour).permute(1, 2, 0)[None].contiguous()
    return pixels, full_rgb(luma, chroma, colour)


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


def _empty_plate(size: tuple[int, int], device: torch.device) -> DevicePlate:
    return DevicePlate(
        pixels=torch.zeros((3, *size), dtype=torch.uint8, device=device),
        depth=torch.zeros(size, device=device),
        luma=torch.zeros(size, dtype=torch.uint8, device=device),
        chroma=torch.zeros((size[0] // 2, size[1] // 2, 2), dtype=torch.uint8, device=device),
    )
