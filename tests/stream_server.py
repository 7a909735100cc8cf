"""A network camera to be killed: the synthetic scene as MPEG-TS over TCP, in real time.

python tests/stream_server.py PORT
"""

from __future__ import annotations

import itertools
import sys
import time
from fractions import Fraction

import av

from edgeds.sources import SyntheticSource

SIZE = (90, 160)
RATE = 25


def serve(port: int) -> None:
    """One viewer after the other, for ever."""
    while True:
        try:
            with av.open(f"tcp://127.0.0.1:{port}?listen=1", "w", format="mpegts") as container:
                _stream(container)
        except OSError:
            continue  # the viewer has gone; wait for the next


def _stream(container: av.container.OutputContainer) -> None:
    stream = container.add_stream("mpeg2video", rate=RATE, options={"g": "5", "bf": "0"})
    stream.height, stream.width = SIZE
    stream.pix_fmt = "yuv420p"
    scene = list(SyntheticSource(size=SIZE, frame_count=50))
    began = None
    for index, frame in enumerate(itertools.cycle(scene)):
        picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
        picture.pts, picture.time_base = index, Fraction(1, RATE)
        container.mux(stream.encode(picture))  # the first one waits for the viewer
        began = began or time.monotonic()
        time.sleep(max(0.0, began + index / RATE - time.monotonic()))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
