"""Decides whether an engine of lower precision may replace the float engine, by its errors of alpha
and depth on held-out frames and by its speed. Knows nothing about how engines are made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np

from edgeds.engine.build.plate_encoder import PlateEncoder
from edgeds.engine.settings import GATE
from edgeds.evaluation import metrics
from edgeds.evaluation.dataset import Item
from edgeds.evaluation.sample import Sample, load
from edgeds.sources.scaling import resized
from edgeds.types import Engine, FloatMap, Maps, Pixels, PlateFeatures, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Changes of the figures; lower is better. None where the frames have no ground truth."""

    alpha_mad: float
    iou_loss: float | None
    """Loss of IoU, of 1. Between two engines a mask counts as at least `GATE.least_mask`."""
    boundary_loss: float | None
    """Loss of the boundary F-measure at 2 px, of 1."""
    depth_abs_rel: float | None
    """Relative: .03 is 3 %. AbsRel in which a pixel's error counts at most `GATE.pixel_abs_rel`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A candidate against the float engine, on the same frames."""

    frames: int
    difference: Figures
    """The difference between the two engines."""
    rise: Figures
    """The rise of the error against ground truth, or the difference where there is none. This is
    what the gate judges."""
    frames_with_alpha: int
    frames_with_depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Times of one frame, the two engines taking turns."""

    float_ms: float
    """Time of the engine that the candidate is compared with."""
    candidate_ms: float
    """First deciles: the time on a machine that does nothing else."""
    ratio: float
    """Median over the turns of candidate / float."""

    @property
    def decile_ratio(self) -> float:
        return self.candidate_ms / self.float_ms


@runtime_checkable
class DeviceTimed(Protocol):
    """An engine that can say how long its device takes."""

    def device_secs(self, frame: Pixels, plate: PlateFeatures) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gate's decision on a candidate."""

    comparison: Comparison
    latency: Latency | None
    """None where this machine cannot run it."""
    reasons: tuple[str, ...]
    """Why it is refused; empty where it passes."""

    @property
    def passed(self) -> bool:
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        return {"passed": self.passed, **asdict(self)}


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Frames to judge on, with the float engine's maps."""

    samples: tuple[Sample, ...]
    wanted: tuple[Maps, ...]

    def __len__(self) -> int:
        return len(self.samples)

    def compare(
        self, candidate: Engine, *, on_frame: Callable[[], None] = lambda: None
    ) -> Comparison:
        """The candidate's maps against the float engine's and, where it is known, the truth."""
        return comparison(self.wanted, maps_of(candidate, self.samples, on_frame), self.samples)


def held_out_by(
    items: Sequence[Item], engine: Engine, *, on_frame: Callable[[], None] = lambda: None
) -> HeldOut:
    """The items at the engine's size with its maps. Raises DatasetError: a file is bad."""
    samples = tuple(at_size(load(item), engine.size) for item in items)
    return HeldOut(samples, maps_of(engine, samples, on_frame))


def maps_of(
    engine: Engine, samples: Sequence[Sample], on_frame: Callable[[], None]
) -> tuple[Maps, ...]:
    """An engine's maps of the samples."""
    maps, encode = [], PlateEncoder(engine)
    for sample in samples:
        maps.append(engine.infer(sample.frame, encode(sample.item.plate, sample.plate)))
        on_frame()
    return tuple(maps)


def verdict(
    comparison: Comparison,
    latency: Latency | None,
    *,
    instead: tuple[str, Latency] | None = None,
) -> Verdict:
    """Compare what was measured with the limits in settings.GATE.

    Args:
        latency: against float.
        instead: where the next precision to build is not float, its name and the latency against
            it.
    """
    rise, reasons = comparison.rise, []
    if not rise.alpha_mad <= GATE.alpha_mad:  # written so that NaN is refused too
        reasons.append(f"alpha MAD rises by {rise.alpha_mad:.1e}, over {GATE.alpha_mad:.0e}")
    if rise.iou_loss is not None and not rise.iou_loss <= GATE.iou_loss:
        reasons.append(
            f"alpha IoU falls by {100 * rise.iou_loss:.1f} points, over {100 * GATE.iou_loss:g}"
        )
    if rise.depth_abs_rel is not None and not rise.depth_abs_rel <= GATE.depth_abs_rel:
        reasons.append(
            f"depth AbsRel rises by {rise.depth_abs_rel:.1%}, over {GATE.depth_abs_rel:.0%}"
        )
    for name, measured in [("float", latency), *([instead] if instead else [])]:
        # Both must be slow: on a busy machine either alone may be noise.
        if measured and min(measured.ratio, measured.decile_ratio) > GATE.latency_ratio:
            reasons.append(
                f"it is slower than {name}: {measured.candidate_ms:.2f} ms a frame against "
                f"{measured.float_ms:.2f}"
            )
    return Verdict(comparison=comparison, latency=latency, reasons=tuple(reasons))


def comparison(
    wanted: Sequence[Maps], found: Sequence[Maps], samples: Sequence[Sample]
) -> Comparison:
    """Compare maps of the same frames, at the engine's size."""
    differences = [_alpha_difference(w.alpha, f.alpha) for w, f in zip(wanted, found, strict=True)]
    depth_differences = [
        _depth_error(f.inverse_depth, _depth_of_float(w.inverse_depth))
        for w, f in zip(wanted, found, strict=True)
    ]
    difference = _figures(differences, depth_differences)
    alpha_changes, depth_errors = [], []
    for w, f, sample in zip(wanted, found, samples, strict=True):
        if sample.alpha is not None and sample.item.alpha is not None:
            before, after = (_alpha_errors(maps.alpha, sample.alpha) for maps in (w, f))
            alpha_changes.append([_minus(a, b) for a, b in zip(after, before, strict=True)])
        if sample.depth_m is not None and (sample.depth_m > 0).sum() > 1:
            pair = [_depth_error(maps.inverse_depth, sample.depth_m) for maps in (w, f)]
            depth_errors.append(pair)
    rise = _figures(alpha_changes or differences, depth_differences)
    if depth_errors:
        before_all, after_all = np.mean(depth_errors, axis=0)
        rise = Figures(**{**asdict(rise), "depth_abs_rel": float(after_all / before_all - 1)})
    return Comparison(
        frames=len(samples),
        difference=difference,
        rise=rise,
        frames_with_alpha=len(alpha_changes),
        frames_with_depth=len(depth_errors),
    )


def measured_latency(reference: Engine, candidate: Engine) -> Latency:
    """Time the two engines in turns, so that other load on the machine slows both. The time does
    not depend on the picture.
    """
    frame = np.full((*reference.size, 3), 127, np.uint8)
    engines = (reference, candidate)
    features = [engine.encode_plate(frame) for engine in engines]
    secs: list[list[float]] = []
    for turn in range(GATE.warm_up_turns + GATE.turns):
        pair = [_timed(e, frame, plate) for e, plate in zip(engines, features, strict=True)]
        if turn >= GATE.warm_up_turns:
            secs.append(pair)
    times = np.array(secs)
    fast = np.percentile(times, 10, axis=0) * 1000
    return Latency(
        float_ms=float(fast[0]),
        candidate_ms=float(fast[1]),
        ratio=float(np.median(times[:, 1] / times[:, 0])),
    )


def at_size(sample: Sample, size: Size) -> Sample:
    """The sample at an engine's size: areas averaged, depth by its nearest pixel."""
    if sample.size == size:
        return sample

    def smaller(values: FloatMap | None, how: int) -> FloatMap | None:
        if values is None:
            return None
        return np.asarray(cv2.resize(values, size[::-1], interpolation=how), np.float32)

    return Sample(
        item=sample.item,
        frame=resized(sample.frame, size),
        plate=resized(sample.plate, size),
        alpha=smaller(sample.alpha, cv2.INTER_AREA),
        depth_m=smaller(sample.depth_m, cv2.INTER_NEAREST),
        ignore=None,
    )


def _timed(engine: Engine, frame: Pixels, plate: PlateFeatures) -> float:
    """Seconds of one frame: on a GPU its own clock, since the host's time is mostly waiting."""
    if isinstance(engine, DeviceTimed):
        return engine.device_secs(frame, plate)
    started = time.perf_counter()
    engine.infer(frame, plate)
    return time.perf_counter() - started


def _alpha_errors(alpha: FloatMap, truth: FloatMap) -> list[float | None]:
    """MAD, 1 - IoU, 1 - boundary F."""
    everywhere = np.ones(alpha.shape, bool)
    iou = metrics.iou(alpha, truth, everywhere)
    boundary = metrics.boundary_f(alpha, truth, everywhere)
    return [
        metrics.mad(alpha, truth, everywhere),
        None if iou is None else 1 - iou,
        None if boundary is None else 1 - boundary,
    ]


def _alpha_difference(by_float: FloatMap, alpha: FloatMap) -> list[float | None]:
    """The same between two engines. A few pixels that float finds in an empty scene and the
    candidate does not are no loss of IoU of 1: the loss is a share of `GATE.least_mask` or more.
    """
    mad, iou_loss, boundary_loss = _alpha_errors(alpha, by_float)
    if iou_loss is not None:
        union = ((alpha > 0.5) | (by_float > 0.5)).mean()
        iou_loss *= float(union / max(union, GATE.least_mask))
    return [mad, iou_loss, boundary_loss]


def _depth_of_float(inverse_depth: FloatMap) -> FloatMap:
    """Float's depth as a truth. It ends where that of a fit ends."""
    return np.asarray(
        1 / np.maximum(inverse_depth, np.float32(1 / metrics.MAX_DEPTH_M)), np.float32
    )


def _depth_error(inverse_depth: FloatMap, truth_m: FloatMap) -> float:
    """AbsRel with a bound per pixel. What a fit puts a little too far goes to its far end: AbsRel
    of such a pixel is 8 at a true 6.5 m, and a few of them outweighed all other frames.
    """
    known = truth_m > 0
    depth = metrics.depth_from_fit(inverse_depth, truth_m, known)[known]
    errors = np.abs(depth - truth_m[known]) / truth_m[known]
    return float(np.minimum(errors, GATE.pixel_abs_rel).mean())


def _minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _figures(errors: Sequence[list[float | None]], depth: Sequence[float]) -> Figures:
    means = []
    for column in zip(*errors, strict=True):
        known = [value for value in column if value is not None]
        means.append(float(np.mean(known)) if known else None)
    mad, iou, boundary = means
    assert mad is not None
    return Figures(
        alpha_mad=mad,
        iou_loss=iou,
        boundary_loss=boundary,
        depth_abs_rel=float(np.mean(depth)) if depth else None,
    )
