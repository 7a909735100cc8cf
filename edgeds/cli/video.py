"""`edgeds video`: a file in, the same file with its foreground and depth shown out."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from edgeds.cli.console import progress, stop_on_signal, until
from edgeds.cli.contact_sheet import sheet_failure
from edgeds.cli.depth_options import (
    DepthOptions,
)
from edgeds.cli.effects_options import EffectOptions
from edgeds.cli.layers_options import LayerOptions
from edgeds.cli.mesh_options import MeshOptions
from edgeds.cli.option_groups import grouped
from edgeds.cli.rules_and_events import SignalOptions
from edgeds.cli.shared_options import (
    BackdropOption,
    DeviceOption,
    EngineOption,
    JsonOption,
    OpacityOption,
    PlateFixedOption,
    PresetOption,
    SteadyOption,
    ViewOption,
)
from edgeds.cli.video_checks import Wanted, check_options, check_source
from edgeds.cli.video_options import (
    ClipArgument,
    OutputOption,
    PlateOption,
    SavePlateOption,
    SheetOption,
)
from edgeds.cli.video_parts import (
    Estimation,
    Inputs,
    Outputs,
    open_estimation,
    open_inputs,
    open_outputs,
)
from edgeds.cli.video_report import print_result, result
from edgeds.errors import counted
from edgeds.estimate.matte_for_view import matte_for_view
from edgeds.views.settings import STYLE

if TYPE_CHECKING:
    from threading import Event

    from edgeds.errors import RunError
    from edgeds.estimate.settings import Preset
    from edgeds.pipeline import Clock


@grouped
def video_command(
    source: ClipArgument,
    plate: PlateOption = None,
    output: OutputOption = None,
    view: ViewOption = "overlay",
    backdrop: BackdropOption = None,
    opacity: OpacityOption = STYLE.opacity,
    steady: SteadyOption = False,
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    preset: PresetOption = "balanced",
    sheet: SheetOption = None,
    save_plate: SavePlateOption = None,
    plate_fixed: PlateFixedOption = False,
    depth: DepthOptions = DepthOptions(),
    signals: SignalOptions = SignalOptions(),
    layers: LayerOptions = LayerOptions(),
    effects: EffectOptions = EffectOptions(),
    mesh: MeshOptions = MeshOptions(),
    as_json: JsonOption = False,
) -> None:
    """Write a clip's foreground and depth to a video or images."""
    from edgeds.pipeline import Clock
    from edgeds.sources.process_memory import return_what_opening_used

    wanted = Wanted(
        source=source, plate=plate, output=output, view=view, backdrop=backdrop, opacity=opacity,
        sheet=sheet, save_plate=save_plate, plate_fixed=plate_fixed, depth=depth.wanted(),
        signals=signals, layers=layers, effects=effects, mesh=mesh, steady=steady,
    )  # fmt: skip
    _arrange_memory(wanted)
    check_options(wanted)
    replace(signals, events=wanted.in_place(signals.events)).check(as_json=as_json, whole=True)
    check_source(source)
    with ExitStack() as stack, stop_on_signal() as stop:
        job = _opened(wanted, (engine, device, preset), stack, stop)
        outputs = job.outputs
        return_what_opening_used(outputs.frames.info.size)
        clock = Clock()
        failure = _run(job, clock, stop)
        is_whole, has_sheet = failure is None, False
        if sheet is not None and outputs.moments is not None and clock.written_secs:
            failure = failure or sheet_failure(outputs.moments, sheet)
            has_sheet = failure is None
        if outputs.mesh is not None and not stop.is_set():
            failure = failure or outputs.mesh.failure()
        if outputs.signals is not None:
            outputs.signals.end(whole=failure is None and not stop.is_set())
        job.inputs.notes.say_new()
    status = "failed" if failure else "stopped" if stop.is_set() else "done"
    report = _report(wanted, job, clock, status, has_sheet=has_sheet)
    print_result(report, as_json=as_json, on_stderr=signals.on_stdout, is_whole=is_whole)
    if failure is not None:
        raise failure
    if stop.is_set():
        raise typer.Exit(130)


def _arrange_memory(wanted: Wanted) -> None:
    from edgeds.sources.process_memory import keep_arrays_of_layers, return_large_arrays

    return_large_arrays()
    if wanted.layers.layers is not None or matte_for_view(wanted.view).again == 1:
        keep_arrays_of_layers()


@dataclass(frozen=True, slots=True)
class _Job:
    """Everything a run needs, opened."""

    inputs: Inputs
    estimation: Estimation
    outputs: Outputs


def _opened(
    wanted: Wanted, runs: tuple[str | None, str, Preset], stack: ExitStack, stop: Event
) -> _Job:
    inputs = open_inputs(wanted, runs, stack, stop)
    estimation = open_estimation(wanted, inputs, stack, stop)
    return _Job(inputs, estimation, open_outputs(wanted, inputs, estimation, stack))


def _report(
    wanted: Wanted, job: _Job, clock: Clock, status: str, *, has_sheet: bool
) -> dict[str, Any]:
    inputs, estimation, outputs = job.inputs, job.estimation, job.outputs
    return result(
        clock,
        outputs.sink,
        inputs.plate,
        str(wanted.plate) if wanted.plate else None,
        source=wanted.source,
        engine=inputs.network.name,
        view=wanted.shown,
        sheet=str(wanted.sheet) if has_sheet else None,
        mesh=None if outputs.mesh is None else outputs.mesh.report(),
        damaged_packets=outputs.frames.damaged,
        notes=inputs.notes.said,
        followed=estimation.estimate.followed,
        depth=estimation.depth,
        signals=None if outputs.signals is None else outputs.signals.report(),
        status=status,
    )


def _run(job: _Job, clock: Clock, stop: Event) -> RunError | None:
    """The run with its progress bar. Returns how it failed, if it did after it had begun well."""
    from edgeds.errors import EdgedsError, RunError
    from edgeds.pipeline import max_waiting_for, run
    from edgeds.sources.media_errors import reason_of

    estimate, outputs = job.estimation.estimate, job.outputs
    info = outputs.frames.info
    try:
        with outputs.sink, progress() as bar:
            task = bar.add_task("video", total=info.frame_count)
            run(
                until(stop, outputs.frames),
                estimate,
                outputs.compose,
                outputs.sink,
                clock=clock,
                prepare=estimate.prepare,
                on_frame=lambda _: bar.advance(task),
                max_waiting=max_waiting_for(info.size),
            )
            if not stop.is_set():  # a container may promise more frames than it has
                bar.update(task, total=bar.tasks[task].completed)
            if stop.is_set():  # by way of the sink, so that it knows the video is not whole
                raise KeyboardInterrupt
        estimate.finish()
    except KeyboardInterrupt:
        stop.set()
    except RunError as error:
        return error
    except EdgedsError as error:
        if not clock.written_secs:
            raise
        return RunError(error.what, why=error.why, fix=error.fix)  # frames were written: not 2
    except (OSError, MemoryError) as error:
        reason = reason_of(error)
        frames = len(clock.written_secs)
        what = f"the run broke off after {counted(frames, 'frame')}"
        failure = RunError(what, why=reason.why, fix=reason.fix)
        failure.__cause__ = error
        return failure
    return None
