"""What a live run shows, when view, opacity and backdrop may change with every frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgeds.live.estimating import Estimated, PlateInView
from edgeds.types import FloatMap, Frame, Pixels
from edgeds.views.compose import Backdrop, Compose, composer, over
from edgeds.views.settings import STYLE, View

_TILE_PX = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ViewRequest:
    """What is asked for; a new one with every change."""

    view: View = "overlay"
    opacity: float = STYLE.opacity
    backdrop: Backdrop | None = None


class LiveCompose:
    """Draws with a composer made for the present look and plate. Gives RGB, whatever the view."""

    def __init__(self) -> None:
        self._look: ViewRequest | None = None
        self._scene: PlateInView | None = None
        self._compose: Compose | None = None

    def __call__(self, item: Estimated, look: ViewRequest) -> Frame:
        """The picture; the bare frame as long as nothing is known of it."""
        if item.maps is None or item.scene is None:
            return item.frame
        if self._compose is None or look is not self._look or item.scene is not self._scene:
            self._look, self._scene = look, item.scene
            self._compose = composer(
                look.view,
                plate=item.scene.plate,
                plate_depth=item.scene.plate_depth,
                depth_range=item.scene.depth_range,
                backdrop=look.backdrop,
                opacity=look.opacity,
            )
        picture = self._compose(item.frame, item.maps)
        return _on_tiles(picture) if picture.pixels.shape[2] == 4 else picture


def _on_tiles(cutout: Frame) -> Frame:
    """A cutout on the chequered ground that stands for "nothing": screens have no alpha."""
    height, width = cutout.size
    y, x = np.ogrid[:height, :width]
    tiles = np.where((y // _TILE_PX + x // _TILE_PX) % 2, 204, 153).astype(np.uint8)
    rgb: Pixels = np.ascontiguousarray(cutout.pixels[..., :3])
    alpha: FloatMap = cutout.pixels[..., 3] * np.float32(1 / 255)
    return replace(cutout, pixels=over(rgb, np.dstack([tiles, tiles, tiles]), alpha))
