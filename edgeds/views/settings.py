"""Settings of the views, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

View = Literal["overlay", "mask", "depth", "side-by-side", "cutout", "replace", "blur"]
VIEWS: tuple[View, ...] = get_args(View)
HIDING_VIEWS: frozenset[View] = frozenset({"cutout", "replace", "blur", "mask", "depth"})
"""The views that hide the room behind the foreground: they must never show the bare camera."""
DEPTH_VIEWS: frozenset[View] = frozenset({"overlay", "depth", "blur"})
"""Those that show depth or use it: they are worth waiting for the plate's depth network."""


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
    """Sigma of the strongest background blur over the frame's height."""
    backdrop: str = "#00b140"
    """Chroma green, for `replace` without --backdrop."""
    doubt: tuple[int, int, int] = (230, 30, 30)
    """Over the plate, where it is in doubt."""
    sheet_columns: int = 6
    sheet_width_px: int = 1800
    sheet_max_aspect: int = 4
    """Height of a picture on the sheet over its width, at most."""


STYLE = Style()
