"""Objects, rules, events and the state of one run, together.

    (Frame, Maps) -> Signals -> FrameSignals, and messages to listeners

Knows nothing about delivery, and nothing about views.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from edgeds.errors import InputError
from edgeds.live.signals.delivery.retry_queue import DeliveryCounts, Outbox
from edgeds.live.signals.events import SCHEMA, Event, iso_time
from edgeds.live.signals.objects.find_objects import ObjectFinder
from edgeds.live.signals.objects.settings import TRACKING
from edgeds.live.signals.objects.tracked_object import TrackedObject
from edgeds.live.signals.rules.all_watches import RuleWatches
from edgeds.live.signals.rules.kinds import Rules
from edgeds.live.signals.rules.zones_lines_distances import Happening
from edgeds.live.signals.snapshot import snapshot_of
from edgeds.plate.ground.metric_scale import MetricScale
from edgeds.plate.new_or_removed import newness
from edgeds.sources.unfailing import unfailing
from edgeds.types import Frame, Maps, Size


class Listener(Protocol):
    """Takes messages. Both calls return at once, even if delivery fails later."""

    def event(self, event: Event) -> None: ...

    def state(self, state: dict[str, Any]) -> None:
        """Take the newest state; it replaces the one before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameSignals:
    """What the camera sees in one frame, and what follows from it by the rules."""

    objects: tuple[TrackedObject, ...]
    events: tuple[Event, ...]
    rules: Rules
    """The rules that were watched."""
    watched: dict[str, Any]
    """What the rules know: counts of zones and lines, what is near, left behind, removed."""
    about: dict[str, Any]
    """Facts of the frame: source, time, size, health of the plate."""

    def state(self) -> dict[str, Any]:
        """As `/api/state` gives it."""
        return {
            "schema": SCHEMA,
            "event": "state",
            **self.about,
            **self.watched,
            "objects": [thing.as_json() for thing in self.objects],
        }


class Signals:
    """Call it with every frame, in order, from one thread.

    `set_rules` may be called from any thread; it resets the counts.
    """

    def __init__(
        self,
        rules: Rules,
        size: Size,
        *,
        source: str,
        listeners: tuple[Listener, ...] = (),
        on_note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """
        Args:
            size: (height, width) of the frames.
            source: a name for events, without passwords.
            on_note: is called with what people should know; `notes` has it, too.
        """
        self._size, self._source = size, source
        self._listeners, self._on_note = listeners, unfailing(on_note)
        settings = replace(TRACKING, min_height=rules.objects.min_height)
        self._find = ObjectFinder(settings)
        self._watches = RuleWatches(rules, size)
        self._known: dict[int, TrackedObject] = {}
        self._number = 0
        self.counts: Counter[str] = Counter()
        """Events so far, by their kind."""
        self._state_secs: float | None = None
        self._began_secs: float | None = None
        self._blind_since: float | None = None
        self._is_noted = False
        self.seen: FrameSignals | None = None
        """The newest; for any thread."""
        self.notes: list[str] = []
        """For people: what of the rules cannot work here."""

    def add_listener(self, listener: Listener) -> None:
        """From the next frame on; for any thread."""
        self._listeners = (*self._listeners, listener)

    def remove_listener(self, listener: Listener) -> None:
        self._listeners = tuple(one for one in self._listeners if one is not listener)

    def deliveries(self) -> list[tuple[str, DeliveryCounts]]:
        """(name, counts) of the listeners with a queue."""
        return [(one.name, one.counts) for one in self._listeners if isinstance(one, Outbox)]

    @property
    def rules(self) -> Rules:
        return self._watches.rules

    def set_rules(self, rules: Rules) -> None:
        """Use other rules from the next frame on; objects keep their ids."""
        self._watches = RuleWatches(rules, self._size)
        self._is_noted = False

    def __call__(
        self,
        frame: Frame,
        maps: Maps | None,
        *,
        health: float | None = None,
        scale: MetricScale | None = None,
    ) -> FrameSignals:
        """
        Args:
            maps: None while foreground and background are not separated; objects then stay as
                they are for a moment, and are gone after it.
            health: of the plate, where it is known.
            scale: of the plate now, where it has one.
        """
        watches = self._watches
        secs = self._secs_of(frame)
        wall_secs = None
        if frame.grabbed_secs is not None:
            wall_secs = time.time() - (time.monotonic() - frame.grabbed_secs)
        things = self._things(frame, maps, secs, scale)

        def how_new(thing: TrackedObject) -> float:
            plate = None if maps is None else maps.plate
            return 0.0 if plate is None else newness(thing, frame.pixels, plate)

        happened = [*self._come_and_gone(things, watches.rules)]
        happened += watches(things, secs, how_new, health)
        self.seen = FrameSignals(
            objects=tuple(things),
            events=tuple(self._event(one, secs, wall_secs, frame) for one in happened),
            rules=watches.rules,
            watched=watches.state(),
            about=self._about(secs, wall_secs, health, scale),
        )
        self._note_metres(watches.rules, scale)
        self._publish(self.seen, secs)
        return self.seen

    def _things(
        self, frame: Frame, maps: Maps | None, secs: float, scale: MetricScale | None
    ) -> list[TrackedObject]:
        if maps is not None:
            self._blind_since = None
            return self._find(frame, maps, secs, scale)
        if self._blind_since is None:
            self._blind_since = secs
        if secs - self._blind_since <= TRACKING.lost_secs:
            return [replace(thing, is_hidden=True) for thing in self._known.values()]
        return []

    def _secs_of(self, frame: Frame) -> float:
        """The frame's time. In a loop, a clip's time starts at 0 again; a live clock continues."""
        if frame.grabbed_secs is None:
            return frame.pts_secs
        if self._began_secs is None:
            self._began_secs = frame.grabbed_secs
        return frame.grabbed_secs - self._began_secs

    def _come_and_gone(self, things: list[TrackedObject], rules: Rules) -> Iterator[Happening]:
        here = {thing.id: thing for thing in things}
        if rules.objects.events:
            for number, thing in here.items():
                if number not in self._known:
                    yield Happening(kind="object.appeared", object=thing)
            for number, thing in self._known.items():
                if number not in here:
                    yield Happening(kind="object.left", object=thing)
        self._known = here

    def _event(self, one: Happening, secs: float, wall_secs: float | None, frame: Frame) -> Event:
        self._number += 1
        self.counts[one.kind] += 1
        shows = one.rule is not None and one.rule.snapshot
        return Event(
            kind=one.kind,
            number=self._number,
            secs=secs,
            source=self._source,
            wall_secs=wall_secs,
            rule="" if one.rule is None else one.rule.name,
            object=one.object,
            facts=one.facts,
            snapshot=snapshot_of(frame, one.object) if shows else None,
        )

    def _about(
        self,
        secs: float,
        wall_secs: float | None,
        health: float | None,
        scale: MetricScale | None,
    ) -> dict[str, Any]:
        return {
            "source": self._source,
            "secs": round(secs, 3),
            **({} if wall_secs is None else {"time": iso_time(wall_secs)}),
            "size": {"width": self._size[1], "height": self._size[0]},
            "metres_from": None if scale is None else scale.origin,
            "plate_health": None if health is None else round(health, 3),
        }

    def _publish(self, seen: FrameSignals, secs: float) -> None:
        for listener in self._listeners:
            for event in seen.events:
                listener.event(event)
        every = seen.rules.objects.state_secs
        since = None if self._state_secs is None else secs - self._state_secs
        is_due = every > 0 and (since is None or since >= every - 1e-6)
        if seen.events or is_due:
            self._state_secs = secs
            state = seen.state()
            for listener in self._listeners:
                listener.state(state)

    def _note_metres(self, rules: Rules, scale: MetricScale | None) -> None:
        if self._is_noted:
            return
        self._is_noted = True
        if rules.needs_metres and scale is None:
            names = ", ".join(repr(name) for name in rules.needs_metres)
            self.notes.append(
                f"{names}: the rule needs metres, and the plate has no scale yet; nothing is "
                "within a distance until it has one (inverse_depth works without)"
            )
            self._on_note(self.notes[-1])


def object_seen(signals: Signals | None, number: int) -> TrackedObject:
    """The object with this id in the newest frame.

    Raises:
        InputError: there is none, or something hides it.
    """
    seen = None if signals is None else signals.seen
    for thing in () if seen is None else seen.objects:
        if thing.id == number and not thing.is_hidden:
            return thing
    raise InputError(
        f"object {number} cannot be used",
        why="it is not in the picture now",
        fix="take the id of an object in GET /api/state",
    )
