"""When a plate was taken, as people read it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from edgeds.plate.time_taken import in_local_time


def test_the_time_of_a_plate_is_this_machines() -> None:
    now = datetime.now(timezone.utc)
    here = now.astimezone()
    assert in_local_time(now.isoformat(timespec="seconds")) == f"today at {here:%H:%M}"
    before = here - timedelta(days=400)
    assert in_local_time(before.isoformat()) == f"{before:%Y-%m-%d} at {before:%H:%M}"
    assert in_local_time("some day") == "some day"
