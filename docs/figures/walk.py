"""frame.svg: what happens to one frame, from the camera to the outputs."""

from __future__ import annotations

from figures.drawing import AMBER, BLUE, GREEN, GREY, Drawing
from figures.files import IMAGES

STEPS = (
    (BLUE, "source", "decodes, or grabs", "the newest frame"),
    (GREY, "resize", "to the engine's size", "320x192"),
    (GREEN, "network", "coarse alpha and", "inverse depth"),
    (GREEN, "fit depth", "to the plate's depth,", "on the background"),
    (GREEN, "refine border", "at full size, by", "C = aF + (1-a)B"),
    (GREY, "compose", "the view: overlay,", "mask, cutout, ..."),
    (BLUE, "sinks", "video, page, window,", "virtual camera"),
)


def make() -> None:
    (IMAGES / "frame.svg").write_text(walk_svg(), encoding="utf-8")


def walk_svg() -> str:
    d = Drawing(1216, 240, "The walk of one frame")
    for number, (fill, *lines) in enumerate(STEPS):
        x = 10 + 174 * number
        d.box(x, 20, 152, 76, fill, *lines)
        if number:
            d.arrow((x - 22, 58), (x - 2, 58))
    d.box(
        358, 150, 326, 66, AMBER, "plate", "features, depth and pixels:", "computed once and cached"
    )
    for x in (434, 608):
        d.arrow((x, 150), (x, 98))
    d.arrow((684, 183), (782, 183), (782, 98))
    return d.svg()
