"""The frame of an event as a small JPEG, with a box around what the event is about."""

from __future__ import annotations

import cv2

from edgeds.live.signals.objects.tracked_object import TrackedObject
from edgeds.types import Frame

_WIDTH_PX = 640
_QUALITY = 80


def snapshot_of(frame: Frame, thing: TrackedObject | None) -> bytes:
    """JPEG, at most 640 px wide."""
    share = min(1.0, _WIDTH_PX / frame.size[1])
    size = (max(1, round(frame.size[1] * share)), max(1, round(frame.size[0] * share)))
    picture = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
    if thing is not None:
        left, top, width, height = (share * value for value in thing.box)
        corners = (round(left), round(top)), (round(left + width), round(top + height))
        cv2.rectangle(picture, *corners, (255, 255, 255), 3)
        cv2.rectangle(picture, *corners, (0, 0, 0), 1)
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    assert done, "JPEG encoding does not fail for uint8 pictures"
    return data.tobytes()
