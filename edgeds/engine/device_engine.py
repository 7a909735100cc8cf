"""Engines that take frames where the engine's device has them. Loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from edgeds.types import Engine, Pixels, PlateFeatures

if TYPE_CHECKING:
    from torch import Tensor

    from edgeds.engine.cuda_stream import DeviceStream


@runtime_checkable
class DeviceEngine(Engine, Protocol):
    """An engine that takes frames on its device: torch's and TensorRT's."""

    @property
    def stream(self) -> DeviceStream: ...

    @property
    def is_compiled(self) -> bool:
        """Whether torch.compile made it, which then also compiles what is done with frames."""
        ...

    def infer_on_device(self, frame: Tensor, plate: PlateFeatures) -> Tensor:
        """Maps (2, h, w) of a frame, uint8 (1, h, w, 3), in the stream: nothing waits."""
        ...

    def device_secs(self, frame: Pixels, plate: PlateFeatures) -> float:
        """How long the device worked on a frame, by its own clock."""
        ...


def device_of(network: Engine) -> str:
    """The device whose frames the network takes as they are, such as "cuda:0"; else empty."""
    return str(network.stream.device) if isinstance(network, DeviceEngine) else ""
