"""The plate capture: takes frames of the empty scene, and gives a checked plate or a refusal.

It takes the time from the frames that it gets. Knows nothing about cameras, screens or keys.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import cv2
import numpy as np

from edgeds.errors import PlateError, counted
from edgeds.plate.capture_checks import (
    ALWAYS_MOVES,
    Glance,
    check_picture,
    check_still,
    glance,
    percent,
    place,
    refusal,
    stillness,
)
from edgeds.plate.frame_clock import FrameClock
from edgeds.plate.median import median_plate
from edgeds.plate.plate import Plate
from edgeds.plate.settings import PLATE_CAPTURE, CaptureSettings
from edgeds.plate.status import PlateStatus
from edgeds.sources.scaling import resized
from edgeds.types import Engine, Frame, Pixels

Steps = Generator[None, "Frame | None", None]


class PlateCapture:
    """Count-down, capture, checks, plate.

        capture = PlateCapture(engine)
        for frame in source:
            status = capture(frame)      # counting, capturing, then ready or refused
        capture.plate                    # when ready

    Call it in the thread that uses the engine. It keeps frames by reference until it has ended, at
    most `memory_bytes` of them. The work after the last frame is done in small pieces, one per
    call, so that a live picture goes on; `finish` does the rest at once.
    """

    def __init__(
        self,
        engine: Engine,
        settings: CaptureSettings = PLATE_CAPTURE,
        *,
        former: Plate | None = None,
    ) -> None:
        """`former`: the plate in use until now. The verdict says what is new against it."""
        self.plate: Plate | None = None
        """The new plate, when ready."""
        self.refusal: PlateError | None = None
        """Why there is none, when refused."""
        self.moved = ""
        """Where something moved, and how much; empty if nothing did, or if that is a refusal."""
        self.status = PlateStatus(phase="counting", secs_left=settings.countdown_secs)
        self._engine, self.settings, self._former = engine, settings, former
        self._steps = self._work()
        next(self._steps)

    @property
    def ended(self) -> bool:
        """Whether it has taken a plate, or has refused to."""
        return self.status.phase in ("ready", "refused")

    def __call__(self, frame: Frame) -> PlateStatus:
        """Take the next frame of the stream; does nothing after the end."""
        return self._advance(frame)

    def finish(self) -> PlateStatus:
        """Come to an end with the frames so far: there are no more."""
        while not self.ended:
            self._advance(None)
        return self.status

    def _advance(self, frame: Frame | None) -> PlateStatus:
        if self.ended:
            return self.status
        try:
            self._steps.send(frame)
        except PlateError as error:
            # Its traceback refers to every picture of the capture, and would keep them in memory.
            self.refusal = error.with_traceback(None)
            self.status = PlateStatus(phase="refused", verdict=f"{error.why}: {error.fix}")
        except StopIteration:
            assert self.ended
        return self.status

    def _work(self) -> Steps:
        clock = FrameClock()
        yield from self._count_down(clock)
        shots: list[Pixels] = []
        glances: list[Glance] = []
        yield from self._capture(clock, shots, glances)
        self.status = PlateStatus(phase="capturing", verdict="checking")
        yield
        is_sure, notes = yield from self._check(shots, glances)
        plate = yield from median_plate(shots)
        self.plate = plate
        assert plate.noise_levels is not None
        frames, noise = counted(len(shots), "frame"), f"{plate.noise_levels:.1f} of 255 levels"
        verdict = f"{'good' if is_sure else 'doubtful'}: {frames}, noise {noise}"
        self.status = PlateStatus(phase="ready", verdict="; ".join([verdict, *notes]))

    def _count_down(self, clock: FrameClock) -> Steps:
        total_secs = self.settings.countdown_secs
        while clock.secs < total_secs:
            frame = yield
            if frame is None:
                raise refusal(
                    f"the source ended during the count-down, after {clock.secs:.1f} s",
                    "use a longer clip, or a count-down of 0 (--countdown 0)",
                )
            left = total_secs - clock.advanced_to(frame)
            self.status = replace(self.status, secs_left=max(0.0, left))

    def _capture(self, clock: FrameClock, shots: list[Pixels], glances: list[Glance]) -> Steps:
        settings = self.settings
        self.status = PlateStatus(phase="capturing", secs_left=settings.capture_secs)
        began_secs: float | None = None
        wanted, frozen = settings.frames, True
        while True:
            frame = yield
            if frame is None:
                break
            secs = clock.advanced_to(frame)
            began_secs = secs if began_secs is None else began_secs
            if shots and frame.pixels.shape != shots[0].shape:
                raise refusal("the size of the picture changed", "take the plate again")
            wanted = _affordable(frame.pixels, settings)
            if secs - began_secs >= len(shots) * settings.capture_secs / wanted:
                frozen = frozen and (not shots or np.array_equal(shots[0], frame.pixels))
                shots.append(frame.pixels)
                glances.append(glance(frame.pixels, settings))
            left = settings.capture_secs * (1 - len(shots) / wanted)
            self.status = replace(self.status, secs_left=max(0.0, left))
            enough = len(shots) >= settings.min_frames
            if enough and (len(shots) >= wanted or secs - began_secs >= settings.capture_secs):
                break
        if len(shots) < settings.min_frames:
            raise refusal(
                f"the source ended after {len(shots)} of {settings.min_frames} frames",
                "use a longer one; a picture that is known to be right can be given with -b",
            )
        if frozen:
            raise refusal(
                f"all {len(shots)} frames are exactly the same: the camera is stuck, or sends a "
                "picture of its own",
                "restart the camera; a picture that is known to be right can be given with -b",
            )

    def _check(
        self, shots: list[Pixels], glances: list[Glance]
    ) -> Generator[None, Frame | None, tuple[bool, list[str]]]:
        """Refuse by raising; else (whether all of the plate was seen for long enough, notes)."""
        settings = self.settings
        reference = (yield from median_plate([each.small for each in glances])).pixels
        notes = check_picture(reference, settings)
        yield
        measured = yield from stillness(glances, reference, settings)
        check_still(measured, settings)
        yield
        for one, other in ((shots[0], shots[-1]), (shots[-1], shots[0])):
            share, where = self._foreground(one, other)
            if share > settings.max_foreground:
                raise refusal(
                    f"somebody or something came, went or moved {where} "
                    f"({percent(share)} of the picture)",
                    f"leave the picture, and take the plate again; {ALWAYS_MOVES}",
                )
            yield
        if self._former is None or self._former.size != shots[0].shape[:2]:
            notes.append("a person who kept perfectly still would be in it: look at the picture")
        else:
            share, where = self._foreground(self._former.pixels, shots[-1])
            if share > settings.max_foreground:
                notes.append(
                    f"it shows something {where} that the former plate did not "
                    f"({percent(share)} of the picture): if that is a person, take it again"
                )
            yield
        if measured.moved > PLATE_CAPTURE.max_moved:
            self.moved = f"{measured.moved_where} ({percent(measured.moved)} of the picture)"
        is_sure = measured.unsure <= PLATE_CAPTURE.max_moved
        if not is_sure:
            unsure = f"{measured.unsure_where} ({percent(measured.unsure)} of the picture)"
            notes.append(
                f"something always moved {unsure}: what passes may be in the plate. Take it when "
                "less passes, or let edgeds live --allow-motion look for longer"
            )
        elif self.moved:
            notes.append(
                f"something moved {self.moved}: the plate has what was there most of the time"
            )
        return is_sure, notes

    def _foreground(self, plate: Pixels, frame: Pixels) -> tuple[float, str]:
        """(share of the picture that the network takes for foreground, where)."""
        size = self._engine.size
        features = self._engine.encode_plate(resized(plate, size))
        alpha = self._engine.infer(resized(frame, size), features).alpha
        mask = cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2)))
        return float(mask.mean()), place(mask.astype(bool))


def forgiving(settings: CaptureSettings) -> CaptureSettings:
    """Settings that accept motion, such as leaves outdoors; light and focus must still be steady.

    The median is a plate as long as everything is in its place most of the time.
    """
    return replace(settings, max_moved=1.0, max_foreground=1.0)


def _affordable(pixels: Pixels, settings: CaptureSettings) -> int:
    return max(settings.min_frames, min(settings.frames, settings.memory_bytes // pixels.nbytes))
