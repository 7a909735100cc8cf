"""Checks of a file of cameras, before an engine or a camera opens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.cli.depth_options import DepthOptions
from edgeds.cli.live_plate import given_plate
from edgeds.cli.option_groups import options_given
from edgeds.cli.rules_and_events import SignalOptions
from edgeds.cli.same_file_twice import check_clashes
from edgeds.errors import EdgedsError

if TYPE_CHECKING:
    from edgeds.live.cameras.camera_file import CameraPlan
    from edgeds.plate.plate import Plate

_OF_ALL = frozenset(
    {
        "source",
        "camera",
        "serve",
        "token_file",
        "engine",
        "device",
        "preset",
        "duration",
        "as_json",
        "verbose",
        "log_file",
    }
)
"""Options of `edgeds live` that are those of all cameras, or of the program."""


def check_cameras(path: Path, plans: list[CameraPlan]) -> dict[str, Plate]:
    """Find out before anything opens what of the cameras' settings cannot be.

    Returns the plates that are given, by the cameras' names.

    Raises:
        InputError, PlateError, SinkError: something cannot.
    """
    _check_files(path, plans)
    checked = {plan.name: _checked(plan) for plan in plans}
    return {name: plate for name, plate in checked.items() if plate is not None}


def refuse_beside_cameras() -> None:
    """
    Raises:
        InputError: an option was given that belongs to one camera.
    """
    from edgeds.errors import InputError

    given = options_given().items()
    wrong = [typed for name, typed in given if name not in _OF_ALL and typed != "--no-show"]
    if wrong:
        raise InputError(
            f"{', '.join(wrong)} cannot be given beside a file of cameras",
            why="it is not known which camera is meant",
            fix="write it into the file, see docs/cameras.md",
        )


def signal_options(plan: CameraPlan) -> SignalOptions:
    return SignalOptions(
        rules=plan.rules,
        events=plan.events,
        mqtt=plan.mqtt,
        webhook=list(plan.webhook) or None,
    )


def depth_options(plan: CameraPlan) -> DepthOptions:
    return DepthOptions(
        depth_from=plan.depth_from,
        person_height=plan.person_height,
        metric=list(plan.metric) or None,
    )


def _check_files(path: Path, plans: list[CameraPlan]) -> None:
    """
    Raises:
        SinkError: a camera would write over what one of them reads.
    """
    from edgeds.sources import file_of

    read: dict[str, str | Path | None] = {"the file of cameras": path}
    written: dict[str, Path | None] = {}
    for plan in plans:
        of = f"of {plan.name!r}"
        plate = None if plan.plate in ("last", "new") else plan.plate
        read |= {f"the input {of}": file_of(plan.source), f"the plate {of}": plate,
                 f"the backdrop {of}": plan.backdrop, f"the rules {of}": plan.rules}  # fmt: skip
        written |= {f"the recording {of}": plan.record, f"the events {of}": plan.events}
    check_clashes(read, written)


def _checked(plan: CameraPlan) -> Plate | None:
    from edgeds.sinks.live_recording import check_recording
    from edgeds.views.backdrop import check_backdrop

    try:
        signal_options(plan).check(as_json=False)
        depth_options(plan).wanted()
        plate = given_plate(plan.plate)
        check_backdrop(plan.backdrop)
        if plan.record is not None:
            check_recording(plan.record)
        return plate
    except EdgedsError as error:
        raise type(error)(f"{plan.name}: {error.what}", why=error.why, fix=error.fix) from error
