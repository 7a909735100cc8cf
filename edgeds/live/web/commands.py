"""The commands of the page: JSON in, a call of the run's control out.

Knows nothing about connections. The calls may take their time; run them outside the event loop.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from edgeds.live.control import LiveControl
from edgeds.views.settings import VIEWS

Call = Callable[[], Any]

_COLOUR = re.compile(r"#[0-9a-f]{6}")


class BadCommandError(Exception):
    """A message that the page never sends."""


def command_from_text(text: str) -> dict[str, Any]:
    """
    Raises:
        BadCommandError: it is not JSON with a "do".
    """
    try:
        command = json.loads(text)
    except (ValueError, RecursionError):
        raise BadCommandError("a command must be JSON") from None
    if not isinstance(command, dict) or not isinstance(command.get("do"), str):
        raise BadCommandError('a command must be an object with "do"')
    return command


def call_from_command(control: LiveControl, command: dict[str, Any]) -> Call:
    """The function to call for a command.

    Raises:
        BadCommandError: there is no such command, or its argument is wrong.
    """
    do = command["do"]
    plain: dict[str, Call] = {
        "plate": control.take_plate,
        "cancel-plate": control.cancel_plate,
        "offered-plate": control.use_offered_plate,
        "plain-backdrop": partial(control.set_backdrop, None),
        "record": control.start_recording,
    }
    if do in plain:
        return plain[do]
    if do == "view" and command.get("view") in VIEWS:
        return partial(control.set_view, command["view"])
    if do == "opacity" and _is_share(command.get("opacity")):
        return partial(control.set_opacity, float(command["opacity"]))
    if do == "blur" and _is_share(command.get("blur")):
        return partial(control.set_blur, float(command["blur"]))
    if do == "colour" and _is_colour(command.get("colour")):
        return partial(control.set_backdrop, command["colour"])
    raise BadCommandError(f"there is no such command: {do}")


def _is_share(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= 1  # type: ignore[operator]


def _is_colour(value: object) -> bool:
    return isinstance(value, str) and _COLOUR.fullmatch(value) is not None
