"""What people see: a frame and its maps as one picture. Knows nothing about files or networks.

composer("replace", plate=plate, depth_range=range, backdrop=backdrop) -> (Frame, Maps) -> Frame
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edgeds.errors import ShapeError
from edgeds.estimate.matte import foreground
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.settings import STYLE, View

Compose = Callable[[Frame, Maps], Frame]
Backdrop = Callable[[Frame], Pixels]
"""Gives the pixels to put behind a frame's foreground, at the frame's size."""

_BLUR_LEVELS = 4


def composer(
    view: View,
    *,
    plate: Pixels,
    plate_depth: FloatMap,
    depth_range: tuple[float, float],
    backdrop: Backdrop | None = None,
    opacity: float = STYLE.opacity,
    blur: float = STYLE.blur,
) -> Compose:
    """The function that draws one view.

    Args:
        view: "cutout" gives RGBA frames with straight alpha, all others RGB.
        plate, plate_depth: the plate and its inverse depth, at the frames' size.
        depth_range: (far, near) of the whole clip, so that depth keeps its colours.
        backdrop: for "replace"; chroma green without one.
        opacity: of the overlay's tint, 0..1.
        blur: sigma of the strongest background blur over the frame's height, above 0.
    """
    if view == "blur":
        return _blurred(plate, plate_depth, blur)
    behind = backdrop or colour_backdrop(STYLE.backdrop)
    tint = np.full_like(plate, STYLE.tint)

    def overlay(frame: Frame, maps: Maps) -> Pixels:
        picture = outlined(over(tint, frame.pixels, opacity * maps.alpha), maps.alpha)
        return with_inset(picture, maps.inverse_depth, depth_range)

    views: dict[View, Callable[[Frame, Maps], Pixels]] = {
        "overlay": overlay,
        "mask": lambda _, m: mask_picture(m.alpha),
        "depth": lambda _, m: depth_picture(m.inverse_depth, depth_range),
        "side-by-side": lambda f, m: np.hstack([f.pixels, overlay(f, m)]),
        "cutout": lambda f, m: np.dstack([foreground(f.pixels, m.alpha, plate), to_uint8(m.alpha)]),
        "replace": lambda f, m: over(foreground(f.pixels, m.alpha, plate), behind(f), m.alpha),
    }
    draw = views[view]

    def compose(frame: Frame, maps: Maps) -> Frame:
        if frame.size != maps.size:
            raise ShapeError(
                f"the frame is {frame.size} and its maps are {maps.size} (height, width)",
                why="they must be of one size",
                fix="compose a frame with the maps that were made from it",
            )
        return replace(frame, pixels=draw(frame, maps))

    return compose


def over(foreground: Pixels, backdrop: Pixels, alpha: FloatMap) -> Pixels:
    """Put a foreground over a backdrop: C = aF + (1 - a)B.

    Straight alpha, float32 (H, W); `over` of Porter & Duff 1984. Alpha 0 gives the backdrop and
    alpha 1 the foreground, to the last bit; between them it is at most one level off.
    """
    import cv2

    mixed: Pixels = cv2.blendLinear(foreground, backdrop, alpha, 1 - alpha)
    return mixed


def outlined(picture: Pixels, alpha: FloatMap) -> Pixels:
    """A crisp line where alpha crosses one half. Draws into `picture`."""
    import cv2

    mask = (alpha > 0.5).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(min(picture.shape[:2]) / 360))
    cv2.drawContours(picture, outlines, -1, STYLE.outline, thickness, cv2.LINE_AA)
    return picture


def mask_picture(alpha: FloatMap) -> Pixels:
    """Alpha as grey, black is background."""
    grey = to_uint8(alpha)
    return np.dstack([grey, grey, grey])


def depth_picture(inverse_depth: FloatMap, depth_range: tuple[float, float]) -> Pixels:
    """Inverse depth in Inferno, a perceptually even colour map: dark is far, bright is near.

    With t = 0 at far and 1 at near, the brightness is t / (t + knee): what comes much nearer than
    anything in the plate still has shades left.
    """
    import cv2

    far, near = depth_range
    t = np.maximum((inverse_depth - far) * (1 / (near - far)), 0)
    levels = cv2.convertScaleAbs(t / (t + STYLE.depth_knee), alpha=255)
    picture: Pixels = cv2.cvtColor(
        cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB
    )
    return picture


def with_inset(
    picture: Pixels, inverse_depth: FloatMap, depth_range: tuple[float, float]
) -> Pixels:
    """The depth as a small, framed picture in the lower right corner. Draws into `picture`."""
    import cv2

    height, width = picture.shape[:2]
    small_width = round(STYLE.inset * width)
    small_height = round(small_width * height / width)
    margin = max(2, width // 80)
    top, left = height - small_height - margin, width - small_width - margin
    if top < margin or small_width < 16:  # a picture too small or too tall to hold one
        return picture
    small = cv2.resize(inverse_depth, (small_width, small_height), interpolation=cv2.INTER_AREA)
    picture[top - 1 : top + small_height + 1, left - 1 : left + small_width + 1] = STYLE.outline
    picture[top : top + small_height, left : left + small_width] = depth_picture(small, depth_range)
    return picture


def colour_backdrop(colour: str) -> Backdrop:
    """A plain backdrop of a colour as the web writes it: #00b140 or #0b4.

    Raises:
        ValueError: it is not one.
    """
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    if len(digits) != 6:
        raise ValueError(f"{colour!r} is not a colour")
    rgb = tuple(bytes.fromhex(digits))
    return lambda frame: np.full_like(frame.pixels, rgb)


def covering(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """A picture scaled to cover (height, width) and cropped in the middle: nothing is stretched."""
    height, width = size
    scale = max(height / picture.shape[0], width / picture.shape[1])
    tall, wide = round(picture.shape[0] * scale), round(picture.shape[1] * scale)
    larger = resized(picture, (max(tall, height), max(wide, width)))
    top, left = (larger.shape[0] - height) // 2, (larger.shape[1] - width) // 2
    return np.ascontiguousarray(larger[top : top + height, left : left + width])


def to_uint8(alpha: FloatMap) -> npt.NDArray[np.uint8]:
    """0..1 as 0..255, rounded."""
    import cv2

    levels: npt.NDArray[np.uint8] = cv2.convertScaleAbs(alpha, alpha=255)
    return levels


def _blurred(plate: Pixels, plate_depth: FloatMap, blur: float) -> Compose:
    """The background out of focus, the more the farther; the foreground stays sharp.

    What is blurred is the background alone, the foreground's place filled from the plate: no
    colour of the person can leak into it, so there is no halo.
    """
    import cv2

    far, near = np.percentile(plate_depth, (1, 99))
    farness = np.clip((near - plate_depth) / max(near - far, 1e-6), 0, 1)
    level = farness * (_BLUR_LEVELS - 1)
    strongest = blur * plate.shape[0]
    sigmas = [strongest * (0.25 + 0.75 * i / (_BLUR_LEVELS - 1)) for i in range(_BLUR_LEVELS)]
    # Each level is laid over the ones nearer than it, by how far the pixel has passed them.
    shares = [np.clip(level - i + 1, 0, 1).astype(np.float32) for i in range(1, _BLUR_LEVELS)]
    reach = max(3, round(plate.shape[0] / 120)) | 1

    def compose(frame: Frame, maps: Maps) -> Frame:
        covered = cv2.dilate(maps.alpha, np.ones((reach, reach), np.uint8))
        empty = over(plate, frame.pixels, covered)
        background = _gaussian(empty, sigmas[0])
        for sigma, share in zip(sigmas[1:], shares, strict=True):
            background = over(_gaussian(empty, sigma), background, share)
        sharp = foreground(frame.pixels, maps.alpha, plate)
        return replace(frame, pixels=over(sharp, background, maps.alpha))

    return compose


def _gaussian(pixels: Pixels, sigma: float) -> Pixels:
    """A wide blur at a fraction of the size: as smooth, and cheap."""
    import cv2

    shrink = max(1, int(sigma / 2))
    height, width = pixels.shape[:2]
    small = resized(pixels, (max(1, height // shrink), max(1, width // shrink)))
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    large: Pixels = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return large
