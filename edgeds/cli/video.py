"""`edgeds video`: a file in, the same file with its foreground and depth shown out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from edgeds.cli.clip_plate import plate_of_clip
from edgeds.cli.console import progress, stop_on_signal, until
from edgeds.cli.contact_sheet import sheet_failure, with_sheet
from edgeds.cli.depth_options import (
    DepthOptions,
    SmallSamples,
    measure_depth,
    people_of_clip,
)
from edgeds.cli.effects_options import EffectOptions
from edgeds.cli.layers_options import LayerOptions, open_layers
from edgeds.cli.mesh_options import MeshOptions, WithMesh, with_mesh
from edgeds.cli.on_gpu import OnGpu, shown_of
from edgeds.cli.open_engine_beside import DepthBeside, engine_beside
from edgeds.cli.option_groups import grouped
from edgeds.cli.rules_and_events import ClipSignals, SignalOptions, open_clip_signals
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
from edgeds.cli.video_checks import Wanted, check_options
from edgeds.cli.video_options import (
    ClipArgument,
    OutputOption,
    PlateOption,
    SavePlateOption,
    SheetOption,
)
from edgeds.cli.video_output import drawing_of, matte_of, output_of, with_steady_alpha
from edgeds.cli.video_report import Notes, notes_on, print_result, result, say_choices
from edgeds.errors import counted
from edgeds.views.settings import STYLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from edgeds.errors import RunError
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained_estimator import MaintainedEstimator
    from edgeds.estimate.settings import Preset
    from edgeds.pipeline import Clock
    from edgeds.plate.plate import Plate
    from edgeds.sinks.layers.layers_folder import LayersSink
    from edgeds.types import ClipSource, Engine, FileSink, Frame, Maps
    from edgeds.views.contact_sheet import ContactSheet


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
    from edgeds.live.memory_growth import return_large_arrays, return_what_opening_used
    from edgeds.pipeline import Clock

    return_large_arrays()
    wanted = Wanted(
        source, plate, output, view, backdrop, opacity, sheet, save_plate, plate_fixed,
        depth.wanted(), signals, layers, effects, mesh, steady,
    )  # fmt: skip
    check_options(wanted)
    replace(signals, events=wanted.in_place(signals.events)).check(as_json=as_json)
    with ExitStack() as stack, stop_on_signal() as stop:
        job = _opened(wanted, (engine, device, preset), stack, stop)
        return_what_opening_used(job.frames.info.size)
        clock = Clock()
        failure = _run(job, clock, stop)
        if sheet is not None and job.moments is not None and clock.written_secs:
            failure = failure or sheet_failure(job.moments, sheet)
        if job.mesh is not None and not stop.is_set():
            failure = failure or job.mesh.failure()
        if job.signals is not None:
            job.signals.end(whole=failure is None and not stop.is_set())
        job.notes.say_new()
    status = "failed" if failure else "stopped" if stop.is_set() else "done"
    report = _report(wanted, job, clock, status)
    print_result(report, as_json=as_json, on_stderr=signals.on_stdout)
    if failure is not None:
        raise failure
    if stop.is_set():
        raise typer.Exit(130)


@dataclass(frozen=True, slots=True)
class _Job:
    """Everything a run needs, opened."""

    frames: ClipSource
    sink: FileSink | LayersSink
    plate: Plate
    engine: Engine
    estimate: Estimator | MaintainedEstimator
    compose: Callable[[Frame, Maps], Any]
    moments: ContactSheet | None
    mesh: WithMesh | None
    notes: Notes
    depth: dict[str, Any] | None
    """Where it comes from, for the report; None where nobody looks at it."""
    signals: ClipSignals | None


def _report(wanted: Wanted, job: _Job, clock: Clock, status: str) -> dict[str, Any]:
    return result(
        clock,
        job.sink,
        job.plate,
        str(wanted.plate) if wanted.plate else None,
        source=wanted.source,
        engine=job.engine.name,
        view=wanted.shown,
        sheet=str(wanted.sheet) if wanted.sheet else None,
        mesh=None if job.mesh is None else job.mesh.report(),
        damaged_packets=job.frames.damaged,
        notes=job.notes.said,
        followed=job.estimate.followed,
        depth=job.depth,
        signals=None if job.signals is None else job.signals.report(),
        status=status,
    )


def _opened(
    wanted: Wanted, runs: tuple[str | None, str, Preset], stack: ExitStack, stop: Event
) -> _Job:
    """Open input, output, engine and plate; what is wrong with them is found out here."""
    from edgeds.sources import open_source
    from edgeds.views.backdrop import open_backdrop

    deep = _depth_beside(wanted, runs, stack)  # first: it takes longest
    engine = engine_beside(*runs, in_order=True, depth=wanted.measures_depth)
    opened = stack.enter_context(engine)  # beside what follows
    frames = stack.enter_context(open_source(wanted.source))
    info, notes = frames.info, Notes(frames)
    wanted.depth.check(info.size)
    target, output = output_of(wanted, info, stack)
    behind = open_backdrop(wanted.backdrop, info.size) if wanted.backdrop else None
    if behind is not None:
        stack.callback(behind.close)
    from edgeds.estimate.kept_depth import without_measured
    from edgeds.plate.file import plate_to_file

    samples = SmallSamples(info.size)
    on_samples = samples if wanted.measures_depth else None
    scene = plate_of_clip(
        wanted.plate, wanted.source, info.size, stop=stop, engine=opened, on_samples=on_samples
    )
    scene = without_measured(scene) if wanted.depth.source == "network" else scene
    if deep is not None:
        deep.begin(scene)
        samples.read(wanted.depth, scene, wanted.source, stop=stop)  # while the engine opens
    network = opened.result()
    say_choices(network.name, scene, wanted.plate, info.name, str(target), wanted.said)
    notes.say_new(*notes_on(scene))
    gpu = OnGpu(network, info, target, shown_of(wanted))
    fixed, depth = _estimator(wanted, scene, network, gpu, deep, samples, stop)
    if wanted.save_plate is not None:
        plate_to_file(fixed.plate_to_keep, wanted.save_plate)
    estimate = fixed if wanted.plate_fixed else _followed(fixed, stack)
    notes.watch(estimate)
    compose: Callable[[Frame, Maps], Any]
    if output is None:
        output, compose = open_layers(
            target, info, wanted.layers, fixed,
            scene=scene, given_plate=wanted.plate, engine=network.name, backdrop=behind,
        )  # fmt: skip
        compose = with_steady_alpha(compose, wanted)
        notes.watch(output)
        stack.callback(output.close)
    else:
        compose = gpu.composer(fixed, behind) or drawing_of(wanted, scene, fixed, behind)
        frames = gpu.source(frames, stack)
        output = gpu.sink(output, stack)
        notes.watch(frames, gpu)
    mesh = with_mesh(compose, wanted.mesh, fixed, scene.pixels)
    compose = mesh or compose
    compose, moments = with_sheet(wanted, compose, scene, estimate)
    signals = open_clip_signals(wanted.signals, info, estimate, stack, notes)
    compose = compose if signals is None else signals.around(compose, wanted.shown)
    return _Job(
        frames, output, scene, network, estimate, compose, moments, mesh, notes, depth, signals
    )


def _depth_beside(
    wanted: Wanted, runs: tuple[str | None, str, Preset], stack: ExitStack
) -> DepthBeside | None:
    """The plate's depth network, which opens beside the engine; None where nobody needs it."""
    if not wanted.measures_depth:
        return None
    return stack.enter_context(DepthBeside(*runs[:2], soon=not wanted.plate_keeps_depth))


def _estimator(
    wanted: Wanted, scene: Plate, network: Engine, gpu: OnGpu, deep: DepthBeside | None,
    samples: SmallSamples, stop: Event,
) -> tuple[Estimator, dict[str, Any] | None]:  # fmt: skip
    """(the estimator, where its depth comes from). People are looked for beside the depth."""
    from edgeds.estimate.kept_depth import no_depth

    if deep is None:
        return gpu.estimator(scene, no_depth(scene.size), matte_of(wanted)), None
    people = people_of_clip(wanted.depth, scene, network, samples, stop=stop)
    estimate = gpu.estimator(scene, deep.result(), matte_of(wanted))
    return estimate, measure_depth(wanted.depth, estimate, people)


def _followed(estimate: Estimator, stack: ExitStack) -> MaintainedEstimator:
    """The estimator with a plate that follows light and camera; a thread looks for these."""
    from edgeds.estimate.maintained_estimator import MaintainedEstimator

    return MaintainedEstimator(estimate, beside=stack.enter_context(ThreadPoolExecutor(1)))


def _run(job: _Job, clock: Clock, stop: Event) -> RunError | None:
    """The run with its progress bar. Returns how it failed, if it did after it had begun well."""
    from edgeds.errors import EdgedsError, RunError
    from edgeds.pipeline import max_waiting_for, run
    from edgeds.sources.media_errors import reason_of

    try:
        with job.sink, progress() as bar:
            task = bar.add_task("video", total=job.frames.info.frame_count)
            run(
                until(stop, job.frames),
                job.estimate,
                job.compose,
                job.sink,
                clock=clock,
                prepare=job.estimate.prepare,
                on_frame=lambda _: bar.advance(task),
                max_waiting=max_waiting_for(job.frames.info.size),
            )
            if not stop.is_set():  # a container may promise more frames than it has
                bar.update(task, total=bar.tasks[task].completed)
            if stop.is_set():  # by way of the sink, so that it knows the video is not whole
                raise KeyboardInterrupt
        job.estimate.finish()
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
