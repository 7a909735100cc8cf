"""Count the connected foreground regions of each frame of a clip.

python examples/count.py in.mp4 --plate empty.jpg --min-share 0.001
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np
import numpy.typing as npt

from edgeds import Estimator, MaintainedEstimator, open_engine, open_plate, open_source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clip")
    parser.add_argument("--plate", help="a picture of the empty scene; without it, from the clip")
    parser.add_argument("--min-share", type=float, default=0.001, help="of the picture")
    options = parser.parse_args()
    with open_source(options.clip) as source, open_engine() as engine:
        plate = open_plate(options.plate, options.clip, source.info.size)
        estimate = MaintainedEstimator(Estimator(engine, plate))
        before = None
        for frame in source:
            count = regions(estimate(frame).alpha, options.min_share)
            if count != before:
                print(f"{frame.pts_secs:8.2f} s  {count}")
                before = count


def regions(alpha: npt.NDArray[np.float32], min_share: float) -> int:
    """How many connected regions of the mask are larger than a share of the picture."""
    mask = (alpha > 0.5).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[1:count, cv2.CC_STAT_AREA]  # 0 is the background
    return int((areas >= min_share * mask.size).sum())


if __name__ == "__main__":
    main()
