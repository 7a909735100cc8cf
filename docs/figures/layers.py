"""What editors get of one frame of the bundled clips: layers, borders, effects and shadow."""

from __future__ import annotations

import cv2
import numpy as np

from edgeds import (
    Estimator,
    composer,
    open_engine,
    open_plate,
    open_source,
    plate_at_size,
    plate_from_file,
)
from edgeds.engine.plate_depth_engine import open_plate_depth
from edgeds.estimate.settings import DRAWN_AGAIN, DRAWN_ONCE, Matte
from edgeds.estimate.unmixed_colours import foreground_colours
from edgeds.types import Frame, Maps
from edgeds.views.checkerboard import over_checkerboard
from edgeds.views.editor_layers import layers_composer
from edgeds.views.effects import Effects, effects_composer
from edgeds.views.insert import Inserted
from edgeds.views.over import over, to_uint8
from figures.files import PEOPLE, PERSON, PERSON_PLATE, write_jpeg
from figures.labels import labelled

INDEX = 30
PEOPLE_INDEX = 20
WIDTH = 480
BACKDROP = (240, 196, 120)


def make() -> None:
    frame, maps, estimate = looked_at(PERSON, PERSON_PLATE, INDEX)
    plate, ranged = estimate.plate.pixels, estimate.depth_range
    common = {"plate": plate, "plate_depth": estimate.plate_depth, "depth_range": ranged}
    layers = layers_composer(("foreground", "shadow", "plate"), plate=plate)(frame, maps).values
    cut = np.dstack([layers["foreground"], to_uint8(maps.alpha)])
    shadow = np.dstack([np.zeros_like(frame.pixels), to_uint8(layers["shadow"])])
    grey = np.clip(maps.inverse_depth / (1.5 * ranged[1]), 0, 1) * 255
    rows = [
        [
            ("frame", frame.pixels),
            ("plate", layers["plate"]),
            ("alpha", np.dstack([np.rint(maps.alpha * 255)] * 3)),
        ],
        [
            ("foreground", over_checkerboard(cut)),
            ("depth", np.dstack([grey] * 3)),
            ("shadow", over_checkerboard(shadow)),
        ],
    ]
    write_jpeg("layers.jpg", sheet(rows))
    write_jpeg("effects.jpg", sheet(effects_rows(frame, maps, common)))
    once = looked_at(PERSON, PERSON_PLATE, INDEX, DRAWN_ONCE)[1]
    write_jpeg("border.jpg", sheet(borders(frame, once, maps, plate)))
    write_jpeg("edges.jpg", sheet([edges(frame, maps, common)]))
    write_jpeg("shadow.jpg", sheet([shadows()]))


def looked_at(
    clip: object, plate: object, index: int, matte: Matte = DRAWN_AGAIN
) -> tuple[Frame, Maps, Estimator]:
    """A frame of a clip and its maps."""
    with open_source(str(clip)) as source, open_engine() as engine:
        size = source.info.size
        scene = plate_at_size(plate_from_file(str(plate)), size) if plate else None
        scene = scene or open_plate(None, str(clip), size)
        network = open_plate_depth(None, device="cpu")
        estimate = Estimator(engine, scene, depth_network=network, matte=matte)
        frame = next(one for one in source if one.index == index)
        maps = estimate(frame)
        assert maps.alpha.shape == maps.inverse_depth.shape == size  # made while the engine is open
        return frame, maps, estimate


def effects_rows(frame: Frame, maps: Maps, common: dict) -> list[list[tuple[str, np.ndarray]]]:
    far, near = common["depth_range"]
    ball = Inserted(rgba=ball_rgba(), inverse_depth=far + 0.75 * (near - far), height=0.3, x=0.66)

    def drawn(**effects: object) -> np.ndarray:
        return effects_composer(Effects(**effects), **common)(frame, maps).pixels

    stereo = drawn(stereo=0.03)
    return [
        [("--insert ball.png@0.75", drawn(inserts=(ball,))), ("--fog 0.8", drawn(fog=0.8))],
        [
            ("--focus foreground --aperture 0.06", drawn(focus="foreground", aperture=0.06)),
            ("--stereo 0.03", cv2.resize(stereo, frame.size[::-1], interpolation=cv2.INTER_AREA)),
        ],
    ]


def edges(frame: Frame, maps: Maps, common: dict) -> list[tuple[str, np.ndarray]]:
    """The border on a bright backdrop at 100 %, enlarged: with the frame's colours and its own."""
    bright = np.full_like(frame.pixels, BACKDROP)
    mixed = over(frame.pixels, bright, maps.alpha)
    compose = composer("replace", backdrop=lambda _: bright, **common)
    part = np.s_[0:120, 250:410]
    pictures = (("colours of the frame", mixed), ("un-mixed", compose(frame, maps).pixels))
    return [
        (name, cv2.resize(picture[part], None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST))
        for name, picture in pictures
    ]


def borders(
    frame: Frame, once: Maps, again: Maps, plate: np.ndarray
) -> list[list[tuple[str, np.ndarray]]]:
    """The same part at 100 %, enlarged, on bright and on dark, with each border."""
    drawn = {"drawn once": once, "drawn again": again}
    part = np.s_[0:120, 250:410]
    rows = []
    for shade in (235, 30):
        backdrop, row = np.full_like(frame.pixels, shade), []
        for name, one in drawn.items():
            own = foreground_colours(frame.pixels, one.alpha, plate, one.plate_offset)
            picture = over(own, backdrop, one.alpha)[part]
            large = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
            row.append((name, large))
        rows.append(row)
    return rows


def shadows() -> list[tuple[str, np.ndarray]]:
    frame, maps, estimate = looked_at(PEOPLE, None, PEOPLE_INDEX)
    backdrop = np.full_like(frame.pixels, (176, 190, 160))
    made = [("frame", frame.pixels)]
    for name, keep in (("--shadow drop", False), ("--shadow keep", True)):
        compose = composer(
            "replace",
            plate=estimate.plate.pixels,
            plate_depth=estimate.plate_depth,
            depth_range=estimate.depth_range,
            backdrop=lambda _: backdrop,
            shadow=keep,
        )
        made.append((name, compose(frame, maps).pixels))
    part = np.s_[170:350, 280:620]
    return [(name, picture[part]) for name, picture in made]


def ball_rgba() -> np.ndarray:
    """A shaded red ball, uint8 (200, 200, 4)."""
    y, x = (np.mgrid[:200, :200] - 99.5) / 96
    distance = np.hypot(x, y)
    light = np.clip(0.35 + 0.75 * np.sqrt(np.clip(1 - distance**2, 0, 1)) - 0.35 * (x + y), 0, 1)
    colours = light[..., None] * np.array([225, 70, 50])
    alpha = np.clip((1 - distance) * 96 + 0.5, 0, 1) * 255
    return np.dstack([colours, alpha]).astype(np.uint8)


def sheet(rows: list[list[tuple[str, np.ndarray]]]) -> np.ndarray:
    """Labelled pictures in rows, BGR."""
    lines = []
    for row in rows:
        cells = []
        for name, picture in row:
            height = round(WIDTH * picture.shape[0] / picture.shape[1])
            small = cv2.resize(
                np.clip(picture, 0, 255).astype(np.uint8), (WIDTH, height),
                interpolation=cv2.INTER_AREA,
            )  # fmt: skip
            cells.append(np.pad(labelled(small, {(8, 6): name}), ((0, 4), (0, 4), (0, 0))))
        lines.append(np.hstack(cells))
    return np.ascontiguousarray(np.vstack(lines)[..., ::-1])
