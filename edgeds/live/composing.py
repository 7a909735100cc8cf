"""What a live run shows, when view, opacity and backdrop may change with every frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgeds.live.estimating import Estimated, PlateInView
from edgeds.types import Frame
from edgeds.views.backdrop import Backdrop
from edgeds.views.checkerboard import over_checkerboard
from edgeds.views.compose import Compose, composer
from edgeds.views.settings import STYLE, View


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ViewRequest:
    """What is asked for; a new one with every change."""

    view: View = "overlay"
    opacity: float = STYLE.opacity
    blur: float = 0.5
    """Strength, 0 to 1; see `blur_sigma`."""
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
                blur=blur_sigma(look.blur),
            )
        picture = self._compose(item.frame, item.maps)
        if picture.pixels.shape[2] == 4:
            return replace(picture, pixels=over_checkerboard(picture.pixels))
        return picture


def blur_sigma(strength: float) -> float:
    """Sigma over the frame's height for a strength of 0 to 1; .5 is the default of the views."""
    return STYLE.blur * float(16 ** (strength - 0.5))
