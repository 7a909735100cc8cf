"""Objects, zones and lines drawn on a picture. Knows nothing about how they were found."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.live.signals.objects.tracked_object import Point, TrackedObject
from edgeds.live.signals.signals import FrameSignals
from edgeds.types import Box, Pixels
from edgeds.views.drawable_text import drawable

_ZONE, _BUSY, _LINE, _OBJECT, _ALARM, _HIDDEN = (
    (255, 196, 64), (255, 120, 40), (96, 200, 255), (255, 255, 255), (255, 64, 64), (150, 150, 150),
)  # fmt: skip
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_signals(picture: Pixels, seen: FrameSignals) -> Pixels:
    """A copy of the picture, RGB (H, W, 3) at the frame's size, with all of it."""
    drawn: Pixels = np.array(picture[..., :3], order="C")
    thick = max(1, round(min(drawn.shape[:2]) / 400))
    _draw_zones(drawn, seen, thick)
    for line in seen.rules.lines:
        start, end = _scaled(line.start, drawn), _scaled(line.end, drawn)
        cv2.arrowedLine(drawn, start, end, _LINE, 2 * thick, cv2.LINE_AA, tipLength=0.03)
        counts = seen.watched["lines"][line.name]
        text = "  ".join(f"{name} {count}" for name, count in counts.items())
        _label(drawn, f"{line.name}: {text}", start, _LINE, thick)
    found = (*seen.watched["left_behind"].values(), *seen.watched["removed"].values())
    alarmed = {number for numbers in found for number in numbers}
    for thing in seen.objects:
        _draw_object(drawn, thing, _colour_of(thing, alarmed), thick)
    for thing, text in labels(drawn, seen.objects, thick):
        _label(drawn, text, _corner(thing), _colour_of(thing, alarmed), thick)
    return drawn


def labels(
    drawn: Pixels, things: Sequence[TrackedObject], thick: int
) -> list[tuple[TrackedObject, str]]:
    """What stands at each object: its number, and its metres where they cover no other label."""
    boxes = [label_box(drawn, str(thing.id), _corner(thing), thick) for thing in things]
    texts = []
    for i, thing in enumerate(things):
        text = _numbered(thing)
        whole = label_box(drawn, text, _corner(thing), thick)
        if any(whole.overlap(other) for other in (*boxes[:i], *boxes[i + 1 :])):
            text = str(thing.id)
        else:
            boxes[i] = whole
        texts.append((thing, text))
    return texts


def label_box(drawn: Pixels, text: str, at: tuple[int, ...], thick: int) -> Box:
    """Where a label above a point stands, kept inside the picture."""
    text = drawable(text)
    (width, height), below = cv2.getTextSize(text, _FONT, _scale(drawn), thick)
    x = int(min(max(0, at[0]), max(0, drawn.shape[1] - width - 6)))
    y = int(max(height + below + 2, at[1]))
    return Box(y - height - below - 2, x, y, x + width + 6)


def _draw_zones(drawn: Pixels, seen: FrameSignals, thick: int) -> None:
    for zone in seen.rules.zones:
        count = seen.watched["zones"][zone.name]["count"]
        colour = _BUSY if count else _ZONE
        points = np.array([_scaled(point, drawn) for point in zone.points], np.int32)
        _tint(drawn, points, colour, 0.22 if count else 0.1)
        cv2.polylines(drawn, [points], True, colour, 2 * thick, cv2.LINE_AA)
        _label(drawn, f"{zone.name}: {count}", tuple(points[0]), colour, thick)


def _draw_object(
    drawn: Pixels, thing: TrackedObject, colour: tuple[int, int, int], thick: int
) -> None:
    left, top, width, height = (round(value) for value in thing.box)
    cv2.rectangle(drawn, (left, top), (left + width, top + height), colour, thick, cv2.LINE_AA)
    x, y = round(thing.foot[0]), round(thing.foot[1])
    cv2.circle(drawn, (x, y), 2 * thick + 1, colour, -1, cv2.LINE_AA)


def _numbered(thing: TrackedObject) -> str:
    return f"{thing.id}" if thing.metres is None else f"{thing.id}  {thing.metres:.1f} m"


def _corner(thing: TrackedObject) -> tuple[int, int]:
    return round(thing.box[0]), round(thing.box[1])


def _colour_of(thing: TrackedObject, alarmed: set[int]) -> tuple[int, int, int]:
    if thing.is_hidden:
        return _HIDDEN
    return _ALARM if thing.id in alarmed else _OBJECT


def _tint(
    drawn: Pixels, points: npt.NDArray[np.int32], colour: tuple[int, int, int], share: float
) -> None:
    x, y, width, height = cv2.boundingRect(points)
    box = drawn[max(0, y) : y + height, max(0, x) : x + width]
    if not box.size:
        return
    tinted = box.copy()
    cv2.fillPoly(tinted, [points - (max(0, x), max(0, y))], colour)
    box[:] = cv2.addWeighted(tinted, share, box, 1 - share, 0)


def _label(
    drawn: Pixels, text: str, at: tuple[int, ...], colour: tuple[int, int, int], thick: int
) -> Box:
    """Dark text on the colour, above a point. Returns where it stands."""
    text = drawable(text)
    box = label_box(drawn, text, at, thick)
    below = cv2.getTextSize(text, _FONT, _scale(drawn), thick)[1]
    cv2.rectangle(drawn, (box.left, box.top), (box.right, box.bottom), colour, -1)
    place = (box.left + 3, box.bottom - below)
    cv2.putText(drawn, text, place, _FONT, _scale(drawn), (0, 0, 0), thick, cv2.LINE_AA)
    return box


def _scale(drawn: Pixels) -> float:
    return float(max(0.35, min(drawn.shape[:2]) / 1100))


def _scaled(point: Point, drawn: Pixels) -> tuple[int, int]:
    return round(point[0] * (drawn.shape[1] - 1)), round(point[1] * (drawn.shape[0] - 1))
