"""What people see: a frame and its maps as one picture. Knows nothing about files or networks.

composer("replace", plate=plate, depth_range=range, backdrop=backdrop) -> (Frame, Maps) -> Frame

One module draws one view: overlay.py, mask.py, depth.py, blur.py; `cutout` and `replace` are the
foreground of estimate/unmixed_colours.py, with its alpha or over a backdrop.
"""

from __future__ import annotations

from collections.abc import Callable

from edgeds.errors import InputError, ShapeError
from edgeds.estimate.settings import MATTE, Matte
from edgeds.sources.argument_checks import check_argument, check_frame_and_maps
from edgeds.types import FloatMap, Frame, Maps, Pixels, is_rgb
from edgeds.views.backdrop import Backdrop, colour_backdrop
from edgeds.views.blur import blurred
from edgeds.views.cutout import cutout
from edgeds.views.depth import DepthView
from edgeds.views.editor_layers import layers_composer
from edgeds.views.mask import mask_frame
from edgeds.views.overlay import Overlay, beside
from edgeds.views.replace import replaced
from edgeds.views.settings import STYLE, VIEWS, View

Compose = Callable[[Frame, Maps], Frame]


def composer(
    view: View,
    *,
    plate: Pixels,
    plate_depth: FloatMap,
    depth_range: tuple[float, float],
    backdrop: Backdrop | None = None,
    opacity: float = STYLE.opacity,
    blur: float = STYLE.blur,
    matte: Matte = MATTE,
    shadow: bool = False,
) -> Compose:
    """The function that draws one view.

    Args:
        view: "cutout" gives RGBA frames with straight alpha. Where frames have planes of YUV,
            all but "cutout" and "blur" give such planes; others give RGB.
        plate, plate_depth: the plate and its inverse depth, at the frames' size.
        depth_range: (far, near) of the whole clip, so that depth keeps its colours.
        backdrop: for "replace"; chroma green without one.
        opacity: of the overlay's tint, 0..1.
        blur: sigma of the strongest background blur over the frame's height, above 0.
        matte: how the foreground's own colours are computed.
        shadow: "replace" lays the foreground's shadow on the backdrop.

    Raises:
        InputError: there is no such view.
        ShapeError: the plate is something else. When it draws: so is the frame, or are its maps.
    """
    if view not in VIEWS:
        raise InputError(
            f"there is no view {view!r}",
            why=f"the views are {', '.join(VIEWS)}",
            fix="give the name of one of them",
        )
    check_argument(
        plate, is_rgb(plate), name="the plate's pixels", wanted="uint8 RGB (H, W, 3)",
        fix="give plate.pixels", error=ShapeError,
    )  # fmt: skip
    if shadow and view == "replace":
        return _on_backdrop_with_shadow(plate, backdrop, matte)
    draw = _drawing(view, plate, plate_depth, depth_range, backdrop, opacity, blur, matte)

    def compose(frame: Frame, maps: Maps) -> Frame:
        check_frame_and_maps(frame, maps)
        if frame.size != maps.size:
            raise ShapeError(
                f"the frame is {frame.size} and its maps are {maps.size} (height, width)",
                why="they must be of one size",
                fix="compose a frame with the maps that were made from it",
            )
        drawn = draw(frame, maps)
        return drawn if isinstance(drawn, Frame) else frame.with_pixels(drawn)

    return compose


def _on_backdrop_with_shadow(plate: Pixels, backdrop: Backdrop | None, matte: Matte) -> Compose:
    make = layers_composer(
        ("composite",), plate=plate, backdrop=backdrop or colour_backdrop(STYLE.backdrop),
        shadow="keep", matte=matte,
    )  # fmt: skip
    return lambda frame, maps: frame.with_pixels(make(frame, maps).values["composite"])


def _drawing(
    view: View,
    plate: Pixels,
    plate_depth: FloatMap,
    depth_range: tuple[float, float],
    backdrop: Backdrop | None,
    opacity: float,
    blur: float,
    matte: Matte,
) -> Callable[[Frame, Maps], Pixels | Frame]:
    if view == "blur":
        return blurred(plate, plate_depth, blur, matte)
    if view == "mask":
        return mask_frame
    if view == "depth":
        return DepthView(depth_range)
    if view == "cutout":
        return cutout(plate, matte)
    if view == "replace":
        return replaced(plate, backdrop or colour_backdrop(STYLE.backdrop), matte)
    overlay = Overlay(depth_range, opacity)
    if view == "overlay":
        return overlay
    return lambda frame, maps: beside(frame, overlay(frame, maps))
