"""How the border of alpha is drawn for what is made of it. Knows the names of views alone."""

from __future__ import annotations

from edgeds.estimate.settings import DRAWN_AGAIN, DRAWN_AT_EVERY_SIZE, MATTE, Matte

_MATTES = {
    **dict.fromkeys(("layers", "cutout"), DRAWN_AGAIN),
    "replace": DRAWN_AT_EVERY_SIZE,
    **dict.fromkeys(("overlay", "mask", "depth", "side-by-side", "blur"), MATTE),
}


def matte_for_view(view: str) -> Matte:
    """How an `Estimator` draws the border for a view, or for "layers": its `matte`.

    What is kept (layers, `cutout`) has the best border, drawn again at the frame's size. What is
    laid on something else (`replace`) has that, too, within the coarse alpha's bounds.
    Other views have that at a smaller size in frames over 640x480.

    Raises:
        InputError: there is no such view.
    """
    from edgeds.sources.argument_checks import check_argument  # NumPy; not for --help

    check_argument(
        view, view in tuple(_MATTES), name="the view", wanted=f"one of {', '.join(_MATTES)}",
        fix='leave the matte out for "overlay"',
    )  # fmt: skip
    return _MATTES[view]
