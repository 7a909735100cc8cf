"""The driver's library as far as a capture asks it: it records the calls, and may refuse one."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

STREAM = 0x5EED


class Driver:
    """The driver's library; `refuses` names a call that fails with code 900."""

    def __init__(self, refuses: str = "") -> None:
        self.calls: list[str] = []
        self._refuses = refuses

    def __getattr__(self, name: str) -> Callable[..., int]:
        def call(*arguments: Any) -> int:
            self.calls.append(name)
            if name == "cuGetErrorName":
                arguments[1]._obj.value = b"CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"
                return 0
            if name == self._refuses:
                return 900
            if name == "cuStreamBeginCapture_v2":
                assert arguments[0].value == STREAM
                assert arguments[1] == 1, "thread-local: other threads go on"
            if name == "cuStreamEndCapture":
                arguments[1]._obj.value = 11
            if name == "cuGraphInstantiateWithFlags":
                arguments[0]._obj.value = 22
                assert isinstance(arguments[2], ctypes.c_ulonglong)
            if name == "cuGraphLaunch":
                assert (arguments[0].value, arguments[1].value) == (22, STREAM)
            return 0

        return call
