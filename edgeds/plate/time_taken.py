"""When a plate was taken, for people."""

from __future__ import annotations

from datetime import datetime


def in_local_time(taken: str) -> str:
    """`Plate.taken` as "today at 21:58" or "2026-11-27 at 21:58", in this machine's time zone; as
    it is where it is no time.
    """
    try:
        when = datetime.fromisoformat(taken).astimezone()
    except (ValueError, OverflowError, OSError):
        return taken
    is_today = when.date() == datetime.now().astimezone().date()
    return f"{'today' if is_today else f'{when:%Y-%m-%d}'} at {when:%H:%M}"
