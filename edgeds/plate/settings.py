"""Settings of the plate (estimated, captured, maintained), measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFromClip:
    """The plate that is estimated from a clip."""

    samples: int = 32
    """Frames spread through the clip: passers-by are outvoted; comparing them takes a second."""
    more_samples: int = 64
    """Frames that are used if the plate is in doubt after those."""
    min_samples: int = 5
    memory_bytes: int = 600_000_000
    """Larger frames get fewer samples, so that a 4K clip stays under this."""
    small_width_px: int = 400
    """The background is chosen at this width; px and parts below refer to it."""
    agree_levels: int = 14
    """Two samples show the same colour if no channel differs by more than this (of 255)."""
    agree_sigmas: float = 4.0
    """As `agree_levels`, in sigmas of the noise: the larger of the two counts."""
    max_agree_levels: int = 48
    """Two samples that differ by more levels never show the same colour."""
    clear_share: float = 0.4
    """A colour that fewer of the samples show begins to be in doubt."""
    same_levels: int = 20
    """Colours closer than this count as one: a ghost would not be visible."""
    min_second: float = 0.12
    """A second colour that fewer of the samples show belongs to passers-by."""
    min_run: float = 0.5
    """The thing stood there if this share of those samples follow one another."""
    equal_share: float = 0.6
    """The thing also stood there if it was seen for this share of the first colour's time."""
    min_part: float = 0.0004
    """A part with two colours that is smaller than this share of the picture is a speck."""
    clear_edge: float = 0.6
    """The weaker outline is the background's if it is under this share of the stronger."""
    coherent: float = 0.7
    """How closely the pixels of one thing must change their colours at the same times."""
    clearly_longer: float = 2.0
    """There is no doubt where the background was seen this many times as long as the thing in front
    of it.
    """
    rival: float = 0.4
    """Slow passers-by leave a doubt from this share of the background's own time on."""
    once: float = 0.8
    """Share of its samples that must follow one another for a colour to have been seen once."""
    once_share: float = 0.6
    """Largest share of all samples, not at the clip's start or end, of a colour that was seen once.
    """
    cleared_doubt: float = 0.3
    """Doubt that is left where the outline decided."""
    doubtful: float = 0.2
    """Doubt past which a pixel counts as doubtful."""
    max_unknown: float = 0.4
    """If a larger share of the picture has no clear colour, the plate is refused."""
    max_standing: float = 0.45
    """If a larger share of the picture changes at one time, the clip has more than one view."""
    warn_doubtful: float = 0.01
    """With a larger share of doubtful pixels, more samples are taken, and the report says so."""
    warn_place: float = 0.001
    """It also says so with a larger place of doubtful pixels that touch: somebody far away. In six
    clips with people left in the plate it was .0024 to .048, in others .00013 at most.
    """
    max_moving_doubt: float = 0.05
    """With a larger share of the picture in doubt, edgeds checks whether the camera moves."""
    max_shift: float = 0.02
    """A part of the picture that shifts by more of its width has left its place."""
    min_still: float = 0.25
    """Where fewer parts of the picture stay in their places, the camera moves."""
    max_moved: float = 0.3
    """The camera moves where more of the samples are shifted by `max_shift`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFromStream:
    """The plate of a stream that is never empty, estimated while the stream runs."""

    first_secs: float = 4.0
    """Time until the first estimate; each further one comes after twice the time."""
    last_secs: float = 128.0
    """Time of the last estimate."""
    interval_secs: float = 0.25
    """Time between the first samples; doubled each time half of them are left out."""
    samples: int = 33
    """The most samples: at 33, every other one is left out, which leaves 17."""
    min_samples: int = 9
    memory_bytes: int = 300_000_000
    """Larger frames are fewer: 33 at 1080p, 12 at 4K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSettings:
    """The plate from a camera: count-down, frames, checks."""

    countdown_secs: float = 3.0
    """Time to leave the picture."""
    lock_secs: float = 1.2
    """The last part of the count-down: people have left, and the camera's 3A can be locked."""
    capture_secs: float = 2.0
    """Long enough for a person to breathe and sway, and for an exposure to show that it moves."""
    frames: int = 32
    """Frames taken in that time; a slow camera gives fewer."""
    min_frames: int = 8
    memory_bytes: int = 200_000_000
    """Larger frames are fewer, but never under `min_frames`: 32 at 1080p, 8 at 4K."""
    small_width_px: int = 320
    """Stillness is judged at this size."""
    black_levels: float = 24.0
    """A picture with a darker 99th percentile counts as black."""
    flat_levels: float = 1.5
    """Standard deviation under which a picture is one flat colour."""
    max_clipped: float = 0.6
    """Share of white, or of black, pixels; a white backdrop is half of a picture on purpose."""
    poor_clipped: float = 0.2
    """With a larger share the verdict gives advice."""
    moved_levels: float = 6.0
    """A pixel of the small copy has moved if it differs from the still scene by more levels."""
    moved_sigmas: float = 6.0
    """As `moved_levels`, in sigmas of the noise: the larger of the two counts."""
    max_moved: float = 0.001
    """Share of the picture that may have moved: the hand of a clock, not of a person."""
    max_shift_px: float = 0.5
    """Shift of the whole picture, in px of the small copy."""
    camera_moved: float = 0.1
    """If more of the picture moved, the camera may have moved."""
    min_in_place: float = 0.25
    """The camera did move if, besides, fewer of the picture's parts stay in their places."""
    max_exposure_drift: float = 0.03
    max_focus_drift: float = 0.15
    max_foreground: float = 0.002
    """Share of the picture that the network may take for foreground between two of the frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateMaintenance:
    """How a plate is kept valid while a run goes on."""

    width_px: int = 320
    """Pictures are compared at this width; px below are of it, levels are of 255."""
    interval_secs: float = 0.2
    """Time between two looks; a jump of the light stays visible for no longer."""
    still_secs: float = 2.0
    """As `interval_secs`, while the background is as at the last look and that found nothing to
    correct."""
    settled_health: float = 0.9
    """The plate's health that it needs for that."""
    foreground_alpha: float = 0.1
    grow_px: int = 10
    """Margin around foreground, for soft alpha and contact shadows."""
    memory_secs: float = 60.0
    """Time after foreground has left a place, before single pixels are learned there."""
    light_secs: float = 6.0
    """Time constant of soft light, beyond gain and bias: a lamp, the sun, a lasting shadow."""
    learn_secs: float = 30.0
    """Time constant of single pixels: background by alpha that differs from the plate."""
    same_levels: float = 10.0
    """A pixel this close to the captured plate, relit, is background, whatever alpha says."""
    min_levels: float = 1.0
    """A smaller change of the whole light is not worth encoding the plate again."""
    min_local_levels: float = 3.0
    """As `min_levels`, for the hundredth part of the picture that changed most."""
    min_move_px: float = 0.12
    max_move: float = 0.06
    """Share of the picture's width past which a moved camera needs a new plate."""
    max_clipped: float = 0.33
    """Share of the visible background that may have turned white since the plate was taken: white
    pixels cannot be compared.
    """
    max_stops: float = 3.0
    """Change of exposure past which too little of the plate's colours is left."""
    prompt_secs: float = 0.7
    """A trouble that lasts this long gives a prompt: under a second, but longer than a passing
    hand.
    """
    lost_secs: float = 3.0
    """As `prompt_secs`, if nothing shows that the camera moved: a hand in front of it goes away
    again."""
    foreign_secs: float = 1.5
    """As `prompt_secs`, if nothing of the plate is seen from the first look on."""
    foreign_foreground: float = 0.4
    """Share of the picture that foreground has at least where nothing of the plate is seen."""
    foreign_edges: float = 0.15
    """Share of the plate's edges beside that foreground, under which nothing of the plate is seen.
    Of another scene, 0 to .04 are there."""
    covered_secs: float = 10.0
    """As `prompt_secs`, if foreground fills the picture: somebody may stand close to the camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundChange:
    """What counts as a change of the background between two frames: half of what a plate is
    corrected for. On people walking in drifting light, frames half a second apart differed by up to
    .3 levels, 1.2 in a part, and .03 px.
    """

    width_px: int = 128
    """Pictures are compared at this width; px below are of it, levels are of 255."""
    foreground: float = 0.02
    """Alpha over it is foreground."""
    grow_px: int = 2
    """What is so near to foreground may be its shadow."""
    least_free: float = 0.3
    """Share of the picture, or of a part, that must be free of it."""
    light_levels: float = 0.5
    parts: tuple[int, int] = (4, 6)
    local_levels: float = 1.5
    """In one of so many parts, down and across."""
    shift_px: float = 0.05
    """0.12 of a picture 320 px wide: `PlateMaintenance.min_move_px`."""


PLATE_FROM_CLIP = PlateFromClip()
PLATE_FROM_STREAM = PlateFromStream()
PLATE_CAPTURE = CaptureSettings()
MAINTENANCE = PlateMaintenance()
BACKGROUND_CHANGE = BackgroundChange()
