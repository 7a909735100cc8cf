"""The border of each frame drawn again, in a window around the part that the network saw.

At which size, `Matte.for_sizes` says, as on the CPU. Windows have few sizes: each is a function of
its own, which is captured when it is first needed. Knows no networks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from edgeds.engine.gpu.border_drawn_again import window_drawn_again
from edgeds.engine.gpu.border_regression import Layers, layers_on
from edgeds.engine.gpu.graph_replay import Replayed
from edgeds.types import Box, Size, whole

if TYPE_CHECKING:
    from edgeds.engine.cuda_stream import DeviceStream
    from edgeds.engine.gpu.colour import Colour
    from edgeds.engine.gpu.looks import CroppedField
    from edgeds.engine.gpu.transfer import Nv12
    from edgeds.estimate.settings import Matte

_EVEN_PX = 8
"""Windows begin at multiples of it, as parts do: what stands still lies in the same squares."""
_STEPS = 2
"""Windows are the frame, or a half of its height or width: each more takes 100 to 200 MB of the
device, and the squares that are drawn cost more than maps of a window that is too large.
"""


class BorderOfParts:
    """Call it from one thread at a time, inside `with stream`."""

    def __init__(
        self,
        stream: DeviceStream,
        plate: Tensor,
        matte: Matte,
        colour: Colour,
        at: CroppedField,
        *,
        compiled: bool,
    ) -> None:
        """
        Args:
            plate: its pixels, uint8 (3, H, W).
            at: an example of a look at the whole.
        """
        self._stream, self._plate, self._matte, self._colour = stream, plate, matte, colour
        self._full: Size = (int(plate.shape[1]), int(plate.shape[2]))
        self._example, self._compiled = at, compiled
        self._layers: dict[bool, Layers] = {}
        self._made: dict[tuple[Size, int], Replayed] = {}
        self._is_full = False
        self._of(whole(self._full), at.network)

    def __call__(self, alpha: Tensor, at: CroppedField, planes: Nv12) -> None:
        """Draw into alpha (H, W).

        Args:
            at: where the network looked.
            planes: of the frame.
        """
        found = self._of(at.part, at.network)
        if found is None:
            return
        window, draw = found
        top, left, *rest = at.crop
        crop = torch.stack((top - window.top, left - window.left, *rest))
        (drawn,) = draw(*self._inputs(window, alpha, planes), at.field, crop)
        self._stream.copy(alpha[window.of], drawn)

    def _of(self, part: Box, network: Size) -> tuple[Box, Replayed] | None:
        """The window for a part, and what draws it; None where the border is drawn once."""
        times = self._matte.for_sizes(part.size, network).again
        if not times:
            return None
        window = window_around(part, self._full)
        if (window.size, times) not in self._made and not self._is_full:
            try:
                self._made[window.size, times] = self._captured(window, times)
            except RuntimeError:  # torch's: no memory
                if not self._made:
                    raise
                self._is_full = True
        if (window.size, times) in self._made:
            return window, self._made[window.size, times]
        # The frame's own, which was made first: at a smaller size.
        (size, times), draw = next(iter(self._made.items()))
        return whole(size), draw

    def _captured(self, window: Box, times: int) -> Replayed:
        finer = times > 1
        if finer not in self._layers:
            self._layers[finer] = layers_on(self._stream.device, finer=finer)
        height, width = self._full
        device = self._stream.device
        planes = (
            torch.zeros(self._full, dtype=torch.uint8, device=device),
            torch.zeros((height // 2, width // 2, 2), dtype=torch.uint8, device=device),
        )
        inputs = self._inputs(window, torch.zeros(self._full, device=device), planes)
        return Replayed(
            window_drawn_again, self._stream, (*inputs, self._example.field, self._example.crop),
            fixed=(self._layers[finer], self._colour, replace(self._matte, again=times)),
            compiled=self._compiled,
        )  # fmt: skip

    def _inputs(self, window: Box, alpha: Tensor, planes: Nv12) -> tuple[Tensor, ...]:
        luma, chroma = planes
        half = Box(*(side // 2 for side in window))
        rows, columns = window.of
        return alpha[window.of], luma[window.of], chroma[half.of], self._plate[:, rows, columns]


def window_around(part: Box, full: Size) -> Box:
    """The window in which a part of a frame of `full` size is drawn."""
    sides = []
    for low, high, most in zip(part[:2], part[2:], full, strict=True):
        step = max(1, most // _STEPS // _EVEN_PX) * _EVEN_PX
        # What rounding moves a window by must not cut the part.
        length = most - max(0, most - (high - low) - 2 * _EVEN_PX) // step * step
        middle = (low + high - length) // 2 // _EVEN_PX * _EVEN_PX
        first = min(max(0, middle), most - length)
        sides.append((first, first + length))
    (top, bottom), (left, right) = sides
    return Box(top, left, bottom, right)
