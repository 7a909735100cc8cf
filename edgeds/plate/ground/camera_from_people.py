"""The camera over its ground, fitted to people who were seen. Knows no masks and no depth network.

Focal length, pitch, roll, height over the ground. Every pitch and focal length is tried with the
height that each one person says; the hypotheses with most consent are refined (Levenberg 1944,
Marquardt 1963, with Tukey's weights). Edges of the plate that are upright, or level and at right
angles, help (Coughlan & Yuille 2003, Manhattan World); priors hold what both leave open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgeds.plate.ground.geometry import Floats, GroundView, usual_focal_px
from edgeds.plate.ground.settings import GROUND
from edgeds.plate.ground.straight_edges import Lines
from edgeds.types import Size

_TUKEY = 4.685
_PITCHES = np.radians(np.arange(-10, 72, 4.0))
_FOCALS = (0.72, 1.0, 1.4)
_STARTS = 6
_TURNS = np.radians(np.arange(-45, 45, 1.5))
_ROUNDS = 25
_LINES_COUNT_AS = 12.0  # edges of one building are wrong together: so many independent ones
_STEP = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Where upright people were seen, in px of the plate."""

    lowest: Floats
    """(n, 2) as (x, y), feet."""
    highest: Floats
    """(n, 2), heads."""
    edge_px: Floats
    """(n,), error of either."""

    def __len__(self) -> int:
        return len(self.lowest)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The best view, and how well it is known."""

    view: GroundView
    agree: np.ndarray
    """(n,) bool: who agrees with it."""
    scatter: float
    """Robust deviation of the logarithms of their heights."""
    covariance: Floats
    """(4, 4) of log focal length, pitch, roll, log camera height."""


def fit_view(people: People, size: Size, lines: Lines) -> Fitted:
    """The most likely view. `ground_from_people` decides whether to accept it."""
    problem = _Problem(people, size, lines)
    best: tuple[float, Floats] | None = None
    for start in problem.starts():
        solution = problem.refined(start)
        cost = problem.cost(solution)
        if best is None or cost < best[0]:
            best = cost, solution
    assert best is not None
    view = problem.view(best[1])
    height, _ = view.measured(people.lowest, people.highest)
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.abs(np.log(height))
    agree = np.nan_to_num(off, nan=np.inf) < GROUND.agrees
    scatter = 1.4826 * float(np.median(off[agree])) if agree.any() else np.inf
    return Fitted(view, agree, scatter, problem.covariance(best[1]))


class _Problem:
    def __init__(self, people: People, size: Size, lines: Lines) -> None:
        self._people, self._size, self._lines = people, size, lines
        self._focal = usual_focal_px(size)
        tall = np.linalg.norm(people.highest - people.lowest, axis=1)
        edge = people.edge_px / np.maximum(tall, 1)
        self._height_sigma = np.hypot(GROUND.height_sigma, 1.5 * edge)
        self._lean_sigma = np.hypot(GROUND.lean_sigma, edge)
        share = lines.length_px / max(float(lines.length_px.sum()), 1e-9)
        count = min(_LINES_COUNT_AS, len(share) / 2)
        self._line_weight = np.sqrt(share * count)
        self._alone = 1 / _in_one_place(people)

    def view(self, at: Floats) -> GroundView:
        return GroundView(
            size=self._size,
            focal_px=float(np.exp(at[0])),
            pitch=float(at[1]),
            roll=float(at[2]),
            camera_height=float(np.exp(at[3])),
        )

    def starts(self) -> list[Floats]:
        """The hypotheses with the most consent: each has the height that one person says."""
        found = []
        people = self._people
        for factor in _FOCALS:
            for pitch in _PITCHES:
                start = np.array((np.log(self._focal * factor), pitch, 0.0, 0.0, 0.0))
                heights, _ = self.view(start).measured(people.lowest, people.highest)
                usable = heights[np.isfinite(heights) & (heights > 0)]
                if not len(usable):
                    continue
                logs = np.log(usable)
                off = np.abs(logs[:, None] - logs) / GROUND.tolerance
                consent = np.maximum(1 - off**2, 0).sum(1)
                start[3] = -logs[int(consent.argmax())]
                found.append((self.cost(start), start))
        found.sort(key=lambda one: one[0])
        return [start for _, start in found[:_STARTS]] or [
            np.array((np.log(self._focal), 0.2, 0.0, 0.0, 0.0))
        ]

    def residuals(self, at: Floats) -> tuple[Floats, Floats]:
        """In sigmas: what outliers may be among (heights, leans, lines), and the priors."""
        view, people = self.view(at), self._people
        height, lean = view.measured(people.lowest, people.highest)
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.log(height)
        tall = np.nan_to_num(logs, nan=9.0, posinf=9.0, neginf=-9.0) / self._height_sigma
        # A person with the wrong height is no witness for the direction either.
        leaning = np.nan_to_num(lean, nan=9.0) / self._lean_sigma
        lines = self._lines
        edges = _nearest_edge(view, lines, at[4]) / GROUND.line_sigma
        priors = np.array((
            (at[0] - np.log(self._focal)) / GROUND.focal_sigma,
            at[2] / GROUND.roll_sigma,
            (at[1] - 0.25) / 1.0,
            (at[3] - np.log(1.5)) / 1.5,
            at[4] / 10.0,
        ))  # fmt: skip
        return np.concatenate([tall, leaning, edges]), priors

    def _weights(self, residuals: Floats) -> Floats:
        count = len(self._people)
        tukey = np.square(1 - np.minimum(np.square(residuals / _TUKEY), 1))
        tukey[count : 2 * count] *= tukey[:count] > 0
        tukey[2 * count :] *= np.square(self._line_weight)
        return np.asarray(tukey, np.float64)

    def cost(self, at: Floats) -> float:
        """Tukey's, halved so that a small residual r costs r^2 / 2."""
        data, priors = self.residuals(at)
        rho = _TUKEY**2 / 6 * (1 - (1 - np.minimum(np.square(data / _TUKEY), 1)) ** 3)
        count = len(self._people)
        gone = rho[:count] >= _TUKEY**2 / 6
        rho[count : 2 * count][gone] = _TUKEY**2 / 6
        rho[2 * count :] *= np.square(self._line_weight)
        return float(rho.sum() + 0.5 * np.square(priors).sum())

    def refined(self, at: Floats) -> Floats:
        at = self._turned(at)
        damping, cost = 1e-3, self.cost(at)
        for _ in range(_ROUNDS):
            normal, gradient = self._normal(at)
            step = np.linalg.solve(normal + damping * np.diag(np.diagonal(normal)), -gradient)
            further = at + np.clip(step, -0.3, 0.3)
            lower = self.cost(further)
            if lower < cost:
                gain, at, cost, damping = cost - lower, further, lower, damping / 5
                if gain < 1e-5:
                    break
            else:
                damping *= 10
                if damping > 1e4:
                    break
        return at

    def _turned(self, at: Floats) -> Floats:
        """The parameters with the blocks' turn that most edges agree with."""
        view, lines = self.view(at), self._lines
        if not len(lines.length_px):
            return at
        consent = [
            float((self._line_weight * np.exp(-np.square(off / (2 * GROUND.line_sigma)))).sum())
            for off in (_nearest_edge(view, lines, turn) for turn in _TURNS)
        ]
        return np.append(at[:4], _TURNS[int(np.argmax(consent))])

    def covariance(self, at: Floats) -> Floats:
        """All sightings in one place count as one: mostly they are of one person in a few frames,
        with the same height, and the same fault of the mask and of the ground.
        """
        normal, _ = self._normal(at, np.tile(self._alone, 2))
        return np.asarray(np.linalg.inv(normal)[:4, :4], np.float64)

    def _normal(self, at: Floats, share: Floats | None = None) -> tuple[Floats, Floats]:
        """The normal matrix and the gradient. `share`: of heights and leans, what each counts."""
        data, priors = self.residuals(at)
        weights = self._weights(data)
        if share is not None:
            weights[: len(share)] *= share
        weight = np.concatenate([weights, np.ones(len(priors))])
        value = np.concatenate([data, priors])
        columns = []
        for i in range(len(at)):
            moved = at.copy()
            moved[i] += _STEP
            columns.append((np.concatenate(self.residuals(moved)) - value) / _STEP)
        jacobian = np.stack(columns, 1)
        jacobian[~np.isfinite(jacobian)] = 0
        weighted = jacobian * weight[:, None]
        return weighted.T @ jacobian, weighted.T @ value


def _in_one_place(people: People) -> Floats:
    """How many of them stood where each one stood, itself included, (n,)."""
    apart = np.linalg.norm(people.lowest[:, None] - people.lowest, axis=-1)
    tall = np.linalg.norm(people.highest - people.lowest, axis=-1)
    place = GROUND.one_place * np.minimum(tall[:, None], tall)
    return np.asarray(np.maximum((apart < place).sum(1), 1), np.float64)


def _nearest_edge(view: GroundView, lines: Lines, turn: float) -> Floats:
    """The angle (n,) of each line to the nearest of the three directions of a block there."""
    towards = view.edges(lines.middle, turn)
    across = towards[..., 0] * lines.direction[:, 1] - towards[..., 1] * lines.direction[:, 0]
    nearest = np.abs(across).argmin(0)
    return np.asarray(np.arcsin(np.clip(across[nearest, np.arange(len(nearest))], -1, 1)))
