"""Frames and their maps -> tracked objects. Knows nothing about rules and events."""

from __future__ import annotations

from edgeds.live.signals.objects.regions import Region, regions_of
from edgeds.live.signals.objects.settings import TRACKING, Tracking
from edgeds.live.signals.objects.small_frame import SmallFrame, small_frame_of
from edgeds.live.signals.objects.tracked_object import TrackedObject, object_from_track
from edgeds.live.signals.objects.tracker import Tracker
from edgeds.plate.ground.metric_scale import MetricScale
from edgeds.types import Frame, Maps


class ObjectFinder:
    """Call it with every frame, in order."""

    def __init__(self, settings: Tracking = TRACKING) -> None:
        self._settings = settings
        self._tracker = Tracker(settings)
        self._last: tuple[Maps, SmallFrame, list[Region]] | None = None

    def __call__(
        self, frame: Frame, maps: Maps, secs: float, scale: MetricScale | None = None
    ) -> list[TrackedObject]:
        """The objects at a time in seconds, which never decreases.

        `scale`: the plate's scale now; it may become known during a run.
        """
        small, regions = self._regions(frame, maps)
        tracks = self._tracker(regions, secs, small)
        return [
            object_from_track(track, secs, small=small.size, size=frame.size, scale=scale)
            for track in tracks
        ]

    def _regions(self, frame: Frame, maps: Maps) -> tuple[SmallFrame, list[Region]]:
        """The estimator gives the same maps again where nothing changed: so are their regions."""
        if self._last is not None and self._last[0] is maps:
            small, regions = self._last[1].of_frame(frame), self._last[2]
        else:
            small = small_frame_of(frame, maps, self._settings.width_px)
            regions = regions_of(small, self._settings)
        self._last = maps, small, regions
        return small, list(regions)  # the tracker changes the list
