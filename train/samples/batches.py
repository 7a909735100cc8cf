"""Samples in batches, from any sample number on. Worker processes make them and share the material.

Knows nothing about the network.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from train.samples.frame_sample import drawn_sample
from train.samples.material import Material
from train.samples.mix import Mix

T = TypeVar("T")
Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""frame, plate: uint8 (B, 3, H, W); alpha, inverse_depth: float32 (B, 1, H, W); hints: float32
(B, 2, H, W), see `train.samples.finishing.Sample`.
"""


class Samples(Dataset[Batch]):
    """The endless sequence of `drawn_sample` as torch wants it."""

    def __init__(self, material: Material, size: tuple[int, int], *, seed: int, mix: Mix) -> None:
        self.material, self.size, self.seed, self.mix = material, size, seed, mix

    def __getitem__(self, number: int) -> Batch:
        s = drawn_sample(self.material, number, self.size, seed=self.seed, mix=self.mix)
        frame, plate = (torch.from_numpy(x.transpose(2, 0, 1).copy()) for x in (s.frame, s.plate))
        alpha, depth = (
            torch.from_numpy(np.ascontiguousarray(x[None], np.float32))
            for x in (s.alpha, s.inverse_depth)
        )
        return frame, plate, alpha, depth, torch.from_numpy(np.asarray(s.hints, np.float32))


def batches(
    samples: Dataset[T], *, first: int, batch_size: int, workers: int, rank: int = 0, world: int = 1
) -> Iterator[T]:
    """Endless batches of consecutive samples from number `first` on.

    Of `world` processes, each takes every world-th sample.
    """
    numbers = range(first + rank, 2**40, world)
    loader = DataLoader(
        samples,
        batch_size=batch_size,
        sampler=numbers,
        num_workers=workers,
        worker_init_fn=start_worker,
        prefetch_factor=4 if workers else None,
        multiprocessing_context="fork" if workers else None,
    )
    yield from loader


def start_worker(_worker: int) -> None:
    """Ignore Ctrl-C, and use one thread.

    Ctrl-C reaches every process of a terminal, but the parent alone decides when to stop. Threads
    of OpenCV would take the cores that train.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    cv2.setNumThreads(1)
