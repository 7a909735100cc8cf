"""Make the golden pictures again: python tests/golden/make.py

One frame of the synthetic scene in every view, the plate of its clip, and `replace` with a plate
that was taken .3 EV brighter. Look at them before committing new ones: they are what the views
should look like, not what they happen to.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.matte_refinement import refined
from edgeds.plate.estimated_from_clip import plate_from_samples
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.types import Frame, Maps, Pixels
from edgeds.views.compose import composer
from edgeds.views.settings import VIEWS

FOLDER = Path(__file__).parent


def pictures() -> dict[str, Pixels]:
    """Name -> RGB or RGBA picture."""
    source = SyntheticSource(size=(180, 320), frame_count=15)
    frames = list(source)
    estimate = Estimator(DifferenceEngine(size=(90, 160)), Plate(source.plate))
    maps = estimate(frames[7])
    made = {"plate": plate_from_samples([frame.pixels for frame in frames]).pixels}
    for view in VIEWS:
        compose = composer(
            view,
            plate=source.plate,
            plate_depth=estimate.plate_depth,
            depth_range=estimate.depth_range,
        )
        made[view] = compose(frames[7], maps).pixels
    made["replace-plate-off"] = _before_a_brighter_plate(source, frames[7], maps)
    return made


def _before_a_brighter_plate(source: SyntheticSource, frame: Frame, maps: Maps) -> Pixels:
    """What un-mixing makes of a plate .3 EV off: the border has the ball's colour, not the wall's.

    The alpha is the exact plate's: the difference engine takes such a plate for foreground.
    """
    brighter = np.clip(source.plate * 2**0.3, 0, 255).round().astype(np.uint8)
    coarse = cv2.resize(maps.alpha, (160, 90), interpolation=cv2.INTER_AREA)
    alpha, plate_offset, _ = refined(coarse, frame.pixels, brighter)
    compose = composer(
        "replace", plate=brighter, plate_depth=maps.inverse_depth, depth_range=(0.0, 1.0)
    )
    return compose(frame, Maps(alpha, maps.inverse_depth, plate_offset)).pixels


def main() -> None:
    for name, pixels in pictures().items():
        swap = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        picture = np.ascontiguousarray(cv2.cvtColor(pixels, swap))
        cv2.imwrite(str(FOLDER / f"{name}.png"), picture)
        print(f"{name}.png {pixels.shape}")


if __name__ == "__main__":
    main()
