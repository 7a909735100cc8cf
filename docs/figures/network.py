"""network.svg: the network, drawn from its own configuration."""

from __future__ import annotations

from edgeds.engine.network.encoder import CHANNELS
from edgeds.engine.network.frame_network import Config
from figures.drawing import AMBER, BLUE, GREEN, GREY, Drawing
from figures.files import IMAGES

STEP = 78
TOP = 96
SCALES = (2, 4, 8, 16, 32)


def make() -> None:
    (IMAGES / "network.svg").write_text(network_svg(Config()), encoding="utf-8")


def network_svg(config: Config) -> str:
    """The picture of a network of this configuration."""
    d = Drawing(1000, 520, "The network: frame and plate in, alpha and inverse depth out")
    d.box(20, 20, 150, 44, BLUE, "frame", "uint8 RGB")
    d.box(200, 20, 150, 44, AMBER, "plate", "once, then cached")
    d.text(450, 38, "fusion: 1x1 convolution of")
    d.text(450, 56, "[f, |f - p|], plus one of p")
    d.text(665, 47, "decoders, coarse to fine")
    d.arrow((95, 64), (95, TOP - 4))
    d.arrow((275, 64), (275, TOP - 4))
    rows = list(zip(SCALES, CHANNELS, config.widths, strict=True))
    for number, (scale, channels, width) in enumerate(rows):
        y = TOP + number * STEP
        d.box(20, y, 150, 44, BLUE, f"f{number + 1}", f"{channels} channels, 1/{scale}")
        d.box(200, y, 150, 44, AMBER, f"p{number + 1}", f"{channels} channels, 1/{scale}")
        d.box(390, y, 120, 44, GREY, f"fuse, {width}", f"at 1/{scale}")
        d.arrow((350, y + 14), (388, y + 14))
        around = [(185, y + 32), (185, y + 56), (369, y + 56), (369, y + 32)]
        d.arrow((170, y + 32), *around, (388, y + 32))
        if number:
            d.arrow((95, y - STEP + 44), (95, y - 2))
            d.arrow((275, y - STEP + 44), (275, y - 2))
    _decoders(d, config)
    return d.svg()


def _decoders(d: Drawing, config: Config) -> None:
    w1, w2, w3, w4, w5 = config.widths
    d3, d2 = config.depth_widths
    y1, y2, y3, y4, y5 = (TOP + number * STEP for number in range(5))
    d.box(560, y5, 210, 44, GREY, "trunk 1/32", f"mean added back; {w5} → {w4}")
    d.box(560, y4, 210, 44, GREY, "trunk 1/16", f"{w4} → {w3}")
    d.box(560, y3, 100, 44, GREEN, "alpha 1/8", f"{w3} → {w2}")
    d.box(680, y3, 110, 44, AMBER, "depth 1/8", f"{w3} → {d3} → {w2}")
    d.box(560, y2, 100, 44, GREEN, "alpha 1/4", f"{w2} → {w1}")
    d.box(680, y2, 110, 44, AMBER, "depth 1/4", f"{w2} → {d2} → 1")
    d.box(560, y1, 100, 44, GREEN, "alpha 1/2", f"{w1} → 4")
    d.box(835, y1, 145, 44, GREEN, "alpha", "2x pixel shuffle")
    d.box(835, y2, 145, 44, AMBER, "inverse depth", "4x bilinear")
    for y in (y1, y2, y3, y4, y5):
        d.arrow((510, y + 22), (558, y + 22))
    for lower, upper in ((y5, y4), (y4, y3), (y3, y2), (y2, y1)):
        d.arrow((610, lower), (610, upper + 46))
    d.arrow((735, y4), (735, y3 + 46))
    d.arrow((735, y3), (735, y2 + 46))
    d.arrow((660, y1 + 22), (833, y1 + 22))
    d.arrow((790, y2 + 22), (833, y2 + 22))
    d.text(20, 506, "Also at 1/2: the pixels of the frame and |frame - plate|.", anchor="start")
