"""Robust fits of lines and planes; up to half of the data may be outliers. The one definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# Tukey's constant, for 95 % efficiency on a normal distribution, times sigma over the median
# absolute deviation.
TUKEY = 4.685 * 1.4826
SINGULAR = 1e-10  # determinant of terms of length 1


def biweight_fit(
    terms: npt.NDArray[Any],
    values: npt.NDArray[Any],
    start: npt.ArrayLike,
    *,
    rounds: int,
    ridge: npt.ArrayLike = 0.0,
    least: float = 1e-6,
    most: float = np.inf,
) -> npt.NDArray[np.float64]:
    """Weights (k,) of terms (k, n) whose sum is nearest to values (n,), without outliers.

    Iteratively reweighted least squares with Tukey's biweight (Huber & Ronchetti 2009). If the
    terms do not determine the weights, the last determined ones are returned, which are `start` at
    first.

    Args:
        terms, values: of one floating type.
        start: weights (k,) to begin with; outliers must not have pulled them away.
        ridge: (k,), pulls weights towards 0, like this many times all values with a value of 0.
        least, most: bounds of the residual past which a value counts as an outlier.
    """
    x, y = terms, values
    solution: npt.NDArray[np.float64] = np.array(start, np.float64)
    pull = np.broadcast_to(np.asarray(ridge, np.float64), solution.shape)
    normal, right = np.empty((len(x), len(x))), np.empty(len(x))
    for _ in range(rounds):
        residual = y.copy()
        for one, term in zip(solution, x, strict=True):
            residual -= y.dtype.type(one) * term
        np.abs(residual, out=residual)
        limit = min(max(TUKEY * median(residual), least), most)
        weight = np.minimum(residual / y.dtype.type(limit), 1)
        np.square(weight, out=weight)
        np.subtract(1, weight, out=weight)
        np.square(weight, out=weight)
        for i, term in enumerate(x):
            weighted = weight * term
            # einsum, not `@`: OpenBLAS would wake threads that then spin, 30 ms of CPU a frame.
            # Pair by pair it is five times faster than at once.
            right[i] = np.einsum("p,p->", weighted, y)
            for j in range(i, len(x)):
                normal[i, j] = normal[j, i] = np.einsum("p,p->", weighted, x[j])
        normal.flat[:: len(x) + 1] += pull * float(weight.sum())
        scale = np.sqrt(np.diagonal(normal))
        if not (scale > 0).all() or np.linalg.det(normal / (scale[:, None] * scale)) < SINGULAR:
            break
        solution = np.asarray(np.linalg.solve(normal, right), np.float64)
    return solution


def median(values: npt.NDArray[Any]) -> float:
    """NumPy's median of values without NaN: of a few thousand, in a third of its time. NumPy's also
    loads its masked arrays when it is first used, which takes 18 ms; so does its percentile.
    """
    count = values.size
    middle = count // 2
    if count % 2:
        return float(np.partition(values, middle, axis=None)[middle])
    sides = np.partition(values, (middle - 1, middle), axis=None)[middle - 1 : middle + 1]
    return float(sides.mean())


def percentiles(values: npt.NDArray[Any], *shares: float) -> tuple[float, ...]:
    """NumPy's percentiles of values without NaN; shares are of 100."""
    places = [share / 100 * (values.size - 1) for share in shares]
    below = [int(place) for place in places]
    above = [min(at + 1, values.size - 1) for at in below]
    ordered = np.partition(values, sorted({*below, *above}), axis=None)
    return tuple(
        float(ordered[lo] + (place - lo) * (float(ordered[hi]) - float(ordered[lo])))
        for place, lo, hi in zip(places, below, above, strict=True)
    )
