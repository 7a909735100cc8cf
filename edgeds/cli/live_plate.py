"""Chooses the plate of `edgeds live`: from a file, an earlier run, the camera or the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeds.cli.console import say
from edgeds.cli.video_report import notes_on
from edgeds.plate.ground.depth_wanted import AS_FOUND, DepthWanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeds.live.live_plate import PlateChoice
    from edgeds.plate.plate import Plate
    from edgeds.sources import LiveSource, RealTimeSource


def given_plate(plate: str | None) -> Plate | None:
    """The plate of the named file, if any; it is read before anything is opened."""
    from edgeds.plate.file import plate_from_file

    return None if plate in (None, "last", "new") else plate_from_file(plate)


def plate_choice(
    frames: LiveSource | RealTimeSource,
    source: str,
    given: Plate | None,
    wanted: str | None,
    allow_motion: bool | None,
    depth: DepthWanted = AS_FOUND,
    *,
    on_event: Callable[[str], None] = say,
) -> PlateChoice:
    """All sources of a plate that the options allow.

    Raises:
        PlateError: the last one is wanted, and there is none.
        InputError: a measured point is not in the picture.
    """
    from edgeds.engine.engine_folders import built_engines
    from edgeds.errors import PlateError
    from edgeds.estimate.kept_depth import without_measured
    from edgeds.live.live_plate import PlateChoice
    from edgeds.live.plate_store import PlateStore
    from edgeds.plate.plate import plate_at_size
    from edgeds.sources import RealTimeSource

    size = frames.info.size
    depth.check(size)
    store = PlateStore(built_engines().parent / "plates", source, on_event)
    kept = store.last(size)
    if wanted == "last" and kept is None:
        raise PlateError(
            "there is no last plate",
            why=f"no earlier run kept one for {source} at this shape",
            fix="leave --plate out: edgeds takes a new one and keeps it",
        )
    if allow_motion is None:
        allow_motion = isinstance(frames, RealTimeSource)
    given = None if given is None else plate_at_size(given, size)
    for note in () if given is None else notes_on(given):
        on_event(f"note: {note}")
    if depth.source == "network":
        given, kept = (None if p is None else without_measured(p) for p in (given, kept))
    return PlateChoice(
        given=given,
        kept=kept,
        use_kept=wanted != "new",
        allow_motion=allow_motion,
        depth=depth,
        on_taken=store.keep,
    )
