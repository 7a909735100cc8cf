"""What the driver is asked, and that no answer of it crashes anything."""

from __future__ import annotations

from typing import Any

import pytest

from edgeds.engine.cuda_driver import Gpu, find_cuda


class Driver:
    """libcuda with two GPUs, by the signatures of the CUDA Driver API."""

    def __init__(self, *, code: int = 0, count: int = 2, version: int = 12080) -> None:
        self._code, self._count, self._version = code, count, version

    def cuDriverGetVersion(self, version: Any) -> int:  # noqa: N802
        version._obj.value = self._version
        return 0

    def cuInit(self, _flags: int) -> int:  # noqa: N802
        return self._code

    def cuDeviceGetCount(self, count: Any) -> int:  # noqa: N802
        count._obj.value = self._count
        return 0

    def cuDeviceGet(self, device: Any, ordinal: int) -> int:  # noqa: N802
        device._obj.value = 40 + ordinal
        return 0

    def cuDeviceGetName(self, name: Any, _length: int, device: Any) -> int:  # noqa: N802
        name.value = f"GPU {device.value}".encode()
        return 0

    def cuDeviceTotalMem_v2(self, memory: Any, _device: Any) -> int:  # noqa: N802
        memory._obj.value = 8 << 30
        return 0

    def cuDeviceGetAttribute(self, value: Any, attribute: int, device: Any) -> int:  # noqa: N802
        value._obj.value = {75: 12 if device.value == 40 else 8, 76: device.value - 40}[attribute]
        return 0


def test_gpus_are_told_with_their_architecture() -> None:
    cuda = find_cuda(lambda _: Driver())
    assert cuda.driver_cuda == "12.8"
    assert cuda.problem == ""
    assert cuda.gpus == (
        Gpu(index=0, name="GPU 40", sm="sm120", memory_bytes=8 << 30),
        Gpu(index=1, name="GPU 41", sm="sm81", memory_bytes=8 << 30),
    )


@pytest.mark.parametrize(
    ("driver", "problem"),
    [
        (Driver(code=100), "sees no GPU"),
        (Driver(count=0), "sees no GPU"),
        (Driver(code=803), "error 803"),
    ],
)
def test_a_driver_without_a_usable_gpu_says_why(driver: Driver, problem: str) -> None:
    cuda = find_cuda(lambda _: driver)
    assert cuda.gpus == ()
    assert problem in cuda.problem


def test_no_driver_is_no_crash() -> None:
    def load(name: str) -> Any:
        raise OSError(f"{name}: cannot open shared object file")

    assert "no NVIDIA driver" in find_cuda(load).problem
