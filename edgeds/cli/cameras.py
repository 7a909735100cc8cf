"""`edgeds live cameras.toml`: many cameras in one process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from edgeds.cli.camera_checks import (
    check_cameras,
    depth_options,
    refuse_beside_cameras,
    signal_options,
)
from edgeds.cli.console import console_of_people, print_json, print_table, say, stop_on_signal
from edgeds.cli.live_outputs import backdrop_of
from edgeds.cli.live_plate import given_plate, plate_choice
from edgeds.cli.live_report import line_of
from edgeds.cli.open_engine_beside import engine_beside
from edgeds.cli.rules_and_events import LiveSignals
from edgeds.errors import counted

if TYPE_CHECKING:
    from threading import Event

    from edgeds.cli.live_outputs import OutputOptions
    from edgeds.estimate.plate_depth import DepthNetwork
    from edgeds.live.cameras.camera_file import CameraPlan
    from edgeds.live.cameras.run_cameras import Camera, CameraReport, Cameras
    from edgeds.live.run import LiveRun
    from edgeds.plate.plate import Plate
    from edgeds.types import Engine


def is_camera_file(source: str) -> bool:
    """Whether SOURCE names a file of cameras."""
    return source.lower().endswith(".toml")


def live_cameras(
    path: Path,
    *,
    outputs: OutputOptions,
    engine: str | None,
    device: str,
    preset: Any,
    duration: float | None,
    as_json: bool,
) -> None:
    """Run every camera of a file until it is stopped.

    Raises:
        InputError: the file is wrong, or an option belongs into it.
    """
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from edgeds.live.cameras.camera_file import cameras_from_file

    refuse_beside_cameras()
    plans, token = cameras_from_file(path), outputs.checked()
    plates = check_cameras(path, plans)
    with ExitStack() as stack, stop_on_signal() as stop:
        network = stack.enter_context(engine_beside(engine, device, preset)).result()
        depth = open_plate_depth(engine, device=device)
        say(f"{counted(len(plans), 'camera')}: {', '.join(plan.name for plan in plans)}")
        say(f"engine: {network.name}")
        began_secs, began_cpu_secs = time.monotonic(), _cpu_secs()
        cameras = _started(plans, plates, network, depth, outputs.serve, token, stack)
        with _status_lines(cameras):
            cameras.wait(stop, duration_secs=duration)
    secs = time.monotonic() - began_secs
    reports = [camera.report() for camera in cameras.all]
    _print(reports, secs, (_cpu_secs() - began_cpu_secs) / secs, network.name, as_json=as_json)
    if stop.is_set():
        raise typer.Exit(130)
    if any(report.state in ("failed", "missing") or _lost_output(report) for report in reports):
        raise typer.Exit(1)


def _lost_output(report: CameraReport) -> bool:
    return any(output.message for run in report.runs for output in run.outputs)


def _started(
    plans: list[CameraPlan],
    plates: dict[str, Plate],
    network: Engine,
    depth: DepthNetwork | None,
    serve: str | None,
    token: str | None,
    stack: ExitStack,
) -> Cameras:
    """Start all cameras, and the page where one is wanted."""
    from edgeds.live.cameras.camera_control import CameraControl
    from edgeds.live.cameras.run_cameras import Cameras
    from edgeds.live.cameras.wall_page import WallPage

    controls = {plan.name: CameraControl(network.name) for plan in plans}
    page = None
    if serve is not None:
        page = stack.enter_context(WallPage(serve, controls, token=token))
        say(f"page: {page.link}")

    @contextmanager
    def open_run(plan: CameraPlan, stop: Event) -> Iterator[LiveRun]:
        given = plates.pop(plan.name, None) or given_plate(plan.plate)  # read anew at a retry
        with _opened(plan, given, network, depth, stop) as run:
            if page is not None:
                run.add_output("page", page.sink(plan.name), is_file=False)
            yield run

    cameras = stack.enter_context(Cameras(plans, open_run, on_event=say))
    for camera in cameras.all:
        controls[camera.plan.name].camera = camera
    return cameras


@contextmanager
def _opened(
    plan: CameraPlan,
    given: Plate | None,
    engine: Engine,
    depth: DepthNetwork | None,
    stop: Event,
) -> Iterator[LiveRun]:
    """A camera with its outputs, as `edgeds live` opens one."""
    from edgeds.live.cameras.frame_rate_limit import Thinned
    from edgeds.live.run import LiveRun
    from edgeds.sinks.publish_sink import PublishSink
    from edgeds.sources import open_live_source
    from edgeds.sources.url import masked

    on_event = _events_of(plan.name)
    with ExitStack() as stack:
        source = open_live_source(
            plan.source, rtsp_transport=plan.rtsp_transport, on_event=on_event, stop=stop
        )
        stack.enter_context(source)
        behind = backdrop_of(plan.backdrop, source.info.size, stack)
        choice = plate_choice(
            source, masked(plan.source), given, plan.plate, plan.allow_motion,
            depth_options(plan).wanted(), on_event=on_event,
        )  # fmt: skip
        # Its events, and its name for a broker, are those of the camera in the file.
        named = replace(source.info, name=plan.name)
        watched = LiveSignals(signal_options(plan), named, stack, on_event)
        run = LiveRun(
            source if plan.fps is None else Thinned(source, plan.fps),
            engine,
            choice=choice,
            view=plan.view,
            opacity=plan.opacity,
            backdrop=behind,
            steady=plan.steady,
            record=plan.record,
            on_event=on_event,
            signals=watched.signals,
            depth_network=depth,
        )
        stack.enter_context(run)
        for url in plan.publish:
            stream = PublishSink(url, on_event=on_event)
            run.add_output("stream", stream, shown=False, is_file=False)
        if plan.record is not None:
            run.start_recording()
        yield run


def _events_of(name: str) -> Callable[[str], None]:
    return lambda text: say(f"{name}: {text}")


@contextmanager
def _status_lines(cameras: Cameras) -> Iterator[None]:
    """One line for each camera, renewed, where there is a terminal."""
    from rich.live import Live
    from rich.text import Text

    console = console_of_people()
    if not console.is_terminal:
        yield
        return

    def lines() -> Text:
        return Text("\n".join(_line(camera) for camera in cameras.all))

    with Live(get_renderable=lines, console=console, refresh_per_second=2, transient=True):
        yield


def _line(camera: Camera) -> str:
    status = camera.status()
    text = f"{camera.state} {camera.message}" if status is None else line_of(status)
    return f"{camera.plan.name}: {text}"


def _print(
    reports: list[CameraReport], secs: float, cores: float, engine: str, *, as_json: bool
) -> None:
    from edgeds.sources.process_memory import peak_bytes

    peak = peak_bytes()
    memory = None if peak is None else round(peak / 2**20, 1)
    if as_json:
        print_json(
            {
                "engine": engine,
                "secs": round(secs, 3),
                "cpu_cores": round(cores, 3),
                "memory_mb": memory,
                "cameras": [asdict(report) for report in reports],
            }
        )
        return
    title = f"{counted(len(reports), 'camera')}, {secs:.1f} s, {cores:.2f} cores busy"
    if memory is not None:
        title += f", {memory:.0f} MB of memory at most"
    rows = []
    for one in reports:
        last = one.runs[-1] if one.runs else None
        rows.append(
            [
                one.name,
                one.state,
                str(sum(run.frames for run in one.runs)),
                str(sum(run.dropped for run in one.runs)),
                f"{last.fps:.1f}" if last else "",
                f"{last.latency_p50_ms:.0f}" if last else "",
                f"{last.latency_p95_ms:.0f}" if last else "",
                last.plate.phase if last else "",
                str(one.restarts),
            ]
        )
    columns = ["camera", "state", "frames", "dropped", "fps", "p50 ms", "p95 ms", "plate"]
    print_table(title, [*columns, "restarts"], rows)
    for one in reports:
        if one.message:
            say(f"{one.name}: {one.message}")


def _cpu_secs() -> float:
    """CPU time of this process and of the processes that it started and that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
