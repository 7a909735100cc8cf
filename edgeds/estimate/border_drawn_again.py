"""Maps whose border is drawn once more, at full size, from what is around each pixel.

There are two ways: `border_of_layers` for layers and cutouts, `border_on_other_backdrop` for what a
GPU draws, too. Knows neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from edgeds.estimate.unmixed_colours import behind_in
from edgeds.types import Box, FloatMap, Frame, Maps, Pixels

_Floats: TypeAlias = npt.NDArray[np.float32]
Picture = TypeVar("Picture")
Draw: TypeAlias = Callable[[FloatMap, _Floats, _Floats], FloatMap]
"""(alpha, colours of the frame, colours of the plate in the frame's light) -> alpha: (H, W), and
(H, W, 3) in levels.
"""


def with_border(
    compose: Callable[[Frame, Maps], Picture], draw: Draw, plate: Pixels
) -> Callable[[Frame, Maps], Picture]:
    """A composer that is given maps `with_drawn_border`."""
    return lambda frame, maps: compose(frame, with_drawn_border(frame, maps, draw, plate))


def with_drawn_border(frame: Frame, maps: Maps, draw: Draw, plate: Pixels) -> Maps:
    """Maps whose alpha has its border drawn once more.

    Args:
        plate: for maps that have none of their own.
    """
    behind = behind_in(maps, plate)
    return maps.with_alpha(
        {box: draw(maps.alpha_in(box), *colours_in(box, frame, maps, behind)) for box in maps.boxes}
    )


def colours_in(box: Box, frame: Frame, maps: Maps, plate: Pixels) -> tuple[_Floats, _Floats]:
    """Of the frame, and of the plate in the frame's light, in levels."""
    import cv2

    offset = maps.plate_offset_in(box)
    if offset is None:
        behind = plate[box.of].astype(np.float32)
    else:
        behind = cv2.add(plate[box.of], offset, dtype=cv2.CV_32F)
    return frame.region(box).astype(np.float32), behind
