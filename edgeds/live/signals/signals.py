"""Everything that a run says about what the camera sees: objects, rules, events, the state.

    (Frame, Maps) -> Signals -> Seen, and messages to whoever listens

Knows nothing about how messages travel, and nothing about views.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from edgeds.live.signals.events import SCHEMA, Event, iso_time
from edgeds.live.signals.evidence import newness
from edgeds.live.signals.finding import ObjectFinder
from edgeds.live.signals.objects import TrackedObject
from edgeds.live.signals.rules import Rules
from edgeds.live.signals.settings import TRACKING
from edgeds.live.signals.snapshot import snapshot_of
from edgeds.live.signals.watches import Happening
from edgeds.live.signals.watching import RuleWatches
from edgeds.plate.ground.metric import MetricScale
from edgeds.types import Frame, Maps, Size


class Listener(Protocol):
    """Takes messages. Both calls return at once, whatever becomes of the message."""

    def event(self, event: Event) -> None: ...

    def state(self, state: dict[str, Any]) -> None:
        """The newest state; the one before is worth nothing any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What was seen in one frame."""

    objects: tuple[TrackedObject, ...]
    events: tuple[Event, ...]
    watched: dict[str, Any]
    """What the rules know: counts of zones and lines, what is near, left behind, removed."""
    about: dict[str, Any]
    """Of the frame: source, time, size, health of the plate."""

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

    `rules` may be exchanged from any thread; counts begin anew then.
    """

    def __init__(
        self,
        rules: Rules,
        size: Size,
        *,
        source: str,
        scale: Callable[[], MetricScale | None] = lambda: None,
        listeners: tuple[Listener, ...] = (),
    ) -> None:
        """
        Args:
            size: (height, width) of the frames.
            source: a name for events, without passwords.
            scale: is asked at every frame.
        """
        self._size, self._source, self._scale = size, source, scale
        self._listeners = listeners
        settings = replace(TRACKING, min_height=rules.objects.min_height)
        self._find = ObjectFinder(settings, scale=scale)
        self._watches = RuleWatches(rules, size)
        self._known: dict[int, TrackedObject] = {}
        self._number = 0
        self._state_secs: float | None = None
        self.seen: Seen | None = None
        """The newest; for any thread."""
        self.notes: list[str] = []
        """For people: what of the rules cannot work here."""
        self._note_metres(rules)

    @property
    def rules(self) -> Rules:
        return self._watches.rules

    def set_rules(self, rules: Rules) -> None:
        """Watch other things from the next frame on; objects keep their ids."""
        self._watches = RuleWatches(rules, self._size)
        self._note_metres(rules)

    def __call__(self, frame: Frame, maps: Maps, *, health: float | None = None) -> Seen:
        """`health`: of the plate, where it is known."""
        watches = self._watches
        secs = frame.pts_secs
        wall_secs = None
        if frame.grabbed_secs is not None:
            wall_secs = time.time() - (time.monotonic() - frame.grabbed_secs)
        things = self._find(frame, maps, secs)

        def how_new(thing: TrackedObject) -> float:
            return 0.0 if maps.plate is None else newness(thing, frame.pixels, maps.plate)

        happened = [*self._come_and_gone(things, watches.rules)]
        happened += watches(things, secs, how_new, health)
        events = [self._event(one, secs, wall_secs, frame) for one in happened]
        self.seen = Seen(
            objects=tuple(things),
            events=tuple(events),
            watched=watches.state(),
            about=self._about(secs, wall_secs, health),
        )
        self._publish(self.seen, secs, watches.rules)
        return self.seen

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

    def _about(self, secs: float, wall_secs: float | None, health: float | None) -> dict[str, Any]:
        scale = self._scale()
        return {
            "source": self._source,
            "secs": round(secs, 3),
            **({} if wall_secs is None else {"time": iso_time(wall_secs)}),
            "size": {"width": self._size[1], "height": self._size[0]},
            "metres_from": None if scale is None else scale.origin,
            "plate_health": None if health is None else round(health, 3),
        }

    def _publish(self, seen: Seen, secs: float, rules: Rules) -> None:
        for listener in self._listeners:
            for event in seen.events:
                listener.event(event)
        every = rules.objects.state_secs
        since = None if self._state_secs is None else secs - self._state_secs
        is_due = every > 0 and (since is None or since >= every - 1e-6)
        if seen.events or is_due:
            self._state_secs = secs
            state = seen.state()
            for listener in self._listeners:
                listener.state(state)

    def _note_metres(self, rules: Rules) -> None:
        if rules.needs_metres and self._scale() is None:
            names = ", ".join(repr(name) for name in rules.needs_metres)
            self.notes.append(
                f"{names}: the rule needs metres, and the plate has no scale yet; nothing is "
                "within a distance until it has one (inverse_depth works without)"
            )
