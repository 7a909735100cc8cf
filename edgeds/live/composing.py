"""Draws the pictures of a live run, in which view, opacity and backdrop may change with every
frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from edgeds.live.estimating import Estimated, PlateInView
from edgeds.live.prompts import hidden_because
from edgeds.live.signals.drawing import draw_signals
from edgeds.types import Frame, Pixels
from edgeds.views.backdrop import Backdrop, colour_backdrop
from edgeds.views.compose import Compose, composer
from edgeds.views.message import with_message
from edgeds.views.settings import HIDING_VIEWS, STYLE, View
from edgeds.views.steadiness import Steady


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ViewRequest:
    """The requested view and its settings; each change makes a new one."""

    view: View = "overlay"
    opacity: float = STYLE.opacity
    blur: float = STYLE.blur_strength
    """Strength, 0 to 1; see `blur_sigma`."""
    backdrop: Backdrop | None = None
    steady: bool = False
    """Whether alpha is kept still where the picture is."""


class LiveCompose:
    """Draws with a composer for the present request and plate: RGBA for the cutout, else RGB.

    If the foreground is not known (no plate, or one that does not fit), views that hide the room
    show their backdrop with a message, and the others the bare frame. The others also show the bare
    frame during a count-down and a capture.
    """

    def __init__(self) -> None:
        self._request: ViewRequest | None = None
        self._in_view: PlateInView | None = None
        self._compose: Compose | None = None
        self._steady = Steady()

    def __call__(self, item: Estimated, request: ViewRequest) -> Frame:
        if request.view in HIDING_VIEWS and not item.separates:
            return item.frame.with_pixels(_hidden(item, request))
        if item.maps is None or item.in_view is None:
            return item.frame
        if item.status.phase in ("counting", "capturing") and request.view not in HIDING_VIEWS:
            return item.frame  # so that people see whether they are out of the picture
        plate = item.in_view
        is_new = request is not self._request or plate is not self._in_view
        if self._compose is None or is_new:
            self._request, self._in_view = request, plate
            make = composer if request.steady else plate.composer  # steady maps are the host's
            self._compose = make(
                request.view,
                plate=plate.plate,
                plate_depth=plate.plate_depth,
                depth_range=plate.depth_range,
                backdrop=request.backdrop,
                opacity=request.opacity,
                blur=blur_sigma(request.blur),
            )
        maps = self._steady(item.frame, item.maps) if request.steady else item.maps
        picture = self._compose(item.frame, maps)
        if item.seen is None or request.view != "overlay":
            return picture
        return picture.with_pixels(draw_signals(picture.pixels, item.seen))


def drawn(
    compose: LiveCompose, item: Estimated, request: ViewRequest, *, now: bool
) -> Callable[[], Frame]:
    """Gives the picture: drawn `now`, or only when somebody asks for it."""
    if not now:
        return partial(LiveCompose(), item, request)
    picture = compose(item, request)
    return lambda: picture


def _hidden(item: Estimated, request: ViewRequest) -> Pixels:
    """The view without any of the frame's pixels, and why."""
    height, width = item.frame.size
    if request.view == "replace":
        pixels = (request.backdrop or colour_backdrop(STYLE.backdrop))(item.frame)
    else:
        pixels = np.zeros((height, width, 4 if request.view == "cutout" else 3), np.uint8)
    return with_message(pixels, hidden_because(item.status))


def blur_sigma(strength: float) -> float:
    """Sigma over the frame's height for a strength of 0 to 1; .5 is the default of the views."""
    return STYLE.blur * float(16 ** (strength - 0.5))
