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
    path: str | None, device: str, preset: Preset = "balanced"
) -> Iterator[Future[Engine]]:
    """Begin to open an engine. Its `result()` waits for it, and raises what went wrong.

    Neither the engine nor what is done beside it (a camera, a plate) keeps all cores busy.
    """
    import cv2

    from edgeds.engine import open_engine

    # The stages are the parallelism. OpenCV's own threads spin beside them: on 2 cores they took
    # the network from 10 to 21 ms a frame.
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(open_engine, path, device=device, preset=preset)
        try:
            yield opening
        finally:
            if opening.exception() is None:
                opening.result().close()
