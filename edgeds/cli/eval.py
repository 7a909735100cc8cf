"""`edgeds eval`: the field's metrics on a labelled set, as a table or JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeds.cli.console import print_json, print_table, progress, say
from edgeds.cli.eval_options import (
    CasesOption,
    DriftOption,
    LimitOption,
    PlotOption,
    SaveOption,
    ScenesOption,
    SetArgument,
    SweepOption,
)
from edgeds.cli.shared_options import (
    DeviceOption,
    EngineOption,
    JsonOption,
    PlateFixedOption,
    PresetOption,
)
from edgeds.cli.video_report import correction
from edgeds.errors import counted

if TYPE_CHECKING:
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained_estimator import MaintainedEstimator
    from edgeds.estimate.plate_depth import DepthNetwork
    from edgeds.evaluation.dataset import Dataset
    from edgeds.evaluation.drift import Trial
    from edgeds.evaluation.evaluate import Report
    from edgeds.evaluation.sweep import Point
    from edgeds.types import Engine, Pixels

_WHY_FLOAT = (
    "  in float, so that scores do not depend on the processor; --engine bf16 scores the bfloat16 "
    "that runs use where the processor has it"
)
_MEANING = {
    "mad": ("alpha MAD", "lower"),
    "mse": ("alpha MSE", "lower"),
    "grad": ("alpha Grad / 1000", "lower"),
    "conn": ("alpha Conn / 1000", "lower"),
    "iou": ("alpha IoU at .5", "higher"),
    "boundary_f": ("alpha boundary F, 2 px", "higher"),
    "empty_false_alarm": ("empty frames, share over .5", "lower"),
    "abs_rel": ("depth AbsRel", "lower"),
    "rmse": ("depth RMSE, metres", "lower"),
    "delta1": ("depth delta1", "higher"),
    "si_log": ("depth SI-log", "lower"),
    "depth_boundary_recall": ("depth boundary recall, 2 px", "higher"),
    "dtssd": ("clips, alpha dtSSD", "lower"),
    "background_depth_std": ("clips, background depth std", "lower"),
}


def evaluate_command(
    path: SetArgument,
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    preset: PresetOption = "balanced",
    plate_fixed: PlateFixedOption = False,
    as_json: JsonOption = False,
    save: SaveOption = None,
    scenes: ScenesOption = None,
    limit: LimitOption = None,
    sweep: SweepOption = False,
    drift: DriftOption = False,
    cases: CasesOption = "*",
    plot: PlotOption = None,
) -> None:
    """Score an engine on a labelled set."""
    from edgeds.engine import open_engine
    from edgeds.engine.choose_engine import engine_for
    from edgeds.engine.engine_folders import default_engine
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from edgeds.engine.settings import PRESET_SIZES
    from edgeds.evaluation.sweep_plot import check_can_plot
    from edgeds.evaluation.sweep_plot import plot as draw
    from edgeds.sinks.images import check_folder

    dataset = _dataset(path, scenes, limit)
    passes = _Passes(dataset, sweep=sweep or plot is not None, drift=drift, cases=cases)
    if plot is not None:
        check_can_plot(plot)
    if save is not None:
        check_folder(save, must_be_empty=False, what="maps")
    named = engine or engine_for(device, size=PRESET_SIZES[preset])  # float, as it has a name
    with open_engine(named, device=device, preset=preset) as opened:
        say(f"{dataset.name}: {counted(len(dataset.items), 'item')}, {opened.name}")
        if engine is None and named == default_engine():
            say(_WHY_FLOAT)
        judges_depth = any(item.depth_mm for item in dataset.items)
        deep = open_plate_depth(engine, device=device) if judges_depth else None
        passes.run(_ForPlate(opened, deep, fixed=plate_fixed), save)
        engine_name = opened.name
    if as_json:
        print_json({**passes.to_json(), "engine": engine_name})
    else:
        passes.print()
    if save is not None:
        say(f"saved alpha and inverse_depth of {counted(len(dataset.items), 'frame')} in {save}")
    if plot is not None:
        draw(passes.points, f"{dataset.name}: alpha under plate errors ({engine_name})", plot)
        say(f"drew the sweep's curves in {plot}")


def _dataset(path: Path, scenes: str | None, limit: int | None) -> Dataset:
    from edgeds.evaluation.dataset import read_set

    dataset = read_set(path)
    if scenes is not None:
        dataset = dataset.of_scenes(scenes)
    return dataset if limit is None else dataset.first(limit)


class _Passes:
    """The passes over a set: every item once, then the sweep and the drift where asked for."""

    def __init__(self, dataset: Dataset, *, sweep: bool, drift: bool, cases: str) -> None:
        """
        Raises:
            DatasetError, InputError: the set or the pattern does not fit a pass.
        """
        from edgeds.evaluation.drift import driftable
        from edgeds.evaluation.drift_cases import cases_like
        from edgeds.evaluation.sweep import sweepable

        self._dataset, self._cases = dataset, cases_like(cases)
        self._swept = len(sweepable(dataset)) if sweep else 0
        self._drifts = len(driftable(dataset)) * len(self._cases) if drift else 0
        self.points: tuple[Point, ...] = ()
        self.trials: tuple[Trial, ...] = ()

    def run(self, for_plate: _ForPlate, save: Path | None) -> None:
        """Sweep and drift do not depend on the plate's depth: they do without its network."""
        from edgeds.evaluation.drift import drift
        from edgeds.evaluation.evaluate import evaluate
        from edgeds.evaluation.sweep import sweep

        with progress("items/s") as bar:

            def advance(name: str, total: int) -> Callable[[object], None]:
                task = bar.add_task(name, total=total)
                return lambda _: bar.advance(task)

            on_item = advance("eval", len(self._dataset.items))
            self.report = evaluate(self._dataset, for_plate, save_to=save, on_item=on_item)
            shallow = replace(for_plate, depth_network=None)
            if self._swept:
                on_item = advance("sweep", self._swept)
                self.points = sweep(self._dataset, shallow, on_item=on_item)
            if self._drifts:
                on_trial = advance("drift", self._drifts)
                self.trials = drift(
                    self._dataset, shallow.plain, cases=self._cases, on_trial=on_trial
                )

    def to_json(self) -> dict[str, Any]:
        extra: dict[str, Any] = {}
        if self._swept:
            extra["sweep"] = [point.to_json() for point in self.points]
        if self._drifts:
            extra["drift"] = [trial.to_json() for trial in self.trials]
        return {**self.report.to_json(), **extra}

    def print(self) -> None:
        _print_report(self.report)
        if self._swept:
            _print_sweep(self.points)
        if self._drifts:
            _print_drift(self.trials)


@dataclass(frozen=True, slots=True)
class _ForPlate:
    """Makes estimators: `fixed` ones use the plate as it is, others correct it as `video` does."""

    engine: Engine
    depth_network: DepthNetwork | None = None
    fixed: bool = True

    def __call__(self, pixels: Pixels) -> Estimator | MaintainedEstimator:
        from edgeds.estimate.maintained_estimator import MaintainedEstimator

        estimate = self.plain(pixels)
        return estimate if self.fixed else MaintainedEstimator(estimate)

    def plain(self, pixels: Pixels) -> Estimator:
        from edgeds.estimate.estimator import Estimator
        from edgeds.plate.plate import Plate

        plate = Plate(pixels, origin="file")
        return Estimator(self.engine, plate, depth_network=self.depth_network)


def _print_report(report: Report) -> None:
    rows, unscored = [], []
    for name, (meaning, better) in _MEANING.items():
        mean = report.means[name]
        if mean is None:
            unscored.append(meaning)
            continue
        interval = ""
        if mean.interval is not None:
            interval = f"{mean.interval[0]:.4f} .. {mean.interval[1]:.4f}"
        rows.append([meaning, f"{mean.value:.4f}", interval, str(mean.count), better])
    title = f"{report.set}: {counted(report.items, 'item')}, {report.frame_ms:.1f} ms a frame"
    if not rows:
        say(f"{title}\nnothing was scored: the set has neither alpha, depth_mm, empty nor clips")
        return
    say(correction(report.plates()))
    print_table(title, ["metric", "mean", "95 % over scenes", "scored", "better"], rows)
    if unscored:
        say(f"not scored, because the set has no labels for it: {', '.join(unscored)}")


def _print_sweep(points: tuple[Point, ...]) -> None:
    from edgeds.evaluation.plate_errors import PERTURBATIONS
    from edgeds.evaluation.sweep import METRICS

    errors = {error.name: error for error in PERTURBATIONS}
    rows = []
    for point in points:
        if point.strength is None:
            name, setting = {"none": ("as it is", ""), "all": ("all at once", "*")}[point.error]
        else:
            error = errors[point.error]
            name = f"{error.name}, {error.unit}"
            setting = f"{point.strength:g}{'*' * (point.strength == error.middle)}"
        values = [point.means[metric] for metric in METRICS]
        rows.append([name, setting, *(f"{m.value:.4f}" if m else "-" for m in values)])
    print_table(
        "alpha under plate errors (* the middle setting)",
        ["plate error", "strength", "MAD", "IoU", "boundary F", "empty"],
        rows,
    )


def _print_drift(trials: tuple[Trial, ...]) -> None:
    from edgeds.evaluation.drift import BAR, cases_of

    rows = [
        [
            case.case,
            case.setting,
            *(f"{1000 * mad:.2f}" for mad in (case.undisturbed, case.off, case.on)),
            f"{case.ratio:.2f}",
            f"{case.prompts} of {case.clips}",
            case.verdict,
        ]
        for case in cases_of(trials)
    ]
    print_table(
        f"alpha MAD x 1000 under drift (ok: within {BAR:g} of undisturbed, or prompted)",
        ["drift", "setting", "undisturbed", "maintenance off", "on", "ratio", "prompts", "verdict"],
        rows,
    )
