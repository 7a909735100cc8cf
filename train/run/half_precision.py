"""Training in bfloat16 where the processor multiplies it: about half the time of a step.

Weights, statistics, losses and the optimiser stay float32; convolutions and their gradients are
bfloat16. oneDNN's gradients of depthwise convolutions are slow, in bfloat16 most of all (three
quarters of a step), so they are computed here from what it does fast.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def in_bfloat16(enabled: bool, device: str) -> AbstractContextManager[Any]:
    """The context in which a network's forward pass runs."""
    # without the cache: weights cast first where no gradient is wanted would keep having none
    return torch.autocast(
        device.split(":")[0], torch.bfloat16, enabled=enabled, cache_enabled=False
    )


def with_quick_gradients(network: nn.Module) -> None:
    """Give the depthwise convolutions of a network quick gradients; weights and names stay."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and is_plain_depthwise(module):
            module.__class__ = DepthwiseConv2d


def is_plain_depthwise(conv: nn.Conv2d) -> bool:
    k = conv.kernel_size[0]
    return (
        conv.groups == conv.in_channels == conv.out_channels > 1
        and conv.kernel_size in ((3, 3), (5, 5))
        and conv.stride[0] == conv.stride[1]
        and conv.padding == (k // 2, k // 2)
        and conv.dilation == (1, 1)
        and conv.padding_mode == "zeros"
    )


class DepthwiseConv2d(nn.Conv2d):
    """nn.Conv2d with as many groups as channels, on CPUs with another way to the same gradients."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name in nn.Conv2d
        weight, device = self.weight, input.device.type
        if device != "cpu":
            return super().forward(input)
        if torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
            input, weight = input.to(dtype), weight.to(dtype)  # noqa: A001
        found: Tensor = Depthwise.apply(input, weight, self.stride[0])  # type: ignore[no-untyped-call]
        return found if self.bias is None else found + self.bias.to(found.dtype).view(1, -1, 1, 1)


class Depthwise(torch.autograd.Function):
    """Depthwise convolution, padded by half the kernel."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(
            x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=weight.shape[0]
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        (gradient,), (x, weight) = gradients, ctx.saved_tensors
        of_x = gradient_of_x(gradient, x, weight, ctx.stride) if ctx.needs_input_grad[0] else None
        of_weight = (
            gradient_of_weight(gradient, x, weight, ctx.stride) if ctx.needs_input_grad[1] else None
        )
        return of_x, of_weight, None


def gradient_of_x(gradient: Tensor, x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """A convolution too: of the gradient, with zeros where the stride left pixels out."""
    spread = gradient
    if stride > 1:
        spread = torch.zeros_like(x)
        spread[:, :, ::stride, ::stride] = gradient
    return F.conv2d(
        spread, weight.flip(2, 3), padding=weight.shape[-1] // 2, groups=weight.shape[0]
    )


def gradient_of_weight(gradient: Tensor, x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """In blocks of 3x3 taps, the size that oneDNN is quick at: a kernel of 5x5 has four of them."""
    k = weight.shape[-1]
    starts = range(0, k - 2, 2)
    whole = weight.new_empty(weight.shape)
    padded = F.pad(x, (k // 2,) * 4)
    rows, columns = (stride * (side - 1) + 3 for side in gradient.shape[2:])
    for top in starts:
        for left in starts:
            seen = padded[:, :, top : top + rows, left : left + columns]
            whole[:, :, top : top + 3, left : left + 3] = of_three_by_three(gradient, seen, stride)
    return whole


def of_three_by_three(gradient: Tensor, seen: Tensor, stride: int) -> Tensor:
    channels = seen.shape[1]
    of_x, of_weight, of_bias = False, True, False
    found: Tensor = torch.ops.aten.convolution_backward(
        gradient.contiguous(memory_format=torch.channels_last),
        seen.contiguous(memory_format=torch.channels_last),
        gradient.new_empty(channels, 1, 3, 3),
        None,
        [stride, stride],
        [0, 0],
        [1, 1],
        False,
        [0, 0],
        channels,
        [of_x, of_weight, of_bias],
    )[1]
    return found
