"""The plate of a camera before which things move: looks on until the plate is sure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeds.cli.clip_plate import note_of_doubt
from edgeds.cli.console import console_of_people, say, until
from edgeds.plate.settings import PLATE_FROM_STREAM, PlateFromStream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Event

    from edgeds.plate.plate import Plate
    from edgeds.types import Frame

LONGER_LOOK = replace(PLATE_FROM_STREAM, last_secs=64.0)
"""The first estimate is never the last: whoever stands still for its 4 s would be in it."""


def look_on(
    plate: Plate,
    moved: str,
    frames: Iterable[Frame],
    stop: Event,
    settings: PlateFromStream = LONGER_LOOK,
) -> tuple[Plate, str]:
    """(a surer plate from the frames that follow, the verdict); the plate itself where they end
    too soon, or give none.

    Args:
        plate: of the first seconds.
        moved: where something moved in them, and how much.
    """
    from rich.live import Live

    from edgeds.plate.from_stream import StreamPlate

    say(f"something moves {moved}: looking for up to {settings.last_secs:.0f} s")
    better: Plate | None = None
    verdict, estimates = "", 0
    with (
        ThreadPoolExecutor(1) as pool,
        Live(console=console_of_people(), transient=True, auto_refresh=False) as line,
    ):
        estimate = StreamPlate(pool, settings)
        for frame in until(stop, frames):
            status = estimate(frame)
            if status.verdict != verdict:
                verdict = status.verdict
                line.update(f"something moves {moved}; {verdict}", refresh=True)
            if estimate.plate is not better:
                better, estimates = estimate.plate, estimates + 1
            is_sure = better is not None and estimates > 1 and not note_of_doubt(better)
            if is_sure or estimate.ended:
                break
    if stop.is_set():
        raise KeyboardInterrupt
    if better is None:
        why = verdict or "the source ended"
        return plate, f"doubtful: something moved {moved}, and a longer look gave nothing ({why})"
    doubt = note_of_doubt(better)
    verdict = verdict.removesuffix("; it improves")
    first = f"{'doubtful' if doubt else 'good'}: something moved {moved}, so it is {verdict}"
    return replace(better, camera=plate.camera), f"{first}; {doubt}" if doubt else first
