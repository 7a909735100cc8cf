"""Settings of matte and depth, measured or decided once; `look_settings` has those of looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from edgeds.types import Size

Preset: TypeAlias = Literal["fast", "balanced", "fine"]
"""What a run prefers: speed, speed and quality alike, or thin things and small people."""


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
    """Levels between foreground and plate at which their colours are believed by half."""
    texture: float = 4.0
    """Weight of the foreground's own variance beside that noise."""
    scatter_levels: float = 10.0
    """How much frame and plate differ from pixel to pixel on the background nearby, beyond light:
    from here on the plate's edges are not believed. With this and `texture` 4 instead of 2, of
    57 training composites with wrong plates, refinement made 2 worse by over 5 % instead of 9."""
    residual_levels: float = 24.0
    """Residual of the mixing equation at which its alpha is no longer believed."""
    again: int | None = None
    """How many times smaller than the frame the border is drawn again (`border_regression`); 0: it
    is not. None: as `for_sizes` says."""
    again_least_px: int = 50_000
    """With smaller networks no border is drawn again: they are for speed."""
    coarse_band: float = 0.06
    """Their `band`. Of 10 composites of the training split at 720p, MAD 1.159 -> 1.156e-3, coded as
    video 1.619 -> 1.611e-3, IoU and boundary F unchanged, a sixth fewer pixels. With the default
    network .02 is better: .609e-3 against .612e-3."""
    again_most_px: tuple[int, int] = (640 * 480, 960 * 544)
    """Frames and parts of up to so many pixels have it at their size (first), others at a half, a
    quarter ... that has up to so many (second). 1280x720 with people: 17 ms a frame, 1.7 plain
    transcodes, at its size; 5.7 ms at a half."""
    again_band: float = 0.05
    """Squares whose alpha is closer to 0 or 1 are not: a quarter fewer for a tenth of the gain."""
    again_scatter_levels: float = 5.8
    """As `scatter_levels`, for the border that is drawn again."""
    again_share: float = 0.85
    """Its share. On 27 composites of the training split with wrong plates, boundary F was .902
    without it, .900 with all of it and 10 levels, .903 with 5.8.
    """
    again_beyond: float = 0.0
    """How far it may go past the coarse alpha's bounds nearby."""
    again_alike_levels: float = 10.0
    """It goes half as far where foreground and plate differ by this: a grey shirt before a grey
    wall was left in crumbs. On composites of the training split the error is the same up to 20."""
    again_crumb_levels: float = 0.0
    """Mean size of the frame's Laplacian at which crumbs and holes begin to stay; 0: all stay."""
    again_soft_levels: float = 0.0
    """That at which what changes begins to be sharp: see `border_calmed`. Of 6 composites of
    640x360 enlarged threefold, MAD 3.24 -> 3.14e-3; smoothed everywhere, sharp ones lose 16 %."""
    faint: float = 0.2
    """In a cutout the foreground's colour beside it stands in for what un-mixing a fainter alpha
    gives, which is mostly noise."""
    bleed_px: int = 8
    """They are carried this far past its border, so that scaling and lossy encoding mix nothing
    dark into it."""

    def for_sizes(self, frame: Size, network: Size) -> Matte:
        """With the `again` and `band` of frames, or parts of them, that a network sees so large."""
        if self.again is not None:
            return self
        if network[0] * network[1] < self.again_least_px:
            return replace(self, again=0, band=max(self.band, self.coarse_band))
        pixels, times = frame[0] * frame[1], 1
        while pixels > self.again_most_px[min(times - 1, 1)] * times**2:
            times *= 2
        return replace(self, again=times)


MATTE = Matte()
DRAWN_ONCE = Matte(again=0)
"""No border is drawn again: in the search for people, where the regression is fitted."""
DRAWN_AT_EVERY_SIZE = Matte(again=1)
DRAWN_AGAIN = replace(
    DRAWN_AT_EVERY_SIZE, again_band=0.005, again_scatter_levels=10, again_share=1, again_beyond=1,
    again_crumb_levels=10, again_soft_levels=4,
)  # fmt: skip
"""The first for what is laid on something else; this for what is kept. On ten composites of the
training split at 1280x720, MAD .49e-3 instead of .57; shadows in compressed video leave crumbs.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateDepth:
    """The plate's depth, from several looks of its own network."""

    parts_from: float = 1.2
    """A plate so many times as large as the network's picture is looked at in parts, too."""
    part_share: float = 0.6
    """A part's sides over the plate's: neighbours overlap by a third."""
    least_scale: float = 0.2
    """A part that has to be stretched by more than this, or its inverse, is not believed."""
    fit_stride: int = 4  # a sixteenth of the pixels fits a part as well as all of them
    map_height: int = 384
    """Height of the map on which looks are put together: twice the network's."""
    detail_share: float = 0.05
    """Share of the plate's shorter side: what is coarser comes from the look at the whole."""
    guide_height: int = 256
    guide_radius: int = 3
    """The picture on which edges are fitted; radius of the windows, in its pixels."""
    guide_epsilon: float = 3e-4
    """Variance of the plate's colours, in 0..1, that is no edge: its deviation is 4.4 levels."""
    guide_floor: float = 0.2
    """Share of the plate's median inverse depth that is added before the logarithm is taken."""
    guide_rounds: int = 2
    steep_rounds: int = 5
    """Rounds that make ramps steep: each adds the difference to the mean around, times the gain."""
    steep_gain: float = 2.0
    steep_sigma: float = 3.5
    steep_side: int = 9
    """Sigma of that mean; side of the square whose values are not exceeded."""
    bend_radius: int = 6
    bent: float = 0.01
    least_edge: float = 0.003
    """Radius of windows in which planes are fitted; shares of depth off them that count by half."""


PLATE_DEPTH = PlateDepth()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundDepth:
    """The plate's depth on the ground that people measured. Depths are in 1/person height."""

    height_px: int = 180
    """The correction is smooth: it is made on a map so high."""
    farthest: float = 0.0085
    """200 m: what is farther is shown at that."""
    least_scale: float = 0.2
    """A network's depth that has to be stretched by more than this, or its inverse, stays."""
    line_gain: float = 0.6
    """Feet show a shift, and not the scale alone, where it leaves less than this of the error."""
    nearer: float = 0.12
    """Difference of logarithms at which a nearer pixel is rather something else than ground."""
    farther: float = 0.4
    """As `nearer`, of a farther pixel: nothing is under the ground; its depth is likely wrong."""
    on_ground: float = 0.03
    """Difference of logarithms within which a kept depth is that of the ground."""
    rounds: int = 4
    slope_unlike: float = 0.7
    """As `nearer`, of slopes over the ground's own: that of a wall differs by 1."""
    slope_sigma_px: float = 2.0
    walked_weight: float = 150.0
    """Where feet stood, beside pixels that look like ground."""
    reaches: tuple[float, ...] = (0.4, 0.2, 0.1, 0.05)
    """Sigmas of the correction, from coarse to fine, as shares of the map's height."""
    few: float = 0.03
    """Weight of the coarser correction: it wins far from any ground."""
    under: float = 0.95
    """Nothing is farther than the ground over this."""
    point_sigma: float = 0.02
    """Relative error of a distance that somebody measures, and of the pixel given for it."""
    one_point_sigma: float = 0.3
    """Relative error of metres from a network's depth and one point: its shift is not known."""
    points_sigma: float = 0.2
    """Relative error of metres from a network's depth and several points, which show the shift."""
    points_apart: float = 1.5
    """Nearest over farthest of such points."""
    bound_reach: float = 0.04
    """Sigma by which a bound reaches past where people were, as a share of the map's height."""


GROUND_DEPTH = GroundDepth()


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingDepth:
    """People who stand on measured ground."""

    whole: tuple[float, float] = (0.72, 1.35)
    """Height over a mean person's of those whose feet count as seen."""
    thickness: float = 0.15
    """Thickness of a body before and behind its middle, in heights."""
    hides: float = 1.2
    """What is so many times as near as the ground there stands on it, and hides feet."""


STANDING = StandingDepth()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForegroundDepth:
    """Foreground's inverse depth. `python -m train nearness` chooses all but the last two again
    when a network has changed; train/NOTES.md has what it found.
    """

    gain: float = 1.08
    """Networks pull rare values towards the mean, and people before a plate are rare."""
    power: float = 1.05
    """The ratio to the plate's median, over 1, is raised to this: close people are rarest."""
    cut_gain: float = 1.16
    """The gain of what goes on below the picture: it is closer than it seems."""
    stands: float = 0.7
    """How far anything else that stands comes to the nearest of the plate that it covers."""
    stands_reach: float = 0.7
    """Difference of logarithms to that from which on it rather hangs or is held."""
    window: float = 0.5
    """Side of the square in which a person is made even, of the map's shorter side."""
    alike: float = 0.4
    """Difference of logarithms of depth that is a person's relief. 2.5 times it is another one."""
    lowest: float = -2.4
    """Least logarithm of depth over the plate's median: farther, all are alike."""
    slices: int = 17
    """From there, each `alike` nearer than the one before: the last is 55 times the median."""


FOREGROUND_DEPTH = ForegroundDepth()
