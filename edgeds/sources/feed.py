"""One connection to a camera or stream, as `LiveSource` needs it. Knows nothing about drivers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from edgeds.sources.camera_lock import Camera
from edgeds.types import Closing, Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Grab:
    """A picture of a connection, and the time of its arrival."""

    pixels: Pixels
    """uint8 RGB (H, W, 3)."""
    secs: float
    """On `time.monotonic`'s clock."""


class Feed(Closing, Protocol):
    """One connection to a camera or stream. All calls come from the thread that opened it."""

    @property
    def description(self) -> str:
        """For people: "camera 0, MJPG"."""
        ...

    @property
    def rate(self) -> Fraction | None:
        """Nominal frames per second, if the source states them; read after the first picture."""
        ...

    @property
    def camera(self) -> Camera | None:
        """The camera whose settings can be locked; None for streams."""
        ...

    def read(self) -> Grab | None:
        """Wait for the next picture; None if data came that is not a complete picture yet.

        Raises:
            SourceFailed: the connection broke, or the stream ended.
        """
        ...
