"""Groups of people in dark clothes: they meet, stand before each other, part, pass a post, cross.

Two differ in colours as people of a real clip do (likeness of one seen twice: median .93, lowest
tenth .81; of two: median .66, highest tenth .79), and hardly in depth. Cloth has a grain, and light
differs from place to place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgeds.types import Frame, Maps
from train.measure.watch import Person

from .scene import SIZE, Figure, Scene, mask_of

SECS = 12.0
_SEEN = 1 / 3
"""Whoever is seen by a smaller share is not judged, as in the marked clip."""
KINDS = ("meet", "meet at a post", "cross", "cross at a post")


@dataclass(frozen=True)
class Walker(Figure):
    """Walks from point to point: (secs, x, y) of its foot; a little to and fro while it stands."""

    ways: tuple[tuple[float, float, float], ...] = ()
    sway: float = 0.0

    def foot(self, secs: float) -> tuple[float, float]:
        times, xs, ys = (np.array(values) for values in zip(*self.ways, strict=True))
        sway = 0.03 * self.height * np.sin(2 * np.pi * secs / 2.3 + self.sway)
        return float(np.interp(secs, times, xs) + sway), float(np.interp(secs, times, ys))


@dataclass(frozen=True)
class Group:
    """A scene, and who is where in it."""

    walkers: tuple[Walker, ...]
    post: tuple[int, int, int, int] | None
    """(left, right, top, bottom) of a sign on a thin post, before everybody; part of the plate."""
    seed: int

    def __iter__(self) -> Iterator[tuple[Frame, Maps, list[Person]]]:
        scene = Scene(self.walkers, secs=SECS, seed=self.seed)
        front = np.zeros(SIZE, bool)
        if self.post is not None:
            left, right, top, bottom = self.post
            front[top:bottom, left:right] = True
            front[:, (left + right) // 2 - 1 : (left + right) // 2 + 1] = True
        random = np.random.default_rng(self.seed)
        cloth = random.normal(0, 14, (*SIZE, 3))
        light = 1 + 0.2 * np.sin(np.linspace(0, 5, SIZE[1]) + random.uniform(0, 6))
        for frame, maps in scene:
            dressed = maps.alpha > 0.5
            shaded = frame.pixels * light[:, None] + np.roll(cloth, 7 * frame.index, axis=1)
            pixels = frame.pixels.copy()
            pixels[dressed] = np.clip(shaded, 0, 255)[dressed]
            pixels[front] = (90, 190, 190)
            maps.alpha[front] = 0
            maps.inverse_depth[front] = 0.9
            seen = replace(frame, pixels=pixels)
            yield seen, maps, _people(self.walkers, frame.pts_secs, front)


def _people(walkers: Sequence[Walker], secs: float, front: np.ndarray) -> list[Person]:
    covered = front.copy()
    people = []
    order = sorted(enumerate(walkers), key=lambda pair: -pair[1].inverse_depth)
    for number, walker in order:
        if not walker.is_there(secs):
            continue
        mask = mask_of(walker, secs, SIZE) > 127
        whole = mask_of(replace(walker, ways=((0, 96, 100),)), secs, SIZE) > 127
        seen = np.count_nonzero(mask & ~covered) / max(1, np.count_nonzero(whole))
        covered |= mask
        x, y = walker.foot(secs)
        people.append(Person(str(number), x, y, walker.height, bool(seen > _SEEN)))
    return people


def group_of(seed: int) -> Group:
    """The kinds take turns."""
    random = np.random.default_rng(70_000 + seed)
    kind = KINDS[seed % len(KINDS)]
    middle = float(random.uniform(80, 112))
    walkers = _who_meet(random, middle) if kind.startswith("meet") else _who_cross(random, middle)
    post = None
    if kind.endswith("post"):
        at = round(middle + random.uniform(-10, 10))
        top = round(random.uniform(55, 65))
        post = (at - 5, at + 5, top, top + 14)
    return Group(tuple(walkers), post, seed)


def _who_meet(random: np.random.Generator, middle: float) -> list[Walker]:
    """Three who come one after the other, stand together, and leave one after the other."""
    walkers = []
    places = np.cumsum(random.uniform(6, 14, 3))
    for number, place in enumerate(random.permutation(places - places.mean())):
        come, go = (float(value) for value in random.uniform((0.0, 6.0), (2.5, 8.5)))
        x, y = middle + place, float(random.uniform(88, 94))
        y_come, y_go = (float(value) for value in random.uniform(84, 98, 2))
        side, away = (-12.0 if random.random() < 0.5 else SIZE[1] + 12.0 for _ in range(2))
        pace, pace_away = (float(value) for value in random.uniform(25, 50, 2))
        there = come + abs(x - side) / pace
        gone = go + abs(x - away) / pace_away
        ways = ((come, side, y_come), (there, x, y), (max(there, go), x, y), (gone, away, y_go))
        walkers.append(_dressed(random, ways, depth=0.5 + 0.004 * (y - 91) + 0.002 * number))
    return walkers


def _who_cross(random: np.random.Generator, middle: float) -> list[Walker]:
    """Two pairs, from the left and from the right; who waits a little at the crossing may."""
    walkers = []
    for way in (-1, 1):
        pace, y = float(random.uniform(22, 36)), float(random.uniform(86, 96))
        wait = float(random.choice([0.0, 1.5]))
        side, away = (-12.0, SIZE[1] + 12.0) if way > 0 else (SIZE[1] + 12.0, -12.0)
        for behind in (0.0, float(random.uniform(0.35, 0.7))):
            x, lower = middle + way * (6 - pace * behind), y + float(random.uniform(-3, 3))
            there = 1.0 + behind + abs(x - side) / pace
            ways = (
                (1.0 + behind, side, lower),
                (there, x, lower),
                (there + wait, x, lower),
                (there + wait + abs(x - away) / pace, away, lower),
            )
            walkers.append(_dressed(random, ways, depth=0.5 + 0.004 * (lower - 91)))
    return walkers


def _dressed(
    random: np.random.Generator, ways: tuple[tuple[float, float, float], ...], *, depth: float
) -> Walker:
    jacket = tuple(int(value) for value in random.integers(10, 50) + random.integers(0, 35, 3))
    trousers = tuple(int(value) for value in random.integers(10, 60) + random.integers(0, 40, 3))
    return Walker(
        (0, 0),
        height=float(random.uniform(37, 46)),
        inverse_depth=depth,
        colour=jacket,  # type: ignore[arg-type]
        trousers=trousers,  # type: ignore[arg-type]
        come_secs=ways[0][0],
        go_secs=ways[-1][0],
        ways=ways,
        sway=float(random.uniform(0, 6)),
    )
