"""Cut the foreground out of a clip, into PNG images with alpha.

python examples/cutout.py in.mp4 cutouts/ --plate empty.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edgeds import (
    Estimator,
    MaintainedEstimator,
    composer,
    matte_for_view,
    open_engine,
    open_plate,
    open_sink,
    open_source,
    run,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clip")
    parser.add_argument("output", type=Path, help="a folder, or a .mov or .webm file")
    parser.add_argument("--plate", help="a picture of the empty scene; without it, from the clip")
    options = parser.parse_args()
    with (
        open_source(options.clip) as source,
        open_engine() as engine,
        open_sink(options.output, source.info, alpha=True) as sink,
    ):
        plate = open_plate(options.plate, options.clip, source.info.size)
        fixed = Estimator(engine, plate, matte=matte_for_view("cutout"))
        estimate = MaintainedEstimator(fixed)  # the plate follows light and nudges
        compose = composer(
            "cutout",
            plate=plate.pixels,
            plate_depth=estimate.plate_depth,
            depth_range=estimate.depth_range,
        )
        report = run(source, estimate, compose, sink)
    print(f"{report.frames} frames to {options.output}, {report.fps:.1f} frames per second")


if __name__ == "__main__":
    main()
