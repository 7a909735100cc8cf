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
        found = _solved(normal, right)
        if found is None:
            break
        solution = found
    return solution


def _solved(
    normal: npt.NDArray[np.float64], right: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | None:
    """None where the terms do not determine the weights."""
    if len(right) == 2:  # NumPy takes 25 us for these numbers, a fourth of a round
        (a, b), (_, c) = normal.tolist()
        p, q = right.tolist()
        determinant = a * c - b * b
        if not (a > 0 and c > 0) or determinant < SINGULAR * a * c:
            return None
        found = ((c * p - b * q) / determinant, (a * q - b * p) / determinant)
        return np.array(found, np.float64)
    scale = np.sqrt(np.diagonal(normal))
    if not (scale > 0).all() or np.linalg.det(normal / (scale[:, None] * scale)) < SINGULAR:
        return None
    return np.asarray(np.linalg.solve(normal, right), np.float64)


def median(values: npt.NDArray[Any]) -> float:
    """NumPy's median of values without NaN: of a few thousand, in half its time. NumPy's also
    loads its masked arrays when it is first used, which takes 18 ms; so does its percentile.
    """
    middle = values.size // 2
    parted = np.partition(values, middle, axis=None)
    if values.size % 2:
        return float(parted[middle])
    return float((parted[:middle].max() + parted[middle]) / 2)  # to part for both takes longer


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
