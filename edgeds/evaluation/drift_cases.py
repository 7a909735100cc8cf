"""Simulates changes after the plate of a fixed camera was taken: drifts, and scenes that look like
a drift.

A case has a content (which foreground is in the picture at which time) and a disturbance (what the
camera or the light does from a given time on). Light is in pixel values at gamma 2.2; distances are
in px of a picture 640 px wide. Every picture depends on the case and the frame's index alone.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import cv2
import numpy as np

from edgeds.errors import InputError
from edgeds.evaluation.nudged_shots import (
    GAMMA,
    Content,
    Disturb,
    Moment,
    Shot,
    Take,
    camera_view,
    to_and_fro,
)
from edgeds.types import Pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One drift."""

    name: str
    setting: str = ""
    disturb: Disturb | None = None
    """None: nothing is wrong, and maintenance must change nothing."""
    content: Content = to_and_fro
    step_secs: float = 0.1
    """Simulated time from frame to frame."""
    begin_secs: float = 1.0
    frame_count: int = 60
    score_from_secs: float = 0.0

    def view(self, take: Take, shot: Shot, index: int, secs: float) -> tuple[Pixels, Shot]:
        """The part of a shot that the camera sees, and its truth."""
        if self.disturb is None or secs < 0:
            return camera_view(shot.pixels), Shot(camera_view(shot.pixels), camera_view(shot.alpha))
        rng = np.random.default_rng([zlib.crc32(f"{self.name} {self.setting}".encode()), index])
        moment = Moment(secs, take, shot, rng, shot.pixels.astype(np.float32))
        self.disturb(moment)
        pixels = np.clip(np.round(moment.values), 0, 255).astype(np.uint8)
        pixels = camera_view(pixels, shift_px=moment.shift_px, degrees=moment.degrees)
        alpha = camera_view(shot.alpha, shift_px=moment.shift_px, degrees=moment.degrees)
        return pixels, Shot(pixels, np.clip(alpha, 0, 1))


def _stops(stops: float) -> float:
    return float(2 ** (stops / GAMMA))


def _exposure(stops: float) -> Disturb:
    def disturb(moment: Moment) -> None:
        moment.values *= _stops(stops)

    return disturb


def _auto_exposure(moment: Moment) -> None:
    """The camera darkens by up to .8 EV as a person fills the picture, half a second late."""
    fill = np.mean(
        [
            to_and_fro(moment.take, max(0, round(10 * (moment.secs + 1 - lag))), 0).alpha.mean()
            for lag in (0.2, 0.4, 0.6, 0.8)
        ]
    )
    moment.values *= _stops(-0.8 * min(1.0, float(fill) / 0.15))


def _white_balance(moment: Moment) -> None:
    warmer = 1 + 0.1 * min(1.0, moment.secs / 4)
    moment.values *= np.array([warmer, 1, 1 / warmer], np.float32)


def _nudge(distance_px: float) -> Disturb:
    def disturb(moment: Moment) -> None:
        moment.shift_px = 0.8 * distance_px, 0.6 * distance_px

    return disturb


def _turn(degrees: float) -> Disturb:
    def disturb(moment: Moment) -> None:
        moment.degrees = degrees

    return disturb


def _bump(moment: Moment) -> None:
    moment.shift_px, moment.degrees = (70.0, 25.0), 4.0


def _lamp(moment: Moment) -> None:
    """A lamp at the upper left lights what is near it: up to +1.2 EV, and a little haze."""
    height, width = moment.values.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    glow = np.exp(-((x - 0.3 * width) ** 2 + (y - 0.3 * height) ** 2) / (2 * (0.2 * width) ** 2))
    moment.values *= (1 + (_stops(1.2) - 1) * glow)[..., None]
    moment.values += 10 * glow[..., None]


def _dusk(moment: Moment) -> None:
    """-2 EV and bluer over five minutes, the left faster than the right."""
    share = min(1.0, moment.secs / 300)
    width = moment.values.shape[1]
    across = np.linspace(1.3, 0.7, width, dtype=np.float32)[None, :, None]
    moment.values *= 2 ** (-2 * share * across / GAMMA)
    moment.values *= np.array([1 - 0.1 * share, 1, 1 + 0.08 * share], np.float32)


def _noise(sigma: float) -> Disturb:
    def disturb(moment: Moment) -> None:
        moment.values += sigma * moment.rng.standard_normal(moment.values.shape, np.float32)

    return disturb


def _all_at_once(moment: Moment) -> None:
    _exposure(-0.4)(moment)
    _white_balance(moment)
    moment.shift_px, moment.degrees = (2.0, -1.5), 0.2


def _fills_half(take: Take, index: int, secs: float) -> Shot:
    """A person stands close to the camera from one frame to the next."""
    shot = to_and_fro(take, index, secs)
    if secs < 0:
        return shot
    big = take.shots[take.fullest]
    rows, columns = np.nonzero(big.alpha > 0.5)
    height, width = big.alpha.shape
    if not rows.size:
        return shot
    zoom = float(np.sqrt(0.9 / max(big.alpha.mean(), 0.05)))
    centre = float(columns.mean()), float(rows.mean())
    place = np.array(
        [[zoom, 0, 0.4 * width - zoom * centre[0]], [0, zoom, 0.55 * height - zoom * centre[1]]]
    )
    alpha = np.clip(cv2.warpAffine(big.alpha, place, (width, height)), 0, 1)
    pixels = cv2.warpAffine(big.pixels, place, (width, height), borderMode=cv2.BORDER_REPLICATE)
    mixed = shot.pixels + alpha[..., None] * (pixels.astype(np.float32) - shot.pixels)
    return Shot(mixed.astype(np.uint8), np.maximum(shot.alpha, alpha))


def _sits_still(take: Take, index: int, _secs: float) -> Shot:
    return _noisy(take.shots[take.fullest], index)


def _leaves(take: Take, index: int, secs: float) -> Shot:
    if secs < 600:
        return _sits_still(take, index, secs)
    return _noisy(Shot(take.plate, np.zeros(take.plate.shape[:2], np.float32)), index)


def _comes_back(take: Take, index: int, secs: float) -> Shot:
    if secs < 600:
        return _noisy(Shot(take.plate, np.zeros(take.plate.shape[:2], np.float32)), index)
    return _noisy(to_and_fro(take, index, secs), index)


def _camouflaged(take: Take, index: int, secs: float) -> Shot:
    """Foreground whose colour is three quarters that of the background behind it."""
    shot = to_and_fro(take, index, secs)
    mixed = shot.pixels + 0.75 * shot.alpha[..., None] * (
        take.plate.astype(np.float32) - shot.pixels
    )
    return Shot(mixed.astype(np.uint8), shot.alpha)


def _noisy(shot: Shot, index: int) -> Shot:
    rng = np.random.default_rng(index)
    pixels = shot.pixels + 2 * rng.standard_normal(shot.pixels.shape, np.float32)
    return Shot(np.clip(np.round(pixels), 0, 255).astype(np.uint8), shot.alpha)


_TEN_MINUTES: dict[str, Any] = {"step_secs": 8.0, "begin_secs": 0.0, "frame_count": 85}

CASES: tuple[Case, ...] = (
    Case(name="nothing"),
    *(
        Case(name="exposure step", setting=f"{stops:+g} EV", disturb=_exposure(stops))
        for stops in (-1.0, -0.6, -0.3, 0.3, 0.6, 1.0)
    ),
    Case(name="auto-exposure follows people", setting="to -.8 EV", disturb=_auto_exposure),
    Case(name="white balance ramp", setting="10 % in 4 s", disturb=_white_balance),
    *(
        Case(name="nudge", setting=f"{distance:g} px", disturb=_nudge(distance))
        for distance in (1.0, 3.0, 6.0)
    ),
    *(
        Case(name="turn", setting=f"{degrees:g} degrees", disturb=_turn(degrees))
        for degrees in (0.4, 0.8)
    ),
    Case(name="bump", setting="74 px, 4 degrees", disturb=_bump),
    Case(name="lamp on", setting="to +1.2 EV", disturb=_lamp),
    Case(
        name="dusk", setting="-2 EV in 5 min", disturb=_dusk, step_secs=4.0, begin_secs=8.0
    ),
    Case(name="noise", setting="sigma 12", disturb=_noise(12.0)),
    Case(name="exposure, colour and nudge", disturb=_all_at_once),
    Case(name="somebody fills half the picture", content=_fills_half),
    Case(name="sits still for 10 min", content=_sits_still, **_TEN_MINUTES, score_from_secs=540),
    Case(name="... and leaves", content=_leaves, **_TEN_MINUTES, score_from_secs=600),
    Case(name="empty for 10 min, then people", content=_comes_back, **_TEN_MINUTES,
         score_from_secs=600),
    Case(name="colour of the background", content=_camouflaged),
)  # fmt: skip


def cases_like(pattern: str) -> tuple[Case, ...]:
    """The cases whose name, or name and setting, match a shell pattern such as `nudge*`.

    Raises:
        InputError: no case matches.
    """
    chosen = tuple(
        case
        for case in CASES
        if any(fnmatchcase(name, pattern) for name in (case.name, f"{case.name} {case.setting}"))
    )
    if not chosen:
        raise InputError(
            f"no drift is called {pattern!r}",
            why="they are called " + ", ".join(dict.fromkeys(case.name for case in CASES)),
            fix="give one of these, or a pattern such as 'nudge*', in quotes",
        )
    return chosen
