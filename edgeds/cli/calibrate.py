"""`edgeds calibrate`: plate and frames of one's own camera or clip, as a calibration set."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from edgeds.cli.capture import take
from edgeds.cli.clip_plate import plate_of_clip
from edgeds.cli.console import print_json, progress, say, stop_on_signal, until
from edgeds.cli.option_groups import OUTPUT, PLATE
from edgeds.cli.same_file_twice import not_stdout
from edgeds.cli.shared_options import DeviceOption, EngineOption, JsonOption, PlateFixedOption
from edgeds.cli.sources import CameraOption, SourceArgument, open_any, uri_from_arguments
from edgeds.cli.video_report import correction, rounded
from edgeds.errors import counted
from edgeds.evaluation.settings import CALIBRATION, SET_RECORDING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Event

    from edgeds.cli.sources import Opened
    from edgeds.evaluation.calibration_recorder import SetRecorder
    from edgeds.plate.plate import Plate
    from edgeds.types import Engine, Frame

_SetOption: TypeAlias = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="SET",
        callback=not_stdout,
        help="Folder of the set. If it has frames already, recording continues.",
        rich_help_panel=OUTPUT,
    ),
]
_EveryOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="SECS",
        min=0,
        help=f"Time between frames. Default: {SET_RECORDING.every_secs:g} for a camera; "
        "a file's frames are spread over the whole file.",
    ),
]


def calibrate_command(
    output: _SetOption,
    source: SourceArgument = None,
    camera: CameraOption = None,
    plate: Annotated[
        Path | None,
        typer.Option(
            "-b",
            "--plate",
            help="Picture of the empty scene. Default: taken at the start.",
            rich_help_panel=PLATE,
        ),
    ] = None,
    frames: Annotated[
        int, typer.Option(min=CALIBRATION.min_frames, help="How many frames to keep.")
    ] = SET_RECORDING.frames,
    every: _EveryOption = None,
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    plate_fixed: PlateFixedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Record a calibration set for INT8 engines.

    Record what the camera will see in use: the empty scene, people near and far, lamps on and off.
    """
    from edgeds.engine import open_engine
    from edgeds.evaluation.calibration_recorder import SetRecorder
    from edgeds.evaluation.recorded_set_folder import check_set_target
    from edgeds.plate.file import plate_from_file
    from edgeds.plate.lock_while_in_use import unlocked_after

    check_set_target(output)
    uri = uri_from_arguments(source, camera)
    given = None if plate is None else plate_from_file(plate)
    with ExitStack() as stack, stop_on_signal() as stop:
        opened = stack.enter_context(open_any(uri, stop))
        network = stack.enter_context(open_engine(engine, device=device))
        name = Path(opened.info.name).stem or "camera"
        say(f"{opened.info.name} -> {output}, {counted(frames, 'frame')}")
        every_secs = _every_secs(opened, frames) if every is None else every
        newest = stack.enter_context(opened.frames(every_secs))
        stack.enter_context(unlocked_after(opened.camera, newest))
        used = _plate(given, uri, opened, network, newest, stop)
        recorder = SetRecorder(
            output, used, network, name=name, every_secs=every_secs, fixed=plate_fixed,
            settings=replace(SET_RECORDING, frames=frames),
        )  # fmt: skip
        _record(recorder, until(stop, newest), opened, frames)
        recorder.finish()
    followed = rounded(recorder.followed)
    if as_json:
        counts = {"frames": len(recorder), "empty": recorder.empty}
        print_json({"output": str(output), **counts, "followed": followed})
    say(f"{output}: {counted(len(recorder), 'frame')}, {recorder.empty} of them empty")
    say(correction(followed))
    if stop.is_set():
        say("stopped before the end; the set is complete so far, and the same command continues it")
        raise typer.Exit(130)
    _check_enough(len(recorder), output)


def _every_secs(opened: Opened, frames: int) -> float:
    """Two candidates for each wanted frame of a file, the whole of it."""
    duration_secs = opened.info.duration_secs
    if opened.is_live or not duration_secs:
        return SET_RECORDING.every_secs if opened.is_live else 0.0
    return duration_secs / (2 * frames)


def _plate(
    given: Plate | None,
    uri: str,
    opened: Opened,
    engine: Engine,
    frames: Iterable[Frame],
    stop: Event,
) -> Plate:
    """The plate as given, from the whole of a file, or taken from the camera now."""
    from edgeds.plate.capture import PlateCapture
    from edgeds.plate.plate import plate_at_size

    if given is None and opened.is_live:
        capture = PlateCapture(engine)
        plate = take(capture, frames, stop, opened.camera)
        say(f"plate: {capture.status.verdict}")
        return plate
    size = opened.info.size
    plate = (
        plate_of_clip(None, uri, size, stop=stop) if given is None else plate_at_size(given, size)
    )
    if opened.camera is not None and plate.camera:
        opened.camera.lock(plate.camera)
    return plate


def _record(recorder: SetRecorder, frames: Iterable[Frame], opened: Opened, wanted: int) -> None:
    """A file to its end, a camera until there are enough."""
    with progress() as bar:
        known = None if opened.is_live else opened.info.frame_count
        kept = bar.add_task("kept", total=wanted, completed=len(recorder))
        read = bar.add_task("read", total=known, visible=not opened.is_live)
        for frame in frames:
            recorder.offer(frame)
            bar.update(kept, completed=len(recorder))
            bar.update(read, completed=frame.index + 1)
            if opened.is_live and len(recorder) >= wanted:
                return


def _check_enough(count: int, output: Path) -> None:
    from edgeds.errors import DatasetError

    if count < CALIBRATION.min_frames:
        raise DatasetError(
            f"the set {str(output)!r} is too small: {counted(count, 'frame')}",
            why=f"ranges measured on fewer than {CALIBRATION.min_frames} do not fit further "
            "frames; near-duplicates do not count",
            fix=f"record more into it, with -o {output}: a longer clip, more movement, other light",
        )
    if count < CALIBRATION.good_frames:
        say(
            f"  note: {CALIBRATION.good_frames} and more are better; the same command with another "
            "source adds to the set"
        )
