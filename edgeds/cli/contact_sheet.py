"""`edgeds video --sheet`: moments of the run are kept while it composes, and written at its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeds.cli.video_checks import Wanted
    from edgeds.errors import RunError
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained_estimator import MaintainedEstimator
    from edgeds.plate.plate import Plate
    from edgeds.types import Frame, Maps
    from edgeds.views.contact_sheet import ContactSheet


def with_sheet(
    wanted: Wanted,
    compose: Callable[[Frame, Maps], Any],
    plate: Plate,
    estimate: Estimator | MaintainedEstimator,
) -> tuple[Callable[[Frame, Maps], Any], ContactSheet | None]:
    """What composes and keeps the moments of the contact sheet, where one is wanted; the sheet."""
    if wanted.sheet is None:
        return compose, None
    from edgeds.views.contact_sheet import ContactSheet

    ranged = estimate.depth_range
    sheet = ContactSheet(plate.pixels, estimate.plate_depth, ranged, doubt=plate.doubt)

    def compose_and_keep(frame: Frame, maps: Maps) -> Any:
        sheet.add(frame, maps)
        return compose(frame, maps)

    return compose_and_keep, sheet


def sheet_failure(moments: ContactSheet, path: Path) -> RunError | None:
    """Write the contact sheet. The video is there by now: its report comes first."""
    from edgeds.errors import RunError

    try:
        moments.save(path)
    except RunError as error:
        return error
    return None
