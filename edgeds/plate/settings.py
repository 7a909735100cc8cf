"""Settings of the plate (estimated, captured, maintained), measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFromClip:
    """The plate as the clip's own empty background."""

    samples: int = 32
    """Frames spread through the clip: passers-by are outvoted, and sorting them takes a second."""
    min_samples: int = 5
    memory_bytes: int = 600_000_000
    """Larger frames get fewer samples, so that a 4K clip stays under this."""
    agree_levels: int = 14
    """A sample agrees with the plate where no channel differs by more (of 255)."""
    min_agreement: float = 0.6
    """A pixel is doubtful where fewer of the samples agree with the plate."""
    max_doubtful: float = 0.12
    """Share of doubtful pixels past which the plate is not believed."""
    warn_doubtful: float = 0.03
    """Share of doubtful pixels past which the report advises to give a plate."""
    max_shift: float = 0.02
    """A part of the picture that shifts by more of its width has left its place."""
    min_still: float = 0.25
    """Where fewer parts of the picture stay in their places, the camera moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFromStream:
    """The plate of a stream that never is empty, estimated while it goes on."""

    first_secs: float = 4.0
    """Until the first estimate; the next ones come at twice the time of the one before."""
    last_secs: float = 128.0
    """The estimate after so long is the last."""
    interval_secs: float = 0.25
    """Between the first samples; doubled each time half of them are left out."""
    samples: int = 33
    """Most of them: at 33 every other one is left out, which leaves 17."""
    min_samples: int = 9
    memory_bytes: int = 300_000_000
    """Larger frames are fewer: 33 at 1080p, 12 at 4K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateCapture:
    """The plate from a camera: count-down, frames, checks."""

    countdown_secs: float = 3.0
    """Time to leave the picture."""
    lock_secs: float = 1.2
    """The last of it: whoever was there has left, the camera's automatics (3A) can be locked."""
    capture_secs: float = 2.0
    """Long enough for a person to breathe and sway, and for an exposure to show that it moves."""
    frames: int = 32
    """Taken in that time; a slow camera gives fewer."""
    min_frames: int = 8
    memory_bytes: int = 200_000_000
    """Larger frames are fewer, but never under `min_frames`: 32 at 1080p, 8 at 4K."""
    small_width_px: int = 320
    """Stillness is judged at this size."""
    black_levels: float = 24.0
    """A picture whose 99th percentile is darker shows nothing."""
    flat_levels: float = 1.5
    """Standard deviation under which a picture is one flat colour."""
    max_clipped: float = 0.6
    """Share of white, or of black, pixels; a white backdrop is half of a picture on purpose."""
    poor_clipped: float = 0.2
    """Share past which the verdict advises."""
    moved_levels: float = 6.0
    """A small pixel moved where it differs by more from the still scene..."""
    moved_sigmas: float = 6.0
    """... and by more than this many times the noise."""
    max_moved: float = 0.001
    """Share of the picture that may have moved: the hand of a clock, not of a person."""
    max_shift_px: float = 0.5
    """Of the whole picture, at the small size."""
    camera_moved: float = 0.1
    """Where more of the picture moved, it may be the camera that did..."""
    min_in_place: float = 0.25
    """... and did where fewer of its parts stay in their places."""
    max_exposure_drift: float = 0.03
    max_focus_drift: float = 0.15
    max_foreground: float = 0.002
    """Share of the picture the network may take for foreground between two of the frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateMaintenance:
    """How a plate is kept valid while a run goes on."""

    width_px: int = 320
    """Pictures are compared at this width; px below are of it, levels are of 255."""
    interval_secs: float = 0.2
    """Between two looks: a jump of the light is seen for no longer."""
    foreground_alpha: float = 0.1
    grow_px: int = 10
    """Around foreground, where soft alpha and contact shadows may reach."""
    memory_secs: float = 60.0
    """So long after foreground left a place, single pixels there are not yet learned."""
    light_secs: float = 6.0
    """Time constant of soft light, beyond gain and bias: a lamp, the sun, a lasting shadow."""
    learn_secs: float = 30.0
    """Time constant of single pixels: what the network calls background and is not the plate."""
    same_levels: float = 10.0
    """A pixel this close to the captured plate, relit, is background, whatever alpha says."""
    min_levels: float = 1.0
    """A smaller change of the whole light is not worth encoding the plate again."""
    min_local_levels: float = 3.0
    """The same for the hundredth part of the picture that changed most."""
    min_move_px: float = 0.12
    max_move: float = 0.06
    """Share of the picture's width past which a moved camera needs a new plate."""
    max_clipped: float = 0.33
    """Share of the visible background that may turn white since the plate was taken: all white is
    alike.
    """
    max_stops: float = 3.0
    """Change of exposure past which too little of the plate's colours is left."""
    prompt_secs: float = 0.7
    """A trouble that lasts this long is told: less than a second, more than a passing hand."""
    lost_secs: float = 3.0
    """The same where nothing says that the camera moved: a hand before it goes away again."""
    covered_secs: float = 10.0
    """The same where foreground fills the picture: somebody may stand close to the camera."""


PLATE_FROM_CLIP = PlateFromClip()
PLATE_FROM_STREAM = PlateFromStream()
PLATE_CAPTURE = PlateCapture()
MAINTENANCE = PlateMaintenance()
