"""Fitting lines and planes to data of which up to a half is something else. The one definition."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

# Tukey's constant, for 95 % efficiency on a normal distribution, times sigma over the median
# absolute deviation.
_TUKEY = 4.685 * 1.4826


def biweight_fit(
    terms: Floats,
    values: Floats,
    start: npt.ArrayLike,
    *,
    rounds: int,
    ridge: npt.ArrayLike = 0.0,
    least: float = 1e-6,
    most: float = np.inf,
) -> npt.NDArray[np.float64]:
    """Weights (k,) of terms (k, n) whose sum is nearest to values (n,), outliers left out.

    Iteratively reweighted least squares with Tukey's biweight (Huber & Ronchetti 2009). Where the
    terms do not determine the weights, the last that they did are returned, at first `start`.

    Args:
        start: weights (k,) to begin with; outliers must not have pulled them away.
        ridge: (k,), pulls each weight towards 0; in units of the term's mean square.
        least, most: bounds of the residual past which a value counts as an outlier.
    """
    x, y = np.asarray(terms, np.float64), np.asarray(values, np.float64)
    solution = np.array(start, np.float64)
    pull = np.broadcast_to(np.asarray(ridge, np.float64), solution.shape)
    for _ in range(rounds):
        # einsum, not `@`: OpenBLAS would wake threads that then spin, 30 ms of CPU a frame.
        residual = np.abs(y - np.einsum("i,ip->p", solution, x))
        limit = min(max(_TUKEY * float(np.median(residual)), least), most)
        weight = np.square(1 - np.square(np.minimum(residual / limit, 1)))
        total = float(weight.sum())
        weighted = x * weight
        normal = np.einsum("ip,jp->ij", weighted, x) + np.diag(pull * total)
        scale = np.sqrt(np.diagonal(normal))
        if total <= 0 or not (scale > 0).all():
            break
        normal /= scale[:, None] * scale
        if np.linalg.cond(normal) > _SINGULAR:
            break
        solution = np.linalg.solve(normal, np.einsum("ip,p->i", weighted, y) / scale) / scale
    return solution


_SINGULAR = 1e10
