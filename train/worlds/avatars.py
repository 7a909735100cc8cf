"""People from pictures with depth, placed in a world as reliefs that face the camera.

A relief is a surface with the depth of the cut-out, so its depth in the drawing is exact. Its light
is approximate: it is lit as one surface that faces the camera, since the picture already has
shading.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from train.worlds.raycast import Mesh, Numbers, Vectors
from train.worlds.shapes import turned
from train.worlds.textures import linear_from_pixels, pyramid, repeated

_ROWS = 110
_FINER = 4  # the outline's pixels in one of the picture: seen close up, it has no steps


@dataclass(frozen=True, slots=True)
class Avatar:
    """A relief of height 1 that stands on the origin and faces +z."""

    corners: Vectors
    uv: NDArray[np.float32]
    levels: list[Vectors]
    solid: NDArray[np.bool_]
    width: float
    """Width, as a share of its height."""

    def mesh(
        self, at: tuple[float, float, float], yaw: float, height_m: float, gain: Vectors
    ) -> Mesh:
        """Standing at `at`, its front along +z at yaw 0."""
        height, width = self.solid.shape
        facing = turned(np.array((0, 0.25, 0.97), np.float32), yaw)

        def solid(u: Numbers, v: Numbers) -> NDArray[np.bool_]:
            x = np.floor(u * width).astype(int).clip(0, width - 1)
            y = np.floor((1 - v) * height).astype(int).clip(0, height - 1)
            return np.asarray(self.solid[y, x])

        return Mesh(
            corners=turned(self.corners * np.float32(height_m), yaw) + np.array(at, np.float32),
            uv=self.uv,
            texture=repeated(self.levels, 1.0, gain),
            solid=solid,
            normal=facing,
        )


def stands(path: Path, depth_path: Path) -> bool:
    """Whether the cut-out shows a whole upright person, from feet to head, with no raised hand."""
    if not depth_path.exists():
        return False
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        return False
    solid = picture[..., 3] > 127
    rows = solid.mean(1)
    feet = rows[-max(len(rows) // 60, 1) :].mean()
    tall, wide = solid.shape
    crown = solid[tall * 3 // 100 : max(tall * 7 // 100, 1)]  # a head is broad, a hand is not
    columns = np.arange(wide)
    middles = [(part * columns).sum() / max(part.sum(), 1) for part in (crown, solid)]
    headed = crown.sum(1).mean() > 0.07 * tall and abs(middles[0] - middles[1]) < 0.1 * tall
    headed &= (
        solid[: tall // 10].sum(1).max() < 0.19 * tall
    )  # where the picture shows half a body, the head is larger
    return bool(tall > 1.7 * wide and feet < 0.5 * rows.max() and headed)


@lru_cache(maxsize=200)
def avatar(path: Path, depth_path: Path) -> Avatar:
    """Read a cut-out and its depth.

    Raises:
        FileNotFoundError: one of them is missing.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    depth = cv2.imread(str(depth_path), cv2.IMREAD_UNCHANGED)
    if picture is None or depth is None:
        raise FileNotFoundError(f"cannot read {path if picture is None else depth_path}")
    solid = picture[..., 3] > 127
    albedo = linear_from_pixels(_bled(picture[..., :3], solid)[..., ::-1])
    bright = float(np.percentile(albedo[solid].max(-1), 95))
    albedo *= np.float32(0.65 / max(bright, 0.05))
    corners, uv = _relief(depth, cv2.resize(solid.astype(np.uint8), depth.shape[::-1]) > 0)
    width = picture.shape[1] / picture.shape[0]
    outline = cv2.resize(picture[..., 3], None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_CUBIC)
    return Avatar(corners, uv, pyramid(albedo), outline > 127, width)


def _bled(pixels: NDArray[np.uint8], solid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Extend the colours of the rim outwards, so that smaller copies have no dark rim."""
    out, known = np.where(solid[..., None], pixels, 0).astype(np.uint8), solid.astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    for _ in range(6):
        wider = cv2.dilate(known, kernel)
        out = np.where(known[..., None] > 0, out, cv2.dilate(out, kernel))
        known = wider
    return np.asarray(out, np.uint8)


def _relief(
    depth_mm: NDArray[np.uint16], solid: NDArray[np.bool_]
) -> tuple[Vectors, NDArray[np.float32]]:
    """Triangles (N, 3, 3) of height 1 and their uv (N, 3, 2)."""
    height, width = depth_mm.shape
    rows = min(_ROWS, height)
    columns = max(2, round(rows * width / height))
    known = (depth_mm > 0) & solid
    metres = _filled(depth_mm.astype(np.float32) / np.float32(1000), known)
    metres = cv2.resize(metres, (columns, rows), interpolation=cv2.INTER_AREA)
    there = cv2.resize(solid.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA) > 0
    there = cv2.dilate(there.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    u, v = np.meshgrid((np.arange(columns) + 0.5) / columns, 1 - (np.arange(rows) + 0.5) / rows)
    out = -(metres - float(np.median(metres[there]))) / np.float32(1.7)
    place = np.stack(((u - 0.5) * width / height, v, np.clip(out, -0.35, 0.35)), -1)
    quads = there[:-1, :-1] & there[1:, :-1] & there[:-1, 1:] & there[1:, 1:]
    r, c = np.nonzero(quads)
    one = np.stack((r * columns + c, (r + 1) * columns + c, (r + 1) * columns + c + 1), -1)
    two = np.stack((r * columns + c, (r + 1) * columns + c + 1, r * columns + c + 1), -1)
    faces = np.concatenate((one, two))
    uv = np.stack((u, v), -1).reshape(-1, 2)
    return place.reshape(-1, 3)[faces].astype(np.float32), uv[faces].astype(np.float32)


def _filled(metres: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Fill places without depth with the nearest known depth."""
    gap = (~known).astype(np.uint8)
    labels = cv2.distanceTransformWithLabels(gap, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    values = np.zeros(int(labels.max()) + 1, np.float32)
    values[labels[known]] = metres[known]
    return np.asarray(values[labels], np.float32)
