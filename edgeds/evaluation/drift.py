"""Alpha's error while a camera drifts away from its plate, with and without maintenance of the
plate.

A set's frames become clips: the frames of one clip or of one plate, played forwards and backwards
at a fixed rate of simulated time. The picture is cropped by a margin, so that a nudged camera sees
real pixels. Every case of `drift_cases` is played three times: undisturbed, disturbed with the
captured plate, and disturbed with `edgeds.plate.maintenance`. Deterministic; knows nothing about
printing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from edgeds.errors import DatasetError
from edgeds.estimate.estimator import Estimator
from edgeds.evaluation import metrics
from edgeds.evaluation.dataset import Dataset, Item, in_clip_order
from edgeds.evaluation.drift_cases import CASES, Case
from edgeds.evaluation.nudged_shots import Shot, Take, camera_view
from edgeds.evaluation.sample import load
from edgeds.plate.maintenance import Maintenance
from edgeds.plate.plate import Plate
from edgeds.types import Frame, Pixels

BAR = 1.5
"""Alpha's error may grow by this factor; beyond it, a prompt to retake the plate is due."""
_LEAST = 1e-3  # a smaller error is as good as none, and makes ratios meaningless
_TICKS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One case on one clip: alpha MAD from the moment the drift begins."""

    case: str
    setting: str
    clip: str
    undisturbed: float
    off: float
    """With the captured plate throughout."""
    on: float
    """With maintenance."""
    prompt: str
    """The first prompt of the maintenance, or empty."""
    prompt_secs: float | None
    """After the beginning of the drift; negative is before it."""
    plates: int
    """How often maintenance renewed the plate."""

    @property
    def ratio(self) -> float:
        return max(self.on, _LEAST) / max(self.undisturbed, _LEAST)

    @property
    def verdict(self) -> str:
        """ "ok", "error" (over the limit, without a prompt) or "false prompt"."""
        if self.ratio > BAR:
            return "ok" if self.prompt else "error"
        needed = max(self.off, _LEAST) > BAR * max(self.undisturbed, _LEAST)
        return "ok" if not self.prompt or needed else "false prompt"

    def to_json(self) -> dict[str, object]:
        names = (
            "case", "setting", "clip", "undisturbed", "off", "on", "ratio", "prompt",
            "prompt_secs", "plates", "verdict",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case over all clips: means, and how many clips had a prompt."""

    case: str
    setting: str
    clips: int
    undisturbed: float
    off: float
    on: float
    prompts: int
    verdict: str
    """ "ok", or how many clips failed and how."""

    @property
    def ratio(self) -> float:
        return max(self.on, _LEAST) / max(self.undisturbed, _LEAST)


def drift(
    dataset: Dataset,
    estimator_for_plate: Callable[[Pixels], Estimator],
    *,
    cases: tuple[Case, ...] = CASES,
    on_trial: Callable[[Trial], None] = lambda _trial: None,
) -> tuple[Trial, ...]:
    """Play every case on every clip of the set.

    Raises:
        DatasetError: no frame has both a known alpha and a plate of its own; a file is bad.
    """
    trials: list[Trial] = []
    for items in driftable(dataset):
        take = _take(items)
        known: dict[object, _Run] = {}
        for case in cases:
            trials.append(_trial(case, take, estimator_for_plate, known))
            on_trial(trials[-1])
    return tuple(trials)


def cases_of(trials: tuple[Trial, ...]) -> tuple[CaseResult, ...]:
    """The trials' cases, in their order."""
    grouped: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        grouped.setdefault((trial.case, trial.setting), []).append(trial)
    return tuple(
        CaseResult(
            case=case,
            setting=setting,
            clips=len(of_case),
            undisturbed=float(np.mean([trial.undisturbed for trial in of_case])),
            off=float(np.mean([trial.off for trial in of_case])),
            on=float(np.mean([trial.on for trial in of_case])),
            prompts=sum(bool(trial.prompt) for trial in of_case),
            verdict=_verdict([trial.verdict for trial in of_case]),
        )
        for (case, setting), of_case in grouped.items()
    )


def driftable(dataset: Dataset) -> tuple[tuple[Item, ...], ...]:
    """The set's items as clips: those of one clip in order, else those of one plate.

    Raises:
        DatasetError: no item can be used.
    """
    clips: dict[object, list[Item]] = {}
    for item in in_clip_order(dataset.items):
        if (item.alpha is not None or item.empty) and not item.plate_is_frame:
            clips.setdefault((item.plate, item.clip), []).append(item)
    with_foreground = tuple(
        tuple(items) for items in clips.values() if not all(item.empty for item in items)
    )
    if not with_foreground:
        raise DatasetError(
            f"cannot simulate drift on {dataset.name!r}",
            why="no item has foreground of known alpha and a plate that is not the frame itself",
            fix="give a set with `alpha` files, or leave --drift out",
        )
    return with_foreground


def _verdict(verdicts: list[str]) -> str:
    wrong = {name: verdicts.count(name) for name in ("error", "false prompt")}
    return ", ".join(f"{name}: {count}" for name, count in wrong.items() if count) or "ok"


def _take(items: tuple[Item, ...]) -> Take:
    samples = [load(item) for item in items]
    shots = [
        Shot(s.frame, s.alpha) for s in samples if s.alpha is not None and s.ignore is None
    ] or [Shot(s.frame, s.alpha) for s in samples if s.alpha is not None]
    return Take(name=items[0].clip or items[0].scene, plate=samples[0].plate, shots=tuple(shots))


def _trial(
    case: Case,
    take: Take,
    estimator_for_plate: Callable[[Pixels], Estimator],
    known: dict[object, _Run],
) -> Trial:
    plate = camera_view(take.plate)

    def played(*, disturbed: bool, maintenance: Maintenance | None = None) -> _Run:
        return _play(case, take, estimator_for_plate(plate), disturbed, maintenance)

    content = case.content, case.step_secs, case.begin_secs, case.score_from_secs
    if content not in known:
        known[content] = played(disturbed=False)
    undisturbed = known[content]
    off = played(disturbed=True) if case.disturb is not None else undisturbed
    on = played(disturbed=True, maintenance=Maintenance(Plate(plate)))
    return Trial(
        case=case.name,
        setting=case.setting,
        clip=take.name,
        undisturbed=undisturbed.mad,
        off=off.mad,
        on=on.mad,
        prompt=on.prompt,
        prompt_secs=on.prompt_secs,
        plates=on.plates,
    )


@dataclass(slots=True)
class _Run:
    mad: float = 0.0
    prompt: str = ""
    prompt_secs: float | None = None
    plates: int = 0


def _play(
    case: Case, take: Take, estimate: Estimator, disturbed: bool, maintenance: Maintenance | None
) -> _Run:
    run, errors = _Run(), []
    for frame, shot in _frames(case, take, disturbed):
        maps = estimate(frame)
        secs = frame.pts_secs - case.begin_secs
        if secs >= case.score_from_secs:
            everywhere = np.ones(maps.size, bool)
            errors.append(metrics.mad(maps.alpha, shot.alpha, everywhere))
        if maintenance is None:
            continue
        update = maintenance(frame, maps)
        if update.plate is not None:
            estimate.replace_plate(update.plate, move=update.move)
            run.plates += 1
        if update.prompt and not run.prompt:
            run.prompt, run.prompt_secs = update.prompt, round(secs, 2)
    run.mad = float(np.mean(errors))
    return run


def _frames(case: Case, take: Take, disturbed: bool) -> Iterator[tuple[Frame, Shot]]:
    ticks = round(case.step_secs * _TICKS)
    for index in range(case.frame_count):
        secs = index * case.step_secs - case.begin_secs
        shot = case.content(take, index, secs)
        view, shot = case.view(take, shot, index, secs if disturbed else -1.0)
        yield Frame(view, index, index * ticks, Fraction(1, _TICKS)), shot
