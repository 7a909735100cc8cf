"""Checks names and shapes of the inputs and outputs of an engine's two graphs before they run.
Knows nothing about backends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgeds.engine.card import Card
from edgeds.engine.plate_noise import NOISE
from edgeds.errors import EngineError
from edgeds.types import Size

Shapes = Mapping[str, tuple[Any, ...]]
"""Tensor -> its shape."""


def shape_at(shape: tuple[int, ...], before: Size, after: Size) -> tuple[int, ...]:
    """The shape of a graph's input or output when the network's size changes from `before` to
    `after`. Pictures are (1, H, W, 3), all else is (1, C, h, w) at some scale.
    """
    first = 1 if shape == (1, *before, 3) else 2
    other = list(shape)
    for axis in (0, 1):
        other[first + axis] = shape[first + axis] * after[axis] // before[axis]
    return tuple(other)


def check_graphs(card: Card, *, plate: tuple[Shapes, Shapes], frame: tuple[Shapes, Shapes]) -> None:
    """Check inputs and outputs of both graphs against the card and against each other.

    Raises:
        EngineError: they are not a plate and a frame graph of the card's size.
    """
    pixels, maps = (1, *card.size, 3), (1, 1, *card.size)
    features = plate[1]
    noise = {NOISE: maps} if card.takes_noise else {}
    wanted = {
        "the plate graph takes": (plate[0], {"plate": pixels, **noise}),
        "the frame graph takes": (frame[0], {"frame": pixels, **features}),
        "the frame graph gives": (frame[1], {"alpha": maps, "inverse_depth": maps}),
    }
    for what, (found, expected) in wanted.items():
        if dict(found) != expected:
            size = "x".join(map(str, card.size))
            raise EngineError(
                f"cannot load the engine {card.name!r}",
                why=f"{what} {_differences(found, expected)}: "
                f"that is not the graph of a {size} engine",
                fix="copy the engine's folder again, or build it again: edgeds build-engine",
            )


def _differences(found: Shapes, expected: Shapes) -> str:
    """Only what differs, since a graph has a dozen inputs."""
    names = [n for n in (*found, *expected) if found.get(n) != expected.get(n)]
    differing = dict.fromkeys(f"{n} {_shape(found[n])}" if n in found else f"no {n}" for n in names)
    return ", ".join(list(differing)[:3])


def _shape(shape: tuple[Any, ...]) -> str:
    return "x".join(map(str, shape))
