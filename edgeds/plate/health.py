"""The health of a plate: how good it still is, and when the user should do something about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way in which a plate stops fitting."""

    prompt: str
    """What happened, and what the user should do."""
    severity: float | None
    """0 is none; from 1 on the plate is unusable. None where it cannot be seen now: it neither
    begins nor ends.
    """
    wait_secs: float
    """The time it must last before the user is prompted."""
    lowers_health: bool = True
    """Whether it lowers the health before it has lasted so long."""


class Health:
    """Remembers how long each trouble has lasted."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._prompt = ""

    def pending(self, *prompts: str) -> str:
        """The first of these troubles that is there, though maybe not for long enough; else ""."""
        return next((prompt for prompt in prompts if prompt in self._since), "")

    def since(self, prompt: str) -> float:
        """The time at which this trouble was first seen, in seconds; 0 if it is not there."""
        return self._since.get(prompt, 0.0)

    def __call__(self, now: float, *troubles: Trouble) -> tuple[float, str]:
        """(health from 1 (as good as new) to 0 (unusable), prompt or "") at a time in seconds."""
        prompt = ""
        for trouble in troubles:
            if trouble.severity is None:
                prompt = prompt or (trouble.prompt if trouble.prompt == self._prompt else "")
            elif trouble.severity < 1:
                self._since.pop(trouble.prompt, None)
            elif now - self._since.setdefault(trouble.prompt, now) >= trouble.wait_secs:
                prompt = prompt or trouble.prompt
        self._prompt = prompt
        worst = max(trouble.severity or 0.0 for trouble in troubles if trouble.lowers_health)
        health = 0.0 if prompt else 1 - worst
        return round(float(np.clip(health, 0, 1)), 3), prompt
