"""A depth network's depth of the plate in use, estimated beside the frames.

Until it is there, depth comes from the engine. Knows nothing about frames and views.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future

from edgeds.estimate.kept_depth import KnownDepth, depth_by, is_kept_of
from edgeds.estimate.plate_depth import DepthNetwork
from edgeds.estimate.plate_depth_on_ground import GroundedDepth
from edgeds.live.work_beside import WorkBeside
from edgeds.plate.plate import Plate


class BetterDepth:
    """The network gets one plate at a time, so that frames keep the other cores.

    While it works on a plate that is no longer in use, the new one waits for its turn.
    """

    def __init__(
        self, network: DepthNetwork | None, pool: Executor, on_event: Callable[[str], None]
    ) -> None:
        self._network, self._pool, self._beside = network, pool, WorkBeside(on_event)
        self._running: Future[KnownDepth] | None = None
        self._plate: Plate | None = None
        """The plate whose depth is still wanted."""
        self._measured: GroundedDepth | None = None
        """The ground on which that depth is wanted."""
        self._estimated: Plate | None = None
        """The plate that the network works on."""

    @property
    def is_under_way(self) -> bool:
        """Whether the plate in use still waits for its depth."""
        return self._plate is not None

    def want(self, plate: Plate | None, measured: GroundedDepth | None = None) -> None:
        """Estimate the depth of this plate, instead of the one before."""
        is_wanted = (
            self._network is not None and plate is not None and not is_kept_of(self._network, plate)
        )
        self._plate, self._measured = (plate, measured) if is_wanted else (None, None)
        self._begin()

    def __call__(self) -> KnownDepth | None:
        """The depth of the plate in use, once: when it is there."""
        if self._running is None or not self._running.done():
            return None
        finished, self._running = self._running, None
        if self._estimated is not self._plate:  # of a plate that is no longer in use
            self._begin()
            return None
        self._plate = None
        failed = "depth: the plate's own could not be estimated; it comes from the frames' network"
        return self._beside.result(finished, failed)

    def _begin(self) -> None:
        if self._running is None and self._plate is not None and self._network is not None:
            self._estimated = self._plate
            self._running = self._pool.submit(depth_by, self._network, self._plate, self._measured)
