"""What `edgeds video` says: the choices at its start, the figures at its end."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edgeds.cli.clip_plate import note_of_doubt
from edgeds.cli.console import print_json, print_table, say
from edgeds.errors import counted
from edgeds.plate.settings import PLATE_CAPTURE
from edgeds.plate.time_taken import in_local_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeds.estimate.maintained_estimator import Followed
    from edgeds.pipeline import Clock
    from edgeds.plate.plate import Plate
    from edgeds.sinks.layers.layers_folder import LayersSink
    from edgeds.types import FileSink

_COARSE = 1.25  # times as large as its own pixels: then a plate's edges are visibly soft


def say_choices(
    engine: str, plate: Plate, given: Path | None, name: str, target: str, shown: str
) -> None:
    """Print what will be done, and with what."""
    height, width = plate.size
    say(f"{name} ({width}x{height}) -> {target}, {shown}")
    say(f"engine: {engine}")
    if given is not None:
        say(f"plate: {given}{_making(plate)}")
        return
    say(f"plate: estimated from {plate.samples} frames of the clip itself")
    if note := note_of_doubt(plate):
        say(f"  note: {note} (--sheet shows where); a picture of the empty scene (-b) is better")


def notes_on(plate: Plate) -> list[str]:
    """What is wrong with a plate that came from a file or a clip, and was not checked."""
    from edgeds.plate.lost_picture import is_black, share_of_white
    from edgeds.sources.scaling import text_from_size

    notes = []
    if plate.enlarged_from is not None and plate.size[0] > _COARSE * plate.enlarged_from[0]:
        own, frames = text_from_size(plate.enlarged_from), text_from_size(plate.size)
        notes.append(
            f"the plate is {own} and the frames are {frames}: the mask's border is as coarse as "
            "the plate; a plate of the frames' size is better"
        )
    if is_black(plate.pixels):
        return [*notes, "the plate is black: whatever is lit counts as foreground"]
    white = share_of_white(plate.pixels)
    if white > PLATE_CAPTURE.max_clipped:
        notes.append(
            f"{white:.0%} of the plate is clipped to white: white things before it are missed"
        )
    return notes


def _making(plate: Plate) -> str:
    """How a given plate came to be, as far as its file says."""
    if plate.origin == "clip":
        return f", estimated from {plate.samples} frames of a clip"
    if plate.origin == "capture":
        taken = in_local_time(plate.taken) if plate.taken else "before"
        return f", captured {taken} from {plate.samples} frames"
    return ""


class Noted(Protocol):
    """Something that finds out what people should know."""

    @property
    def notes(self) -> Sequence[str]: ...


class Notes:
    """What a run found out about its input: each note is printed once, when it is known."""

    def __init__(self, source: Noted) -> None:
        self._watched = [source]
        self.said: list[str] = []

    def watch(self, *others: Noted) -> None:
        """Print the notes of these, too."""
        self._watched.extend(others)

    def say_new(self, *others: str) -> None:
        """Print these notes, and those of what is watched, as far as they are new."""
        watched = [note for one in self._watched for note in tuple(one.notes)]
        for note in (*others, *watched):
            if note not in self.said:
                self.said.append(note)
                say(f"  note: {note}")


def result(
    clock: Clock,
    sink: FileSink | LayersSink,
    plate: Plate,
    given: str | None,
    *,
    followed: Followed | None = None,
    **rest: object,
) -> dict[str, Any]:
    """The JSON object of a run. `followed`: how the plate was corrected; None where it was not."""
    report = asdict(clock.report())
    report["frames"] -= sink.lost
    return {
        **rest,
        "output": sink.location if report["frames"] and _is_there(sink.location) else None,
        "audio": sink.audio,
        "plate": {
            "file": given,
            "origin": plate.origin,
            "samples": plate.samples,
            "doubtful": plate.doubtful,
            "followed": rounded(followed),
        },
        **{key: round(v, 3) if isinstance(v, float) else v for key, v in report.items()},
    }


def _is_there(location: str) -> bool:
    return "%" in location or Path(location).exists()  # `out/%05d.png` stands for many files


def rounded(followed: Followed | None) -> dict[str, Any] | None:
    """How a plate was corrected, for a report; None where it was used as it is."""
    if followed is None:
        return None
    return {
        "shift_px": round(followed.shift_px, 2),
        "turn_degrees": round(followed.turn_degrees, 2),
        "gain": [round(gain, 3) for gain in followed.gain],
    }


def print_result(
    result: dict[str, Any], *, as_json: bool, on_stderr: bool = False, is_whole: bool = False
) -> None:
    """Print the result on stdout, as JSON or as a table.

    Args:
        on_stderr: stdout is taken.
        is_whole: every frame was written, whatever failed beside it.
    """
    if as_json:
        print_json(result)
        return
    if not result["frames"]:
        if result["status"] != "failed" or not result["secs"]:  # else the error says how many
            say("no frame was written")
        return
    rows = [
        [stage, f"{times['p50_ms']:.1f}", f"{times['p95_ms']:.1f}"]
        for stage, times in result["stages"].items()
    ]
    title = _how_fast(result["frames"], result["secs"], result["fps"])
    if on_stderr:
        say(title)
    else:
        print_table(title, ["stage", "p50 ms", "p95 ms"], rows)
    if result["damaged_packets"]:
        packets = counted(result["damaged_packets"], "damaged packet")
        say(f"skipped {packets} of the input")
    if result["status"] == "stopped":
        say("stopped before the end; what was written is complete and plays")
    say(correction(result["plate"]["followed"]))
    made = _made(result)
    if result["output"] is None:
        say(f"{made}: nothing is left of it")
    else:
        about = ["cut short"] if result["status"] == "failed" and not is_whole else []
        if made in ("video", "layers"):
            about.append(f"audio: {result['audio']}")
        said = f" ({', '.join(about)})" if about else ""
        say(f"{made}: {result['output']}{said}")
    if result["sheet"]:
        say(f"contact sheet: {result['sheet']}")
    if result["mesh"] is not None:
        _say_meshes(**result["mesh"])
    if result["signals"] is not None:
        say_signals(result["signals"])


def _made(result: dict[str, Any]) -> str:
    from edgeds.sources.settings import IMAGE_SUFFIXES

    if result["view"] == "layers":
        return "layers"
    name = str(result["output"])
    suffix = Path(name).suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return "pictures" if "%" in name else "picture"
    return "video" if suffix and not Path(name).is_dir() else "pictures"


def _how_fast(frames: int, secs: float, fps: float) -> str:
    """The rate is counted over the gaps between frames, so the start is not in it."""
    title = f"{counted(frames, 'frame')} in {secs:.1f} s"
    if not fps:
        return title
    first_secs = max(0.0, secs - (frames - 1) / fps)
    return f"{title}: the first after {first_secs:.1f} s, then {fps:.1f} fps"


def _say_meshes(output: str | None, files: int) -> None:
    if output is not None:
        several = (
            f" ({counted(files, 'file')}, of frames and the plate)"
            if "%" in Path(output).name
            else ""
        )
        say(f"mesh: {output}{several}")


def say_signals(signals: dict[str, Any]) -> None:
    """Print what lines counted, and what became of the events."""
    for line, counts in signals["lines"].items():
        say(f"line {line!r}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    for one in signals["deliveries"]:
        lost = f", {one['lost']} lost" if one["lost"] else ""
        say(f"events: {one['delivered']} to {one['to']}{lost}")


def correction(followed: dict[str, Any] | None) -> str:
    """A line about what `rounded` gave."""
    if followed is None:
        return "plate: used as it is"
    low, high = followed["gain"]
    return (
        f"plate: corrected by up to {followed['shift_px']:.1f} px and "
        f"{followed['turn_degrees']:.2f} degrees, light by a gain of {low:.2f} to {high:.2f}"
    )
