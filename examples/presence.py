"""Wake a kiosk when somebody comes, and let it sleep when nobody is there.

python examples/presence.py 0 plate.npz               a camera
python examples/presence.py file:in.mp4 empty.jpg     a clip, in real time
"""

from __future__ import annotations

import argparse

from edgeds import Estimator, latest, open_engine, open_live_source, plate_at_size, plate_from_file

COME, GO = 0.03, 0.01
"""Shares of the picture: two of them, so that the kiosk does not flicker at one limit. Lower them
where people are small in the picture: six people far away can be 2 %."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("source", help="0, rtsp://..., or file:clip.mp4")
    parser.add_argument("plate", help="a picture of the empty scene: edgeds capture takes it")
    options = parser.parse_args()
    awake: bool | None = None
    with open_live_source(options.source) as camera, open_engine() as engine:
        plate = plate_at_size(plate_from_file(options.plate), camera.info.size)
        estimate = Estimator(engine, plate)
        for frame in latest(camera):
            share = float(estimate(frame).alpha.mean())
            if awake is None:
                awake = False
                print(f"{frame.pts_secs:8.2f} s  watching: {share:.1%} of the picture", flush=True)
            if not awake and share > COME:
                awake = True
                print(f"{frame.pts_secs:8.2f} s  somebody is here ({share:.0%} of the picture)")
            elif awake and share < GO:
                awake = False
                print(f"{frame.pts_secs:8.2f} s  nobody is here")


if __name__ == "__main__":
    main()
