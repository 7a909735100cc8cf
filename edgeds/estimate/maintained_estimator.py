"""An estimator whose plate follows the light and small nudges of the camera, for files.

Frames of a file can wait, so everything happens in their order: the same file gives the same maps.
Live runs watch the plate beside the frames (live/plate_watch.py); both use `Maintenance`.
"""

from __future__ import annotations

from bisect import bisect_right
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from edgeds.estimate.estimator import Estimator
from edgeds.estimate.sudden_change import SuddenChange
from edgeds.plate.check_times import CheckTimes
from edgeds.plate.gone_from_plate import GoneFromPlate
from edgeds.plate.ground.metric_scale import MetricScale
from edgeds.plate.maintenance import Maintenance, PlateUpdate
from edgeds.plate.move_notes import MoveNotes
from edgeds.plate.plate import Plate
from edgeds.plate.robust_fit import percentiles
from edgeds.plate.settings import MAINTENANCE, PlateMaintenance
from edgeds.plate.trouble_times import TroubleTimes
from edgeds.sources.argument_checks import check_argument, check_frame
from edgeds.types import FloatMap, Frame, Maps

_FIRST_LOOKS = 4  # a plate far off is found step by step: what alpha hides depends on the plate
_SUDDEN_LOOKS = 2  # the second judges what the first has found
_INTERVAL_SECS = 0.5  # files cannot wait for every look: each costs as much as a third of a frame
# Nobody is asked to do anything: a cut to another scene and back is noted sooner than live.
_CUT_SECS = 1.5
# A plate that changed by less, in its hundredth part that changed most, is for the frames to come:
# on a clip whose light drifts by a level every three seconds, each new plate cost a look more.
_ANEW_LEVELS = 6.0
_FRAMES_BESIDE = 2  # a look takes about as long as the network: it is done by then


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The corrections of the plate during a run."""

    shift_px: float = 0.0
    """The largest shift of the picture's middle."""
    turn_degrees: float = 0.0
    """The largest turn, to either side."""
    gain: tuple[float, float] = (1.0, 1.0)
    """Smallest and largest gain of the light, the mean of the channels."""

    def with_update(self, update: PlateUpdate, size: tuple[int, int]) -> Followed:
        height, width = size
        middle = np.array([width / 2, height / 2, 1])
        there = update.move @ middle
        shift = float(np.hypot(*(there[:2] / there[2] - middle[:2])))
        turn = abs(float(np.degrees(np.arctan2(update.move[1, 0], update.move[0, 0]))))
        return Followed(
            shift_px=max(self.shift_px, shift),
            turn_degrees=max(self.turn_degrees, turn),
            gain=(min(self.gain[0], update.gain), max(self.gain[1], update.gain)),
        )


class MaintainedEstimator:
    """An `Estimator` whose plate is kept valid.

    The plate is fitted to the first frame until position and light match. Later fits are half a
    second apart, or two seconds while the background stays as it is, and come at once where much of
    the picture changes suddenly; after a jump the frame's maps are made anew.
    `notes` has the times in which the plate did not fit.
    """

    def __init__(
        self,
        estimate: Estimator,
        settings: PlateMaintenance = MAINTENANCE,
        *,
        beside: Executor | None = None,
    ) -> None:
        """
        Args:
            beside: where looks are taken while frames go on. The second frame after a look has what
                it found, always, so that the same file gives the same maps. Frames wait for the
                look at a sudden change.
        """
        check_argument(
            estimate, hasattr(estimate, "replace_plate"), name="the estimator",
            wanted="an Estimator", fix="MaintainedEstimator(Estimator(engine, plate))",
        )  # fmt: skip
        self._estimate, self._beside = estimate, beside
        self._look: Future[PlateUpdate] | None = None
        self._age = 0
        sooner = replace(
            settings,
            interval_secs=_INTERVAL_SECS,
            lost_secs=_CUT_SECS,
            covered_secs=_CUT_SECS,
        )
        self._maintenance = Maintenance(estimate.plate, sooner)
        self._is_first, self._times = True, CheckTimes(_INTERVAL_SECS)
        self._changed_suddenly, self._looks_at_sudden = SuddenChange(), False
        self._gone = GoneFromPlate()
        self.followed = Followed()
        self._troubles, self._moves = TroubleTimes(), MoveNotes(estimate.plate.size)
        self._last: tuple[Frame, Maps] | None = None
        self._frame_index = 0
        self._healths = [(-1, 1.0)]  # (index of the first frame with it, health)

    def prepare(self, frame: Frame) -> None:
        """As the estimator's."""
        self._estimate.prepare(frame)

    def start_over(self) -> None:
        """As the estimator's; the plate stays as it was corrected last."""
        self._estimate.start_over()

    @property
    def plate(self) -> Plate:
        """As it was corrected last."""
        return self._estimate.plate

    @property
    def notes(self) -> list[str]:
        """What people should know of the plate, as far as it is known."""
        troubles = self._troubles.notes()
        gone = [] if troubles else self._gone.notes  # of another view all is gone
        return [*self._moves.notes, *gone, *troubles]

    @property
    def plate_depth(self) -> FloatMap:
        """As the estimator's, at the start."""
        return self._estimate.plate_depth

    @property
    def scale(self) -> MetricScale | None:
        """As the estimator's, now."""
        return self._estimate.scale

    @property
    def depth_range(self) -> tuple[float, float]:
        """(far, near): one scale for showing the inverse depth of every frame."""
        return self._estimate.depth_range

    def __call__(self, frame: Frame) -> Maps:
        """Maps at the frame's size. They are the caller's to keep. Frames come in order."""
        check_frame(frame)
        self._frame_index = frame.index
        if self._look is not None:
            self._age += 1
            if self._age >= _FRAMES_BESIDE:
                self._end_look()
        maps = self._estimate(frame)
        is_sudden = self._changed_suddenly(self._estimate.small(frame), maps)
        if is_sudden and self._look is not None and self._end_look():
            maps = self._estimate(frame)
        if self._look is None and (is_sudden or self._is_due(frame, maps)):
            self._looks_at_sudden = is_sudden
            maps = self._looked(frame, maps)
        self._last = (frame, maps) if self._look is not None or self._has_trouble else None
        return maps

    def _end_look(self) -> bool:
        """Take what the look beside the frames finds; whether that is another plate."""
        assert self._look is not None
        update, self._look = self._look.result(), None
        plate = self._taken(update)
        if plate is not None:
            self._estimate.replace_plate(plate, move=update.move)
        return plate is not None

    def _looked(self, frame: Frame, maps: Maps) -> Maps:
        """Look at the plate; the frame's maps, made anew where the plate jumped. What changed
        suddenly is looked at before the frame goes on.
        """
        is_sudden = self._looks_at_sudden
        if self._beside is not None and not (self._is_first or is_sudden):
            self._begin(frame, maps)
            self._look = self._beside.submit(self._maintenance, frame, maps)
            self._age = 0
            return maps
        looks = _FIRST_LOOKS if self._is_first else _SUDDEN_LOOKS if is_sudden else 1
        for look in range(1, looks + 1):
            self._begin(frame, maps)
            update = self._maintenance(frame, maps, again=is_sudden or look > 1)
            jumped = self._is_first or _differs(self._estimate.plate, update.plate)
            is_last = look == looks or update.plate is None or not jumped
            if (plate := self._taken(update, is_last=is_last)) is not None:
                self._estimate.replace_plate(plate, move=update.move)
                maps = self._estimate(frame) if jumped else maps
            if is_last:
                break
        self._is_first = False
        return maps

    def _is_due(self, frame: Frame, maps: Maps) -> bool:
        shown = partial(self._estimate.small, frame)
        return self._times.is_due(frame.pts_secs, maps, shown=shown)

    def _begin(self, frame: Frame, maps: Maps) -> None:
        small = self._estimate.small(frame)
        self._times.begin(frame.pts_secs, maps, small)
        if maps.boxes and self._gone.found is None:
            alpha = maps.alpha_at((small.shape[0], small.shape[1]))
            self._gone(frame.pts_secs, alpha, small, self._estimate.state.view.small)

    def finish(self) -> None:
        """Take what the look at the last frames found. Call it after the last one: a plate that was
        foreign in all of a short clip, and an end in black or in another scene, are noted, too.
        """
        if self._look is not None:
            update, self._look = self._look.result(), None
            self._taken(update)
        if self._last is not None and self._has_trouble:  # it may be over
            frame, maps = self._last
            if frame.pts_secs > self._times.last_secs:
                self._looks_at_sudden = False
                self._begin(frame, maps)
                self._taken(self._maintenance(frame, maps, again=True))
        self._last = None
        self._note(self._maintenance.verdict())

    @property
    def _has_trouble(self) -> bool:
        return bool(self._troubles.lasting or self._maintenance.verdict().prompt)

    def health_at(self, index: int) -> float:
        """The plate's health when this frame was estimated: 1 is as good as new, 0 is unusable.

        Other threads may ask for frames whose maps they have, in any order.
        """
        return self._healths[bisect_right(self._healths, index, key=lambda one: one[0]) - 1][1]

    def _taken(self, update: PlateUpdate, *, is_last: bool = True) -> Plate | None:
        """The plate that a look found, if it found another one. Only the last look at a frame says
        what is wrong there.
        """
        self._times.end(update)
        self.followed = self.followed.with_update(update, self.plate.size)
        self._moves.take(update.move, self._times.last_secs)
        if update.health != self._healths[-1][1]:
            self._healths.append((self._frame_index, update.health))
        if is_last:
            self._note(update)
        return update.plate

    def _note(self, update: PlateUpdate) -> None:
        prompt, since_secs = update.prompt, update.since_secs
        if not prompt and (self._looks_at_sudden or self._troubles.lasts(update.seen)):
            prompt, since_secs = update.seen, update.seen_since_secs
        self._troubles.take(prompt, since_secs, self._times.last_secs)


def _differs(before: Plate, after: Plate | None) -> bool:
    """Whether a plate was found that is another than the one before by more than slow light."""
    if after is None:
        return False
    step = max(1, before.size[1] // 160)
    one, other = (plate.pixels[::step, ::step].astype(np.int16) for plate in (before, after))
    return percentiles(np.abs(one - other), 99)[0] > _ANEW_LEVELS
