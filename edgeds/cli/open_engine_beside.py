"""An engine that opens while the command does something else that takes a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from edgeds.estimate.settings import Preset
    from edgeds.types import Engine


@contextmanager
def engine_beside(
    path: str | None, device: str, preset: Preset = "balanced", *, in_order: bool = False
) -> Iterator[Future[Engine]]:
    """Begin to open an engine. Its `result()` waits for it, and raises what went wrong.

    Neither the engine nor what is done beside it (a camera, a plate) keeps all cores busy.

    Args:
        in_order: every frame of a file is wanted, so that the network leaves cores to the other
            stages. Live, a frame's own time counts.
    """
    import cv2

    from edgeds.engine import open_engine
    from edgeds.sources.threads import threads

    share = threads()
    cv2.setNumThreads(share.opencv)
    network = share.network if in_order else None
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(open_engine, path, device=device, preset=preset, threads=network)
        try:
            yield opening
        finally:
            if opening.exception() is None:
                opening.result().close()
