"""Asks the NVIDIA driver about this machine, through the driver's own library alone.

Works, and never crashes, if there is no driver, no GPU or no CUDA toolkit. Knows nothing about
TensorRT or torch: without a driver their libraries crash the process or return null pointers, so
edgeds asks here first. Function names and codes: CUDA Driver API reference.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgeds.sources.primary_context import DRIVER, load_driver

_SUCCESS, _NO_DEVICE = 0, 100
_COMPUTE_CAPABILITY_MAJOR, _COMPUTE_CAPABILITY_MINOR = 75, 76  # CUdevice_attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU, as `cuda:index` names it."""

    index: int
    name: str
    sm: str
    """Architecture as in "sm86": compute capability without its dot."""
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuda:
    """The driver and its GPUs; `problem` says why there are none."""

    gpus: tuple[Gpu, ...] = ()
    driver_cuda: str | None = None
    """The newest CUDA version that the driver runs, as in "12.8"."""
    problem: str = ""


def gpu_index(device: str) -> int | None:
    """The number of the GPU in "cuda:1"; 0 for "cuda" and "auto", None for any other text."""
    asked = re.fullmatch(r"auto|cuda(?::(\d+))?", device)
    return None if asked is None else int(asked[1] or 0)


def find_cuda(load: Callable[[str], Any] = ctypes.CDLL) -> Cuda:
    """Ask the driver. `load` opens a shared library by name, as ctypes.CDLL does."""
    try:
        driver = load_driver(load)
    except OSError:
        return Cuda(problem=f"no NVIDIA driver: {DRIVER} cannot be loaded")
    version = ctypes.c_int()
    if driver.cuDriverGetVersion(ctypes.byref(version)) != _SUCCESS:
        version.value = 0
    cuda = f"{version.value // 1000}.{version.value % 1000 // 10}" if version.value else None
    code = driver.cuInit(0)
    if code == _NO_DEVICE:
        return Cuda(driver_cuda=cuda, problem="the NVIDIA driver sees no GPU")
    if code != _SUCCESS:
        return Cuda(driver_cuda=cuda, problem=f"the NVIDIA driver does not start: error {code}")
    count = ctypes.c_int()
    driver.cuDeviceGetCount(ctypes.byref(count))
    gpus = tuple(_gpu(driver, index) for index in range(count.value))
    problem = "" if gpus else "the NVIDIA driver sees no GPU"
    return Cuda(gpus=gpus, driver_cuda=cuda, problem=problem)


def _gpu(driver: Any, index: int) -> Gpu:
    device, value = ctypes.c_int(), ctypes.c_int()
    name, memory = ctypes.create_string_buffer(256), ctypes.c_size_t()

    def attribute(which: int) -> int:
        driver.cuDeviceGetAttribute(ctypes.byref(value), which, device)
        return value.value

    driver.cuDeviceGet(ctypes.byref(device), index)
    driver.cuDeviceGetName(name, len(name), device)
    driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    major = attribute(_COMPUTE_CAPABILITY_MAJOR)
    return Gpu(
        index=index,
        name=name.value.decode(errors="replace"),
        sm=f"sm{major}{attribute(_COMPUTE_CAPABILITY_MINOR)}",
        memory_bytes=memory.value,
    )
