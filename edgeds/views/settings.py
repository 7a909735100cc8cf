"""Settings of the views, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

View = Literal["overlay", "mask", "depth", "side-by-side", "cutout", "replace", "blur"]
VIEWS: tuple[View, ...] = get_args(View)
HIDING_VIEWS: frozenset[View] = frozenset({"cutout", "replace", "blur", "mask", "depth"})
"""The views that hide the room behind the foreground: they must never show the bare camera."""
DEPTH_VIEWS: frozenset[View] = frozenset({"overlay", "side-by-side", "depth", "blur"})
"""Those that show depth or use it: they are worth waiting for the plate's depth network."""
TINTED_VIEWS: tuple[View, ...] = ("overlay", "side-by-side")
"""Those that tint the foreground, which --opacity is for."""
ALPHA_VIEWS: tuple[View, ...] = tuple(view for view in VIEWS if view != "depth")
"""Those whose picture depends on alpha, which --steady is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Colours (RGB) and proportions of the views."""

    tint: tuple[int, int, int] = (64, 224, 160)
    outline: tuple[int, int, int] = (255, 255, 255)
    opacity: float = 0.45
    inset: float = 0.28
    """Width of the depth inset over the width of the frame."""
    depth_knee: float = 0.6
    """Smaller is brighter: the plate's nearest parts are shown at 1 / (1 + knee)."""
    blur: float = 0.035
    """Sigma of the strongest background blur over the frame's height, at strength .5."""
    blur_strength: float = 0.5
    """Strength of the blur in live runs, 0 to 1."""
    backdrop: str = "#00b140"
    """Chroma green, for `replace` without --backdrop."""
    doubt: tuple[int, int, int] = (230, 30, 30)
    """Over the plate, where it is in doubt."""
    sheet_columns: int = 6
    sheet_width_px: int = 1800
    sheet_max_aspect: int = 4
    """Height of a picture on the sheet over its width, at most."""


STYLE = Style()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """How the foreground's shadow is separated from everything else that changes in a scene."""

    height_px: int = 256
    """Height of the picture on which the shadow is found: shadows are soft."""
    height_most_px: int = 288
    """Height that halves of the frame may have at most to be taken instead: 270 of 1080 rows."""
    open_alpha: float = 0.3
    """From this alpha on a pixel says nothing about the plate's light."""
    chroma_levels: float = 12.0
    """Distance of a pixel from the plate's chroma at which it is hardly a shadow."""
    noise_levels: float = 3.0
    """Darker pixels of the plate say little."""
    dark_levels: float = 40.0
    brightest: float = 1.3
    """Most brightness over the plate's: what is brighter is something else."""
    light_change: float = 0.2
    """A change of the whole scene's light that is taken out; more is taken for a shadow."""
    near_px: int = 3
    """Window of the fit, and of the one that stands in where too few pixels are known. On the 36
    rendered rooms of scenes *3, pooled correlation with the true ratio .86; .83 with 5,
    at a `least` of .015.
    """
    wide_px: int = 31
    enough: float = 0.3
    """Share of known pixels in the small window from which on it counts alone."""
    least: float = 0.02
    """A smaller density is noise; it fades out below. Soft shadows are hardly denser: on those
    rooms with noise of 2.5 levels the correlation was .87 with .015 and .86 with this, which
    leaves fewer smudges on compressed clips. Composites without shadows get 1.2e-4 in the mean.
    """
    reach_px: int = 15
    """A gap so wide between foreground and shadow does not part them; with 5, .84, and .86
    with this, at a `least` of .015.
    """


SHADOW = Shadow()


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """The filter that keeps alpha still where the picture is."""

    keep: float = 0.7
    """Weight of the earlier alpha where nothing moved: noise falls to .42 of its deviation."""
    noises: float = 2.0
    """Difference of colours at which something moved, in mean differences of still frames."""
    floor_levels: float = 3.0
    """Least difference of colours at which something moved, in levels."""
    patch_px: int = 16
    """Side of the patches over which those mean differences are taken."""
    window_px: int = 5
    """Side of the window in which differences are averaged: single noisy pixels are no motion."""
    alpha_window_px: int = 9
    alpha_limit: float = 0.1
    """Mean change of alpha in such a window at which something moved. On eight drawn walks at .15
    of their contrast, alpha's MAD over that without the filter was 1.53 before this; 1.02 with it,
    1.005 with half. Stills with noise (three frames of them): dtSSD .32 of that without before
    this; .36 with it, .44 with half.
    """
    least: float = 0.02
    """A smaller share of the earlier alpha is none."""


STEADINESS = Steadiness()
