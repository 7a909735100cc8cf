"""Triangles of simple bodies: boxes, cylinders, balls, flat pieces. Knows nothing about rays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from train.worlds.raycast import Mesh, Texture, Vectors


def box(
    middle: tuple[float, float, float],
    half: tuple[float, float, float],
    *,
    yaw: float,
    texture: Texture,
    glows: bool = False,
    gloss: float = 0.0,
) -> Mesh:
    """An upright box, turned by `yaw` about its centre; a room is a box seen from within."""
    corners, uv = [], []
    size = _vector(half)
    for axis in range(3):
        one, other = [(2, 1), (0, 2), (0, 1)][axis]
        for sign in (-1, 1):
            quad = np.zeros((4, 3), np.float32)
            quad[:, axis] = sign
            quad[:, one], quad[:, other] = (-1, 1, 1, -1), (-1, -1, 1, 1)
            quad *= size
            places = quad[:, [one, other]]
            for triangle in ((0, 1, 2), (0, 2, 3)):
                corners.append(quad[list(triangle)])
                uv.append(places[list(triangle)])
    placed = turned(np.array(corners), yaw) + _vector(middle)
    return Mesh(
        corners=placed, uv=np.array(uv, np.float32), texture=texture, glows=glows, gloss=gloss
    )


def cylinder(
    middle: tuple[float, float, float], radius: float, half_height: float, *, texture: Texture
) -> Mesh:
    """An upright cylinder with its two ends."""
    profile = [
        (0.0, half_height),
        (radius, half_height),
        (radius, -half_height),
        (0.0, -half_height),
    ]
    return _turned_profile(middle, profile, texture)


def ball(middle: tuple[float, float, float], radius: float, *, texture: Texture) -> Mesh:
    angles = np.linspace(0, np.pi, 17)
    profile = [(radius * float(np.sin(a)), radius * float(np.cos(a))) for a in angles]
    return _turned_profile(middle, profile, texture)


def turned(points: NDArray[np.float32], yaw: float) -> NDArray[np.float32]:
    """Turn points (..., 3) about the vertical axis."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    matrix = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], np.float32)
    return np.asarray(points @ matrix.T, np.float32)


def _turned_profile(
    middle: tuple[float, float, float],
    profile: list[tuple[float, float]],
    texture: Texture,
    sides: int = 32,
) -> Mesh:
    """A surface of revolution from (radius, height) pairs, top to bottom."""
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.stack((np.cos(angle), np.zeros_like(angle), np.sin(angle)), -1)
    rows = [ring * (r, 0, r) + (0, h, 0) for r, h in profile]
    widest = max(r for r, _ in profile)
    places = [np.stack((angle * widest, np.full_like(angle, h)), -1) for _, h in profile]
    corners, uv = [], []
    for upper in range(len(profile) - 1):
        for i in range(sides):
            quad = [(upper, i), (upper, i + 1), (upper + 1, i + 1), (upper + 1, i)]
            for triangle in ((0, 1, 2), (0, 2, 3)):
                corners.append([rows[quad[k][0]][quad[k][1]] for k in triangle])
                uv.append([places[quad[k][0]][quad[k][1]] for k in triangle])
    return Mesh(
        corners=np.array(corners, np.float32) + _vector(middle),
        uv=np.array(uv, np.float32),
        texture=texture,
    )


def _vector(values: tuple[float, float, float]) -> Vectors:
    return np.array(values, np.float32)
