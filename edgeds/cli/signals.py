"""`--rules`, `--events`: what the camera sees, for other programs. Options, and what they open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from edgeds.cli.video_report import Notes
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained import MaintainedEstimator
    from edgeds.live.signals.rules import Rules
    from edgeds.types import Frame, Maps, StreamInfo

_STDOUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalOptions:
    """The options of a command that reports objects and events."""

    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Watch what this TOML file says: zones, lines, distances, things left behind.",
        ),
    ] = None
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE|-", help="Write events as JSON Lines; - is standard output."),
    ] = None

    @property
    def on_stdout(self) -> bool:
        """Whether standard output belongs to the events."""
        return str(self.events) == _STDOUT

    @property
    def are_given(self) -> bool:
        return self.rules is not None or self.events is not None

    def check(self, *, as_json: bool) -> None:
        """
        Raises:
            InputError: report and events would both go to standard output, or the rules are wrong.
        """
        from edgeds.errors import InputError

        if as_json and self.on_stdout:
            raise InputError(
                "--json and --events - both write to standard output",
                why="nobody could separate the two",
                fix="give --events the name of a file",
            )
        read_rules(self)

    @property
    def events_file(self) -> Path | None:
        return None if self.on_stdout else self.events


def read_rules(options: SignalOptions) -> Rules:
    """The rules of --rules; without it, those that report all objects."""
    from edgeds.live.signals.rule_file import rules_from_file
    from edgeds.live.signals.rules import Rules

    return Rules() if options.rules is None else rules_from_file(options.rules)


class ClipSignals:
    """Signals of a file: every frame is looked at, and no event is lost."""

    def __init__(
        self, options: SignalOptions, info: StreamInfo, estimate: Estimator | MaintainedEstimator
    ) -> None:
        from edgeds.live.signals.delivery.json_lines import JsonLines
        from edgeds.live.signals.signals import Signals

        self._estimate = estimate
        self._lines = None if options.events is None else JsonLines(options.events)
        self.signals = Signals(
            read_rules(options),
            info.size,
            source=info.name,
            scale=lambda: estimate.scale,
            listeners=() if self._lines is None else (self._lines,),
        )

    @property
    def notes(self) -> list[str]:
        return self.signals.notes

    def around(
        self, compose: Callable[[Frame, Maps], Any], view: str
    ) -> Callable[[Frame, Maps], Any]:
        """Look at every frame before it is composed; draw what was seen into the overlay."""
        from edgeds.live.signals.drawing import draw_signals

        def look_and_compose(frame: Frame, maps: Maps) -> Any:
            health = getattr(self._estimate, "health", None)
            seen = self.signals(frame, maps, health=health)
            picture = compose(frame, maps)
            if view != "overlay":
                return picture
            return picture.with_pixels(draw_signals(picture.pixels, seen, self.signals.rules))

        return look_and_compose

    def end(self, *, whole: bool) -> None:
        """Complete the file of events; `whole`: the run got to its end."""
        if self._lines is not None:
            self._lines.end(whole=whole)

    def report(self) -> dict[str, object]:
        """For the command's report."""
        seen = self.signals.seen
        lines = self._lines
        return {
            "events": None if lines is None else {"to": lines.location, "count": lines.written},
            "lines": {} if seen is None else seen.watched["lines"],
        }


def open_clip_signals(
    options: SignalOptions,
    info: StreamInfo,
    estimate: Estimator | MaintainedEstimator,
    stack: ExitStack,
    notes: Notes,
) -> ClipSignals | None:
    """None where no option asks for signals. Leaving the stack early keeps what was written."""
    if not options.are_given:
        return None
    opened = ClipSignals(options, info, estimate)
    stack.callback(opened.end, whole=False)
    notes.watch(opened)
    return opened
