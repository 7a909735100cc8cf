"""Opens all that a run of `edgeds video` needs: what goes in, what estimates, what comes out.

What is wrong with any of it is found out here, before the first frame.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeds.cli.clip_plate import plate_of_clip
from edgeds.cli.console import say
from edgeds.cli.contact_sheet import with_sheet
from edgeds.cli.depth_options import SmallSamples, measure_depth, people_of_clip
from edgeds.cli.layers_options import open_layers
from edgeds.cli.mesh_options import WithMesh, with_mesh
from edgeds.cli.on_gpu import OnGpu, shown_of
from edgeds.cli.open_engine_beside import DepthBeside, engine_beside
from edgeds.cli.rules_and_events import ClipSignals, open_clip_signals
from edgeds.cli.video_output import drawing_of, matte_of, output_of, with_steady_alpha
from edgeds.cli.video_report import Notes, notes_on, say_choices

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path
    from threading import Event

    from edgeds.cli.video_checks import Wanted
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained_estimator import MaintainedEstimator
    from edgeds.estimate.settings import Preset
    from edgeds.plate.ground.gathering import Gathering
    from edgeds.plate.ground.ground_from_people import Ground
    from edgeds.plate.plate import Plate
    from edgeds.sinks.layers.layers_folder import LayersSink
    from edgeds.types import ClipSource, Engine, FileSink, Frame, Maps
    from edgeds.views.backdrop import Backdrop
    from edgeds.views.contact_sheet import ContactSheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What goes in, and where the result will go."""

    frames: ClipSource
    plate: Plate
    network: Engine
    depth: DepthBeside | None
    """Computes the plate's depth; None where nobody looks at any."""
    samples: SmallSamples
    """Frames of the clip in which people are looked for."""
    backdrop: Backdrop | None
    target: Path
    file: FileSink | None
    """None where layers are written."""
    notes: Notes


def open_inputs(
    wanted: Wanted, runs: tuple[str | None, str, Preset], stack: ExitStack, stop: Event
) -> Inputs:
    """Open the clip, its plate and the networks, which open beside them.

    Args:
        runs: engine, device and preset.
    """
    depth: DepthBeside | None = None  # first: it takes longest
    if wanted.measures_depth:
        beside = DepthBeside(*runs[:2], soon=not wanted.plate_keeps_depth)
        depth = stack.enter_context(beside)
    engine = engine_beside(*runs, in_order=True, depth=wanted.measures_depth)
    opening = stack.enter_context(engine)
    # Beside these, as all that follows.
    from edgeds.estimate.kept_depth import without_measured
    from edgeds.sources import open_source
    from edgeds.views.backdrop import open_backdrop

    frames = stack.enter_context(open_source(wanted.source))
    info, notes = frames.info, Notes(frames)
    wanted.depth.check(info.size)
    wanted.mesh.check(info)
    target, file = output_of(wanted, info, stack)
    backdrop = open_backdrop(wanted.backdrop, info.size) if wanted.backdrop else None
    if backdrop is not None:
        stack.callback(backdrop.close)
    samples = SmallSamples(info.size)
    on_samples = samples if wanted.measures_depth else None
    plate = plate_of_clip(
        wanted.plate, wanted.source, info.size, stop=stop, engine=opening, on_samples=on_samples
    )
    plate = without_measured(plate) if wanted.depth.source == "network" else plate
    if depth is not None:
        depth.begin(plate)
        samples.read(wanted.depth, plate, wanted.source, stop=stop)  # while the engine opens
    network = opening.result()
    say_choices(network.name, plate, wanted.plate, info.name, str(target), wanted.said)
    if wanted.effects.in_metres and plate.scale is None and not wanted.depth.points:
        say(f"  {wanted.effects.in_metres[0]} needs metres: looking for people who show the scale")
    notes.say_new(*notes_on(plate))
    return Inputs(
        frames=frames, plate=plate, network=network, depth=depth, samples=samples,
        backdrop=backdrop, target=target, file=file, notes=notes,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimation:
    """What makes the maps of each frame."""

    gpu: OnGpu
    fixed: Estimator
    estimate: Estimator | MaintainedEstimator
    """`fixed`, or that with a plate that follows light and camera."""
    depth: dict[str, Any] | None
    """Where the depth comes from, for the report; None where nobody looks at it."""


def open_estimation(wanted: Wanted, inputs: Inputs, stack: ExitStack, stop: Event) -> Estimation:
    """Make the estimator. People are looked for beside the plate's depth."""
    from edgeds.estimate.kept_depth import no_depth
    from edgeds.plate.file import plate_to_file

    plate, network = inputs.plate, inputs.network
    gpu = OnGpu(network, inputs.frames.info, inputs.target, shown_of(wanted))
    depth: dict[str, Any] | None = None
    if inputs.depth is None:
        fixed = gpu.estimator(plate, no_depth(plate.size), matte_of(wanted))
    else:
        people = people_of_clip(wanted.depth, plate, network, inputs.samples, stop=stop)
        _check_metres(wanted, plate, people)  # not after the plate's depth, which takes seconds
        fixed = gpu.estimator(plate, inputs.depth.result(), matte_of(wanted))
        depth = measure_depth(wanted.depth, fixed, people)
    if wanted.save_plate is not None:
        plate_to_file(fixed.plate_to_keep, wanted.save_plate)
    estimate = fixed if wanted.plate_fixed else _followed(fixed, stack)
    inputs.notes.watch(estimate)
    return Estimation(gpu=gpu, fixed=fixed, estimate=estimate, depth=depth)


def _check_metres(
    wanted: Wanted, plate: Plate, people: tuple[Gathering, Ground | str] | None
) -> None:
    """
    Raises:
        InputError: an effect is in metres, and what would tell them is not there.
    """
    found = None if people is None else people[1]
    why = "nobody measured it"
    if isinstance(found, str):
        found, why = None, f"people do not show it ({found})"
        why += "" if wanted.depth.points else ", and no distance was given"
    kept = plate.scale
    has_ground = found is not None or plate.ground is not None
    wanted.effects.check_metres(
        scale=has_ground or kept is not None or bool(wanted.depth.points),
        focal=has_ground or (kept is not None and kept.focal_px is not None),
        why=why,
    )


def _followed(estimate: Estimator, stack: ExitStack) -> MaintainedEstimator:
    """The estimator with a plate that follows light and camera; a thread looks for these."""
    from edgeds.estimate.maintained_estimator import MaintainedEstimator

    return MaintainedEstimator(estimate, beside=stack.enter_context(ThreadPoolExecutor(1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What is made of the maps, and where it goes."""

    frames: ClipSource
    """Those of the inputs, or the same decoded on a GPU."""
    sink: FileSink | LayersSink
    compose: Callable[[Frame, Maps], Any]
    mesh: WithMesh | None
    moments: ContactSheet | None
    signals: ClipSignals | None


def open_outputs(
    wanted: Wanted, inputs: Inputs, estimation: Estimation, stack: ExitStack
) -> Outputs:
    """Open what draws, and what is written beside it: a mesh, a contact sheet, events."""
    frames, plate, notes = inputs.frames, inputs.plate, inputs.notes
    fixed, gpu = estimation.fixed, estimation.gpu
    draw: Callable[[Frame, Maps], Any]
    sink: FileSink | LayersSink
    if inputs.file is None:
        sink, layers = open_layers(
            inputs.target, frames.info, wanted.layers, fixed, plate=plate,
            given_plate=wanted.plate, engine=inputs.network.name, backdrop=inputs.backdrop,
        )  # fmt: skip
        stack.callback(sink.close)
        notes.watch(sink)
        draw = with_steady_alpha(layers, wanted)
    else:
        draw = gpu.composer(fixed, inputs.backdrop) or drawing_of(
            wanted, plate, fixed, inputs.backdrop
        )
        frames = gpu.source(frames, stack)
        sink = gpu.sink(inputs.file, stack)
        notes.watch(frames, gpu)
    mesh = with_mesh(draw, wanted.mesh, fixed, plate.pixels)
    compose, moments = with_sheet(wanted, mesh or draw, plate, estimation.estimate)
    info = inputs.frames.info
    signals = open_clip_signals(wanted.signals, info, estimation.estimate, stack, notes)
    if signals is not None:
        compose = signals.around(compose, wanted.shown)
    return Outputs(
        frames=frames, sink=sink, compose=compose, mesh=mesh, moments=moments, signals=signals
    )
