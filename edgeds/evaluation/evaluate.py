"""Runs an estimator over a set and scores its maps. Knows nothing about engines or printing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np

from edgeds.errors import RunError, ShapeError, SinkError, SinkFailed
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.maintained_estimator import Followed, MaintainedEstimator
from edgeds.evaluation import metrics
from edgeds.evaluation.dataset import Dataset, Item, check_stems_differ, in_clip_order
from edgeds.evaluation.sample import Mask, Sample, load
from edgeds.evaluation.set_files import SetFile
from edgeds.evaluation.statistics import Mean, Tally
from edgeds.sinks.atomic_files import replace_file, replacing
from edgeds.sinks.output_files import same_file
from edgeds.sources.media_errors import reason_of
from edgeds.types import FloatMap, Frame, Maps, Pixels

Estimate: TypeAlias = Callable[[Frame], Maps]
"""Maps at the frame's size. May remember earlier frames of its plate."""
EstimateForPlate: TypeAlias = Callable[[Pixels], Estimate]
"""Makes an `Estimate` for a plate, uint8 RGB (H, W, 3)."""

GROUPS = {
    "alpha": ("mad", "mse", "grad", "conn", "iou", "boundary_f", "empty_false_alarm"),
    "depth": ("abs_rel", "rmse", "delta1", "si_log"),
    "video": ("dtssd", "background_depth_std"),
}
"""The metrics a report always has, by group, in the order they are shown."""
_ALPHA_METRICS: dict[str, Callable[[FloatMap, FloatMap, Mask], float | None]] = {
    "mad": metrics.mad,
    "mse": metrics.mse,
    "grad": metrics.grad,
    "conn": metrics.conn,
    "iou": metrics.iou,
    "boundary_f": metrics.boundary_f,
}
MORE = ("depth_boundary_recall",)
"""Further metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The scores of an estimator on a set."""

    set: str
    items: int
    means: dict[str, Mean | None]
    """Every metric of GROUPS and MORE; None where the set has no truth for it."""
    frame_ms: float
    """Median time of one frame, from pixels to maps, without the plate's encoding."""
    followed: tuple[Followed, ...] = ()
    """How each plate was off, and was corrected; empty where plates were used as they are."""

    def plates(self) -> dict[str, Any] | None:
        """How far plates were off, at the most; None where they were used as they are."""
        found = self.followed
        if not found:
            return None
        return {
            "count": len(found),
            "moved": sum(one.shift_px >= 0.5 for one in found),
            "shift_px": round(max(one.shift_px for one in found), 2),
            "turn_degrees": round(max(one.turn_degrees for one in found), 2),
            "gain": [
                round(min(one.gain[0] for one in found), 3),
                round(max(one.gain[1] for one in found), 3),
            ],
        }

    def to_json(self) -> dict[str, object]:
        """The report as JSON: the agreed keys, then `more`, `interval95`, `scored`, `plates`."""
        values = {name: mean.value if mean else None for name, mean in self.means.items()}
        intervals = {
            name: list(mean.interval) if mean and mean.interval else None
            for name, mean in self.means.items()
        }
        counts = {name: mean.count if mean else 0 for name, mean in self.means.items()}
        return {
            "set": self.set,
            "items": self.items,
            **{group: {name: values[name] for name in names} for group, names in GROUPS.items()},
            "more": {**{name: values[name] for name in MORE}, "frame_ms": self.frame_ms},
            "interval95": intervals,
            "scored": counts,
            "plates": self.plates(),
        }


def evaluate(
    dataset: Dataset,
    estimate_for_plate: EstimateForPlate,
    *,
    save_to: Path | None = None,
    on_item: Callable[[Item], None] = lambda _item: None,
) -> Report:
    """Score every item of a set; clips run in order, each through one estimator.

    An item counts for the metrics that it has truth for: alpha where it is known and the plate is
    another picture than the frame (else every estimator is right); depth where it is known;
    false alarms on items marked `empty`; the video metrics on clips of two frames and more.

    Args:
        save_to: a folder for the predictions, `alpha/STEM.png` (16-bit) and
            `inverse_depth/STEM.npy` (float32), STEM being the frame's file stem.
        on_item: called after each item, for progress.

    Raises:
        DatasetError: a file is bad; what was saved before is kept.
        ShapeError: the maps are not of the frame's size.
        RunError: the maps hold something that is not a number.
        SinkError, SinkFailed: `save_to` cannot be made, or not be written.
    """
    if save_to is not None:
        check_stems_differ(dataset.items)
        _check_apart(dataset, save_to)
        _make_folders(save_to)
    tally, clip, frame_secs = Tally(), _Clip(), []
    estimate: Estimate | None = None
    followed: list[Followed] = []
    plate_in_use: tuple[SetFile, str | None] | None = None
    for position, item in enumerate(in_clip_order(dataset.items)):
        sample = load(item)
        if estimate is None or (item.plate, item.clip) != plate_in_use:
            followed += _followed(estimate)
            estimate = estimate_for_plate(sample.plate)
            plate_in_use = item.plate, item.clip
        elif item.clip is None and isinstance(estimate, Estimator | MaintainedEstimator):
            estimate.start_over()  # stills before one plate do not follow each other
        started = time.perf_counter()
        maps = estimate(Frame(sample.frame, index=position, pts=item.index or 0))
        frame_secs.append(time.perf_counter() - started)
        _check_maps(maps, sample)
        tally.add(item.scene, **alpha_scores(maps.alpha, sample), **_depth_scores(maps, sample))
        clip = clip.follow(item, tally)
        clip.add(maps, sample)
        if save_to is not None:
            _save(maps, item.stem, save_to)
        on_item(item)
    clip.finish(tally)
    names = [name for group in GROUPS.values() for name in group] + list(MORE)
    return Report(
        set=dataset.name,
        items=len(dataset.items),
        means={name: tally.mean(name) for name in names},
        frame_ms=round(1000 * float(np.median(frame_secs)), 2),
        followed=(*followed, *_followed(estimate)),
    )


def _followed(estimate: Estimate | None) -> list[Followed]:
    return [estimate.followed] if isinstance(estimate, MaintainedEstimator) else []


def alpha_scores(
    alpha: FloatMap, sample: Sample, names: Collection[str] = GROUPS["alpha"]
) -> dict[str, float | None]:
    """The named alpha metrics of one frame, without those that the item has no truth for."""
    scored = _scored(sample)
    truth = sample.alpha
    if truth is None or not scored.any():
        return {}
    scores: dict[str, float | None] = {}
    if sample.item.empty and "empty_false_alarm" in names:
        scores["empty_false_alarm"] = metrics.empty_false_alarm(alpha, scored)
    if not sample.item.plate_is_frame:
        for name, metric in _ALPHA_METRICS.items():
            if name in names:
                scores[name] = metric(alpha, truth, scored)
    return scores


def _depth_scores(maps: Maps, sample: Sample) -> dict[str, float | None]:
    truth = sample.depth_m
    if truth is None:
        return {}
    scored = _scored(sample) & (truth > 0)
    if scored.sum() < 2:  # a scale and a shift need two
        return {}
    depth = metrics.depth_from_fit(maps.inverse_depth, truth, scored)
    return {
        "abs_rel": metrics.abs_rel(depth, truth, scored),
        "rmse": metrics.rmse(depth, truth, scored),
        "delta1": metrics.delta1(depth, truth, scored),
        "si_log": metrics.si_log(depth, truth, scored),
        "depth_boundary_recall": metrics.depth_boundary_recall(depth, truth, scored),
    }


class _Clip:
    """The current clip: remembers one frame, and the flicker so far."""

    def __init__(self, name: str | None = None, scene: str = "") -> None:
        self._name, self._scene = name, scene
        self._before: tuple[FloatMap, FloatMap, Mask] | None = None
        self._changes: list[float] = []
        self._flicker = metrics.BackgroundDepthStd()
        self._alpha_known = True

    def follow(self, item: Item, tally: Tally) -> _Clip:
        """This clip while the item belongs to it; otherwise report its scores and return the next
        clip.
        """
        if item.clip == self._name:
            return self
        self.finish(tally)
        return _Clip(item.clip, item.scene)

    def add(self, maps: Maps, sample: Sample) -> None:
        if self._name is None:
            return
        truth, scored = sample.alpha, _scored(sample)
        if truth is None:
            self._before, self._alpha_known = None, False
            return
        if self._before is not None:
            alpha_before, truth_before, scored_before = self._before
            both = scored & scored_before
            if both.any():
                self._changes.append(
                    metrics.dtssd(maps.alpha, alpha_before, truth, truth_before, both)
                )
        # A copy: an estimator may reuse its buffers in the next call.
        self._before = maps.alpha.copy(), truth, scored
        self._flicker.add(maps.inverse_depth, (truth == 0) & scored)

    def finish(self, tally: Tally) -> None:
        if self._name is None:
            return
        tally.add(
            self._scene,
            dtssd=float(np.mean(self._changes)) if self._changes else None,
            # Where one frame's alpha is unknown, nobody knows what stays background.
            background_depth_std=self._flicker.value() if self._alpha_known else None,
        )


def _scored(sample: Sample) -> Mask:
    return np.ones(sample.size, bool) if sample.ignore is None else ~sample.ignore


def _check_maps(maps: Maps, sample: Sample) -> None:
    for name, values in (("alpha", maps.alpha), ("inverse_depth", maps.inverse_depth)):
        if values.shape != sample.size:
            raise ShapeError(
                f"{sample.item.where}: the estimated {name} is {values.shape}",
                why=f"the frame is {sample.size} (height, width)",
                fix="an estimator must give its maps at the frame's size",
            )
        if not np.isfinite(values).all():
            raise RunError(
                f"{sample.item.where}: the estimated {name} holds NaN or infinity",
                why="the engine overflowed on this frame, or its weights are damaged",
                fix="try another engine or precision, and report the frame",
            )


def _check_apart(dataset: Dataset, folder: Path) -> None:
    """A set keeps its truth in `alpha/` too: predictions would take its place."""
    if isinstance(dataset.manifest, Path) and same_file(dataset.manifest.parent, folder):
        raise SinkError(
            f"cannot save to {str(folder)!r}",
            why="it is the set itself, whose files would be overwritten",
            fix="give another folder",
        )


def _make_folders(folder: Path) -> None:
    try:
        for name in ("alpha", "inverse_depth"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(
            f"cannot save to {str(folder)!r}",
            why=reason_of(error).why,
            fix="give a folder that can be made and written",
        ) from error


def _save(maps: Maps, stem: str, folder: Path) -> None:
    levels = np.round(np.clip(maps.alpha, 0, 1) * 65535).astype(np.uint16)
    _, png = cv2.imencode(".png", levels)
    try:
        replace_file(folder / "alpha" / f"{stem}.png", png.tobytes(), durable=False)
        with replacing(folder / "inverse_depth" / f"{stem}.npy", durable=False) as part:
            np.save(part, maps.inverse_depth.astype(np.float32))
    except OSError as error:
        raise SinkFailed(
            f"cannot save the maps of {stem!r}",
            why=reason_of(error).why,
            fix="make room or give another folder; what was saved before is kept",
        ) from error
