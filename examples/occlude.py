"""Put a disc into the scene at a chosen depth: what is nearer hides it.

python examples/occlude.py in.mp4 out.mp4 --plate empty.jpg --nearness 0.6
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
    open_plate_depth,
    open_sink,
    open_source,
    run,
)

COLOUR = (255, 140, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clip")
    parser.add_argument("output")
    parser.add_argument("--plate", help="a picture of the empty scene; without it, from the clip")
    parser.add_argument("--nearness", type=float, default=0.6, help="0 far, 1 near in the plate")
    options = parser.parse_args()
    with (
        open_source(options.clip) as source,
        open_engine() as engine,
        open_sink(options.output, source.info) as sink,
    ):
        plate = open_plate(options.plate, options.clip, source.info.size)
        fixed = Estimator(engine, plate, depth_network=open_plate_depth())
        estimate = MaintainedEstimator(fixed)  # the plate follows light and nudges
        far, near = estimate.depth_range
        depth = far + options.nearness * (near - far)
        report = run(source, estimate, lambda frame, maps: with_disc(frame, maps, depth), sink)
    print(f"{report.frames} frames to {options.output}")


def with_disc(frame: Frame, maps: Maps, inverse_depth: float) -> Frame:
    """The frame with a disc in its middle, visible where it is the nearer one."""
    height, width = frame.size
    disc = np.zeros((height, width), np.float32)
    cv2.circle(disc, (width // 2, height // 2), height // 4, 1.0, -1, cv2.LINE_AA)
    visible = disc * (maps.inverse_depth < inverse_depth)
    mixed = frame.pixels + visible[..., None] * (np.float32(COLOUR) - frame.pixels)
    return frame.with_pixels(mixed.round().astype(np.uint8))


if __name__ == "__main__":
    main()
