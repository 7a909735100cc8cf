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
from edgeds.estimate.look_settings import LOOKS, LookSettings
from edgeds.plate.plate import Plate
from edgeds.types import AnySizeEngine, Engine, FloatMap, Frame, Maps, Pixels, PlateFeatures, Size


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

    @property
    def takes_noise(self) -> bool:
        return self._engine.takes_noise

    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        self.calls["plates"] += 1
        return self._engine.encode_plate(plate, noise)

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        self.calls["looks"] += 1
        return self._engine.infer(frame, plate)

    def close(self) -> None:
        """The engine stays open: it is not ours."""


class CountingAnySizeEngine(CountingEngine):
    """A `CountingEngine` for engines of any size; other sizes count into the same tally."""

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


class CountedLooks:
    """An estimator that counts what each frame costs."""

    def __init__(self, engine: Engine, plate: Plate, settings: LookSettings = LOOKS) -> None:
        many = isinstance(engine, AnySizeEngine)
        self._counting = (CountingAnySizeEngine if many else CountingEngine)(engine)
        self._estimate = Estimator(self._counting, plate, looks=settings)
        self._counting.calls.clear()  # the plate as a whole is computed once
        self._plate_cost = settings.plate_cost
        self._frames: list[tuple[int, int, bool]] = []
        """Looks, parts of the plate, and whether there is foreground."""

    def __call__(self, frame: Frame) -> Maps:
        before = self._counting.calls.copy()
        maps = self._estimate(frame)
        looks, plates = (self._counting.calls[one] - before[one] for one in ("looks", "plates"))
        self._frames.append((looks, plates, bool(maps.boxes)))
        return maps

    def __add__(self, other: CountedLooks) -> CountedLooks:
        """The counts of both."""
        self._frames += other._frames
        return self

    def summary(self) -> dict[str, Any]:
        """Looks per frame, of all frames and of those with foreground in them."""
        costs = [
            (looks + self._plate_cost * plates, there) for looks, plates, there in self._frames
        ]
        busy = [cost for cost, there in costs if there]
        of_frames = Counter(looks for looks, _, _ in self._frames)
        return {
            "frames": len(costs),
            "looks_per_frame": round(sum(cost for cost, _ in costs) / max(len(costs), 1), 3),
            "with_foreground": len(busy),
            "looks_per_frame_with_foreground": round(sum(busy) / max(len(busy), 1), 3),
            "frames_by_looks": {str(n): of_frames[n] for n in sorted(of_frames)},
            "plate_parts": sum(plates for _, plates, _ in self._frames),
        }


def looks_of_clip(
    engine: Engine, plate: Plate, frames: Iterable[Frame], settings: LookSettings = LOOKS
) -> dict[str, Any]:
    """Looks per frame, of all frames and of those with foreground in them."""
    looks = CountedLooks(engine, plate, settings)
    for frame in frames:
        looks(frame)
    return looks.summary()
