"""How many looks of the network a clip takes per frame, and where they go.

A look costs 1 whatever part it is at, since the networks for parts have as many pixels; the plate's
part costs `LookSettings.plate_cost`. Counting does not depend on the machine or on what else runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from edgeds.errors import InputError
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.settings import LOOKS, LookSettings
from edgeds.plate.plate import Plate
from edgeds.types import AnySizeEngine, Engine, Frame, Maps, Pixels, PlateFeatures, Size


class CountingEngine(Engine):
    """An engine that counts its calls."""

    def __init__(self, engine: Engine, calls: Counter[str] | None = None) -> None:
        self._engine = engine
        self.calls: Counter[str] = Counter() if calls is None else calls

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def size(self) -> Size:
        return self._engine.size

    def encode_plate(self, plate: Pixels) -> PlateFeatures:
        self.calls["plates"] += 1
        return self._engine.encode_plate(plate)

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        self.calls["looks"] += 1
        return self._engine.infer(frame, plate)

    def close(self) -> None:
        """The engine stays open: it is not ours."""


class CountingAnySizeEngine(CountingEngine):
    """The same, of an engine for any size; those of other sizes count into the same tally."""

    def at_size(self, size: Size) -> CountingEngine:
        assert isinstance(self._engine, AnySizeEngine)
        return CountingEngine(self._engine.at_size(size), self.calls)


def look_settings(changes: Iterable[str]) -> LookSettings:
    """LOOKS with other values, from texts such as "whole_every=50".

    Raises:
        InputError: a text is not of this form, or names no setting.
    """
    kinds = {field.name: type(getattr(LOOKS, field.name)) for field in fields(LookSettings)}
    values: dict[str, Any] = {}
    for change in changes:
        name, _, number = change.partition("=")
        try:
            values[name] = kinds[name](number)
        except (KeyError, ValueError) as error:
            raise InputError(
                f"cannot use the setting {change!r}",
                why="it is not NAME=NUMBER with the name of a look setting",
                fix=f"the names are {', '.join(kinds)}",
            ) from error
    return replace(LOOKS, **values)


def looks_of_clip(
    engine: Engine, plate: Plate, frames: Iterable[Frame], settings: LookSettings = LOOKS
) -> dict[str, Any]:
    """Looks per frame, of all frames and of those with foreground in them."""
    many = isinstance(engine, AnySizeEngine)
    counting = (CountingAnySizeEngine if many else CountingEngine)(engine)
    estimate = Estimator(counting, plate, looks=settings)
    counting.calls.clear()  # the plate as a whole is computed once
    of_frames: Counter[int] = Counter()
    all_cost, busy_cost, count, busy, plates = 0.0, 0.0, 0, 0, 0
    for frame in frames:
        before = counting.calls.copy()
        maps = estimate(frame)
        looks = counting.calls["looks"] - before["looks"]
        encoded = counting.calls["plates"] - before["plates"]
        cost = looks + settings.plate_cost * encoded
        of_frames[looks] += 1
        count, all_cost, plates = count + 1, all_cost + cost, plates + encoded
        if maps.boxes:
            busy, busy_cost = busy + 1, busy_cost + cost
    return {
        "frames": count,
        "looks_per_frame": round(all_cost / max(count, 1), 3),
        "with_foreground": busy,
        "looks_per_frame_with_foreground": round(busy_cost / max(busy, 1), 3),
        "frames_by_looks": {str(n): of_frames[n] for n in sorted(of_frames)},
        "plate_parts": plates,
    }
