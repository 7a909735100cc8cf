"""How often each kind of sample of the frame's network is drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How often each kind is drawn; the rest is cut-outs over photographs."""

    rooms: float = 0.22
    rooms_with_people: float = 0.28
    drawn_rooms: float = 0.6
    """Share of the rooms with people that `train.worlds.rooms` drew, if there are any."""
    empty: float = 0.12
    in_rooms: float = 0.2
    """Share of the composites over an empty room, where the background's depth is known."""
    exact_plate: float = 0.22
    parts: float = 0.3
    """Share of the rest that comes from composed zip parts, if there are any."""
    close: float = 0.0
    """Share of the people in rooms who are right in front of the camera, as before a laptop."""
    ghost: float = 0.04
    """Something stood in the plate and is gone: the place where it stood is foreground, too."""
    holes: float = 0.0
    """Share of the foregrounds that are painted, partly or wholly, like the plate behind them."""
    moving: float = 0.0
    """Share of the composites whose background moves by itself."""
    thin: float = 0.0
    """Share of the composites with wires, straps or strings."""
    small: float = 0.0
    """Share of the composites whose things are all small."""
    enlarged: float = 0.0
    """Share of the samples that are drawn smaller and enlarged, as looks at a part are."""
    hints: bool = False
    """Whether samples hold hints, for a network that takes them; each hint is known in a part of
    them."""
