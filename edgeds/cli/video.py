"""`edgeds video`: a file in, the same file with its foreground and depth shown out."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgeds.cli.console import print_json, print_table, progress, say, stop_on_signal, until
from edgeds.cli.engine import engine_beside
from edgeds.cli.options import (
    BackdropOption,
    DeviceOption,
    EngineOption,
    JsonOption,
    OpacityOption,
    ViewOption,
)
from edgeds.cli.plate import plate_of_clip
from edgeds.plate.settings import PLATE_FROM_CLIP
from edgeds.views.settings import STYLE, View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from threading import Event

    from edgeds.errors import RunError
    from edgeds.pipeline import Clock
    from edgeds.plate.plate import Plate
    from edgeds.types import Frame, Maps, Sink, StreamInfo
    from edgeds.views.compose import Compose
    from edgeds.views.contact_sheet import ContactSheet


def video_command(
    source: Annotated[
        str, typer.Argument(metavar="IN", help="A video file, an image folder or a quoted glob.")
    ],
    plate: Annotated[
        Path | None,
        typer.Option("-b", "--plate", help="Picture of the empty scene; without it, from IN."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Video file, image folder or pattern out/%05d.png."),
    ] = None,
    view: ViewOption = "overlay",
    backdrop: BackdropOption = None,
    opacity: OpacityOption = STYLE.opacity,
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    sheet: Annotated[
        Path | None, typer.Option(help="Also write a PNG contact sheet to look at.")
    ] = None,
    save_plate: Annotated[
        Path | None, typer.Option(help="Keep the plate as .npz or .png, for -b or to look at.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show who and what was not in the empty scene, and how near everything is, in a video."""
    from edgeds.estimate.estimator import Estimator
    from edgeds.pipeline import Clock
    from edgeds.plate.file import plate_to_file
    from edgeds.sinks import open_sink
    from edgeds.sources import open_source
    from edgeds.views.backdrop import open_backdrop
    from edgeds.views.compose import composer
    from edgeds.views.contact_sheet import ContactSheet

    _check_options(view, backdrop, sheet, save_plate)
    with ExitStack() as stack, stop_on_signal() as stop:
        frames = stack.enter_context(open_source(source))
        info = frames.info
        target = output or _default_output(source, view)
        sink = open_sink(target, info, alpha=view == "cutout")
        behind = open_backdrop(backdrop, info.size) if backdrop else None
        if behind is not None:
            stack.callback(behind.close)
        opened = stack.enter_context(engine_beside(engine, device))
        scene = plate_of_clip(plate, source, info.size, stop=stop, engine=opened)
        network = opened.result()
        if save_plate is not None:
            plate_to_file(scene, save_plate)
        _say_choices(network.name, scene, plate, info.name, str(target), view)
        estimate = Estimator(network, scene)
        compose = composer(
            view,
            plate=scene.pixels,
            plate_depth=estimate.plate_depth,
            depth_range=estimate.depth_range,
            backdrop=behind,
            opacity=opacity,
        )
        if sheet is not None:
            moments = ContactSheet(scene.pixels, estimate.plate_depth, estimate.depth_range)
            compose = _with_sheet(compose, moments)
        clock = Clock()
        failure = _run(until(stop, frames), estimate, compose, sink, clock, stop, info)
        if sheet is not None and clock.written_secs:
            moments.save(sheet)
    result = _result(
        clock,
        sink,
        scene,
        str(plate) if plate else None,
        source=source,
        engine=network.name,
        view=view,
        sheet=str(sheet) if sheet else None,
        damaged_packets=getattr(frames, "damaged", 0),
        status="failed" if failure else "stopped" if stop.is_set() else "done",
    )
    _report(result, as_json=as_json)
    if failure is not None:
        raise failure
    if stop.is_set():
        raise typer.Exit(130)


def _check_options(
    view: View, backdrop: str | None, sheet: Path | None, save_plate: Path | None
) -> None:
    from edgeds.errors import InputError, SinkError
    from edgeds.plate.file import check_plate_target

    if backdrop is not None and view != "replace":
        raise InputError(
            "--backdrop was given, but no backdrop is shown",
            why=f"the view is {view!r}",
            fix="add --view replace, or leave --backdrop out",
        )
    if sheet is not None and (sheet.suffix.lower() != ".png" or not sheet.parent.is_dir()):
        raise SinkError(
            f"cannot write the contact sheet {str(sheet)!r}",
            why="it must be a .png in a folder that is there",
            fix="give a path such as sheet.png",
        )
    if save_plate is not None:
        check_plate_target(save_plate)


def _run(
    frames: Iterable[Frame],
    estimate: Callable[[Frame], Maps],
    compose: Compose,
    sink: Sink,
    clock: Clock,
    stop: Event,
    info: StreamInfo,
) -> RunError | None:
    """The run with its progress bar. Returns how it failed, if it did after it had begun well."""
    from edgeds.errors import RunError
    from edgeds.pipeline import run

    try:
        with sink, progress() as bar:
            task = bar.add_task("video", total=info.frame_count)
            run(frames, estimate, compose, sink, clock=clock, on_frame=lambda _: bar.advance(task))
            if stop.is_set():  # by way of the sink, so that it knows the video is not whole
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        stop.set()
    except RunError as error:
        return error
    return None


def _default_output(source: str, view: View) -> Path:
    """Beside the input: in.mp4 -> in.edgeds.mp4, with the suffix the view needs."""
    from edgeds.errors import SinkError
    from edgeds.sources.settings import IMAGE_SUFFIXES

    path = Path(source)
    if any(sign in source for sign in "*?[") and not path.exists():
        raise SinkError(
            "no name for the output",
            why="the input is a glob, which names many files",
            fix="give one with -o, such as -o out.mp4",
        )
    suffix = ".mp4"
    if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
        suffix = ".png"
    elif view == "cutout":
        suffix = ".webm"
    name = path.name if path.is_dir() else path.stem
    return path.resolve().parent / f"{name}.edgeds{suffix}"


def _say_choices(
    engine: str, plate: Plate, given: Path | None, name: str, target: str, view: View
) -> None:
    height, width = plate.size
    say(f"{name} ({width}x{height}) -> {target}, view {view}")
    say(f"engine: {engine}")
    if given is not None:
        say(f"plate: {given}{_making(plate)}")
        return
    say(f"plate: estimated from {plate.samples} frames of the clip itself")
    if (plate.doubtful or 0.0) > PLATE_FROM_CLIP.warn_doubtful:
        say(
            f"  note: it is doubtful in {plate.doubtful:.0%} of the picture, where something is "
            "in the way for much of the clip; a picture of the empty scene (-b) is better"
        )


def _making(plate: Plate) -> str:
    """How a given plate came to be, as far as its file tells."""
    if plate.origin == "clip":
        return f", estimated from {plate.samples} frames of a clip"
    if plate.origin == "capture":
        return f", captured {plate.taken or 'before'} from {plate.samples} frames"
    return ""


def _with_sheet(compose: Compose, sheet: ContactSheet) -> Compose:
    def compose_and_keep(frame: Frame, maps: Maps) -> Frame:
        sheet.add(frame, maps)
        return compose(frame, maps)

    return compose_and_keep


def _result(
    clock: Clock, sink: Sink, plate: Plate, given: str | None, **rest: object
) -> dict[str, Any]:
    report = asdict(clock.report())
    return {
        **rest,
        "output": sink.location if report["frames"] else None,
        "audio": getattr(sink, "audio", "none"),
        "plate": {
            "file": given,
            "origin": plate.origin,
            "samples": plate.samples,
            "doubtful": plate.doubtful,
        },
        **{key: round(v, 3) if isinstance(v, float) else v for key, v in report.items()},
    }


def _report(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    if not result["frames"]:
        say("no frame was written")
        return
    rows = [
        [stage, f"{times['p50_ms']:.1f}", f"{times['p95_ms']:.1f}"]
        for stage, times in result["stages"].items()
    ]
    title = (
        f"{result['frames']} frames in {result['secs']:.1f} s, {result['fps']:.1f} fps end to end"
    )
    print_table(title, ["stage", "p50 ms", "p95 ms"], rows)
    if result["damaged_packets"]:
        say(f"{result['damaged_packets']} damaged packets of the input were skipped")
    if result["status"] == "stopped":
        say("stopped before the end; what was written is complete and plays")
    say(f"video: {result['output']} (audio: {result['audio']})")
    if result["sheet"]:
        say(f"contact sheet: {result['sheet']}")
