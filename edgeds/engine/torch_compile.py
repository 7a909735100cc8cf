"""What makes torch faster: torch_tensorrt; torch.compile where it works, else the function as it
is, since in places Triton or a compiler for C++ is missing. Knows no networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from edgeds.errors import EngineError

if TYPE_CHECKING:
    from edgeds.engine.cuda_stream import DeviceStream

Compiler = Literal["torch", "torch-compile", "torch-tensorrt"]
"""Plain torch; torch.compile; torch_tensorrt (needs its own package)."""


def compiled_or_plain(function: Callable[..., Any], stream: DeviceStream) -> Callable[..., Any]:
    """The function, compiled by its first call. Where that fails, the stream's note says why."""
    fast = torch.compile(function, dynamic=False)
    chosen: list[Callable[..., Any]] = []

    def call(*inputs: Any) -> Any:
        if chosen:
            return chosen[0](*inputs)
        try:
            result = fast(*inputs)
            chosen.append(fast)
        except Exception as error:  # torch.compile's own, Triton's, a compiler's
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            if "not compiled" not in stream.note:
                stream.note = "; ".join(filter(None, (stream.note, f"not compiled: {why}")))
            chosen.append(function)
            result = function(*inputs)
        return result

    return call


def what_compiles(compiler: Compiler, what: str) -> Callable[..., Callable[..., Any]] | None:
    """What takes a module, example inputs and the stream; None for plain torch.

    Raises:
        EngineError: torch_tensorrt does not load; the message begins with `what`.
    """
    if compiler == "torch":
        return None
    if compiler == "torch-compile":
        return lambda module, _, stream: compiled_or_plain(module, stream)
    try:
        import torch_tensorrt
    except Exception as error:  # its import starts CUDA, which raises what it likes
        raise EngineError(
            what,
            why=f"torch_tensorrt does not load: {(str(error).strip() or '?').splitlines()[0]}",
            fix='pip install "edgeds[torch-tensorrt]"',
        ) from error

    def compiled(
        module: nn.Module, example: tuple[Tensor, ...], _: DeviceStream
    ) -> Callable[..., Any]:
        # since 2.13 the module's own types are the engine's; there is no precision to ask for
        with torch.cuda.device(example[0].device):
            step: Callable[..., Any] = torch_tensorrt.compile(
                module, ir="dynamo", arg_inputs=list(example)
            )
        return step

    return compiled
