"""Whether the checks of this folder can run here. Imports torch only where there is a driver."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from edgeds.engine.cuda_driver import Cuda, find_cuda  # noqa: E402
from edgeds.engine.fits_this_machine import torch_fix, torch_gpu, torch_problem  # noqa: E402


def lacks(device: str = "cuda:0", cuda: Cuda | None = None) -> str:
    """Why a device cannot be measured, and what to do about it; empty where it can be.

    Args:
        cuda: what the driver says; None asks it.
    """
    if device == "cpu":
        return ""
    cuda = cuda or find_cuda()
    if cuda.problem:
        return f"{cuda.problem}; install NVIDIA's driver, or run this on a machine with a GPU"
    if problem := torch_problem():
        return f"{problem}; {torch_fix(cuda)}"
    found = torch_gpu(device, cuda)
    return f"{found}; {torch_fix(cuda)}" if isinstance(found, str) else ""
