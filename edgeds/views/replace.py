"""The view `replace`: the foreground, without the room's light at its border, over a backdrop."""

from __future__ import annotations

from collections.abc import Callable

from edgeds.estimate.settings import Matte
from edgeds.estimate.unmixed_colours import behind_in, unmixed
from edgeds.types import Frame, Maps, Pixels
from edgeds.views.backdrop import Backdrop
from edgeds.views.canvas import Ground


def replaced(plate: Pixels, backdrop: Backdrop, matte: Matte) -> Callable[[Frame, Maps], Frame]:
    """The function that draws it, inside the boxes of the foreground."""
    ground = Ground()

    def draw(frame: Frame, maps: Maps) -> Frame:
        canvas, behind = ground.canvas(frame, backdrop(frame)), behind_in(maps, plate)
        for box in maps.boxes:
            alpha = maps.alpha_in(box)
            offset = maps.plate_offset_in(box)
            own = unmixed(frame.region(box), alpha, behind[box.of], offset, settings=matte)
            canvas.mix(box, own, alpha)
        return frame.with_picture(canvas.picture)

    return draw
