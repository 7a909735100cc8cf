"""A picture in a device's memory, and how it comes to the host. Knows no decoder, no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from edgeds.sources.yuv_planes import YuvPicture
from edgeds.types import Box, Indices, Layout, Pixels, Size


class PictureOnDevice(ABC):
    """NV12 planes elsewhere; whatever asks for colours brings them to the host, once."""

    layout: Layout = "nv12"
    _copy: YuvPicture | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """As a copy or for another process: the picture in the host's memory."""
        return self.on_host().__reduce__()

    @abstractmethod
    def _brought(self) -> YuvPicture:
        """A copy in the host's memory."""

    def on_host(self) -> YuvPicture:
        """The same picture in the host's memory, brought there once."""
        if self._copy is None:
            self._copy = self._brought()
        return self._copy

    def jpeg(self, most_wide: int, quality: int) -> bytes | None:  # noqa: ARG002
        """The picture as a JPEG, not wider than `most_wide` px, if the device encodes it."""
        return None

    def rgb(self, size: Size | None = None) -> Pixels:
        return self.on_host().rgb(size)

    def region(self, box: Box, size: Size | None = None) -> Pixels:
        return self.on_host().region(box, size)

    def colours(self, rows: Indices, columns: Indices) -> Pixels:
        return self.on_host().colours(rows, columns)
