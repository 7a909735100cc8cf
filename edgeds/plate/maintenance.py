"""Keeps a plate valid while a run goes on: follows the light and small nudges of the camera.

    maintenance = Maintenance(plate)
    update = maintenance(frame, maps)          # for every frame; it looks 5 times a second
    if update.plate is not None:
        estimate.replace_plate(update.plate, move=update.move)

Each plate is made from the captured one, so errors do not add up: it is moved, relit per channel,
and corrected by a coarse map of other changes. Pixels that alpha calls foreground are left out,
with a margin and for some time after, also if they do not move. Alpha is wrong where the plate is
wrong, so two things overrule it: the plate's own structure in another light, and pixels like the
captured plate's. Knows no network, and no clock except the frames' times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgeds.plate.corrected_pixels import corrected_pixels, moved_noise
from edgeds.plate.health import Health
from edgeds.plate.light_change import SAME, light_between
from edgeds.plate.lost_picture import Brightness, Loss, is_foreign, loss_of, turned_white
from edgeds.plate.masks import grown, most_around, on_channels, share, share_in, spread
from edgeds.plate.plate import Plate
from edgeds.plate.registration import (
    Matrix,
    Structure,
    agreement,
    at_size,
    displacement,
    found_again,
    found_near,
    landmarks,
    structure,
    warped,
)
from edgeds.plate.robust_fit import percentiles
from edgeds.plate.settings import MAINTENANCE, PlateMaintenance
from edgeds.plate.troubles import AT_THE_END, SEEN_AT_ONCE, Measured, troubles
from edgeds.sources.scaling import resized, size_at_width
from edgeds.types import FloatMap, Frame, Maps
from edgeds.types.picture import largest_channel

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

_TOO_LITTLE = 0.02  # of the picture with structure: it shows nothing of the plate
_SIGMAS = 3.0  # of the frames' noise that thresholds allow for


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlateUpdate:
    """The result of a look at the plate."""

    plate: Plate | None = None
    """A new plate, if the one in use is no longer right; else None."""
    move: Matrix
    """3x3, takes (x, y, 1) of the captured plate to the current one, in px of the frame."""
    gain: float = 1.0
    """How much brighter the light is than when the plate was taken, mean of the channels."""
    health: float = 1.0
    """1 is as good as new, 0 is unusable."""
    prompt: str = ""
    """What the user should do, and why; empty if nothing is needed."""
    since_secs: float = 0.0
    """The time of the first look that saw the reason for the prompt."""
    seen: str = ""
    """As `prompt`, of a trouble that one look can decide: it may be over with the next one."""
    seen_since_secs: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Comparison:
    """A small copy of a frame, and its foreground by alpha."""

    view: Floats
    brightness: Brightness
    shown: Structure
    alpha: FloatMap
    hidden: Mask
    """Foreground with its margin."""
    now: float
    secs: float
    """Since the look before."""
    loss: Loss | None
    """What has become of a picture that shows nothing."""


class Maintenance:
    """Watches one plate. Make another for another plate; frames go in the order of their times."""

    def __init__(self, plate: Plate, settings: PlateMaintenance = MAINTENANCE) -> None:
        self._captured, self._set = plate, settings
        self._size = size_at_width(plate.size, min(settings.width_px, plate.size[1]))
        self._small = resized(plate.pixels, self._size).astype(np.float32)
        self._brightness = Brightness(self._small)
        self._slack = max(1.0, _SIGMAS * plate.noise_at(self._size) / settings.same_levels)
        self._light, self._move = SAME, np.eye(3)
        self._relit, self._extra = self._small, np.zeros_like(self._small)
        self._foreground_at = np.full(self._size, -np.inf, np.float32)
        self._served, self._served_move = self._small, self._move
        self._corners = landmarks(structure(self._small))
        self._before: float | None = None
        self._shown_before: Structure | None = None
        self._followed, self._adrift = True, np.eye(3)
        self._health = Health()
        self._never_fitted = True
        self._is_foreign: bool | None = None
        self._last = PlateUpdate(move=np.eye(3))

    def verdict(self) -> PlateUpdate:
        """The last update, with the prompt where no later look will decide it."""
        prompt = self._last.prompt or self._health.pending(*AT_THE_END)
        return replace(self._last, prompt=prompt, since_secs=self._health.since(prompt))

    def __call__(self, frame: Frame, maps: Maps, *, again: bool = False) -> PlateUpdate:
        """Look at a frame, unless the last look was a moment ago and this is not one `again`.
        The maps are the frame's own, made with the plate of the last update.
        """
        now = frame.pts_secs
        gap = self._set.interval_secs if self._before is None else now - self._before
        if 0 <= gap < self._set.interval_secs - 1e-6 and not again:
            return replace(self._last, plate=None)
        self._before = now
        look = self._look(frame, maps, min(gap, 10.0) if gap > 0 else self._set.interval_secs)
        found, same = (None, None) if look.loss is not None else self._follow(look)
        current = self._current()
        health, prompt = self._judge(look, same, found, current)
        seen = prompt or self._health.pending(*SEEN_AT_ONCE)
        self._last = PlateUpdate(
            plate=self._renewed(current),
            move=at_size(self._move, self._size, self._captured.size),
            gain=float(self._light.gain.mean()),
            health=health, prompt=prompt, since_secs=self._health.since(prompt),
            seen=seen, seen_since_secs=self._health.since(seen),
        )  # fmt: skip
        return self._last

    def _follow(self, look: _Comparison) -> tuple[bool | None, Mask]:
        """Bring the plate to this picture: (whether it is found, background that alpha calls
        foreground).
        """
        found, plate = self._follow_move(look, structure(self._current()))
        self._is_foreign = is_foreign(look.alpha, look.shown, plate, self._set)
        self._never_fitted = self._never_fitted and self._is_foreign is not False
        same = self._follow_light(look, plate)
        self._follow_rest(look, same)
        return found, same

    def _look(self, frame: Frame, maps: Maps, secs: float) -> _Comparison:
        view = frame.rgb(self._size).astype(np.float32)
        alpha = maps.alpha_at(self._size)
        hidden = grown(alpha > self._set.foreground_alpha, self._set.grow_px)
        loss = loss_of(self._brightness, seen := Brightness(view), self._set.max_stops)
        if loss is None:
            self._foreground_at[hidden] = frame.pts_secs
        return _Comparison(
            view=view, brightness=seen, shown=structure(view), alpha=alpha, hidden=hidden,
            now=frame.pts_secs, secs=secs, loss=loss,
        )  # fmt: skip

    def _current(self) -> Floats:
        """The plate as it should be now, small."""
        plate: Floats = self._relit + self._extra
        return np.clip(plate, 0, 255, out=plate)

    def _relight(self) -> None:
        """The captured plate, moved and relit, without the changes learned for single places."""
        is_moved = (self._move != np.eye(3)).any()
        self._relit = self._light(warped(self._small, self._move) if is_moved else self._small)

    def _follow_move(self, look: _Comparison, plate: Structure) -> tuple[bool | None, Structure]:
        """Register the plate: (whether it is found, None where too little of it is visible; its
        structure now).
        """
        move = found_again(self._corners, plate, look.shown, look.hidden)
        before, self._shown_before = self._shown_before, look.shown
        if move is None and self._followed and before is not None:
            move = self._jumped(before, plate, look.shown)
        self._followed = move is not None
        if move is None:
            visible = plate.textured & (look.alpha < 0.5)
            held = agreement(plate, look.shown) & visible
            # Behind somebody close to the camera, or on a bare wall, there is nothing to find.
            seen = share(visible)
            return (None if seen < _TOO_LITTLE else share(held) >= 0.3 * seen), plate
        self._adrift = np.eye(3)
        distance = displacement(move, self._size)
        if distance < self._set.min_move_px:
            return True, plate
        if distance < 1:  # half of a small one: a jitter of the estimate is not followed
            move = np.eye(3) + (move - np.eye(3)) / 2
        self._move = move @ self._move
        self._extra = warped(self._extra, move)
        self._relight()
        plate = structure(self._current())
        self._corners = landmarks(plate)
        return True, plate

    def _jumped(self, before: Structure, plate: Structure, shown: Structure) -> Matrix | None:
        """The plate's new place after the whole view, with everybody in it, jumped at once.

        Somebody may hide too much of the plate to find it by itself. If the jump is known and the
        plate is not found there either, the jump is kept: the camera was moved.
        """
        jump = found_again(landmarks(before), before, shown, np.zeros(self._size, np.bool_))
        if jump is None or displacement(jump, self._size) < 1:
            return None
        self._adrift = jump
        return found_near(jump, self._corners, plate, shown)

    def _follow_light(self, look: _Comparison, plate: Structure) -> Mask:
        """Fit gain and bias to the background; return background that alpha calls foreground."""
        alike = most_around(agreement(plate, look.shown), plate.textured)
        captured = self._like_captured(look)
        # Without the learned changes of places, or these would take dusk for a stain everywhere.
        change = light_between(self._relit, look.view, ~look.hidden | alike | captured)
        if change is None:
            return alike | captured
        # A jump is followed at once; a small change may be noise of the fit.
        change = change if change.levels() > 3 else change.part(0.3)
        if change.levels() > 0.15:
            self._light = change.after(self._light)
            self._extra *= change.gain
            self._relight()
            captured = self._like_captured(look)
        return alike | captured

    def _like_captured(self, look: _Comparison) -> Mask:
        like = _off(look.view, self._relit) < self._slack * self._set.same_levels
        return most_around(like)

    def _follow_rest(self, look: _Comparison, same: Mask) -> None:
        """Learn soft light quickly from all background, single pixels slowly from settled ones."""
        missing = look.view - self._current()
        off = largest_channel(np.abs(missing))
        # Where structure shows that it is light, it counts in full; a plain patch that differs
        # much may be a thing that alpha has missed.
        weight = np.where(off < 12 * self._slack, np.float32(1), np.float32(0.1))
        weight[look.hidden] = 0
        weight[same] = 1
        soft = spread(np.clip(missing, -60, 60), weight)
        self._extra += (1 - np.exp(-look.secs / self._set.light_secs)) * soft
        settled = ~look.hidden & (look.now - self._foreground_at > self._set.memory_secs)
        settled |= same & (look.alpha < 0.5)
        learnt = np.float32(1 - np.exp(-look.secs / self._set.learn_secs))
        self._extra += on_channels(learnt * settled) * (missing - soft)
        if (self._move != np.eye(3)).any():
            inside = np.ones(self._size, np.float32)
            new = (warped(inside, self._move, border=0) < 0.99) & (look.alpha < 0.5)
            self._extra[new] = (look.view - self._relit)[new]

    def _judge(
        self, look: _Comparison, same: Mask | None, is_found: bool | None, now: Floats
    ) -> tuple[float, str]:
        visible, foreground = ~look.hidden, look.alpha > 0.5
        off = _off(look.view, now) > 24 * self._slack
        white = turned_white(self._brightness, look.brightness)
        found = Measured(
            is_found=is_found,
            never_fitted=self._is_foreign if self._never_fitted else False,
            moved=displacement(self._adrift @ self._move, self._size) / self._size[1],
            gain=float(self._light.gain.mean()),
            loss=look.loss,
            foreground=share(foreground),
            fooled=0.0 if same is None else share(foreground & same),
            wrong=share_in(visible, off),
            # Alpha calls much of a picture foreground that turns white.
            white=max(share(white), share_in(visible, white)),
        )
        return self._health(look.now, *troubles(found, self._set))

    def _renewed(self, current: Floats) -> Plate | None:
        """A new plate for the frames, if the one in use is off by enough to replace it."""
        drift = self._served_move @ np.linalg.inv(self._move)
        if displacement(drift, self._size) < self._set.min_move_px:
            import cv2

            change = largest_channel(np.abs(cv2.blur(current - self._served, (9, 9))))
            middle, most = percentiles(change[::2, ::2], 50, 99)  # it is smooth
            if middle < self._set.min_levels and most < self._set.min_local_levels:
                return None
        self._served, self._served_move = current, self._move
        pixels = corrected_pixels(self._captured.pixels, self._light, self._move, self._extra)
        noise = moved_noise(self._captured.noise, self._move, self._size)
        return replace(self._captured, pixels=pixels, noise=noise)


def _off(one: Floats, other: Floats) -> FloatMap:
    """How far two pictures differ at each pixel, in the channel where they differ most."""
    import cv2

    return largest_channel(cv2.absdiff(one, other))
