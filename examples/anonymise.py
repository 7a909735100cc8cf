"""Pixelate the foreground of a clip and keep the scene: a view of your own.

python examples/anonymise.py in.mp4 out.mp4 --plate empty.jpg
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np

from edgeds import (
    Estimator,
    Frame,
    MaintainedEstimator,
    Maps,
    open_engine,
    open_plate,
    open_sink,
    open_source,
    run,
)

BLOCK_PX = 24
MARGIN_PX = 9
"""The mask grows by this, so that no edge of a person shows."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clip")
    parser.add_argument("output")
    parser.add_argument("--plate", help="a picture of the empty scene; without it, from the clip")
    options = parser.parse_args()
    with (
        open_source(options.clip) as source,
        open_engine() as engine,
        open_sink(options.output, source.info) as sink,
    ):
        plate = open_plate(options.plate, options.clip, source.info.size)
        estimate = MaintainedEstimator(Estimator(engine, plate))
        report = run(source, estimate, pixelated, sink)
    print(f"{report.frames} frames to {options.output}")


def pixelated(frame: Frame, maps: Maps) -> Frame:
    """The frame with its foreground in blocks. edgeds may miss somebody: look at the result."""
    height, width = frame.size
    small = (max(1, width // BLOCK_PX), max(1, height // BLOCK_PX))
    blocks = cv2.resize(frame.pixels, small, interpolation=cv2.INTER_AREA)
    blocks = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST)
    grown = cv2.dilate(maps.alpha, np.ones((MARGIN_PX, MARGIN_PX), np.uint8))
    return frame.with_pixels(np.where(grown[..., None] > 0.2, blocks, frame.pixels))


if __name__ == "__main__":
    main()
