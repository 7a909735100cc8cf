"""Finds things that stood in front of the background for a part of a clip.

Somebody who stands still for half of a clip and then leaves gives the pixels there two colours. The
outline shows which of them is background: a thing in front of a scene has an edge all around it;
once it is gone, the scene continues across that outline. Surveillance finds abandoned and removed
objects in the same way (Spagnolo et al. 2006). Knows nothing about files or networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.plate.common_colours import Members, Modes
from edgeds.plate.settings import PlateFromClip
from edgeds.types import FloatMap, Pixels

Mask = npt.NDArray[np.bool_]

_MAX_PARTS = 100
_ROUNDS = 3
_CLEARLY = 1.3


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """The colours that are taken for background, at the size of the modes."""

    members: Members
    """(n, h, w): the samples that show it."""
    doubt: FloatMap
    """0..1: how likely the background is something else, (h, w)."""
    standing: float
    """The largest share of the picture that changed from one thing to another at one time."""
    unknown: float
    """Share of the picture where no colour stands out."""


def background_of(modes: Modes, levels: int, settings: PlateFromClip) -> Background:
    """Choose the background among two modes, and mark where the choice is in doubt.

    Args:
        levels: colours this close are one.
    """
    first, second = modes.first_share, modes.second_share
    members = modes.first_members.copy()
    rival = second / np.maximum(first, np.float32(1e-3))
    doubt = _unknown(first, rival, settings)
    unknown = float((doubt > 0.5).mean())
    picture = modes.first.copy()
    two = _two_colours(modes, levels, settings)
    left, at_once = two.copy(), 0
    for part, is_then in _parts(modes, two, settings):
        left &= ~part
        at_once = max(at_once, int(part.sum()))
        sides = (part & is_then, part & ~is_then)
        edges = [_edge(_with_first(picture, modes, part, side), part) for side in sides]
        seen = [float(np.where(side, first, second)[part].mean()) for side in sides]
        # The weaker outline is the background's; of two alike, the colour that was seen longer is.
        # A colour that was seen for a short time needs stronger evidence.
        chosen = int(np.argmin(edges))
        odds = min(1.0, (seen[chosen] / max(seen[1 - chosen], 1e-3)) ** 0.5)
        is_clear = edges[chosen] < settings.clear_edge * odds * edges[1 - chosen]
        if not is_clear:
            chosen = int(np.argmax(seen))
        swapped = part & ~sides[chosen]
        members[:, swapped] = modes.second_members[:, swapped]
        picture[swapped] = modes.second[swapped]
        if not is_clear:
            doubt[part] = 1
        elif seen[chosen] < settings.clearly_longer * seen[1 - chosen]:
            doubt[part] = np.maximum(doubt[part], settings.cleared_doubt)
    # Where things passed by slowly, one after another, a long stay of one leaves a doubt.
    slow = np.clip((rival - settings.rival) / settings.rival, 0, 1) * left
    doubt = np.maximum(np.maximum(doubt, slow), _seen_once(members, settings)).astype(np.float32)
    return Background(members, doubt, at_once / doubt.size, unknown)


def _two_colours(modes: Modes, levels: int, settings: PlateFromClip) -> Mask:
    """Where two different colours were each seen for a time without breaks."""
    import cv2

    first, second = modes.first_share, modes.second_share
    count = len(modes.first_members)
    differ = modes.distance > max(settings.same_levels, 3 * levels // 2)
    often = (second >= settings.min_second) & (second * count >= 3.5)
    lasting = _longest_run(modes.second_members) >= settings.min_run * second * count
    lasting |= second > settings.equal_share * first
    two = (differ & often & lasting).astype(np.uint8)
    square = np.ones((3, 3), np.uint8)
    opened = cv2.morphologyEx(two, cv2.MORPH_OPEN, square)
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    result: Mask = closed.astype(bool)
    return result


def _longest_run(members: Members) -> npt.NDArray[np.int64]:
    """The most samples in a row that show a colour, (h, w); one missing sample is allowed."""
    run = np.zeros(members.shape[1:], np.int64)
    longest: npt.NDArray[np.int64] = run.copy()
    before = np.zeros(members.shape[1:], np.bool_)
    for now in members:
        run = np.where(now, run + 1, np.where(before, run, 0))
        longest = np.maximum(longest, run)
        before = now
    return longest


def _unknown(first: FloatMap, rival: FloatMap, settings: PlateFromClip) -> FloatMap:
    """0..1: how little any colour stands out, because too much passes by."""
    seldom = np.clip((settings.clear_share - first) / (settings.clear_share / 2), 0, 1)
    doubt: FloatMap = (seldom * np.clip(3 * rival, 0, 1)).astype(np.float32)
    return doubt


def _seen_once(members: Members, settings: PlateFromClip) -> FloatMap:
    """1 where the background was seen for one short time only, with other things before and after.

    It may be a thing that stood there.
    """
    import cv2

    count = len(members)
    share = members.mean(axis=0, dtype=np.float32)
    once = _longest_run(members) >= settings.once * share * count
    inside = ~(members[0] | members[1] | members[-1] | members[-2])
    alone = (once & inside & (share < settings.once_share) & (share * count >= 3)).astype(np.uint8)
    opened = cv2.morphologyEx(alone, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    result: FloatMap = opened.astype(np.float32)
    return result


def _parts(modes: Modes, two: Mask, settings: PlateFromClip) -> Iterator[tuple[Mask, Mask]]:
    """(part, where its first colour is that of "then" and not of "now"), the largest first.

    If both colours of a pixel were seen equally long, chance decides which is the first. But the
    times at which they were seen are the same for the whole of a thing: a part is a connected
    region that changes at the same times. Specks are left out.
    """
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(two.astype(np.uint8))
    least = settings.min_part * two.size
    is_longer = modes.first_share > _CLEARLY * modes.second_share
    square = np.ones((3, 3), np.uint8)
    found = 0
    for index in 1 + np.argsort(stats[1:, cv2.CC_STAT_AREA])[::-1]:
        where = np.nonzero(labels == index)
        when = _when(modes, where)
        while len(where[0]) >= least and found < _MAX_PARTS:
            found += 1
            side, agree = _pattern(when)
            one = agree > settings.coherent
            # A colour that was seen clearly longer belongs to the same thing everywhere.
            sure = one & is_longer[where]
            one &= ~sure | (side == (2 * side[sure].sum() >= sure.sum()))
            part, then = np.zeros((2, *two.shape), np.bool_)
            part[where[0][one], where[1][one]] = True
            then[where[0][one], where[1][one]] = side[one]
            opened = cv2.morphologyEx(part.astype(np.uint8), cv2.MORPH_OPEN, square).view(np.bool_)
            if opened.sum() >= least:
                yield opened, then
            where = where[0][~one], where[1][~one]
            when = when[:, ~one]


def _when(modes: Modes, where: tuple[npt.NDArray[np.intp], ...]) -> npt.NDArray[np.float32]:
    """(n, pixels): above 0 where a sample shows the first colour, below 0 where the second.

    Each side has the same total weight, so that a rarely seen colour counts as much.
    """
    first, second = (
        members[:, where[0], where[1]].astype(np.float32)
        for members in (modes.first_members, modes.second_members)
    )
    first /= 2 * np.maximum(first.sum(axis=0), 1)
    second /= 2 * np.maximum(second.sum(axis=0), 1)
    first -= second
    return first


def _pattern(when: npt.NDArray[np.float32]) -> tuple[Mask, npt.NDArray[np.float32]]:
    """(whether a pixel's first colour is the earlier thing's, how far it agrees with the pattern).

    This is the pattern in time that most pixels share: 1 in some samples and -1 in the others; see
    `_when` for the argument.
    """
    # A pixel where both colours were seen for long is a good start.
    seed = int(np.minimum((when > 0).sum(axis=0), (when < 0).sum(axis=0)).argmax())
    pattern = when[:, seed].copy()
    for _ in range(_ROUNDS):
        # Sums, not `@`: OpenBLAS would wake threads that then spin.
        agree = np.einsum("np,n->p", when, np.sign(pattern))
        pattern = np.einsum("np,p->n", when, np.where(np.abs(agree) > 0.5, np.sign(agree), 0))
    agree = np.einsum("np,n->p", when, np.sign(pattern))
    agree[seed] = 1  # each round takes something away
    return agree > 0, np.abs(agree)


def _with_first(picture: Pixels, modes: Modes, part: Mask, is_first: Mask) -> Pixels:
    """A picture with the first colours in some of a part and the second ones in the rest of it."""
    other: Pixels = picture.copy()
    other[is_first] = modes.first[is_first]
    swapped = part & ~is_first
    other[swapped] = modes.second[swapped]
    return other


def _edge(picture: Pixels, part: Mask) -> float:
    """How much a part's rim differs from its surroundings, in levels.

    A standing person sways and has soft edges: a few pixels around belong to neither side. The
    colours beyond them are extended inwards (normalised convolution, Knutsson & Westin 1993).
    """
    import cv2

    inside = part.astype(np.uint8)
    rim = cv2.subtract(inside, cv2.erode(inside, np.ones((5, 5), np.uint8)))
    gap, reach = (cv2.dilate(inside, np.ones((side, side), np.uint8)) for side in (5, 11))
    around = cv2.subtract(reach, gap).astype(np.float32)
    colours = picture.astype(np.float32)
    total = cv2.blur(colours * around[..., None], (13, 13))
    count = cv2.blur(around, (13, 13))
    known = (rim > 0) & (count > 0.02)
    if not known.any():
        return 0.0
    carried = total[known] / count[known][:, None]
    return float(np.abs(colours[known] - carried).max(axis=-1).mean())
