"""One run in several processes: under torchrun each process computes its share of every step.

Uses torch.distributed: nccl on GPUs, gloo on CPUs. Without torchrun there is one process, and the
functions here do nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

# Imported before there is a group: else its functions keep the group as a default argument. The
# group then outlives destroy_process_group, and its threads abort the process while Python ends.
import torch.distributed.nn.functional
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Processes:
    """This process's number, how many there are, and the device it computes on."""

    rank: int = 0
    world: int = 1
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """The first process writes files and shows the progress bar; the others only compute."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average all gradients in one all-reduce, so that the step is that of one large batch."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.world == 1 or not gradients:
            return
        flat = torch.cat([g.reshape(-1) for g in gradients])
        dist.all_reduce(flat)
        flat /= self.world
        parts = torch.split(flat, [g.numel() for g in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def agreed(self, value: float) -> float:
        """The first process's value, in all processes, so that all end a phase at the same step."""
        if self.world == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(shared, src=0)
        return float(shared)

    def average_statistics(self, buffers: Iterable[Tensor]) -> None:
        """Average the running statistics of normalisation: each process saw other pictures."""
        if self.world == 1:
            return
        for buffer in buffers:
            if buffer.dtype.is_floating_point:
                dist.all_reduce(buffer)
                buffer /= self.world


@contextmanager
def processes() -> Iterator[Processes]:
    """This process's place among those that torchrun started; a single process without it."""
    cuda = torch.cuda.is_available()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = f"cuda:{local}" if cuda else "cpu"
    if "WORLD_SIZE" not in os.environ:
        yield Processes(device=device)
        return
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()
