"""How the light changed between two pictures of one scene: gain and bias of each channel.

Knows nothing about plates and alpha; the caller marks the pixels that show the same thing in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.plate.robust_fit import biweight_fit, median
from edgeds.types.picture import largest_channel, least_channel

Floats = npt.NDArray[np.float32]

GAMMA = 2.2
"""The curve of cameras, nearly: one stop more light is 1 / 2.2 more in log2 of levels."""
_ROUNDS = 4
_MIN_PIXELS = 200
_MAX_PIXELS = 3000  # more of them cost time and do not change the fit
_BIAS_LEVELS = 8.0  # how far black may rise
_RESIDUAL_LEVELS = 2.0  # residual of a gain alone, since a camera's curve is not quite a line


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """`gain * v + bias` per channel, in the picture's numbers (levels of 255)."""

    gain: Floats
    bias: Floats

    def __call__(self, values: Floats) -> Floats:
        import cv2

        # NumPy takes ten times as long to repeat three numbers along the last axis.
        lit = np.asarray(cv2.transform(values, np.column_stack([np.diag(self.gain), self.bias])))
        return np.clip(lit, 0, 255, out=lit)

    def after(self, before: Light) -> Light:
        """This change after an earlier one."""
        return Light(self.gain * before.gain, self.gain * before.bias + self.bias)

    def part(self, share: float) -> Light:
        """A share of the way from no change to this one."""
        return Light(1 + share * (self.gain - 1), share * self.bias)

    def levels(self) -> float:
        """The largest change of any channel in the dark, the middle or the bright, in levels."""
        at = np.array([[16], [128], [240]], np.float32)
        return float(np.abs(at * (self.gain - 1) + self.bias).max())


SAME = Light(np.ones(3, np.float32), np.zeros(3, np.float32))


def light_between(before: Floats, after: Floats, same: npt.NDArray[np.bool_]) -> Light | None:
    """The change from `before` to `after` where both show the same; None if too few pixels are
    left.

    A robust fit, started from no change or from the median ratio, whichever explains more.
    Clipped pixels are left out. A ridge on the bias keeps a picture of one grey from being read
    as fog.

    Args:
        before, after: float32 (h, w, 3), levels of 255.
        same: (h, w), True where both show the same thing, wrong for up to half of it.
    """
    import cv2

    use = same & (least_channel(cv2.min(before, after)) > 4)
    use &= largest_channel(cv2.max(before, after)) < 250
    pixels = np.flatnonzero(use)
    if len(pixels) < _MIN_PIXELS:
        return None
    pixels = pixels[:: max(1, len(pixels) // _MAX_PIXELS)]
    x, y = before.reshape(-1, 3)[pixels], after.reshape(-1, 3)[pixels]
    lines = [_line(*np.ascontiguousarray((x[:, c], y[:, c]))) for c in range(3)]
    gain, bias = np.array(lines, np.float32).T
    return Light(gain, bias)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    ratio = median(y / x)
    costs = [np.minimum(np.abs(y - a * x), 16).mean() for a in (1.0, ratio)]
    gain, bias = biweight_fit(
        np.stack([x, np.ones_like(x)]),
        y,
        ((1.0, ratio)[int(np.argmin(costs))], 0.0),
        rounds=_ROUNDS,
        ridge=(0.0, (_RESIDUAL_LEVELS / _BIAS_LEVELS) ** 2),
        least=4,
        most=40,
    )
    return float(gain), float(bias)
