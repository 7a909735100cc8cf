"""When a plate did not fit a clip, for notes: each trouble once, with all of its times.

Knows no pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgeds.plate.troubles import COVERED, CUTS, OTHER_SCENE, in_a_file

_MOST = 3  # times that a note has


@dataclass(slots=True)
class _Span:
    since_secs: float
    until_secs: float | None = None
    """None while it lasts."""

    def words(self) -> str:
        if self.until_secs is None:
            return f"from {self.since_secs:.1f} s on"
        since, until = f"{self.since_secs:.1f} s", f"{self.until_secs:.1f} s"
        return f"at {since}" if since == until else f"from {since} to {until}"


class TroubleTimes:
    """Takes what each look found, in their order."""

    def __init__(self) -> None:
        self._spans: dict[str, list[_Span]] = {}
        self._now = ""
        self._first_secs: float | None = None

    @property
    def lasting(self) -> bool:
        """Whether a trouble is there."""
        return bool(self._now)

    def lasts(self, prompt: str) -> bool:
        """Whether the trouble that is there is this one. The ways in which a cut shows are one."""
        return bool(prompt) and _kind(prompt) == self._now

    def take(self, prompt: str, since_secs: float, now_secs: float) -> None:
        """
        Args:
            prompt: of the trouble that is there; "" for none.
            since_secs: when it began.
            now_secs: when it was not there any more, if it is not.
        """
        if self._first_secs is None:
            self._first_secs = now_secs
        trouble = _kind(prompt)
        if trouble == self._now:
            return
        if self._now:
            self._spans[self._now][-1].until_secs = now_secs
        self._now = trouble
        if trouble:
            self._spans.setdefault(trouble, []).append(_Span(since_secs))

    def notes(self) -> list[str]:
        """A note for each trouble, in the order in which they began."""
        return [self._note(trouble, spans) for trouble, spans in self._spans.items()]

    def _note(self, trouble: str, spans: list[_Span]) -> str:
        if trouble == OTHER_SCENE:  # from the start
            return in_a_file(trouble)
        words = [span.words() for span in spans[:_MOST]]
        more = len(spans) - len(words)
        times = ", ".join(words) + (f" and {more} times more" if more else "")
        is_whole = spans[0].since_secs == self._first_secs and spans[0].until_secs is None
        return f"{times}: {in_a_file(trouble, whole=is_whole)}"


def _kind(prompt: str) -> str:
    return COVERED if prompt in CUTS else prompt
