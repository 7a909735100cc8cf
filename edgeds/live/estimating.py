"""Frame -> Maps while the plate may change: there is none yet, it is being taken, there is a new
one.

This part of a live run has its own thread, for the engine. Knows nothing about views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from edgeds.estimate.estimator import Estimator
from edgeds.estimate.plate_depth import DepthNetwork
from edgeds.estimate.plate_depth_on_ground import as_report
from edgeds.live.better_depth import BetterDepth
from edgeds.live.ground_watch import GroundWatch
from edgeds.live.live_plate import LivePlate
from edgeds.live.plate_watch import PlateWatch
from edgeds.live.signals.signals import FrameSignals, Signals
from edgeds.plate.plate import Plate
from edgeds.plate.status import PlateStatus
from edgeds.types import Engine, FloatMap, Frame, Maps, Pixels
from edgeds.views.compose import Compose, composer


@runtime_checkable
class DrawsItself(Protocol):
    """An estimator that draws where its maps are, on a GPU."""

    @property
    def composer(self) -> Callable[..., Compose]: ...


MakeEstimator = Callable[[Engine, Plate], Estimator]


@dataclass(frozen=True, slots=True, eq=False)
class PlateInView:
    """What a view needs from the plate; the same object as long as nothing in it changed."""

    plate: Pixels
    plate_depth: FloatMap
    depth_range: tuple[float, float]
    composer: Callable[..., Compose] = composer
    """Makes the function that draws a view: the estimator's own where its frames are on a GPU."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """A frame with its maps; without a plate it has none."""

    frame: Frame
    status: PlateStatus
    """The plate's status at this frame."""
    maps: Maps | None = None
    in_view: PlateInView | None = None
    seen: FrameSignals | None = None
    """Objects and rules, where somebody asks for them."""

    @property
    def separates(self) -> bool:
        """Whether the maps separate foreground and background: there is a plate, and it fits."""
        return self.maps is not None and self.status.fits


class LiveEstimate:
    """Estimates frames with the current plate; without one they pass unchanged.

    The mask is there at once. A depth network takes a second or two for a plate; until it has
    finished, depth comes from the engine.
    """

    def __init__(
        self,
        engine: Engine,
        plate: LivePlate,
        pool: ThreadPoolExecutor,
        depth_network: DepthNetwork | None = None,
        signals: Signals | None = None,
        estimator: MakeEstimator = Estimator,
        on_event: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """
        Args:
            estimator: makes the estimator of each plate.
            pool: is closed at the end of the frames.
            signals: looks at every estimated frame; takes a few ms of this thread.
            on_event: is called with what people should know: work beside the frames failed.
        """
        self._signals = signals
        self._engine, self._plate, self._pool = engine, plate, pool
        self._make_estimator = estimator
        self._event = on_event
        self._better_depth = BetterDepth(depth_network, pool, on_event)
        self._ground: GroundWatch | None = None
        self._in_use: Plate | None = None
        self._estimator: Estimator | None = None
        self._watch: PlateWatch | None = None
        self._in_view: PlateInView | None = None
        self.plates = 0
        """How many plates were in use so far."""

    @property
    def depth(self) -> dict[str, Any] | None:
        """Where depth comes from now, for a report; None without a plate."""
        return None if self._estimator is None else as_report(self._estimator.grounded)

    def each(self, frames: Iterable[Frame]) -> Iterator[Estimated]:
        with self._pool:
            for frame in frames:
                plate = self._plate(frame)
                if plate is not self._in_use:
                    self._use(plate)
                yield self._looked_at(self._estimated(frame))

    def _looked_at(self, item: Estimated) -> Estimated:
        if self._signals is None:
            return item
        maps = item.maps if item.separates else None
        scale = None if self._estimator is None else self._estimator.scale
        seen = self._signals(item.frame, maps, health=_health(item), scale=scale)
        return replace(item, seen=seen)

    def _use(self, plate: Plate | None) -> None:
        self._in_use = plate
        if plate is None:
            self._better_depth.want(None)
            self._estimator = self._watch = self._in_view = self._ground = None
            return
        before, self._estimator = self._estimator, self._make_estimator(self._engine, plate)
        self._watch = PlateWatch(plate, self._pool, self._event, trusted=self._plate.status.fits)
        if self._ground is not None and before is not None and self._plate.improved:
            self._ground = self._ground.for_plate(plate)
            if before.grounded is not None:
                self._estimator.take_ground(before.grounded)
        else:
            self._ground = self._plate.ground_watch(plate)
        self._better_depth.want(plate, self._estimator.grounded)
        self.plates += 1
        self._see(self._estimator)

    def _see(self, estimator: Estimator) -> None:
        self._in_view = PlateInView(
            estimator.plate.pixels, estimator.plate_depth, estimator.depth_range,
            composer=estimator.composer if isinstance(estimator, DrawsItself) else composer,
        )  # fmt: skip

    def _estimated(self, frame: Frame) -> Estimated:
        estimator, watch, in_view = self._estimator, self._watch, self._in_view
        if estimator is None or watch is None:
            return Estimated(frame, self._plate.status)
        better = self._better_depth()
        if better is not None:
            estimator.take_known(better)
            self._see(estimator)
            self._plate.measured(estimator.plate_to_keep)
            in_view = self._in_view
        maps = estimator(frame)
        if self._ground is not None and not self._better_depth.is_under_way:
            self._measure(self._ground, frame, maps, estimator)
        update = watch(frame, maps)
        if update is not None:
            if update.plate is not None:
                estimator.replace_plate(update.plate, move=update.move)
                self._see(estimator)
            self._plate.judged(update, fits=watch.fits, gone=watch.gone)
        elif not watch.fits and self._plate.status.fits:
            self._plate.doubted()
        return Estimated(frame, self._plate.status, maps, in_view)

    def _measure(self, ground: GroundWatch, frame: Frame, maps: Maps, estimator: Estimator) -> None:
        """From the next frame on use the depth that people measured; keep it with the plate."""
        better = ground(frame, maps, estimator)
        if better is not None:
            estimator.take_ground(better)
            self._see(estimator)
            self._plate.measured(estimator.plate_to_keep)


def _health(item: Estimated) -> float | None:
    """The plate's health for rules: None before there is a plate, 0 where it does not fit, or where
    none could be taken.
    """
    if item.maps is None and item.status.phase != "refused":
        return None
    return item.status.health if item.status.fits else 0.0
