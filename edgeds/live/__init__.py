"""A live run: newest frame -> estimate -> compose -> outputs, and what may be asked of it."""

from __future__ import annotations

from edgeds.live.run import LiveReport, LiveRun, Window

__all__ = ["LiveReport", "LiveRun", "Window"]
