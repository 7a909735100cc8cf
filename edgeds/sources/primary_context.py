"""The CUDA context that torch computes in, for FFmpeg to work in, too. Knows neither of the two.

FFmpeg would take that context itself, but with flags of its own: once torch has begun to work, it
is refused ("Primary context already active with incompatible flags"). Told to take the context that
is current in the thread, FFmpeg asks for nothing. Function names: CUDA Driver API reference.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from edgeds.errors import RunError

DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
CURRENT: dict[str, object] = {"primary_ctx": "0", "current_ctx": "1"}
"""FFmpeg's options for a device: take the context that is current."""


def load_driver(load: Callable[[str], Any] = ctypes.CDLL) -> Any:
    """The driver's library.

    Raises:
        OSError: there is no NVIDIA driver.
    """
    return load(DRIVER)


@contextmanager
def primary_context(index: int) -> Iterator[None]:
    """The GPU's primary context, current in this thread meanwhile.

    Raises:
        RunError: there is no such GPU, or it does not start.
    """
    driver, context = _retained(index)
    _ask(driver, "cuCtxPushCurrent_v2", context)
    try:
        yield
    finally:
        _ask(driver, "cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))


@cache
def _retained(index: int) -> tuple[Any, ctypes.c_void_p]:
    """The driver and the context, which is kept for as long as the process lives: FFmpeg does not
    keep it.
    """
    try:
        driver = load_driver()
    except OSError as error:
        raise _failed(f"no NVIDIA driver: {DRIVER} cannot be loaded") from error
    device, context = ctypes.c_int(), ctypes.c_void_p()
    _ask(driver, "cuInit", 0)
    _ask(driver, "cuDeviceGet", ctypes.byref(device), index)
    _ask(driver, "cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    return driver, context


def _ask(driver: Any, name: str, *arguments: Any) -> None:
    if code := getattr(driver, name)(*arguments):
        raise _failed(f"{name}: error {code}")


def _failed(why: str) -> RunError:
    return RunError(
        "the GPU failed",
        why=why,
        fix="run edgeds doctor; device cpu (--device cpu) works without the GPU",
    )
