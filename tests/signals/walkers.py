"""People who cross a line in a drawn scene: at four depths, in front of and behind each other."""

from __future__ import annotations

import numpy as np

from .scene import SIZE, Figure


def walkers(seed: int) -> tuple[list[Figure], int, int]:
    """Four who cross the middle at four depths, and how many go (right, left)."""
    random = np.random.default_rng(seed)
    figures = []
    for base in random.permutation([0.28, 0.4, 0.54, 0.7]):
        near = float(base + random.uniform(-0.03, 0.03))
        way = 1 if random.random() < 0.5 else -1
        figures.append(
            Figure(
                (-10.0 if way > 0 else SIZE[1] + 10.0, 30 + 76 * near),
                (way * float(random.uniform(25, 70)) * (0.5 + near), 0),
                20 + 50 * near,
                near,
                tuple(int(value) for value in random.integers(0, 255, 3)),
                come_secs=float(random.uniform(0, 2)),
            )
        )
    right = sum(figure.speed[0] > 0 for figure in figures)
    return figures, right, len(figures) - right
