"""Variants of the network, to measure what fusion and context are worth.

`python -m train compare` trains each for a few steps beside the network that edgeds uses; the table
is in train/NOTES.md. A variant that wins moves into `edgeds.engine.network`, and the one before
moves here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edgeds.engine.network.encoder import CHANNELS
from edgeds.engine.network.frame_network import DualHead, Fuse, normalised


class FuseBoth(Fuse):
    """[f, p]: linear, so that the whole plate half is cached; the cheapest."""

    def __init__(self, channels: int, width: int, *, gain: float) -> None:
        super().__init__(channels, width, gain=gain)
        self.of_pair = nn.Conv2d(channels, width, 1)

    def forward(self, f: Tensor, p: Tensor, added: Tensor) -> Tensor:
        return F.conv2d(f, self.of_pair.weight * self.gain, self.of_pair.bias) + added


class FuseDifference(FuseBoth):
    """[|f - p|, p]: only the difference shows what is new in the frame."""

    def forward(self, f: Tensor, p: Tensor, added: Tensor) -> Tensor:
        return super().forward((f - p).abs(), p, added)


class Both(DualHead):
    """Fuses [f, p]."""

    fusion: type[FuseBoth] = FuseBoth

    def __init__(self) -> None:
        super().__init__()
        shipped = [cast(Fuse, fuse) for fuse in self.fuse]
        self.fuse = nn.ModuleList(
            self.fusion(channels, width, gain=float(fuse.gain))
            for channels, width, fuse in zip(CHANNELS, self.config.widths, shipped, strict=True)
        )


class Difference(Both):
    """Fuses [|f - p|, p]."""

    fusion = FuseDifference


class Early(Both):
    """One encoder over frame, plate and difference together, as in BackgroundMattingV2 (Lin et al.
    2021): one branch to train, but nothing of the plate can be cached.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem_of_plate = nn.Conv2d(6, 32, 3, stride=2, padding=1, bias=False)
        nn.init.zeros_(
            self.stem_of_plate.weight
        )  # the frame's part starts with the ImageNet weights

    def encode_plate(self, plate: Tensor, _hints: Tensor | None = None) -> tuple[Tensor, ...]:
        return self.plate_features(normalised(plate), ())

    def plate_features(
        self, pixels: Tensor, p: tuple[Tensor, ...], _hints: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        return (pixels,)

    def logits(self, frame: Tensor, plate_features: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        pixels, (plate,) = normalised(frame), plate_features
        both = torch.cat((plate, (pixels - plate).abs()), 1)
        f = self.encoder.pyramid(self.encoder.stem(pixels) + self.stem_of_plate(both))
        none = pixels.new_zeros(())
        fused = [fuse(f_i, f_i, none) for fuse, f_i in zip(self.fuse, f, strict=True)]
        return self.decoded(fused, pixels, plate)


class Placed(DualHead):
    """Adds positions in the picture to the coarsest scale (Liu et al. 2018, CoordConv).

    They are a part of the plate's features and cost the frame nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Conv2d(3, self.config.widths[4], 1, bias=False)

    def plate_features(
        self, pixels: Tensor, p: tuple[Tensor, ...], _hints: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        *features, added5 = super().plate_features(pixels, p)
        height, width = added5.shape[2:]
        y = torch.linspace(-1, 1, height, device=pixels.device)[:, None].expand(height, width)
        x = torch.linspace(-1, 1, width, device=pixels.device)[None].expand(height, width)
        return (*features, added5 + self.place(torch.stack((y, y * y, x * x))[None]))


class Far(DualHead):
    """Two 7x7 depthwise convolutions over the coarsest scale (Liu et al. 2022, ConvNeXt), so that
    every place sees the whole picture.
    """

    def __init__(self) -> None:
        super().__init__()
        width = self.config.widths[4]
        self.trunk5 = nn.Sequential(Mixer(width), Mixer(width), *self.trunk5)


class Mixer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.across = nn.Conv2d(width, width, 7, padding=3, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.wide = nn.Conv2d(width, 2 * width, 1)
        self.back = nn.Conv2d(2 * width, width, 1)
        nn.init.zeros_(self.back.weight)

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.back(F.relu(self.wide(self.norm(self.across(x)))))
        return x + mixed


VARIANTS: dict[str, Callable[[], DualHead]] = {
    "shipped": DualHead,
    "both": Both,
    "difference": Difference,
    "early": Early,
    "placed": Placed,
    "far": Far,
}
