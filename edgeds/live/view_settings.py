"""The view of a live run and its settings, which any thread may change while it runs.

Knows nothing about frames: `composing` draws what a `ViewRequest` asks for.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from edgeds.errors import InputError
from edgeds.live.composing import ViewRequest
from edgeds.types import Closing, Pixels, Size
from edgeds.views.backdrop import Backdrop, StillBackdrop, is_colour, open_backdrop
from edgeds.views.scale_to_cover import covering
from edgeds.views.settings import STYLE, View


class ViewSettings(Closing):
    """Only the composing thread calls `current`; any thread may call the rest."""

    def __init__(self, request: ViewRequest, size: Size) -> None:
        """`size`: of the frames, to which backdrops are fitted."""
        self._size = size
        self._lock = threading.Lock()
        self._request = request
        self._opened: Closing | None = None
        self._retired: list[Closing] = []
        default = STYLE.backdrop if request.backdrop is None else "picture"
        self.backdrop_name = str(getattr(request.backdrop, "name", default))
        """For people: a colour (#rrggbb) or a file's name."""

    @property
    def request(self) -> ViewRequest:
        return self._request

    def current(self) -> ViewRequest:
        """The present request. Closes the backdrops that no request uses any more."""
        with self._lock:
            request, retired = self._request, self._retired
            self._retired = []
        for backdrop in retired:
            backdrop.close()
        return request

    def set_view(self, view: View) -> None:
        with self._lock:
            self._request = replace(self._request, view=view)

    def set_opacity(self, opacity: float) -> None:
        with self._lock:
            self._request = replace(self._request, opacity=min(max(opacity, 0.0), 1.0))

    def set_blur(self, strength: float) -> None:
        with self._lock:
            self._request = replace(self._request, blur=min(max(strength, 0.0), 1.0))

    def set_backdrop(self, backdrop: Pixels | str | None, *, name: str = "picture") -> None:
        """See `LiveControl.set_backdrop`.

        Raises:
            InputError: it is neither pixels, nor a colour, nor a video that can be opened.
        """
        opened, pixels_for = self._opened_backdrop(backdrop)
        if backdrop is None:
            name = STYLE.backdrop
        elif isinstance(pixels_for, StillBackdrop):
            name = pixels_for.name
        with self._lock:
            if self._opened is not None:
                self._retired.append(self._opened)
            self._opened, self.backdrop_name = opened, name
            self._request = replace(self._request, backdrop=pixels_for)

    def close(self) -> None:
        """After the last frame was composed."""
        with self._lock:
            opened = [*self._retired, *([self._opened] if self._opened else [])]
            self._retired, self._opened = [], None
        for backdrop in opened:
            backdrop.close()

    def _opened_backdrop(
        self, backdrop: Pixels | str | None
    ) -> tuple[Closing | None, Backdrop | None]:
        if backdrop is None:
            return None, None
        if not isinstance(backdrop, str):
            still = covering(backdrop, self._size)
            return None, lambda _frame: still
        if is_colour(backdrop):
            return None, open_backdrop(backdrop, self._size)
        if not Path(backdrop).is_file():
            raise InputError(
                f"cannot use the backdrop {backdrop!r}",
                why="it is neither a colour nor a file",
                fix="give a colour like #00b140, or the path of a video",
            )
        video = open_backdrop(backdrop, self._size)
        return video, video
