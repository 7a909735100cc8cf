"""A shot: a lit scene and a camera, from which the drawing of an empty place is made."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from train.worlds.camera import Camera
from train.worlds.film import film_for
from train.worlds.lighting import RoomLight
from train.worlds.raycast import Scene
from train.worlds.render import Air, Indoors, rendered
from train.worlds.sky import DayLight
from train.worlds.write_set import Drawing

SIZE = (288, 512)
"""(height, width) of a plate."""
VIEWS = 3
"""Cameras per world: building a world takes as long as rendering it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    scene: Scene
    camera: Camera
    light: RoomLight | DayLight
    air: Air = field(default_factory=Indoors)
    size: tuple[int, int] = SIZE
    stops: float = -0.3
    """Brightness of the picture (train.worlds.film)."""
    outdoors: bool = False


def developed(rng: np.random.Generator, shot: Shot) -> Drawing:
    picture = rendered(shot.scene, shot.camera, shot.size, shot.light, shot.air)
    pixels = film_for(rng, picture.light, stops=shot.stops).pixels(picture.light)
    return Drawing(plate=pixels, plate_depth_m=picture.depth_m, camera=shot.camera)
