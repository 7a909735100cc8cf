"""Frames on their way through a GPU: page-locked memory, one slot a frame, used in turn.

Knows torch and device streams, and nothing of networks or plans.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from edgeds.engine.settings import GPU
from edgeds.types import Maps, Pixels, Size

if TYPE_CHECKING:
    import torch

    from edgeds.engine.cuda_stream import DeviceStream, StreamEvent


class Pending:
    """Maps of a frame that the device still works on."""

    def __init__(self, slot: Slot, event: StreamEvent) -> None:
        self._slot, self._event = slot, event
        self._maps: Maps | None = None
        self._reading = threading.Lock()

    def maps(self) -> Maps:
        """Wait for the maps. They are the caller's. Any thread may ask: the slot is not used again
        before they are read.

        Raises:
            RunError: the GPU reported an error.
        """
        with self._reading:
            if self._maps is None:
                self._event.wait()
                alpha, inverse_depth = self._slot.maps.numpy().copy()
                self._maps = Maps(alpha, inverse_depth)
            return self._maps


class Slot:
    """Page-locked memory for one frame and its maps."""

    def __init__(self, stream: DeviceStream, size: Size) -> None:
        import torch

        self.pixels = stream.host((1, *size, 3), torch.uint8)
        """uint8 (1, H, W, 3)."""
        self.maps = stream.host((2, *size), torch.float32)
        """float32 (2, H, W): alpha, inverse depth."""
        self.pending: Pending | None = None

    def finish(self) -> None:
        """Keep what the slot still holds, so that it can be used again."""
        if self.pending is not None:
            self.pending.maps()
            self.pending = None


class Ring:
    """Slots in turn: one is filled, one is computed, one is read."""

    def __init__(self, stream: DeviceStream, size: Size) -> None:
        self._stream = stream
        self._slots = deque(Slot(stream, size) for _ in range(GPU.frames_in_flight))

    def upload(self, pixels: Pixels, target: torch.Tensor) -> Slot:
        """Start the copy of uint8 (H, W, 3) pixels into a device tensor (1, H, W, 3)."""
        slot = self._slots[0]
        self._slots.rotate(-1)
        slot.finish()  # the oldest frame may still wait for its reader
        np.copyto(slot.pixels.numpy()[0], pixels)
        self._stream.copy(target, slot.pixels)
        return slot

    def download(self, slot: Slot, maps: torch.Tensor) -> Pending:
        """Start the copy of device maps (2, H, W) back into the slot."""
        self._stream.copy(slot.maps, maps)
        slot.pending = Pending(slot, self._stream.record_event())
        return slot.pending

    def close(self) -> None:
        """Finish every frame under way and free the slots."""
        while self._slots:
            self._slots.popleft().finish()
