"""Whether a frame differs from another by more than noise: estimate/frame_change, on a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.engine.gpu.depth_fit import box_sums
from edgeds.engine.gpu.graph_replay import Replayed
from edgeds.estimate.look_settings import CHANGE
from edgeds.types import Box

if TYPE_CHECKING:
    from edgeds.engine.cuda_stream import DeviceStream
    from edgeds.types import Size

FLAGS = 2
"""Changed since the last maps; outside the part, a colour that was not judged background."""


class ChangeDetector:
    """Compares small frames of one stream. Call it inside `with stream`."""

    def __init__(self, stream: DeviceStream, size: Size, *, compiled: bool) -> None:
        """
        Args:
            size: (h, w) of the small frames.
        """
        self._stream, device = stream, stream.device
        small = torch.zeros((1, *size, 3), dtype=torch.uint8, device=device)
        self._before = small.clone()
        self._smooth, self._last, self._low, self._high = (
            torch.zeros((3, *size), device=device) for _ in range(4)
        )
        self._noise, self._learns = (torch.zeros((), device=device) for _ in range(2))
        self._outside = torch.ones(size, device=device)
        self.flags = torch.ones(FLAGS, device=device)
        self._compare = Replayed(
            compared, stream, (small,),
            fixed=(
                self._before, self._noise, self._learns, self._last, self._low, self._high,
                self._outside,
            ),
            compiled=compiled,
        )  # fmt: skip
        self._judge = Replayed(
            judged, stream, (self._outside, self._outside),
            fixed=(self._smooth, self._low, self._high), compiled=compiled,
        )  # fmt: skip
        self.forget()

    def forget(self) -> None:
        """Start again, as with the first frame."""
        self._count, self.is_empty = -1, True
        self._part: Box | None = None
        with self._stream, torch.no_grad():
            self._noise.zero_()
            self._outside.fill_(1)

    def __call__(self, small: Tensor, part: Box | None) -> Tensor:
        """The flags of a frame, uint8 (1, h, w, 3), float32 (2,); the next call overwrites them.

        Args:
            part: of the small frame, where new colours do not count.
        """
        self._learns.fill_(float(self._count >= 0 and self._count % CHANGE.learn_every == 0))
        self._count += 1
        if part != self._part:
            self._outside.fill_(1)
            if part is not None:
                self._outside[part.of] = 0
            self._part = part
        smooth, noise, flags = self._compare(small)
        for mine, new in (
            (self._smooth, smooth), (self._noise, noise), (self.flags, flags), (self._before, small)
        ):  # fmt: skip
            self._stream.copy(mine, new)
        return self.flags

    def keep_last(self) -> None:
        """Maps were made of this frame."""
        self._stream.copy(self._last, self._smooth)

    def keep_judged(self, alpha: Tensor, part: Box | None) -> None:
        """The network saw this frame, or a part of it: its colours are judged.

        Args:
            alpha: of the whole frame, (h, w).
            part: of the small frame; the one that was given with it.
        """
        if self.is_empty:
            found: tuple[Tensor, ...] = (self._smooth, self._smooth)
        else:
            found = self._judge(alpha, 1 - self._outside if part else torch.ones_like(alpha))
        for mine, new in zip((self._low, self._high), found, strict=True):
            self._stream.copy(mine, new)
        self.is_empty = False

    def forget_judged(self) -> None:
        """With another plate, the same colours may be foreground."""
        self.is_empty = True


def compared(
    small: Tensor,
    before: Tensor,
    noise: Tensor,
    learns: Tensor,
    last: Tensor,
    low: Tensor,
    high: Tensor,
    outside: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """The smooth frame, float32 (3, h, w) in whole levels; the noise; the flags."""
    now = small[0].permute(2, 0, 1).float()
    smooth = (box_sums(now, 3) / 9).round()
    noise = torch.where(learns > 0, _noise(now - before[0].permute(2, 0, 1).float(), noise), noise)
    limit = (CHANGE.noises * noise).clamp(min=CHANGE.floor_levels, max=255)
    since_last = ((smooth - last).abs() > limit.floor()).any()
    off = torch.maximum(smooth - high, low - smooth).amax(0)
    left = ((off > limit.clamp(min=CHANGE.entering_levels).floor()) & (outside > 0)).any()
    return smooth, noise, torch.stack((since_last, left)).to(torch.float32)


def judged(
    alpha: Tensor, seen: Tensor, smooth: Tensor, low: Tensor, high: Tensor
) -> tuple[Tensor, Tensor]:
    """The range of colours after a look at the pixels in `seen` (h, w): see `JudgedColours`."""
    shown = F.max_pool2d(((alpha > CHANGE.foreground) & (seen > 0)).float()[None], 3, 1, 1)[0] > 0
    kept = CHANGE.range_kept
    bounds = []
    for bound, outer in ((low, torch.minimum), (high, torch.maximum)):
        reaching = outer((kept * bound + (1 - kept) * smooth).round(), smooth)
        reaching = torch.where(shown, smooth, reaching)
        bounds.append(torch.where(seen > 0, reaching, bound))
    return bounds[0], bounds[1]


def _noise(difference: Tensor, before: Tensor) -> Tensor:
    """The noise in the difference of two frames (3, h, w): see `ChangeDetector`."""
    mean = (box_sums(difference, 3) / 9)[:, ::3, ::3].flatten(1)
    middle = mean.median(dim=1, keepdim=True).values
    noise = (mean - middle).abs().amax(0).median(dim=0).values
    return torch.maximum(noise, CHANGE.noise_kept * before + (1 - CHANGE.noise_kept) * noise)
