"""What `edgeds live` prints: its choices, one line while it runs, and figures at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from edgeds.cli.console import console_of_people, print_json, print_table, say
from edgeds.cli.video_report import say_signals
from edgeds.errors import counted
from edgeds.plate.time_taken import in_local_time

_UNDER_WAY = ("checking", "counting", "capturing", "estimating")

if TYPE_CHECKING:
    from edgeds.live.control import LiveControl, LiveStatus
    from edgeds.live.live_plate import PlateChoice
    from edgeds.live.report import LiveReport
    from edgeds.types import StreamInfo


def say_choices(info: StreamInfo, engine: str, choice: PlateChoice) -> None:
    height, width = info.size
    rate = f", {float(info.rate):.4g} fps" if info.rate else ""
    say(f"source: {info.name} ({width}x{height}{rate})")
    say(f"engine: {engine}")
    if choice.given is not None:
        say("plate: given")
    elif choice.kept is not None and choice.use_kept:
        taken = in_local_time(choice.kept.taken)
        say(f"plate: the last one, of {taken}, if it fits; --plate new takes another")
    elif choice.allow_motion:
        say("plate: estimated from the stream; whatever stays in its place is background")
    else:
        say("plate: taken now; keep out of the picture")


@contextmanager
def status_line(run: LiveControl) -> Iterator[None]:
    """Shows the status in one line that is updated, on a terminal."""
    from rich.live import Live
    from rich.text import Text

    console = console_of_people()
    if not console.is_terminal:
        yield
        return
    line = Live(
        get_renderable=lambda: Text(line_of(run.status())),  # Text: a message may have brackets
        console=console,
        refresh_per_second=2,
        transient=True,
    )
    with line:
        yield


def line_of(status: LiveStatus) -> str:
    """The status in one line; first what the user should know or do."""
    from edgeds.live.window import prompt

    figures = (
        f"{status.fps:.1f} fps  latency {status.latency_p50_ms:.0f} ms, "
        f"p95 {status.latency_p95_ms:.0f} ms  {status.dropped} of {status.grabbed} dropped  "
        f"{status.view}"
    )
    if status.plate.health is not None:
        figures += f"  plate {status.plate.health:.0%}"
    if status.recording:
        figures += "  recording"
    first = prompt(status)
    return f"{first}  |  {figures}" if first else figures


def report(
    done: LiveReport, about: dict[str, Any], *, as_json: bool, on_stderr: bool = False
) -> None:
    """Print the figures of the whole run, as a table or as JSON.

    Args:
        about: "source", "engine", and "signals": what lines counted, what became of the events.
        on_stderr: stdout belongs to the events; people get a line on stderr.
    """
    _say_plate(done)
    figures, signals = {**about, **asdict(done)}, about["signals"]
    if as_json:
        print_json(figures)
        return
    if signals is not None:
        say_signals(signals)
    if on_stderr:
        say(f"{counted(done.frames, 'frame')} in {done.secs:.1f} s, {done.fps:.1f} fps")
        return
    print_table(
        f"{counted(done.frames, 'frame')} in {done.secs:.1f} s, {done.fps:.1f} fps; "
        f"{done.grabbed} grabbed = {done.delivered} delivered + {done.dropped} dropped",
        ["output", "frames", "dropped", "p50 ms", "p95 ms"],
        [
            ["composed", str(done.frames), "", *_ms(done.latency_p50_ms, done.latency_p95_ms)],
            *(
                [
                    f"{output.name} {output.location}",
                    str(output.frames),
                    str(output.dropped),
                    *_ms(output.latency_p50_ms, output.latency_p95_ms),
                ]
                for output in done.outputs
            ),
        ],
    )


def exit_after(done: LiveReport, *, stopped: bool) -> None:
    """Exit with the code of a stopped run, or of one with an output or a camera that failed."""
    if done.camera_away:
        say(f"the camera was away at the end: {done.camera_away}")
    if stopped:
        raise typer.Exit(130)
    if done.camera_away or any(output.message for output in done.outputs):
        raise typer.Exit(1)


def _say_plate(done: LiveReport) -> None:
    plate = done.plate
    health = "" if plate.health is None else f", health {plate.health:.0%}"
    say(f"plate: {plate.phase}{health}" + (f"; {plate.prompt}" if plate.prompt else ""))
    if done.depth is None and plate.phase in _UNDER_WAY:
        say(
            f"  note: the run ended {plate.secs_left:.0f} s before there was a plate, so nothing "
            "was found: give one (-b PLATE), or let a short clip play again and again "
            "(file:clip.mp4?loop)"
        )


def _ms(*values: float) -> list[str]:
    return [f"{value:.0f}" for value in values]
