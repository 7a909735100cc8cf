"""`edgeds capture`: the empty scene as a plate file, checked."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from edgeds.cli.clip_plate import note_of_doubt, plate_of_clip
from edgeds.cli.console import console_of_people, print_json, say, stop_on_signal, until
from edgeds.cli.longer_look import look_on
from edgeds.cli.option_groups import OUTPUT, PLATE
from edgeds.cli.same_file_twice import check_clashes
from edgeds.cli.shared_options import DeviceOption, EngineOption, JsonOption
from edgeds.cli.sources import (
    CameraOption,
    SourceArgument,
    TransportOption,
    open_any,
    uri_from_arguments,
)
from edgeds.errors import counted
from edgeds.plate.settings import PLATE_CAPTURE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Event

    from edgeds.cli.sources import Opened
    from edgeds.plate.capture import PlateCapture
    from edgeds.plate.plate import Plate
    from edgeds.plate.settings import CaptureSettings
    from edgeds.sources import WatchedSource
    from edgeds.types import Frame, Size

_MotionOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--allow-motion",
        help="Accept motion, such as leaves outdoors. The plate is then what is visible most "
        "of the time: of a clip, of the whole of it; of a camera, of up to a minute.",
        rich_help_panel=PLATE,
    ),
]


def capture_command(
    source: SourceArgument = None,
    camera: CameraOption = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="A .npz file, with a .png beside it to look at; or a .png alone.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("plate.npz"),
    countdown: Annotated[
        float | None,
        typer.Option(
            metavar="SECS",
            min=0,
            help="Time to leave the picture. "
            f"Default: {PLATE_CAPTURE.countdown_secs:g}, or 0 for a file.",
            rich_help_panel=PLATE,
        ),
    ] = None,
    allow_motion: _MotionOption = False,
    rtsp_transport: TransportOption = "auto",
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Take the plate, a picture of the empty scene, and check it."""
    from edgeds.engine import open_engine
    from edgeds.plate.capture import PlateCapture, forgiving
    from edgeds.plate.file import check_plate_target

    check_plate_target(output)
    uri = uri_from_arguments(source, camera)
    with ExitStack() as stack, stop_on_signal() as stop:
        opened = stack.enter_context(open_any(uri, stop, rtsp_transport=rtsp_transport))
        check_clashes({"the source": opened.info.files}, {"the plate": output})
        height, width = opened.info.size
        said = f"{opened.info.name} ({width}x{height}) -> {output}"
        if allow_motion and not opened.is_live:
            _check_no_countdown(countdown)
            say(said)
            plate, verdict = _of_whole_clip(uri, opened.info.size, stop)
        else:
            network = stack.enter_context(open_engine(engine, device=device))
            how = _settings(countdown, live=opened.is_live)
            say(said)
            capture = PlateCapture(network, forgiving(how) if allow_motion else how)
            plate, verdict = _of_stream(opened, capture, stop)
    plate = replace(plate, taken=datetime.now(timezone.utc).isoformat(timespec="seconds"))
    picture = _written(plate, verdict, output, engine, device)
    if as_json:
        print_json(_result(plate, output, picture, verdict))


def _of_stream(opened: Opened, capture: PlateCapture, stop: Event) -> tuple[Plate, str]:
    """(the plate of the source's next frames, the verdict)."""
    from edgeds.plate.lock_while_in_use import unlocked_after

    with opened.frames() as frames, unlocked_after(opened.camera, frames):
        plate = take(capture, frames, stop, opened.camera)
        if capture.moved:
            return look_on(plate, capture.moved, frames, stop)
    return plate, capture.status.verdict


def _check_no_countdown(countdown: float | None) -> None:
    """
    Raises:
        InputError: a clip's first seconds are to be left out, and the whole of it looked at.
    """
    from edgeds.errors import InputError

    if countdown:
        raise InputError(
            "--countdown does not go with --allow-motion here",
            why="of a clip, --allow-motion looks at frames of the whole of it",
            fix="leave --countdown out, or cut the clip first",
        )


def _of_whole_clip(uri: str, size: Size, stop: Event) -> tuple[Plate, str]:
    """(the plate as `edgeds video` estimates it from a clip, the verdict)."""
    plate = plate_of_clip(None, uri, size, stop=stop)
    verdict = f"estimated from {counted(plate.samples or 0, 'frame')} of the whole clip"
    sure = f"sure of {1 - (plate.doubtful or 0.0):.0%} of the picture"
    return plate, f"{verdict}; {note_of_doubt(plate) or sure}"


def _written(
    plate: Plate, verdict: str, output: Path, engine: str | None, device: str
) -> Path | None:
    """Write the plate, with its depth, and the picture beside it. Returns the picture's path."""
    from edgeds.engine.plate_depth_engine import plate_with_depth
    from edgeds.plate.file import plate_to_file

    picture = _picture_beside(output)
    plate_to_file(plate if output == picture else plate_with_depth(plate, engine, device), output)
    if picture is not None and picture != output:
        plate_to_file(plate, picture)
    say(f"plate: {verdict}")
    beside = picture not in (None, output)
    say(f"written: {output}" + (f", to look at: {picture}" if beside else ""))
    if picture is None:
        say(f"  note: {output.with_suffix('.png')} is another picture, so it was left as it is")
    return picture


def _picture_beside(output: Path) -> Path | None:
    """The path of the plate's picture beside `output`; None if another picture has that name.

    If that picture shows the plate that is in `output` now, both are replaced.
    """
    from edgeds.errors import EdgedsError
    from edgeds.plate.file import plate_from_file

    picture = output.with_suffix(".png")
    if picture == output or not picture.exists():
        return picture
    try:
        ours = (plate_from_file(output).pixels == plate_from_file(picture).pixels).all()
    except (EdgedsError, AttributeError):  # there is no such plate, or of another size
        ours = False
    return picture if ours else None


def take(
    capture: PlateCapture, frames: Iterable[Frame], stop: Event, camera: WatchedSource | None = None
) -> Plate:
    """Give it frames until it ends, with the camera's 3A locked, and show its progress.

    Raises:
        PlateError: it refused.
    """
    from rich.live import Live

    from edgeds.plate.lock_while_in_use import CameraLock

    doing = {"counting": "leave the picture", "capturing": "capturing, keep out"}
    lock = CameraLock(camera, capture.settings)
    with Live(console=console_of_people(), transient=True, auto_refresh=False) as line:
        printed = ""
        for frame in until(stop, frames):
            status = capture(frame)
            if capture.ended:
                break
            lock.follow(frame, status)
            now = f"{doing[status.phase]}: {status.secs_left:.0f} s {status.verdict}".rstrip()
            if now != printed:
                printed = now
                line.update(now, refresh=True)
        if stop.is_set():
            raise KeyboardInterrupt
        capture.finish()
    if capture.refusal is not None:
        raise capture.refusal
    assert capture.plate is not None
    if lock.report:
        say(lock.report)
    return replace(capture.plate, camera=lock.values)


def _settings(countdown: float | None, *, live: bool) -> CaptureSettings:
    """A file needs no count-down, since nobody has to leave the picture."""
    if countdown is None:
        countdown = PLATE_CAPTURE.countdown_secs if live else 0.0
    return replace(PLATE_CAPTURE, countdown_secs=countdown)


def _result(plate: Plate, output: Path, picture: Path | None, verdict: str) -> dict[str, object]:
    return {
        "status": "done",
        "output": str(output),
        "picture": None if picture is None else str(picture),
        "verdict": verdict,
        "frames": plate.samples,
        "size": plate.size,
        "noise_levels": None if plate.noise_levels is None else round(plate.noise_levels, 3),
        "taken": plate.taken,
        "camera": dict(plate.camera),
    }
