"""Checks whether some frames show one still, well exposed scene; else gives the reason and the fix.

Everything is judged on small copies of the frames. Knows nothing about time, cameras or networks.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.errors import PlateError
from edgeds.plate.focus_drift import focus_drift, thirds
from edgeds.plate.lost_picture import is_black, share_of_white
from edgeds.plate.registration import in_place
from edgeds.plate.robust_fit import biweight_fit
from edgeds.plate.settings import PLATE_CAPTURE, CaptureSettings
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Pixels
from edgeds.types.picture import largest_channel

ALWAYS_MOVES = (
    "in a clip, or where something always moves: -b PICTURE, edgeds capture --allow-motion, or "
    "edgeds live --allow-motion"
)

_FIT_STRIDE = 2  # a quarter of the pixels fits as well as all of them
_FIT_ROUNDS = 3
_NOISE_STRIDE = 4
_BLACK, _NEARLY_WHITE = 4, 245
_BUMPED = 5  # a camera that is touched shifts in some frames; what hides the scene in one does not


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """The part of a frame that is kept for the checks."""

    small: Pixels
    """uint8 RGB, at most `small_width_px` wide."""
    grey: npt.NDArray[np.uint8]
    """Twice as large, for the sharpness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stillness:
    """The measurements, for the verdict and for tests."""

    exposure_drift: float
    """Relative change of the picture's brightness or of a colour, between parts of the capture."""
    focus_drift: float
    """Relative change of the sharpness of textured tiles, in the same way."""
    shift_px: float
    """Largest shift of the whole picture, in pixels of the small copy."""
    moved: float
    """Share of the picture that something moved through."""
    moved_where: str
    """In words: "at the top left"."""
    unsure: float
    """Share of the picture where under half of the frames show the colour that is taken."""
    unsure_where: str
    in_place: float
    """Share of the picture's parts that stay where they are: all, unless the camera is carried."""


def glance(pixels: Pixels, settings: CaptureSettings = PLATE_CAPTURE) -> Glance:
    """Small copies of a frame of any size."""
    height, width = pixels.shape[:2]
    shrink = max(1.0, width / (2 * settings.small_width_px))
    middle = resized(pixels, (round(height / shrink), round(width / shrink)))
    small = resized(middle, (max(1, middle.shape[0] // 2), max(1, middle.shape[1] // 2)))
    return Glance(small, cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY))


def check_picture(pixels: Pixels, settings: CaptureSettings = PLATE_CAPTURE) -> list[str]:
    """Refuse a picture that is black, flat or clipped. Returns notes on what is poor.

    Args:
        pixels: the scene, at any size; noise should have been averaged out of it.

    Raises:
        PlateError: with the reason and the fix.
    """
    brightest = largest_channel(pixels)
    if is_black(pixels, settings.black_levels):
        raise refusal("the picture is black", "uncover the lens, or switch the light on")
    if max(float(pixels[..., c].std()) for c in range(3)) < settings.flat_levels:
        raise refusal(
            "the picture is one flat colour: the lens is covered, or the camera sends no picture",
            "uncover the lens, or check the camera's cable and its other programs",
        )
    dark = float((brightest <= _BLACK).mean())
    if dark > settings.max_clipped:
        raise refusal(f"{dark:.0%} of the picture is too dark to see", "add light")
    white = share_of_white(pixels)
    if white > settings.max_clipped:
        raise refusal(
            f"{white:.0%} of the picture is clipped to white",
            "lower the camera's exposure, or take light away",
        )
    notes = []
    if dark > settings.poor_clipped:
        notes.append(f"{dark:.0%} of it is black: more light is better")
    if white > settings.poor_clipped:
        notes.append(f"{white:.0%} of it is clipped to white: less exposure is better")
    return notes


def stillness(
    glances: list[Glance], reference: Pixels, settings: CaptureSettings = PLATE_CAPTURE
) -> Generator[None, object, Stillness]:
    """Measure how the frames differ from each other. A generator, as `median_plate` is.

    Each frame is fitted robustly by the reference (the frames' median) with one gain and bias per
    channel and one small shift. Pixels that do not fit have moved. So a slightly changing exposure
    or a trembling desk does not count as motion, and a person does not count as a change of
    exposure.
    """
    scene = reference.astype(np.float32)
    slopes = _slopes(scene)
    fits = []
    for done, each in enumerate(glances, start=1):
        fits.append(_explained(each.small, scene, slopes))
        if done % 4 == 0:
            yield
    residuals = np.stack([residual for residual, _, _ in fits])
    levels = np.stack([level for _, level, _ in fits])
    shifts = np.stack([shift for _, _, shift in fits])
    yield
    moved, unsure = _moved(residuals, settings)
    yield
    focus = yield from focus_drift([each.grey for each in glances])
    # Only where much moves: in a plain picture nothing shows the places of its parts.
    much = moved.mean() > settings.camera_moved
    return Stillness(
        exposure_drift=_exposure_drift(levels),
        focus_drift=focus,
        shift_px=float(np.median(np.sort(np.hypot(*shifts.T))[-_BUMPED:])),
        moved=float(moved.mean()),
        moved_where=place(moved),
        unsure=float(unsure.mean()),
        unsure_where=place(unsure),
        in_place=in_place([each.small for each in glances]) if much else 1.0,
    )


def check_still(measured: Stillness, settings: CaptureSettings = PLATE_CAPTURE) -> None:
    """Refuse a capture in which something changed.

    Raises:
        PlateError: with the reason and the fix.
    """
    if measured.shift_px > settings.max_shift_px or measured.in_place < settings.min_in_place:
        raise refusal(
            "the camera moves",
            "put it on something steady, keep hands off, and take the plate again",
        )
    if measured.moved > settings.max_moved:
        raise refusal(
            f"something moves {measured.moved_where} ({percent(measured.moved)} of the picture)",
            "leave the picture, stop what moves (a fan, a screen, a curtain), and take it again; "
            f"{ALWAYS_MOVES}",
        )
    if measured.exposure_drift > settings.max_exposure_drift:
        raise refusal(
            f"the exposure or the white balance still settles: brightness changed by "
            f"{measured.exposure_drift:.0%} during the capture",
            "wait some seconds and take it again; lock exposure and white balance if the camera "
            "can, and let the light be steady",
        )
    if measured.focus_drift > settings.max_focus_drift:
        raise refusal(
            f"the focus still settles: sharpness changed by {measured.focus_drift:.0%} during "
            "the capture",
            "wait some seconds and take it again; switch autofocus off if the camera can",
        )


def place(mask: npt.NDArray[np.bool_]) -> str:
    """The place of the largest connected part of a mask, in words; "" if it is empty."""
    count, _, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return ""
    x, y = centres[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())]
    column = ("left", "", "right")[min(2, int(3 * x / mask.shape[1]))]
    row = ("top", "", "bottom")[min(2, int(3 * y / mask.shape[0]))]
    if not row and not column:
        return "in the middle"
    return f"at the {row} {column}".replace("  ", " ").strip()


def percent(share: float) -> str:
    """A share as text; small ones keep a decimal."""
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def refusal(why: str, fix: str) -> PlateError:
    return PlateError("the plate was not taken", why=why, fix=fix)


def _slopes(scene: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
    """The scene's derivatives across and down, both (h, w, 3), a little smoothed."""
    smooth = cv2.GaussianBlur(scene, (0, 0), 0.7)
    return np.gradient(smooth, axis=1), np.gradient(smooth, axis=0)


def _explained(
    small: Pixels,
    scene: npt.NDArray[np.float32],
    slopes: tuple[npt.NDArray[np.float32], ...],
) -> tuple[FloatMap, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(what is left unexplained (h, w), level of each channel relative to the scene, shift).

    First order in everything: s = (1 + g) m + b + dx m_x + dy m_y, by least squares reweighted
    with Tukey's biweight, as in direct image registration (Irani & Anandan 1999).
    """
    difference = small - scene
    worst = np.zeros(small.shape[:2], np.float32)
    level, shift = np.empty(3, np.float32), np.zeros(2, np.float32)
    for channel in range(3):
        m = scene[..., channel]
        terms = np.stack([m, np.ones_like(m), *(slope[..., channel] for slope in slopes)])
        weights = _robust_fit(
            terms[:, ::_FIT_STRIDE, ::_FIT_STRIDE],
            difference[::_FIT_STRIDE, ::_FIT_STRIDE, channel],
        )
        left = difference[..., channel] - np.einsum("i,ihw->hw", weights, terms)
        left[m >= _NEARLY_WHITE] *= 0.5  # partly clipped, so it does not follow the gain
        np.maximum(worst, np.abs(cv2.blur(left, (3, 3))), out=worst)
        level[channel] = 1 + weights[0] + weights[1] / max(float(m.mean()), 1.0)
        shift += weights[2:] / 3
    return worst, level, shift


def _robust_fit(
    terms: npt.NDArray[np.float32], values: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Weights of terms (4, h, w) that sum up to values (h, w); the second term is constant."""
    return biweight_fit(
        terms.reshape(len(terms), -1),
        values.reshape(-1),
        (0.0, float(np.median(values)), 0.0, 0.0),
        rounds=_FIT_ROUNDS,
        ridge=(1e-3, 0.0, 1e-3, 1e-3),
        least=3,
    )


def _moved(
    residuals: npt.NDArray[np.float32], settings: CaptureSettings
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Pixels that differ from the still scene by more than noise, in more than one frame; and in
    more than half of them.
    """
    part = residuals[:, ::_NOISE_STRIDE, ::_NOISE_STRIDE]
    noise = 1.4826 * float(np.median(part))
    limit = max(settings.moved_levels, settings.moved_sigmas * noise)
    times = (residuals > limit).sum(axis=0)
    return _without_specks(times >= 2), _without_specks(2 * times > len(residuals))


def _without_specks(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    result: npt.NDArray[np.bool_] = opened.astype(bool)
    return result


def _exposure_drift(levels: npt.NDArray[np.float32]) -> float:
    """Largest difference between the mean levels of the capture's thirds, over channels."""
    means = np.stack([levels[part].mean(axis=0) for part in thirds(len(levels))])
    return float((means.max(axis=0) - means.min(axis=0)).max())
