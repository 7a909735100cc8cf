"""Settings of the plate (estimated, captured, maintained), measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFromClip:
    """The plate as the clip's own empty background."""

    samples: int = 32
    """Frames spread through the clip: passers-by are outvoted; comparing them takes a second."""
    more_samples: int = 64
    """Where the plate is in doubt after those."""
    min_samples: int = 5
    memory_bytes: int = 600_000_000
    """Larger frames get fewer samples, so that a 4K clip stays under this."""
    small_width_px: int = 400
    """What is background is decided at this width; px and parts below are of it."""
    agree_levels: int = 14
    """Samples show the same colour where no channel differs by more (of 255)..."""
    agree_sigmas: float = 4.0
    """... or by more than this many times the noise..."""
    max_agree_levels: int = 48
    """... but never by more than this."""
    clear_share: float = 0.4
    """A colour that fewer of the samples show begins to be in doubt."""
    same_levels: int = 20
    """Colours closer than this are one thing: no ghost would be seen."""
    min_second: float = 0.12
    """A second colour that fewer of the samples show is passing by."""
    min_run: float = 0.5
    """It stood there where this share of those samples follow one another..."""
    equal_share: float = 0.6
    """... or where it was seen for this share of the first colour's time."""
    min_part: float = 0.0004
    """Share of the picture under which a part with two colours is a speck."""
    clear_edge: float = 0.6
    """The weaker outline is the background's where it is under this share of the stronger."""
    coherent: float = 0.7
    """How far a part's pixels must change their colours at the same times to be one thing."""
    clearly_longer: float = 2.0
    """Nothing is in doubt where the background was seen this many times as long as what stood
    before it.
    """
    rival: float = 0.4
    """What passes slowly is in doubt from this share of the background's own time on."""
    once: float = 0.8
    """Share of its samples that must follow one another for a colour to have been seen once..."""
    once_share: float = 0.6
    """... in less than this share of all samples, not at the clip's start or end."""
    cleared_doubt: float = 0.3
    """Doubt that is left where the outline told the background from what stood there."""
    doubtful: float = 0.2
    """Doubt past which a pixel counts as doubtful."""
    max_unknown: float = 0.4
    """Share of the picture without any clear colour past which the plate is not believed."""
    max_standing: float = 0.45
    """Share of the picture that changes at once past which it is not one view."""
    warn_doubtful: float = 0.01
    """Share of doubtful pixels past which the report says so, and more samples are taken."""
    max_moving_doubt: float = 0.05
    """Share of the picture in doubt past which it is asked whether the camera moves."""
    max_shift: float = 0.02
    """A part of the picture that shifts by more of its width has left its place."""
    min_still: float = 0.25
    """Where fewer parts of the picture stay in their places, the camera moves."""
    max_moved: float = 0.3
    """The camera moves where more of the samples are shifted by `max_shift`."""


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
