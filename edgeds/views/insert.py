"""A picture that stands in the scene at some depth, hidden by what is nearer. Knows no files."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap, Pixels
from edgeds.views.scene_at_depths import Scene, SceneLayer

_SOFT = 0.03  # of the plate's range: depth is not known better, and a hard cut would flicker


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Inserted:
    """A picture and where it stands."""

    rgba: npt.NDArray[np.uint8]
    """uint8 (h, w, 4), straight."""
    inverse_depth: float
    """Inverse depth of the whole picture, in the plate's units."""
    height: float
    """Height of the picture, as a share of the frame's."""
    x: float = 0.5
    """Column of the middle of its foot, as a share of the frame's width."""
    foot: float | None = None
    """Row of its foot, as a share of the frame's height; None is on the ground, where the plate's
    depth under it is its own.
    """


def inserted(scene: Scene, thing: Inserted) -> Scene:
    """The scene with a picture in it: behind what is nearer, before what is farther."""
    background, *others = scene.layers
    shape = background.inverse_depth.shape
    pixels, alpha = _placed(thing, shape, background.inverse_depth)
    soft = np.float32(_SOFT * (scene.near - scene.far))

    def nearer(depth: FloatMap) -> FloatMap:
        """How far the picture is nearer than a depth, 0..1."""
        share = (np.float32(thing.inverse_depth) - depth) / soft + np.float32(0.5)
        return np.asarray(np.clip(share, 0, 1), np.float32)

    rest = alpha * nearer(background.inverse_depth)
    depth = np.full(shape, thing.inverse_depth, np.float32)
    layers = [background]
    for other in others:  # the part that is behind it comes first
        behind = rest * (1 - nearer(other.inverse_depth))
        layers += [SceneLayer(pixels, behind, depth), other]
        rest = rest - behind
    layers.append(SceneLayer(pixels, rest, depth))
    return replace(scene, layers=tuple(layers))


def seen_share(thing: Inserted, plate_depth: FloatMap) -> float:
    """The share of the picture that is in the frame, and before the plate."""
    height, width = plate_depth.shape
    scale = thing.height * height / thing.rgba.shape[0]
    whole = float(thing.rgba[..., 3].sum()) / 255 * scale**2
    _, alpha = _placed(thing, (height, width), plate_depth)
    seen = float(alpha[plate_depth <= thing.inverse_depth].sum())
    return float(min(1.0, seen / max(whole, 1e-6)))


def _placed(
    thing: Inserted, shape: tuple[int, ...], plate_depth: FloatMap
) -> tuple[Pixels, FloatMap]:
    """Its colours and alpha at the frame's size, scaled and moved in one step."""
    import cv2

    height, width = shape
    scale = thing.height * height / thing.rgba.shape[0]
    wide = thing.rgba.shape[1] * scale
    left = thing.x * width - wide / 2
    foot = ground_row(plate_depth, thing) if thing.foot is None else thing.foot * height
    top = foot - thing.rgba.shape[0] * scale
    own = thing.rgba.astype(np.float32)
    own[..., :3] *= own[..., 3:] / 255  # premultiplied: nothing of what is under alpha 0 comes in
    if scale < 1:  # warping does not average
        size = max(1, round(wide)), max(1, round(thing.rgba.shape[0] * scale))
        own = cv2.resize(own, size, interpolation=cv2.INTER_AREA)
        scale = 1.0
    move = np.array([[scale, 0, left], [0, scale, top]], np.float32)
    there = cv2.warpAffine(own, move, (width, height), flags=cv2.INTER_LINEAR)
    alpha: FloatMap = there[..., 3] / np.float32(255)
    colours = there[..., :3] / np.maximum(alpha, np.float32(1e-3))[..., None]
    return np.clip(colours + 0.5, 0, 255).astype(np.uint8), alpha


def ground_row(plate_depth: FloatMap, thing: Inserted) -> float:
    """The row where its foot is on the ground: going up from the bottom, the plate gets farther
    than the picture there. The bottom of the frame where it is nearer than all of it.
    """
    height, width = plate_depth.shape
    column = min(width - 1, max(0, round(thing.x * width)))
    depth = np.median(plate_depth[:, max(0, column - 2) : column + 3], axis=1)
    nearer = np.flatnonzero(depth < thing.inverse_depth)
    return float(nearer[-1] + 1) if nearer.size else float(height)
