"""`edgeds live`: a camera in, its foreground and depth shown, recorded and passed on."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edgeds.cli.console import say, stop_on_signal
from edgeds.cli.engine import engine_beside
from edgeds.cli.live_report import report, say_choices, status_line
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
    from edgeds.live.live_plate import PlateChoice
    from edgeds.live.run import LiveRun, Window
    from edgeds.plate.plate import Plate
    from edgeds.sources import LiveSource, RealTimeSource
    from edgeds.types import StreamInfo


def live_command(
    source: SourceArgument = None,
    camera: CameraOption = None,
    plate: Annotated[
        str | None,
        typer.Option(
            "-b",
            "--plate",
            metavar="FILE|last|new",
            help="A picture of the empty scene; the last plate of this source; or a new one. "
            "Default: the last one if it fits the view, else a new one.",
        ),
    ] = None,
    allow_motion: Annotated[
        bool | None,
        typer.Option(
            "--allow-motion/--no-allow-motion",
            "--plate-from-stream",
            help="Estimate the plate from the running stream, for scenes that are never empty. "
            "Default: for clips (file:...), not for cameras.",
        ),
    ] = None,
    show: Annotated[
        bool | None,
        typer.Option(help="Show the result in a window. Default: where there is a display."),
    ] = None,
    serve: Annotated[
        str | None,
        typer.Option(metavar="[HOST:]PORT", help="Show the result on a page, in any browser."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep the page's token in this file, so that its link stays valid between runs.",
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Record the result to a video file.")
    ] = None,
    virtual_camera: Annotated[
        bool,
        typer.Option("--virtual-camera", help="Be a camera for other programs."),
    ] = False,
    virtual_camera_device: Annotated[
        str | None,
        typer.Option(metavar="DEVICE", help="The virtual camera to use, such as /dev/video10."),
    ] = None,
    view: ViewOption = "overlay",
    backdrop: BackdropOption = None,
    opacity: OpacityOption = STYLE.opacity,
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    size: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Ask the camera for this size, such as 1280x720."),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=1, max=1000, help="Ask the camera for this rate.")
    ] = None,
    pixel_format: Annotated[
        Literal["auto", "mjpg", "yuyv"], typer.Option(help="Ask the camera for this format.")
    ] = "auto",
    rtsp_transport: TransportOption = "auto",
    duration: Annotated[
        float | None, typer.Option(metavar="SECS", min=0, help="End after this time.")
    ] = None,
    max_frames: Annotated[
        int | None, typer.Option(min=1, help="End after this many frames.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show live what was not in the empty scene, and how near everything is."""
    from edgeds.live.memory import return_large_arrays
    from edgeds.live.run import LiveRun
    from edgeds.sources.scaling import size_from_text
    from edgeds.sources.url import masked
    from edgeds.views.backdrop import open_backdrop

    return_large_arrays()
    uri = uri_from_arguments(source, camera)
    wanted_size = None if size is None else size_from_text(size)
    rate = None if fps is None else Fraction(fps).limit_denominator(1001)
    given = _given(plate)
    token = _token(serve, token_file)
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
        choice = _plate_choice(frames, masked(uri), given, plate, allow_motion)
        run = LiveRun(
            frames,
            network,
            choice=choice,
            view=view,
            opacity=opacity,
            backdrop=behind,
            window=window,
            record=record,
            on_event=say,
            stop=stop,
        )
        stack.enter_context(run)
        say_choices(info, network.name, choice)
        if window is not None:
            say("keys in the window: b plate, v view, r record, s snapshot, q quit")
        elif show is None and not (serve or record or virtual_camera):
            serve = str(PAGE.port)  # no display: then in the browser
        if serve is not None:
            _add_page(run, serve, token)
        if virtual_camera:
            _add_virtual_camera(run, info, virtual_camera_device)
        if record is not None:
            run.start_recording()
        with status_line(run):
            done = run.run(duration_secs=duration, max_frames=max_frames)
    report(done, source=masked(uri), engine=network.name, as_json=as_json)
    if stop.is_set():
        raise typer.Exit(130)
    if any(output.message for output in done.outputs):
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


def _given(plate: str | None) -> Plate | None:
    """The plate of a file, where one is named; read before anything is opened."""
    from edgeds.plate.file import plate_from_file

    return None if plate in (None, "last", "new") else plate_from_file(plate)


def _plate_choice(
    frames: LiveSource | RealTimeSource,
    source: str,
    given: Plate | None,
    wanted: str | None,
    allow_motion: bool | None,
) -> PlateChoice:
    """Every way to come to a plate, as the options say.

    Raises:
        PlateError: the last one is wanted, and there is none.
    """
    from edgeds.engine.places import built_engines
    from edgeds.errors import PlateError
    from edgeds.live.live_plate import PlateChoice
    from edgeds.live.plate_store import PlateStore
    from edgeds.plate.plate import fitted
    from edgeds.sources import RealTimeSource

    size = frames.info.size
    store = PlateStore(built_engines().parent / "plates", source, say)
    kept = store.last(size)
    if wanted == "last" and kept is None:
        raise PlateError(
            "there is no last plate",
            why=f"no earlier run kept one for {source} at this shape",
            fix="leave --plate out: edgeds takes a new one and keeps it",
        )
    if allow_motion is None:
        allow_motion = isinstance(frames, RealTimeSource)
    return PlateChoice(
        given=None if given is None else fitted(given, size),
        kept=kept,
        use_kept=wanted != "new",
        allow_motion=allow_motion,
        on_taken=store.keep,
    )


def _token(serve: str | None, token_file: Path | None) -> str | None:
    """The page's token from its file; None leaves it to the page."""
    from edgeds.errors import InputError

    if token_file is None:
        return None
    if serve is None:
        raise InputError(
            "--token-file was given, but no page is served",
            why="the token belongs to the page",
            fix="add --serve 0.0.0.0:8080, or leave --token-file out",
        )
    from edgeds.live.web.token import token_from_file

    return token_from_file(token_file)


def _add_page(run: LiveRun, address: str, token: str | None) -> None:
    """Serve the page. Its link holds the token, so it is printed here and nowhere else."""
    import sys

    from edgeds.live.web.phone import terminal_code
    from edgeds.live.web.sink import WebSink

    sink = WebSink(address, run, token=token)
    run.add_output("page", sink, is_file=False)
    say(f"page: {sink.link}")
    if not sink.is_local and sys.stderr.isatty():
        say(terminal_code(sink.link))


def _add_virtual_camera(run: LiveRun, info: StreamInfo, device: str | None) -> None:
    from edgeds.sinks.virtual_camera import VirtualCameraSink

    sink = VirtualCameraSink(info, device)
    run.add_output("virtual camera", sink, is_file=False)
    say(f"virtual camera: {sink.location}")
