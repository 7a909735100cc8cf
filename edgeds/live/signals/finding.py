"""Frames and their maps -> tracked objects. Knows nothing about rules and about who is told."""

from __future__ import annotations

from collections.abc import Callable

from edgeds.live.signals.look import look_at
from edgeds.live.signals.objects import TrackedObject, object_from_track
from edgeds.live.signals.regions import regions_of
from edgeds.live.signals.settings import TRACKING, Tracking
from edgeds.live.signals.tracking import Tracker
from edgeds.plate.ground.metric import MetricScale
from edgeds.types import Frame, Maps


class ObjectFinder:
    """Call it with every frame, in order."""

    def __init__(
        self,
        settings: Tracking = TRACKING,
        *,
        scale: Callable[[], MetricScale | None] = lambda: None,
    ) -> None:
        """`scale`: is asked at every frame; a plate's scale may be found while a run goes on."""
        self._settings, self._scale = settings, scale
        self._tracker = Tracker(settings)

    def __call__(self, frame: Frame, maps: Maps, secs: float) -> list[TrackedObject]:
        """The objects at a time in seconds, which never goes back."""
        look = look_at(frame, maps, self._settings.width_px)
        tracks = self._tracker(regions_of(look, self._settings), secs, look)
        scale = self._scale()
        return [
            object_from_track(track, secs, small=look.size, size=frame.size, scale=scale)
            for track in tracks
        ]
