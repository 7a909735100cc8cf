"""A CUDA graph of calls that a library makes on a stream, captured through the driver.

torch's own capture also switches torch's allocator, and before torch 2.13 a capture that fails
leaves the allocator switched. A library that allocates nothing needs none of that. Knows nothing
about torch, TensorRT or networks. Function names and codes: CUDA Driver API reference.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from typing import Any

from edgeds.sources.primary_context import load_driver

_SUCCESS = 0
_THREAD_LOCAL = 1  # CUstreamCaptureMode: other threads may go on using the GPU meanwhile


class CudaError(RuntimeError):
    """The driver refused a call; the message is its name for the reason."""


class CudaGraph:
    """Work captured from a stream; calling it replays the work there. It is freed by `close`, or
    with the last reference to it.
    """

    def __init__(self, handle: int, work: Callable[[], None], driver: Any = None) -> None:
        """
        Args:
            handle: the stream, as a number. Nothing else may use it meanwhile.
            work: calls that only enqueue on that stream.
            driver: the driver's library; None loads it.

        Raises:
            CudaError: the work cannot be captured. The stream is as it was before.
        """
        self._driver = driver or load_driver()
        self._stream = ctypes.c_void_p(handle)
        self._graph, self._executable = ctypes.c_void_p(), ctypes.c_void_p()
        self._free = weakref.finalize(self, _freed, self._driver, self._graph, self._executable)
        self._free.atexit = False  # the driver may be gone by then, and its graphs with it
        self._call("cuStreamBeginCapture_v2", self._stream, _THREAD_LOCAL)
        try:
            work()
        except BaseException:
            # Ends the capture; what it returns describes the failure that is being raised.
            self._driver.cuStreamEndCapture(self._stream, ctypes.byref(self._graph))
            self.close()
            raise
        self._call("cuStreamEndCapture", self._stream, ctypes.byref(self._graph))
        flags = ctypes.c_ulonglong(0)
        try:
            self._call(
                "cuGraphInstantiateWithFlags", ctypes.byref(self._executable), self._graph, flags
            )
        except CudaError:
            self.close()
            raise

    def __call__(self) -> None:
        """
        Raises:
            CudaError: the GPU refuses.
        """
        self._call("cuGraphLaunch", self._executable, self._stream)

    def close(self) -> None:
        """Free the graph; a second time is harmless."""
        self._free()

    def _call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._driver, name)(*arguments)
        if code != _SUCCESS:
            raise CudaError(f"{name}: {_reason(self._driver, code)}")


def _freed(driver: Any, graph: ctypes.c_void_p, executable: ctypes.c_void_p) -> None:
    if executable:
        driver.cuGraphExecDestroy(executable)
    if graph:
        driver.cuGraphDestroy(graph)


def _reason(driver: Any, code: int) -> str:
    text = ctypes.c_char_p()
    driver.cuGetErrorName(code, ctypes.byref(text))
    return text.value.decode() if text.value else f"error {code}"
