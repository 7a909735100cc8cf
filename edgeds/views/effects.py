"""Effects that use depth: inserted things, fog, a lens, two views for 3D.

effects_composer(Effects(...), plate=..., ...) -> (Frame, Maps) -> Frame. Knows nothing about files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgeds.estimate.settings import MATTE, Matte
from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.focus import focus_on_foreground, focused
from edgeds.views.fog import fogged
from edgeds.views.insert import Inserted, inserted
from edgeds.views.scene_at_depths import Scene, flat, scene_of
from edgeds.views.stereo import side_by_side


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Effects:
    """All inverse depths are in the plate's units."""

    inserts: tuple[Inserted, ...] = ()
    fog: float | None = None
    """Density: of colours the share exp(-fog * distance) is left."""
    fog_colour: tuple[int, int, int] = (200, 205, 215)
    distance: Callable[[FloatMap], FloatMap] | None = None
    """The distance of an inverse depth, for the fog; None is relative: 0 at the plate's near end, 1
    at twice it."""
    focus: float | str | None = None
    """Inverse depth that is sharp, or "foreground"; None is all."""
    aperture: float = 0.03
    """Diameter of the blur across the plate's whole depth, over the frame's height."""
    stereo: float | None = None
    """Disparity across the plate's whole depth, over the frame's width: two views side by side."""


def effects_composer(
    effects: Effects,
    *,
    plate: Pixels,
    plate_depth: FloatMap,
    depth_range: tuple[float, float],
    matte: Matte = MATTE,
) -> Callable[[Frame, Maps], Frame]:
    """The function that draws frames with effects; see `scene_of` for the arguments."""

    def compose(frame: Frame, maps: Maps) -> Frame:
        scene = scene_of(
            frame, maps, plate=plate, plate_depth=plate_depth, depth_range=depth_range, matte=matte
        )
        sharp = focus_on_foreground(scene) if effects.focus == "foreground" else effects.focus
        for thing in effects.inserts:
            scene = inserted(scene, thing)
        if effects.fog is not None:
            distance = effects.distance or _relative(scene)
            scene = fogged(scene, effects.fog, effects.fog_colour, distance)
        if effects.stereo is not None:
            return frame.with_pixels(
                side_by_side(scene, effects.stereo, screen=focus_on_foreground(scene))
            )
        if sharp is not None:
            return frame.with_pixels(focused(scene, float(sharp), effects.aperture))
        return frame.with_pixels(flat(scene))

    return compose


def _relative(scene: Scene) -> Callable[[FloatMap], FloatMap]:
    near = np.float32(scene.near)
    return lambda depth: near / np.maximum(depth, near * np.float32(1e-3)) - np.float32(1)
