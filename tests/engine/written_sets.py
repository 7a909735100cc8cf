"""What the fixture `write_set` returns: a function (frames, *, scenes=10) -> folder of the set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

WriteSet = Callable[..., Path]
