"""The plate of a clip, with a progress bar while it is estimated, and what is in doubt in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.cli.console import progress
from edgeds.plate.settings import PLATE_FROM_CLIP

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from threading import Event

    from edgeds.plate.plate import Plate
    from edgeds.types import Engine, Pixels, Size


def plate_of_clip(
    path: Path | None,
    clip: str,
    size: Size,
    *,
    stop: Event,
    engine: Future[Engine] | None = None,
    on_samples: Callable[[list[Pixels]], None] | None = None,
) -> Plate:
    """The plate from its file, or else estimated from the clip; `on_samples` gets its frames.

    The estimation ends early where somebody asks to stop, and where `engine` could not be opened.

    Raises:
        KeyboardInterrupt: `stop` was set.
        EngineError: the engine cannot be opened.
        PlateError, SourceError: no plate can be read or estimated.
    """
    from concurrent.futures import CancelledError

    from edgeds.plate.open_plate import open_plate

    if path is not None:  # a file is read at once: no bar
        return open_plate(path, clip, size)

    def cancelled() -> bool:
        return stop.is_set() or (engine is not None and _failed(engine))

    with progress() as bar:
        task = bar.add_task("plate from the clip", total=None)
        try:
            plate = open_plate(
                path,
                clip,
                size,
                on_frame=lambda done, of: bar.update(task, completed=done, total=of),
                cancelled=cancelled,
                on_samples=on_samples,
            )
            bar.update(task, total=bar.tasks[task].completed)  # a short clip has fewer frames
            return plate
        except CancelledError:
            if engine is not None and _failed(engine):
                engine.result()
            raise KeyboardInterrupt from None


def note_of_doubt(plate: Plate) -> str:
    """Where an estimated plate may show what is no background, and the remedy; "" if nowhere."""
    from edgeds.plate.capture_checks import percent, place

    doubtful = plate.doubtful or 0.0
    is_large = _largest_place(plate) > PLATE_FROM_CLIP.warn_place
    if plate.doubt is None or not (doubtful > PLATE_FROM_CLIP.warn_doubtful or is_large):
        return ""
    return (
        f"it is doubtful in {percent(doubtful)} of the picture, most of it "
        f"{place(plate.doubt > PLATE_FROM_CLIP.doubtful)}: something stands or passes there for "
        "much of the clip"
    )


def _largest_place(plate: Plate) -> float:
    """The share of the picture that the largest place of doubtful pixels takes."""
    import cv2
    import numpy as np

    if plate.doubt is None:
        return 0.0
    doubtful = (plate.doubt > PLATE_FROM_CLIP.doubtful).astype(np.uint8)
    _, _, places, _ = cv2.connectedComponentsWithStats(doubtful)
    return float(places[1:, cv2.CC_STAT_AREA].max(initial=0) / doubtful.size)


def _failed(engine: Future[Engine]) -> bool:
    return engine.done() and engine.exception() is not None
