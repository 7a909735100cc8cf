"""torch.compile where it works, else the function as it is: in places Triton or a compiler for
C++ is missing. Knows no networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from edgeds.engine.cuda_stream import DeviceStream


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
