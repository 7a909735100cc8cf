"""Registers a plate to a frame after the camera was nudged.

Works on structure alone, so that neither light nor exposure matter. Of alpha it knows only which
pixels not to trust. Knows nothing about the use of the pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeds.plate.settings import PLATE_FROM_CLIP, PlateFromClip
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Pixels, Size

Mask = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float64]
"""3x3, takes (x, y, 1) of one picture to the other."""

_POINTS = 240
_MIN_POINTS = 12
_TOLERANCE_PX = 0.6  # of a 320 px picture; Lucas-Kanade is good to some .05
_NEAR_PX = 6.0
_MIN_CELLS = 4  # of 4 x 4: points on one poster do not determine a turn
_FLOOR_LEVELS = 3.0  # local contrast below it is noise, not texture
_TEXTURE_LEVELS = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A picture without its lighting: every neighbourhood has mean 0 and contrast 1."""

    values: FloatMap
    textured: Mask
    """Where there is enough contrast."""

    @property
    def levels(self) -> npt.NDArray[np.uint8]:
        """As a grey picture, for OpenCV."""
        grey: npt.NDArray[np.uint8] = np.clip(self.values * 40 + 128, 0, 255).astype(np.uint8)
        return grey


def structure(pixels: npt.NDArray[Any]) -> Structure:
    """(v - mean) / standard deviation around each pixel; RGB (h, w, 3), uint8 or float32.

    Local normalisation as for normalised cross-correlation (Lewis 1995): gain, bias and slow
    shading drop out.
    """
    import cv2

    grey = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY)
    grey = cv2.GaussianBlur(grey, (3, 3), 0)
    mean = cv2.boxFilter(grey, -1, (15, 15))
    power = cv2.boxFilter(grey * grey, -1, (15, 15))
    deviation = np.sqrt(np.maximum(power - mean * mean, 0))
    values = (grey - mean) / (deviation + np.float32(_FLOOR_LEVELS))
    return Structure(values, deviation > _TEXTURE_LEVELS)


def agreement(one: Structure, other: Structure) -> Mask:
    """Where both show the same structure: the same thing, in whatever light."""
    import cv2

    product = cv2.boxFilter(one.values * other.values, -1, (9, 9))
    power = cv2.boxFilter(one.values**2, -1, (9, 9)) * cv2.boxFilter(other.values**2, -1, (9, 9))
    # Running sums round: a power of nothing may come out below 0.
    alike: Mask = (product > 0.75 * np.sqrt(np.maximum(power, 0))) & one.textured
    return alike


def landmarks(plate: Structure) -> npt.NDArray[np.float32]:
    """Corners of the plate that can be found again, (n, 2) of (x, y), spread over the picture."""
    import cv2

    corners = cv2.goodFeaturesToTrack(
        plate.levels, _POINTS, 0.02, 6, mask=plate.textured.astype(np.uint8) * 255, blockSize=5
    )
    return np.zeros((0, 2), np.float32) if corners is None else corners.reshape(-1, 2)


def found_again(
    points: npt.NDArray[np.float32], plate: Structure, frame: Structure, hidden: Mask
) -> Matrix | None:
    """The similarity that takes the plate to the frame; None where no motion finds a majority.

    Pyramidal Lucas-Kanade (Bouguet 2001) at the corners, RANSAC for a similarity: pan and tilt of a
    few pixels are shifts, roll is a rotation. If points outside `hidden` do not agree, all points
    are used, since `hidden` may be wrong; then again from the rough motion of the whole picture.
    """
    if len(points) < _MIN_POINTS:
        return None
    columns, rows = points.astype(int).T
    visible = ~hidden[rows, columns]
    for chosen, share in ((visible, 0.6), (np.ones_like(visible), 0.4)):
        move = _tracked(points[chosen], points[chosen], plate, frame, share)
        if move is not None:
            return move
    guess = np.einsum("ij,kj->ki", _far_guess(plate, frame), np.insert(points, 2, 1, axis=1))
    return _tracked(points, guess.astype(np.float32), plate, frame, 0.3)


def found_near(
    guess: Matrix, points: npt.NDArray[np.float32], plate: Structure, frame: Structure
) -> Matrix | None:
    """The similarity that takes the plate to the frame, within a few px of a guess.

    A quarter of the points is enough, since so many points hardly ever agree with a guess by
    chance.
    """
    there = np.einsum("ij,kj->ki", guess[:2], np.insert(points, 2, 1, axis=1))
    move = _tracked(points, there.astype(np.float32), plate, frame, 0.25)
    size = frame.values.shape
    is_near = move is not None and displacement(move @ np.linalg.inv(guess), size) < _NEAR_PX
    return move if is_near else None


def displacement(move: Matrix, size: tuple[int, ...]) -> float:
    """How far a matrix takes any corner of a picture (height, width), in px."""
    height, width = size[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
    there = np.einsum("ij,kj->ki", move, corners)
    return float(np.hypot(*(there[:, :2] / there[:, 2:] - corners[:, :2]).T).max())


def at_size(move: Matrix, size: Size, full: Size) -> Matrix:
    """The motion `move`, in px of `size`, converted to px of `full`; half-pixel centres."""
    y, x = size[0] / full[0], size[1] / full[1]
    smaller = np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1]])
    larger: Matrix = np.linalg.inv(smaller) @ move @ smaller
    return larger


def warped(picture: npt.NDArray[Any], move: Matrix, *, border: int | None = None) -> Any:
    """Move the picture; past its border the border pixels repeat, or `border` is used."""
    import cv2

    height, width = picture.shape[:2]
    mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
    return cv2.warpPerspective(
        picture, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=mode,
        borderValue=border or 0,
    )  # fmt: skip


def _far_guess(plate: Structure, frame: Structure) -> npt.NDArray[np.float64]:
    """Roughly how the whole picture moved, 2x3: a shift of up to half of it, turned a little.

    Phase correlation (Kuglin & Hines 1975) of a few turned plates; the strongest peak wins. On
    57 rooms with somebody in them, turned by up to 5 degrees and shifted by up to an eighth, 56
    were found so, and 17 without turning.
    """
    import cv2

    height, width = frame.values.shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    best, guess = -1.0, np.eye(2, 3)
    for degrees in (0.0, -2.5, 2.5, -5.0, 5.0):
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
        turned = cv2.warpAffine(plate.values, turn, (width, height))
        # A copy: OpenCV 5.0 multiplies the window into its arguments.
        shift, response = cv2.phaseCorrelate(turned, frame.values.copy(), window)
        if response > best:
            turn[:, 2] += shift
            best, guess = response, turn
    return guess


def _tracked(
    points: npt.NDArray[np.float32],
    guess: npt.NDArray[np.float32],
    plate: Structure,
    frame: Structure,
    min_share: float,
) -> Matrix | None:
    """The similarity by which most points are found near where they are guessed to be.

    The same pictures give the same answer: OpenCV seeds each RANSAC by itself.
    """
    import cv2

    height, width = frame.values.shape
    inside = ((guess > 0) & (guess < (width, height))).all(axis=1)
    points, guess = points[inside], guess[inside]
    if len(points) < _MIN_POINTS:
        return None
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        plate.levels, frame.levels, points.reshape(-1, 1, 2), guess.reshape(-1, 1, 2).copy(),
        winSize=(13, 13), maxLevel=2, flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )  # fmt: skip
    there, ok = there.reshape(-1, 2), found.ravel() > 0
    if ok.sum() < _MIN_POINTS:
        return None
    matrix, chosen = cv2.estimateAffinePartial2D(
        points[ok], there[ok], method=cv2.RANSAC, ransacReprojThreshold=_TOLERANCE_PX
    )
    if matrix is None:
        return None
    inliers = points[ok][chosen.ravel() > 0]
    column, row = (4 * inliers / (width, height)).astype(int).T
    cells = np.flatnonzero(np.bincount(column + 4 * row, minlength=16))
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    enough = len(inliers) >= max(_MIN_POINTS, min_share * len(points))
    if not enough or len(cells) < _MIN_CELLS or not 0.9 < scale < 1.1:
        return None
    return np.vstack([matrix, [0, 0, 1]])


def in_place(samples: list[Pixels], settings: PlateFromClip = PLATE_FROM_CLIP) -> float:
    """Share of patches, over all samples, that are in the same place as in the middle sample.

    Phase correlation in a grid of patches: passers-by cover some of them, a moving camera shifts
    all of them.
    """
    import cv2

    patch = 64
    rows = max(1, round(4 * samples[0].shape[0] / samples[0].shape[1]))
    greys = [
        cv2.cvtColor(resized(s, (rows * patch, 4 * patch)), cv2.COLOR_RGB2GRAY).astype(np.float32)
        for s in samples
    ]
    window = cv2.createHanningWindow((patch, patch), cv2.CV_32F)
    middle = greys.pop(len(greys) // 2)
    still = []
    for grey in greys:
        for y in range(0, rows * patch, patch):
            for x in range(0, 4 * patch, patch):
                here = slice(y, y + patch), slice(x, x + patch)
                # A copy: OpenCV 5.0 multiplies the window into its arguments.
                shift, _ = cv2.phaseCorrelate(middle[here].copy(), grey[here], window)
                still.append(np.hypot(*shift) < settings.max_shift * 4 * patch)
    return float(np.mean(still))


def camera_moves(samples: list[Pixels], settings: PlateFromClip = PLATE_FROM_CLIP) -> bool:
    """Whether the samples are views of a camera that pans, zooms or is carried.

    Each sample is registered to the middle one. If too few samples can be registered, patches
    decide.
    """
    shown = [structure(sample) for sample in samples]
    middle = shown.pop(len(shown) // 2)
    size = middle.values.shape
    corners = landmarks(middle)
    nothing = np.zeros(size, np.bool_)
    moves = [found_again(corners, middle, other, nothing) for other in shown]
    found = [displacement(move, size) for move in moves if move is not None]
    moved = sum(px > settings.max_shift * size[1] for px in found)
    if len(found) - moved > len(shown) // 2:
        return False
    return (
        moved > settings.max_moved * len(shown) or in_place(samples, settings) < settings.min_still
    )
