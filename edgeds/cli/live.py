"""`edgeds live`: a camera in, its foreground and depth shown, recorded and passed on."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgeds.cli.console import print_json, print_table, say, stop_on_signal
from edgeds.cli.engine import engine_beside
from edgeds.cli.options import (
    BackdropOption,
    DeviceOption,
    EngineOption,
    JsonOption,
    OpacityOption,
    ViewOption,
)
from edgeds.cli.sources import (
    CameraOption,
    SourceArgument,
    TransportOption,
    open_camera,
    uri_from_arguments,
)
from edgeds.live.web.settings import PAGE
from edgeds.views.settings import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeds.live.control import LiveControl, LiveStatus
    from edgeds.live.run import LiveReport, LiveRun, Window
    from edgeds.plate.plate import Plate
    from edgeds.plate.status import PlateStatus
    from edgeds.types import StreamInfo


def live_command(
    source: SourceArgument = None,
    camera: CameraOption = None,
    plate: Annotated[
        Path | None,
        typer.Option("-b", "--plate", help="Picture of the empty scene; without it, taken now."),
    ] = None,
    show: Annotated[
        bool | None, typer.Option(help="A window; without either, where there is a display.")
    ] = None,
    serve: Annotated[
        str | None,
        typer.Option(metavar="[HOST:]PORT", help="A page to look at, in any browser."),
    ] = None,
    record: Annotated[Path | None, typer.Option(help="A video file of what is shown.")] = None,
    virtual_camera: Annotated[
        bool, typer.Option("--virtual-camera", help="As a camera for other programs.")
    ] = False,
    virtual_camera_device: Annotated[
        str | None, typer.Option(help="Which one, such as /dev/video10.")
    ] = None,
    view: ViewOption = "overlay",
    backdrop: BackdropOption = None,
    opacity: OpacityOption = STYLE.opacity,
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="Ask the camera for, such as 1280x720.")
    ] = None,
    fps: Annotated[float | None, typer.Option(min=1, max=1000, help="Ask the camera for.")] = None,
    pixel_format: Annotated[
        Literal["auto", "mjpg", "yuyv"], typer.Option(help="Ask the camera for.")
    ] = "auto",
    rtsp_transport: TransportOption = "auto",
    duration: Annotated[
        float | None, typer.Option(metavar="SECS", min=0, help="End after so long.")
    ] = None,
    max_frames: Annotated[
        int | None, typer.Option(min=1, help="End after so many frames shown.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show live who and what was not in the empty scene, and how near everything is."""
    from edgeds.live.memory import return_large_arrays
    from edgeds.live.run import LiveRun
    from edgeds.plate.file import plate_from_file
    from edgeds.plate.plate import fitted
    from edgeds.sources.scaling import size_from_text
    from edgeds.sources.url import masked
    from edgeds.views.backdrop import open_backdrop

    return_large_arrays()
    uri = uri_from_arguments(source, camera)
    wanted_size = None if size is None else size_from_text(size)
    rate = None if fps is None else Fraction(fps).limit_denominator(1001)
    given = None if plate is None else plate_from_file(plate)
    with ExitStack() as stack, stop_on_signal() as stop:
        opened = stack.enter_context(engine_beside(engine, device))
        frames = open_camera(
            uri,
            stop,
            size=wanted_size,
            rate=rate,
            pixel_format=pixel_format,
            rtsp_transport=rtsp_transport,
        )
        stack.enter_context(frames)
        info, network = frames.info, opened.result()
        if virtual_camera_device is not None:
            virtual_camera = True
        behind = open_backdrop(backdrop, info.size) if backdrop else None
        if behind is not None:
            stack.callback(behind.close)
        window = None if show is False else _window(info, must=bool(show))
        run = LiveRun(
            frames,
            network,
            None if given is None else fitted(given, info.size),
            view=view,
            opacity=opacity,
            backdrop=behind,
            window=window,
            record=record,
            on_event=say,
            stop=stop,
        )
        stack.enter_context(run)
        _say_choices(info, network.name, given)
        if window is not None:
            say("keys in the window: b plate, v view, r record, s snapshot, q quit")
        elif show is None and not (serve or record or virtual_camera):
            serve = str(PAGE.port)  # no display: then in the browser
        if serve is not None:
            _add_page(run, serve)
        if virtual_camera:
            _add_virtual_camera(run, info, virtual_camera_device)
        if record is not None:
            run.start_recording()
        with _status_line(run):
            report = run.run(duration_secs=duration, max_frames=max_frames)
    _report(report, source=masked(uri), engine=network.name, as_json=as_json)
    if stop.is_set():
        raise typer.Exit(130)
    if any(output.message for output in report.outputs):
        raise typer.Exit(1)


def _window(info: StreamInfo, *, must: bool) -> Window | None:
    """A window, or None where it is not possible and nobody insists."""
    from edgeds.errors import SinkError
    from edgeds.live.window import WindowSink

    try:
        return WindowSink(f"edgeds: {info.name}", info.size)
    except SinkError as error:
        if must:
            raise
        say(f"no window: {error.why}")
        return None


def _add_page(run: LiveRun, address: str) -> None:
    from edgeds.live.web.sink import WebSink

    sink = WebSink(address, run)
    run.add_output("page", sink)
    say(f"page: {sink.link}")


def _add_virtual_camera(run: LiveRun, info: StreamInfo, device: str | None) -> None:
    from edgeds.sinks.virtual_camera import VirtualCameraSink

    sink = VirtualCameraSink(info, device)
    run.add_output("virtual camera", sink)
    say(f"virtual camera: {sink.location}")


def _say_choices(info: StreamInfo, engine: str, plate: Plate | None) -> None:
    height, width = info.size
    rate = f", {float(info.rate):.4g} fps" if info.rate else ""
    say(f"source: {info.name} ({width}x{height}{rate})")
    say(f"engine: {engine}")
    say("plate: given" if plate else "plate: taken now; keep out of the picture")


@contextmanager
def _status_line(run: LiveControl) -> Iterator[None]:
    """How it goes, in one line that renews itself, where there is a terminal."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    line = Live(
        get_renderable=lambda: Text(_line(run.status())),  # Text: a message may have brackets
        console=console,
        refresh_per_second=2,
        transient=True,
    )
    with line:
        yield


def _line(status: LiveStatus) -> str:
    if status.source_state != "running":
        return status.source_message or status.source_state
    recording = "  recording" if status.recording else ""
    health = status.plate.health
    plate = "" if health is None else f"  plate {health:.0%}"
    return (
        f"{status.fps:5.1f} fps  latency {status.latency_p50_ms:.0f} ms, "
        f"p95 {status.latency_p95_ms:.0f} ms  {status.dropped} of {status.grabbed} dropped  "
        f"{status.view}{plate}{recording}"
    )


def _report(report: LiveReport, *, as_json: bool, **rest: object) -> None:
    _say_plate(report.plate)
    figures: dict[str, Any] = {**rest, **asdict(report)}
    if as_json:
        print_json(figures)
        return
    print_table(
        f"{report.frames} frames in {report.secs:.1f} s, {report.fps:.1f} fps; "
        f"{report.grabbed} grabbed = {report.delivered} delivered + {report.dropped} dropped",
        ["output", "frames", "dropped", "p50 ms", "p95 ms"],
        [
            [
                "composed",
                str(report.frames),
                "",
                *_ms(report.latency_p50_ms, report.latency_p95_ms),
            ],
            *(
                [
                    f"{output.name} {output.location}",
                    str(output.frames),
                    str(output.dropped),
                    *_ms(output.latency_p50_ms, output.latency_p95_ms),
                ]
                for output in report.outputs
            ),
        ],
    )


def _say_plate(plate: PlateStatus) -> None:
    health = "" if plate.health is None else f", health {plate.health:.0%}"
    say(f"plate: {plate.phase}{health}" + (f"; {plate.prompt}" if plate.prompt else ""))


def _ms(*values: float) -> list[str]:
    return [f"{value:.0f}" for value in values]
