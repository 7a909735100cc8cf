"""How a live source is doing."""

from __future__ import annotations

from typing import Literal

SourceState = Literal["running", "stalled", "reconnecting", "ended"]
