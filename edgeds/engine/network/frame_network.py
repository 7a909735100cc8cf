"""The network: a frame and the features of a plate in, alpha and inverse depth out.

    frame ──encoder── f1 f2 f3 f4 f5 ─┐                          ┌─ alpha at full size
                                      ├─ fuse, scale by scale ───┤
    plate ──encoder── p1 p2 p3 p4 p5 ─┘   (coarse to fine)       └─ inverse depth
          (once, and kept)

Knows nothing about files, engines or cameras.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edgeds.engine.network.encoder import CHANNELS, Encoder
from edgeds.engine.network.hints import PlateHints

FEATURE_SPREAD = (10.5, 11.5, 7.5, 5.0, 3.9)
"""Standard deviation of f1..f5 with ImageNet weights; the fusion divides by it so that training
starts at unit scale.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a checkpoint needs to rebuild the network."""

    widths: tuple[int, int, int, int, int] = (16, 48, 64, 96, 128)
    """Decoder channels at 1/2, 1/4, 1/8, 1/16, 1/32."""
    depth_widths: tuple[int, int] = (32, 16)
    """Channels of the depth decoder at 1/8 and 1/4."""
    hints: bool = False
    """Whether the network can take more of the plate than its pixels: see `hints`."""


class DualHead(nn.Module):
    """Siamese encoder with cached plate features, and two decoders. H and W are multiples of 32."""

    kind: ClassVar[str] = "dual-head"

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config or Config()
        w1, w2, w3, w4, w5 = self.config.widths
        d3, d2 = self.config.depth_widths
        self.encoder = Encoder()
        self.fuse = nn.ModuleList(
            Fuse(c, w, gain=1 / spread)
            for c, w, spread in zip(CHANNELS, self.config.widths, FEATURE_SPREAD, strict=True)
        )
        self.detail = nn.Conv2d(6, w1, 3, stride=2, padding=1)
        self.detail_plate = nn.Conv2d(3, w1, 3, stride=2, padding=1, bias=False)
        self.context = nn.Conv2d(w5, w5, 1)

        self.trunk5 = nn.Sequential(conv3x3(w5, w5), conv3x3(w5, w4))
        self.trunk4 = nn.Sequential(conv3x3(w4, w4), conv3x3(w4, w3))
        self.alpha3 = nn.Sequential(conv3x3(w3, w3), conv3x3(w3, w2))
        self.alpha2 = conv3x3(w2, w1)
        to_alpha = nn.Conv2d(w1, 4, 3, padding=1)
        self.alpha1 = nn.Sequential(conv3x3(w1, w1), to_alpha)

        self.depth3 = nn.Sequential(conv3x3(w3, d3), conv3x3(d3, w2))
        self.depth2 = nn.Sequential(conv3x3(w2, d2), nn.Conv2d(d2, 1, 3, padding=1))
        assert to_alpha.bias is not None
        nn.init.constant_(to_alpha.bias, -2.0)  # most of a picture is background
        if self.config.hints:
            self.plate_hints = PlateHints(self.config.widths)

    def encode_plate(self, plate: Tensor, hints: Tensor | None = None) -> tuple[Tensor, ...]:
        """(B, 3, H, W) pixels 0..255 to what `forward` wants: pixels, p1..p5, and five addends.

        `hints`, (B, 2, H, W), are what `hints.PlateHints` takes.
        """
        pixels = normalised(plate)  # (B, 3, H, W)
        return self.plate_features(pixels, self.encoder(pixels), hints)

    def plate_features(
        self, pixels: Tensor, p: tuple[Tensor, ...], hints: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """The part of `encode_plate` behind the encoder, for training that keeps gradients out of
        the plate's branch.
        """
        fuses = cast(list[Fuse], self.fuse)
        added = [fuse.cached(p_i) for fuse, p_i in zip(fuses, p, strict=True)]
        added[0] = added[0] + self.detail_plate(pixels)  # (B, w1, H/2, W/2)
        if hints is not None:
            added = [a_i + h_i for a_i, h_i in zip(added, self.plate_hints(hints), strict=True)]
        return (pixels, *p, *added)

    def forward(self, frame: Tensor, plate_features: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) pixels 0..255 to alpha 0..1 and inverse depth > 0, both (B, 1, H, W)."""
        alpha, inverse_depth = self.logits(frame, plate_features)
        return torch.sigmoid(alpha), F.softplus(inverse_depth)

    def logits(self, frame: Tensor, plate_features: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """`forward` before its last non-linearities, for losses that want them."""
        plate_pixels, p, added = plate_features[0], plate_features[1:6], plate_features[6:11]
        pixels = normalised(frame)  # (B, 3, H, W)
        f = self.encoder(pixels)  # f1..f5
        g = [
            fuse(f_i, p_i, a_i) for fuse, f_i, p_i, a_i in zip(self.fuse, f, p, added, strict=True)
        ]
        return self.decoded(g, pixels, plate_pixels)

    def decoded(
        self, fused: Sequence[Tensor], pixels: Tensor, plate_pixels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The trunk and both decoders, from the five fused scales."""
        g1, g2, g3, g4, g5 = fused
        g1 = g1 + self.detail(torch.cat((pixels, (pixels - plate_pixels).abs()), 1))

        g5 = F.relu(g5)  # (B, w5, H/32, W/32)
        g5 = g5 + self.context(g5.mean((2, 3), keepdim=True))
        x4 = F.relu(g4 + doubled(self.trunk5(g5)))  # (B, w4, H/16, W/16)
        x3 = F.relu(g3 + doubled(self.trunk4(x4)))  # (B, w3, H/8,  W/8)

        a2 = F.relu(g2 + doubled(self.alpha3(x3)))  # (B, w2, H/4,  W/4)
        a1 = F.relu(g1 + doubled(self.alpha2(a2)))  # (B, w1, H/2,  W/2)
        alpha = F.pixel_shuffle(self.alpha1(a1), 2)  # (B, 1,  H,    W)

        d2 = F.relu(g2 + doubled(self.depth3(x3)))  # (B, w2, H/4,  W/4)
        # a 4x pixel shuffle left a dot pattern where depth was uncertain, and was no sharper
        inverse_depth = enlarged(self.depth2(d2), 4)  # (B, 1,  H,    W)
        return alpha, inverse_depth


class Fuse(nn.Module):
    """One scale of frame against plate: a 1x1 convolution of [f, |f - p|], plus one of p that the
    plate graph keeps.

    |f - p| alone forgets the sign, and with it whether a pixel went darker; the share of p
    brings it back and costs the frame graph one addition.
    """

    gain: Tensor

    def __init__(self, channels: int, width: int, *, gain: float) -> None:
        super().__init__()
        self.of_pair = nn.Conv2d(2 * channels, width, 1)
        self.of_plate = nn.Conv2d(channels, width, 1, bias=False)
        self.register_buffer("gain", torch.tensor(gain))

    def forward(self, f: Tensor, p: Tensor, added: Tensor) -> Tensor:
        pair = torch.cat((f, (f - p).abs()), 1)
        return F.conv2d(pair, self.of_pair.weight * self.gain, self.of_pair.bias) + added

    def cached(self, p: Tensor) -> Tensor:
        return F.conv2d(p, self.of_plate.weight * self.gain)


def normalised(pixels: Tensor) -> Tensor:
    """0..255 to about -1..1, the range the ImageNet weights were trained with."""
    return (pixels - 127.0) * (1.0 / 128.0)


def conv3x3(width_in: int, width_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width_in, width_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(width_out),
        nn.ReLU(inplace=True),
    )


def doubled(x: Tensor) -> Tensor:
    return enlarged(x, 2)


def enlarged(x: Tensor, times: int) -> Tensor:
    """Bilinear with half-pixel centres."""
    return F.interpolate(x, scale_factor=float(times), mode="bilinear", align_corners=False)
