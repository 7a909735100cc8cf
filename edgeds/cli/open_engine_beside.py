"""What opens, or computes, while the command does something else that takes a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from edgeds.estimate.kept_depth import KnownDepth
    from edgeds.estimate.plate_depth import DepthNetwork
    from edgeds.estimate.settings import Preset
    from edgeds.plate.plate import Plate
    from edgeds.types import Engine


@contextmanager
def engine_beside(
    path: str | None,
    device: str,
    preset: Preset = "balanced",
    *,
    in_order: bool = False,
    depth: bool = True,
) -> Iterator[Future[Engine]]:
    """Begin to open an engine. Its `result()` waits for it, and raises what went wrong.

    Neither the engine nor what is done beside it (a camera, a plate) keeps all cores busy.

    Args:
        in_order: every frame of a file is wanted, so that the network leaves cores to the other
            stages. Live, a frame's own time counts.
        depth: whether anybody looks at the depth of frames.
    """
    from edgeds.engine import open_engine
    from edgeds.sources.threads import threads

    share = threads()
    network = share.network if in_order else None
    beside = ThreadPoolExecutor(1)
    opening = beside.submit(
        open_engine, path, device=device, preset=preset, threads=network, depth=depth
    )
    import cv2  # beside it, as the caller's own imports

    cv2.setNumThreads(share.opencv)
    is_whole = False
    try:
        yield opening
        is_whole = True
    finally:
        # What went wrong is reported at once; it is Python's exit that waits for the thread.
        opening.add_done_callback(_close)
        beside.shutdown(wait=is_whole, cancel_futures=True)


def _close(opening: Future[Engine]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


class DepthBeside:
    """The plate's depth by its own network, in a thread beside the search for people.

    Use it in a `with`: leaving it ends the thread, and waits for it unless something went wrong.
    """

    def __init__(self, engine: str | None, device: str, *, soon: bool) -> None:
        """Begin to open the network.

        Args:
            soon: the plate keeps no depth for sure, so that its graph is compiled at once.
        """
        self._thread = ThreadPoolExecutor(1)
        self._network: Future[DepthNetwork | None] | None
        self._network = self._thread.submit(_opened, engine, device, soon)
        self._known: Future[KnownDepth | None] | None = None
        if soon:  # imports of two threads wait for each other; to compile waits for none
            with suppress(ImportError):
                import_module("edgeds.engine.openvino")

    def begin(self, plate: Plate) -> None:
        """Compute the plate's depth, unless it keeps what this network says."""
        assert self._network is not None
        self._known = self._thread.submit(_known, self._network, plate)

    def result(self) -> KnownDepth | None:
        """The depth, once; None where the engine has no such network.

        Raises:
            EngineError: no such engine, or its network is damaged.
        """
        known = None if self._known is None else self._known.result()
        self._network = self._known = None  # its graph holds 50 MB
        return known

    def __enter__(self) -> DepthBeside:
        return self

    def __exit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        self._thread.shutdown(wait=exc_type is None, cancel_futures=True)


def _opened(engine: str | None, device: str, soon: bool) -> DepthNetwork | None:
    from edgeds.engine.plate_depth_engine import open_plate_depth

    network = open_plate_depth(engine, device=device)
    if network is not None and soon:
        network.compile()
    return network


def _known(network: Future[DepthNetwork | None], plate: Plate) -> KnownDepth | None:
    from edgeds.estimate.kept_depth import depth_by

    opened = network.result()  # done: one thread does both
    return None if opened is None else depth_by(opened, plate)
