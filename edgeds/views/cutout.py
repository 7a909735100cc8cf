"""The view `cutout`: the foreground's own colours with its alpha, without the room."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgeds.estimate.settings import Matte
from edgeds.estimate.unmixed_colours import behind_in, foreground_colours
from edgeds.types import Frame, Maps, Pixels
from edgeds.views.over import to_uint8


def cutout(plate: Pixels, matte: Matte) -> Callable[[Frame, Maps], Pixels]:
    """The function that draws it: RGBA (H, W, 4) with straight alpha."""

    def draw(frame: Frame, maps: Maps) -> Pixels:
        picture = np.zeros((*frame.size, 4), np.uint8)
        behind = behind_in(maps, plate)
        for own in maps.boxes:
            reach = 2 * matte.bleed_px  # colours are carried outwards
            box = own.with_margin(reach, reach, frame.size)
            alpha = maps.alpha_in(box)
            colours = foreground_colours(
                frame.region(box), alpha, behind[box.of], maps.plate_offset_in(box), settings=matte
            )
            part = picture[box.of]
            # A neighbour's box may reach in here; where this one is black, it is the neighbour's.
            np.copyto(part[..., :3], colours, where=colours.any(axis=-1, keepdims=True))
            part[..., 3] = to_uint8(alpha)
        return picture

    return draw
