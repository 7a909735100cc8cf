"""The two most common colours of every pixel over a stack of samples, and when each was seen.

Knows nothing about plates: `parked_things` decides which of the two is background.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap, Pixels

Stack = npt.NDArray[np.uint8]
Members = npt.NDArray[np.bool_]
"""(n, h, w): the samples that show a colour."""

_BAND_BYTES = 1 << 22  # of comparisons of all samples with each other, so that they stay cached


@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    """Per pixel: a first colour, which most samples show, and a second one."""

    first: Pixels
    second: Pixels
    first_members: Members
    second_members: Members

    @property
    def first_share(self) -> FloatMap:
        """Share of the samples, (h, w)."""
        return _share(self.first_members)

    @property
    def second_share(self) -> FloatMap:
        return _share(self.second_members)

    @property
    def distance(self) -> npt.NDArray[np.uint8]:
        """Largest difference of any channel between the two, in levels, (h, w)."""
        return distance(self.first, self.second)


def modes(samples: Stack, levels: int) -> Modes:
    """The colours with the most samples within `levels` in every channel.

    For each sample the number of near samples is counted. The channels vote together, so that the
    result is always a colour that some sample has. The second colour is found among the samples
    that do not show the first one.

    Args:
        samples: uint8 RGB (n, h, w, 3), n at most 255.
    """
    count, height, width = samples.shape[:3]
    result = Modes(
        np.empty(samples.shape[1:], np.uint8),
        np.empty(samples.shape[1:], np.uint8),
        np.empty(samples.shape[:3], np.bool_),
        np.empty(samples.shape[:3], np.bool_),
    )
    rows = max(1, _BAND_BYTES // (count * count * width))

    def fill(y: int) -> None:
        band = slice(y, y + rows)
        part = np.ascontiguousarray(samples[:, band].reshape(count, -1, 3))
        first, members, second, others = _two_modes(part, levels)
        shape = (-1, width)
        result.first[band] = first.reshape(*shape, 3)
        result.second[band] = second.reshape(*shape, 3)
        result.first_members[:, band] = members.reshape(count, *shape)
        result.second_members[:, band] = others.reshape(count, *shape)

    with ThreadPoolExecutor() as pool:
        list(pool.map(fill, range(0, height, rows)))
    return result


def distance(one: Pixels, other: Pixels) -> npt.NDArray[np.uint8]:
    """Largest difference of any channel, without leaving uint8."""
    difference = np.maximum(one, other) - np.minimum(one, other)
    red, green, blue = (difference[..., channel] for channel in range(3))
    largest: npt.NDArray[np.uint8] = np.maximum(np.maximum(red, green), blue)
    return largest


def _share(members: Members) -> FloatMap:
    share: FloatMap = members.mean(axis=0, dtype=np.float32)
    return share


def noise_levels(samples: Stack) -> float:
    """Sigma of one sample's noise, from neighbours in time; up to two thirds may move."""
    part = samples[:, ::3, ::3].astype(np.int16)
    low = float(np.percentile(np.abs(np.diff(part, axis=0)), 33))
    # A third of a normal distribution's absolute values lie below .431 sigma; two samples differ
    # by the square root of two more. Half a level of rounding is no noise.
    return max(0.0, low - 0.5) / (0.431 * 2**0.5) if low > 0 else 0.0


def _two_modes(part: npt.NDArray[np.uint8], levels: int) -> tuple[Pixels, Members, Pixels, Members]:
    """(first, its members, second, its members) of (n, pixels, 3)."""
    # Where all samples are near one another, as on most of a still scene, there is one colour.
    still = distance(part.min(axis=0), part.max(axis=0)) <= levels
    first, second = _mean(part), np.zeros(part.shape[1:], np.uint8)
    members = np.ones(part.shape[:2], np.bool_)
    others = np.zeros(part.shape[:2], np.bool_)
    if not still.all():
        moving = ~still
        found = _counted_modes(np.ascontiguousarray(part[:, moving]), levels)
        first[moving], members[:, moving], second[moving], others[:, moving] = found
    return first, members, second, others


def _mean(part: npt.NDArray[np.uint8]) -> Pixels:
    """The rounded mean over the first axis of (n, pixels, 3)."""
    count = len(part)
    total = part.sum(axis=0, dtype=np.uint16)
    total += np.uint16(count // 2)
    mean: Pixels = (total // np.uint16(count)).astype(np.uint8)
    return mean


def _counted_modes(
    part: npt.NDArray[np.uint8], levels: int
) -> tuple[Pixels, Members, Pixels, Members]:
    """As `_two_modes`, from the differences of all samples from each other."""
    count, pixels = part.shape[:2]
    planes = [np.ascontiguousarray(part[..., channel]) for channel in range(3)]
    near = np.ones((count, count, pixels), np.bool_)
    for i in range(count - 1):
        others = slice(i + 1, count)
        worst: npt.NDArray[np.uint8] | None = None
        for plane in planes:
            one, other = plane[i], plane[others]
            difference = np.maximum(one, other)
            difference -= np.minimum(one, other)
            worst = difference if worst is None else np.maximum(worst, difference, out=worst)
        assert worst is not None
        near[i, others] = near[others, i] = worst <= levels
    everyone = np.ones((count, pixels), np.bool_)
    first, members = _mode(part, near, everyone, levels)
    second, others_of = _mode(part, near, ~members, levels)
    return first, members, second, others_of


def _mode(
    part: npt.NDArray[np.uint8], near: Members, among: Members, levels: int
) -> tuple[Pixels, Members]:
    """The colour that most samples `among` (n, pixels) are near to, and those samples."""
    # Of bytes: einsum and matmul would turn them into floats.
    votes = np.empty(among.shape, np.uint8)
    for i in range(len(votes)):
        np.sum(near[i] & among, axis=0, dtype=np.uint8, out=votes[i])
    votes[~among] = 0
    centre = votes.argmax(axis=0)
    at = np.arange(part.shape[1])
    members = near[centre, :, at].T & among
    weight = np.maximum(members.sum(axis=0), 1)[:, None]
    total = np.zeros(part.shape[1:], np.uint16)
    for sample, chosen in zip(part, members, strict=True):
        total += sample * chosen[:, None]
    colour: Pixels = ((total + weight // 2) // weight).astype(np.uint8)
    # The mean is a better centre than the first sample.
    again = np.stack([distance(sample, colour) <= levels for sample in part]) & among
    return colour, again
