"""The status of a live source."""

from __future__ import annotations

from typing import Literal

SourceState = Literal["running", "stalled", "reconnecting", "ended"]
