"""`edgeds live`: a camera in, its foreground and depth shown, recorded and passed on."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from edgeds.cli.cameras import is_camera_file, live_cameras
from edgeds.cli.console import say, stop_on_signal
from edgeds.cli.depth_options import DepthOptions
from edgeds.cli.live_options import (
    AllowMotionOption,
    CameraSettings,
    DurationOption,
    LivePlateOption,
    MaxFramesOption,
)
from edgeds.cli.live_outputs import OutputOptions, backdrop_of, open_window
from edgeds.cli.live_plate import given_plate, plate_choice
from edgeds.cli.live_report import exit_after, report, say_choices, status_line
from edgeds.cli.on_gpu import live_estimator
from edgeds.cli.open_engine_beside import engine_beside
from edgeds.cli.option_groups import grouped
from edgeds.cli.rules_and_events import LiveSignals, SignalOptions
from edgeds.cli.shared_options import (
    BackdropOption,
    DeviceOption,
    EngineOption,
    JsonOption,
    OpacityOption,
    PresetOption,
    SteadyOption,
    ViewOption,
)
from edgeds.cli.sources import (
    CameraOption,
    SourceArgument,
    open_camera,
    uri_from_arguments,
)
from edgeds.views.settings import STYLE


@grouped
def live_command(
    source: SourceArgument = None,
    camera: CameraOption = None,
    plate: LivePlateOption = None,
    allow_motion: AllowMotionOption = None,
    outputs: OutputOptions = OutputOptions(),
    view: ViewOption = "overlay",
    backdrop: BackdropOption = None,
    opacity: OpacityOption = STYLE.opacity,
    steady: SteadyOption = False,
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    preset: PresetOption = "balanced",
    asked: CameraSettings = CameraSettings(),
    duration: DurationOption = None,
    max_frames: MaxFramesOption = None,
    depth: DepthOptions = DepthOptions(),
    signals: SignalOptions = SignalOptions(),
    as_json: JsonOption = False,
) -> None:
    """Show the foreground and depth of a camera or stream, live. A .toml SOURCE lists cameras."""
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from edgeds.live.run import LiveRun
    from edgeds.sources.process_memory import return_large_arrays
    from edgeds.sources.url import masked

    return_large_arrays()
    uri, record = uri_from_arguments(source, camera), outputs.record
    if is_camera_file(uri):
        live_cameras(
            Path(uri), outputs=outputs, engine=engine, device=device, preset=preset,
            duration=duration, as_json=as_json,
        )  # fmt: skip
        return
    signals.check(as_json=as_json, source=uri, plate=plate, backdrop=backdrop, recording=record)
    given, token, measured = given_plate(plate), outputs.checked(), depth.wanted()
    outputs.check_view(view, backdrop, opacity, steady=steady)
    with ExitStack() as stack, stop_on_signal() as stop:
        opened = stack.enter_context(engine_beside(engine, device, preset))
        stack.enter_context(frames := open_camera(uri, stop, **asked.settings(uri)))
        behind = backdrop_of(backdrop, frames.info.size, stack)
        choice = plate_choice(frames, masked(uri), given, plate, allow_motion, measured)
        info, network = frames.info, opened.result()
        say_choices(info, network.name, choice)
        window = open_window(info, outputs.show)
        watched = LiveSignals(signals, info, stack)
        run = stack.enter_context(LiveRun(
            frames, network, choice=choice, view=view, opacity=opacity, backdrop=behind,
            window=window, record=record, on_event=say, stop=stop, signals=watched.signals,
            depth_network=open_plate_depth(engine, device=device), steady=steady,
            estimator=live_estimator(network, info, say),
        ))  # fmt: skip
        outputs.add_to(run, info, token, window=window is not None)
        with status_line(run):
            done = run.run(duration_secs=duration, max_frames=max_frames)
    about = {"source": masked(uri), "engine": network.name, "signals": watched.report()}
    report(done, about, as_json=as_json, on_stderr=signals.on_stdout)
    exit_after(done, stopped=stop.is_set())
