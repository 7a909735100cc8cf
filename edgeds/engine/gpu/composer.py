"""(Frame, Maps) -> Frame on one device, for the views that `edgeds.engine.gpu.views` draws.

Knows views and planes, and nothing of networks or files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from edgeds.engine.cuda_stream import gpu_errors
from edgeds.engine.gpu import views
from edgeds.engine.gpu.blur_view import blur_levels, blurred
from edgeds.engine.gpu.colour import quick_yuv, scale_to, yuv_of
from edgeds.engine.gpu.graph_replay import Function, Replayed, Tensors
from edgeds.engine.gpu.maps import DeviceMaps, OnDevice
from edgeds.engine.gpu.outline import line_of
from edgeds.engine.gpu.transfer import DevicePicture, Uploads, download, joined
from edgeds.estimate.settings import MATTE
from edgeds.types import Frame, Maps, Pixels, RgbPicture, Size
from edgeds.views.backdrop import Backdrop, StillBackdrop, colour_backdrop
from edgeds.views.depth import depth_picture
from edgeds.views.overlay import inset_box
from edgeds.views.settings import STYLE, View

if TYPE_CHECKING:
    from edgeds.engine.gpu.estimator import DeviceEstimator

DEVICE_VIEWS: frozenset[View] = frozenset(
    {"overlay", "side-by-side", "mask", "depth", "replace", "blur"}
)
"""What is drawn on the device; views/compose.py draws the others on the host."""


class DeviceComposer:
    """Draws one of `DEVICE_VIEWS`. Call it from one thread at a time."""

    def __init__(
        self,
        view: View,
        estimate: DeviceEstimator,
        *,
        backdrop: Backdrop | None = None,
        opacity: float = STYLE.opacity,
        blur: float = STYLE.blur,
        keeps: bool = False,
        compiled: bool = False,
    ) -> None:
        """
        Args:
            estimate: made the maps that will be drawn.
            keeps: pictures stay on the device, for an encoder that takes them there; else they
                are brought to the host.
            compiled: by torch.compile.
        """
        self._estimate, self._keeps = estimate, keeps
        self._stream, self._colour = estimate.stream, estimate.colour
        self._behind: _Behind | None = None
        if view == "replace":
            chosen = backdrop or StillBackdrop(colour_backdrop(STYLE.backdrop), STYLE.backdrop)
            self._behind = _Behind(chosen, Uploads(self._stream, estimate.colour, estimate.colours))
        with self._stream, torch.no_grad():
            self._inputs, function, fixed = self._drawing(view, opacity, blur)
            example = (*self._inputs(estimate.empty_maps()), *self._example_behind())
            self._draw = Replayed(function, self._stream, example, fixed=fixed, compiled=compiled)

    def __call__(self, frame: Frame, maps: Maps) -> Frame:
        """The drawn frame, whole by the time it is returned."""
        return self.begin(frame, maps)()

    def begin(self, frame: Frame, maps: Maps) -> Callable[[], Frame]:
        """Begin to draw a frame; what is returned waits for it. Other threads may go on using the
        stream meanwhile.
        """
        assert isinstance(maps, DeviceMaps), "maps of another estimator"
        with gpu_errors(), self._stream, torch.no_grad():
            inputs = self._inputs(maps.on_device)
            if self._behind is not None:
                inputs = (*inputs, *self._behind(frame))
            if not self._keeps:
                luma, chroma = self._draw(*inputs)
                coming = download((luma, chroma), self._colour, self._stream)
                return lambda: frame.with_picture(coming())
            luma, chroma = self._draw(*inputs)
            planes = joined((luma, chroma))
            done = self._stream.record_event()

        def whole() -> Frame:
            done.wait()
            return frame.with_picture(DevicePicture(planes, self._colour, self._stream))

        return whole

    def _drawing(
        self, view: View, opacity: float, blur: float
    ) -> tuple[Callable[[OnDevice], Tensors], Function, tuple[object, ...]]:
        """What a view takes of the maps, the function that draws it, what else that is given."""
        plate = self._estimate.plate_on_device
        if view == "mask":
            return (
                (lambda m: (m.alpha_on_device,)),
                views.mask_planes,
                (self._yuv((0, 0, 0)), self._yuv((255, 255, 255))),
            )
        depth_colours = self._depth_colours()
        if view == "depth":
            return (
                (lambda m: (m.alpha_on_device, m.field, m.crop)),
                views.depth_planes,
                (plate.depth, depth_colours),
            )
        if view == "replace":
            return (
                (lambda m: (*m.planes, m.alpha_on_device, m.field, m.crop)),
                views.replaced,
                (plate.luma, plate.chroma, self._estimate.colours, MATTE),
            )
        if view == "blur":
            blurs = blur_levels(self._estimate.plate_depth, blur, self._stream.device)
            return (
                (lambda m: (*m.planes, m.alpha_on_device, m.field, m.crop)),
                blurred,
                (plate.pixels, blurs, self._estimate.colours, MATTE),
            )
        overlay = views.OverlayStyle(
            tint=self._yuv(STYLE.tint),
            line=self._yuv(STYLE.outline),
            opacity=opacity,
            outline=line_of(max(1, round(min(self._size) / 360)), self._stream.device),
            inset=self._inset(depth_colours),
        )
        function = views.side_by_side if view == "side-by-side" else views.overlay
        return (
            lambda m: (*m.planes, m.alpha_on_device, m.field, m.crop),
            function,
            (plate.depth, overlay),
        )

    @property
    def _size(self) -> Size:
        return self._estimate.plate.size

    def _example_behind(self) -> Tensors:
        plate = self._estimate.plate_on_device
        return () if self._behind is None else (plate.luma, plate.chroma)

    def _yuv(self, rgb: tuple[int, int, int]) -> Tensor:
        colour = torch.tensor(rgb, dtype=torch.float32, device=self._stream.device)
        return (yuv_of(colour[:, None, None], self._estimate.colours) + 0.5).clamp(0, 255).floor()

    def _depth_colours(self) -> views.DepthColours:
        far, near = self._estimate.depth_range
        levels = np.arange(256, dtype=np.float32)[None]
        # the colour of each level, as depth_picture gives it: t / (t + knee) = level / 255
        share = np.minimum(levels / 255, 1 - 1e-6)
        t = STYLE.depth_knee * share / (1 - share)
        colours = depth_picture(t.astype(np.float32), (0.0, 1.0))
        on_device = torch.tensor(colours, dtype=torch.float32, device=self._stream.device)
        yuv = quick_yuv(on_device.permute(2, 0, 1), self._estimate.colours)
        return views.DepthColours(far, near, yuv[:, 0].T.contiguous())

    def _inset(self, depth_colours: views.DepthColours) -> views.Inset | None:
        box = inset_box(self._size)
        if box is None:
            return None
        inside = box.size[0] - 2, box.size[1] - 2
        return views.Inset(
            box=box, colours=depth_colours, scale=scale_to(self._size, inside, self._stream.device)
        )


class _Behind:
    """A backdrop's pictures as planes on the device; what stands still is sent once."""

    def __init__(self, backdrop: Backdrop, uploads: Uploads) -> None:
        self._backdrop, self._uploads = backdrop, uploads
        self._shown: Pixels | None = None
        self._planes: Tensors = ()

    def __call__(self, frame: Frame) -> Tensors:
        if self._shown is None or not isinstance(self._backdrop, StillBackdrop):
            pixels = self._backdrop(frame)
            if pixels is not self._shown:
                self._shown = pixels
                self._planes = self._uploads(RgbPicture(pixels))
        return self._planes
