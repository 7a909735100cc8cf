"""Settings that were measured or decided once, in one place. Knows no code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

View = Literal["overlay", "mask", "depth", "side-by-side", "cutout", "replace", "blur"]
VIEWS: tuple[View, ...] = get_args(View)

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
DEFAULT_ENGINE = "edgeds-192x320-fp32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    depth: int = 3
    """Frames waiting between two stages: enough to hide a slow one, few enough for memory at 4K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Patience with cameras and streams."""

    stall_secs: float = 1.5
    """Silence after which a source is said to stall: people are told within 2 s."""
    abandon_secs: float = 5.0
    """Silence after which the connection is given up and made anew."""
    open_secs: float = 10.0
    """For a connection to give its first frame: RTSP waits for a key frame."""
    backoff_secs: float = 0.25
    """Before the first new attempt; doubled with each that fails."""
    max_backoff_secs: float = 5.0
    meter_secs: float = 5.0
    """Frames per second and latencies are told over this long."""
    refusal_secs: float = 4.0
    """For reading why a plate was refused, before anything else happens to it."""
    recording_depth: int = 8
    """Frames a recording may lag behind: a key frame takes as long to encode as several others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    frames_in_flight: int = 3
    """Page-locked slots: one is filled, one computed, one read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    sizes: tuple[tuple[int, int], ...] = ((360, 640), (720, 1280), (1080, 1920))
    frames: int = 90
    pictures: int = 6
    """Different frames; they come round again. Making more takes longer than measuring them."""
    row_secs: float = 10.0
    """A run that takes longer has fewer frames."""
    network_runs: int = 60
    warm_up: int = 5
    yardstick_side: int = 512
    """Of the picture it transforms on a CPU; of the matrices it multiplies on a GPU, 8 times."""


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
class PlateCapture:
    """The plate from a camera: count-down, frames, checks."""

    countdown_secs: float = 3.0
    """Time to leave the picture."""
    hold_secs: float = 1.2
    """The last of it: whoever was there has left, the camera's automatics can be held."""
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
class PlateUpkeep:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A calibration set from one's own camera or clip."""

    frames: int = 600
    every_secs: float = 1.0
    """Between frames of a camera: 600 are ten minutes of use."""
    new_levels: int = 8
    """A frame is new where a cell of its 32x18 thumbnail differs by so much from every other's."""
    empty_share: float = 0.06
    """Share of empty frames that is kept although they are alike."""
    empty_foreground: float = 0.0005
    """Share of foreground up to which a frame is empty."""
    extreme_share: float = 0.02
    """Share of the darkest, and of the brightest, frames that thinning out leaves in."""
    max_side_px: int = 1280


@dataclass(frozen=True, slots=True, kw_only=True)
class Matte:
    """Alpha from the network's size to the frame's."""

    lift: float = 0.25
    """Coarse alpha grows by this times a (1 - a). On composites of the training split, IoU .930 to
    .932 with exact plates and .867 to .868 with wrong ones.
    """
    sure: float = 0.8
    """Coarse alpha over it is foreground whose colour is known, under 1 - it background."""
    band: float = 0.02
    """Alpha closer than this to 0 or 1 is left alone."""
    noise_levels: float = 10.0
    """Difference between foreground and plate at which their colours tell half the truth."""
    texture: float = 2.0
    """Weight of the foreground's own variance beside that noise."""
    misfit_levels: float = 24.0
    """Misfit of the mixing equation at which its alpha is no longer believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    x264: dict[str, str] = field(
        # No B frames: with them fragmented MP4 and AVI shift all times by their delay.
        default_factory=lambda: {"preset": "veryfast", "crf": "18", "bf": "0"}
    )
    vp9: dict[str, str] = field(
        default_factory=lambda: {
            "crf": "28",
            "b": "0",
            "deadline": "realtime",
            "cpu-used": "8",
            "row-mt": "1",
            "auto-alt-ref": "0",  # alternate reference frames cannot carry alpha in VP9
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colours (RGB) and proportions of the views."""

    tint: tuple[int, int, int] = (64, 224, 160)
    outline: tuple[int, int, int] = (255, 255, 255)
    opacity: float = 0.45
    inset: float = 0.28
    """Width of the depth inset over the width of the frame."""
    depth_knee: float = 0.6
    """Smaller is brighter: the plate's nearest parts are shown at 1 / (1 + knee)."""
    blur: float = 0.035
    """Sigma of the strongest background blur over the frame's height."""
    backdrop: str = "#00b140"
    """Chroma green, for `replace` without --backdrop."""
    sheet_columns: int = 6
    sheet_width_px: int = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The browser page of a live run, and what a stranger may ask of its server."""

    port: int = 8080
    max_width_px: int = 1280
    """Wider pictures are shrunk for the page; the recording keeps its size."""
    jpeg_quality: int = 80
    in_flight: int = 2
    """Pictures on the way to a viewer: the next is sent when he has drawn the one before."""
    status_secs: float = 0.25
    viewers: int = 32
    connections: int = 128
    """Past it, the connection that has been idle longest makes room for a new one."""
    idle_secs: float = 10.0
    """For a whole request to arrive, and between requests."""
    send_secs: float = 15.0
    """A client who takes nothing for so long is let go."""
    send_buffer_bytes: int = 262_144
    """What the kernel holds for a client who does not take it: the system's own limit is 4 MB."""
    header_bytes: int = 16_384
    message_bytes: int = 16_384
    """Of what a viewer says over his WebSocket; WebRTC offers are half as long."""
    upload_bytes: int = 12_000_000
    upload_pixels: int = 40_000_000
    upload_scans: int = 32
    """Of a progressive JPEG; cameras write 10. Each costs a pass over all pixels."""
    upload_secs: float = 60.0
    backdrop_px: int = 2560
    """The longer side of an uploaded backdrop, once decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Frames for int8 ranges."""

    min_frames: int = 100
    """Fewer are refused."""
    good_frames: int = 500
    """Fewer are warned about."""
    held_out_share: float = 0.2
    """Share of the frames that the result is judged on."""
    percentile: float = 99.99
    """Share of the values that the method of this name keeps from saturating."""
    stretches: int = 20
    """A set is cut into at least so many pieces of one scene each, and pieces are held out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a lower precision may cost on held-out frames before float is taken instead."""

    alpha_mad: float = 2e-3
    iou_loss: float = 0.01
    depth_abs_rel: float = 0.03
    """Relative."""
    latency_ratio: float = 1.03
    """Slower than float; up to this it is noise."""
    turns: int = 60
    warm_up_turns: int = 5


HANDOFF = Handoff()
GPU = Gpu()
BENCH = Bench()
LIVE = Live()
PLATE_FROM_CLIP = PlateFromClip()
PLATE_CAPTURE = PlateCapture()
RECORDING = Recording()
UPKEEP = PlateUpkeep()
MATTE = Matte()
ENCODE = Encode()
LOOK = Look()
PAGE = Page()
CALIBRATION = Calibration()
GATE = Gate()
