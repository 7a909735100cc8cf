"""What edgeds is compared with: a plain transcode, and masks of libraries people take instead.

    python other_ways.py '{"way": "mog2", "clip": "in.mp4", "output": "out.mp4", ...}'

with the fields of `edgeds.sinks.encoder_settings.Encode`; it prints one line of JSON. It imports
nothing of edgeds, so that it also runs in an environment that has MediaPipe and no edgeds: their
OpenCV packages exclude each other. Decoder and encoder have the settings of edgeds; the masks are
drawn as edgeds' view `mask` is.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from collections.abc import Callable
from typing import Any

MEDIAPIPE = "mediapipe"
Change = Callable[[Any], Any]
"""From a decoded PyAV frame to the frame that is encoded."""


def main(wanted: dict[str, Any]) -> dict[str, Any]:
    import av  # before the clock starts, as edgeds' turns load what they need

    del av
    change = WAYS[wanted["way"]]()
    began, cpu = time.perf_counter(), time.process_time()
    frames = _through(wanted, change)
    return {
        "frames": frames,
        "secs": time.perf_counter() - began,
        "cpu_secs": time.process_time() - cpu,
        "peak_bytes": runpy.run_path(wanted["memory"])["peak_bytes"](),
    }


def _through(wanted: dict[str, Any], change: Change) -> int:
    import av

    with av.open(wanted["clip"]) as source, av.open(wanted["output"], "w") as target:
        given = source.streams.video[0]
        given.thread_type = "AUTO"
        is_large = given.height * given.width > wanted["large_px"]
        x264 = {**wanted["x264"], **(wanted["x264_large"] if is_large else {})}
        made: Any = target.add_stream("libx264", rate=given.average_rate, options=x264)
        made.height, made.width, made.pix_fmt = given.height, given.width, "yuv420p"
        count = 0
        for frame in source.decode(given):
            count += 1
            new = change(frame)
            new.pts, new.time_base = frame.pts, frame.time_base
            new.pict_type = 0  # the encoder's choice
            target.mux(made.encode(new))
        target.mux(made.encode(None))
    return count


def _transcode() -> Change:
    return lambda frame: frame


def _mog2() -> Change:
    import cv2

    return _background_subtraction(cv2.createBackgroundSubtractorMOG2())


def _knn() -> Change:
    import cv2

    return _background_subtraction(cv2.createBackgroundSubtractorKNN())


def _background_subtraction(subtractor: Any) -> Change:
    """The library's own defaults: it learns while it runs, and marks shadows with 127."""
    return lambda frame: _grey(subtractor.apply(frame.to_ndarray(format="bgr24")))


def _mediapipe() -> Change:
    """The model for landscape pictures, the faster of the two."""
    import numpy as np

    try:
        from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation
    except ImportError as error:  # later versions come without the model
        raise SystemExit(
            f"{error}: pip install mediapipe==0.10.21 av (Python 3.9 to 3.12)"
        ) from None

    network = SelfieSegmentation(model_selection=1)
    network.process(np.zeros((144, 256, 3), np.uint8))  # it loads with the first picture

    def change(frame: Any) -> Any:
        found = network.process(frame.to_ndarray(format="rgb24"))
        return _grey((255 * found.segmentation_mask).astype(np.uint8))

    return change


def _grey(mask: Any) -> Any:
    """A grey picture as 4:2:0 planes, black at 16 and white at 235."""
    import av
    import cv2
    import numpy as np

    height, width = mask.shape
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = cv2.convertScaleAbs(mask, alpha=219 / 255, beta=16)
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


WAYS: dict[str, Callable[[], Change]] = {
    "transcode": _transcode,
    "mog2": _mog2,
    "knn": _knn,
    MEDIAPIPE: _mediapipe,
}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))  # noqa: T201
