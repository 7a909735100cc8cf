"""`--rules`, `--events`: what the camera sees, for other programs. Options, and what they open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from edgeds.cli.console import say
from edgeds.cli.deliveries import Deliveries
from edgeds.cli.option_groups import SIGNALS
from edgeds.cli.same_file_twice import check_clashes

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from edgeds.cli.video_report import Notes
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained_estimator import MaintainedEstimator
    from edgeds.live.signals.rules.kinds import Rules
    from edgeds.live.signals.signals import Signals
    from edgeds.types import Frame, Maps, StreamInfo

_STDOUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalOptions:
    """The options of a command that reports objects and events."""

    heading: ClassVar[str] = SIGNALS

    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A TOML file of rules: zones, lines, distances, things left behind.",
        ),
    ] = None
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE|-", help="Write events as JSON Lines; - is standard output."),
    ] = None

    mqtt: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Send events and the state to an MQTT broker: "
            "mqtt://[USER:PASSWORD@]HOST[:PORT][/TOPIC].",
        ),
    ] = None
    mqtt_discovery: Annotated[
        bool,
        typer.Option(help="Let Home Assistant find the camera and its rules on the broker."),
    ] = True
    webhook: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Post each event to this URL. May be given several times."
        ),
    ] = None

    @property
    def on_stdout(self) -> bool:
        """Whether standard output belongs to the events."""
        return str(self.events) == _STDOUT

    @property
    def are_given(self) -> bool:
        return any((self.rules, self.events, self.mqtt, self.webhook))

    def check(
        self,
        *,
        as_json: bool,
        source: str | None = None,
        plate: str | Path | None = None,
        backdrop: str | None = None,
        recording: Path | None = None,
        whole: bool = False,
    ) -> None:
        """Find out before the work begins what is wrong.

        Args:
            whole: the file of events takes its place when it is complete; else it is appended to.

        Raises:
            InputError: report and events would both go to standard output, the rules or an address
                are wrong, or two of the files are one.
            SinkError: the events cannot be written.
        """
        from edgeds.errors import InputError
        from edgeds.sinks.atomic_files import check_writable
        from edgeds.sinks.output_files import check_no_device
        from edgeds.sources import file_of

        check_clashes(
            {
                "the input": None if source is None else file_of(source),
                "the plate": plate,
                "the backdrop": backdrop,
                "the rules": self.rules,
            },
            {"the recording": recording, "the events": self.events_file},
        )
        if as_json and self.on_stdout:
            raise InputError(
                "--json and --events - both write to standard output",
                why="nobody could separate the two",
                fix="give --events the name of a file",
            )
        if self.mqtt is None and not self.mqtt_discovery:
            raise InputError(
                "--no-mqtt-discovery was given without --mqtt",
                why="alone it changes nothing",
                fix="add --mqtt URL, or leave it out",
            )
        if self.rules is not None:
            read_rules(self)
        if self.events_file is not None:
            check_writable(self.events_file, "the events")
            if whole:
                check_no_device(self.events_file)
        if self.mqtt is not None:
            from edgeds.live.signals.delivery.mqtt import check_broker

            check_broker(self.mqtt)
        for url in self.webhook or ():
            from edgeds.live.signals.delivery.webhook import Webhook

            Webhook(url).close()

    @property
    def events_file(self) -> Path | None:
        return None if self.on_stdout else self.events


def read_rules(options: SignalOptions) -> Rules:
    """The rules of --rules; without it, those that report all objects."""
    from edgeds.live.signals.rules.from_file import rules_from_file
    from edgeds.live.signals.rules.kinds import Rules

    return Rules() if options.rules is None else rules_from_file(options.rules)


class ClipSignals:
    """Signals of a file: every frame is looked at."""

    def __init__(
        self, options: SignalOptions, info: StreamInfo, estimate: Estimator | MaintainedEstimator
    ) -> None:
        from edgeds.live.signals.signals import Signals

        self._estimate = estimate
        rules = read_rules(options)
        self._deliveries = Deliveries(options, rules, info.name, live=False)
        self.signals = Signals(
            rules, info.size, source=info.name, listeners=self._deliveries.listeners
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
            health = self._estimate.health_at(frame.index)
            seen = self.signals(frame, maps, health=health, scale=self._estimate.scale)
            picture = compose(frame, maps)
            if view != "overlay":
                return picture
            return picture.with_pixels(draw_signals(picture.pixels, seen))

        return look_and_compose

    def end(self, *, whole: bool) -> None:
        """Complete the file of events; `whole`: the run got to its end."""
        self._deliveries.end(whole=whole)

    def report(self) -> dict[str, object]:
        """For the command's report."""
        seen = self.signals.seen
        return {
            "deliveries": self._deliveries.report(),
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


class LiveSignals:
    """Signals of a camera, and their deliveries; `signals` is None where nobody asks for any."""

    def __init__(
        self,
        options: SignalOptions,
        info: StreamInfo,
        stack: ExitStack,
        on_event: Callable[[str], None] = say,
    ) -> None:
        """
        Args:
            on_event: is called with what people should know, such as that a consumer is away.
        """
        from edgeds.live.signals.signals import Signals
        from edgeds.sources.url import masked

        self.signals: Signals | None = None
        self._deliveries: Deliveries | None = None
        if not options.are_given:
            return
        rules, source = read_rules(options), masked(info.name)
        self._deliveries = Deliveries(options, rules, source, live=True, on_event=on_event)
        stack.callback(self._deliveries.end, whole=True)
        self.signals = Signals(
            rules, info.size, source=source, listeners=self._deliveries.listeners, on_note=on_event
        )

    def report(self) -> dict[str, object] | None:
        """For the command's report, once the stack has ended the deliveries."""
        if self.signals is None or self._deliveries is None:
            return None
        seen = self.signals.seen
        return {
            "deliveries": self._deliveries.report(),
            "lines": {} if seen is None else seen.watched["lines"],
        }
