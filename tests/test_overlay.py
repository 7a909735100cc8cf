"""Views and compositing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.errors import ShapeError
from edgeds.sources import SyntheticSource
from edgeds.sources.yuv_planes import YuvPicture, blank
from edgeds.types import Box, ColourTags, Frame, Maps, Pixels
from edgeds.views.backdrop import colour_backdrop
from edgeds.views.canvas import PlanesCanvas
from edgeds.views.compose import composer
from edgeds.views.depth import depth_picture
from edgeds.views.over import over
from edgeds.views.overlay import inset_box
from edgeds.views.scale_to_cover import covering
from edgeds.views.settings import DEPTH_VIEWS, VIEWS, View

SOURCE = SyntheticSource(size=(90, 160), frame_count=9, noise_levels=0)
RAMP = np.repeat(np.linspace(0.1, 1, 90, dtype=np.float32)[:, None], 160, axis=1)


def _frame_and_maps(index: int = 5) -> tuple[Frame, Maps]:
    frame = next(f for f in SOURCE if f.index == index)
    alpha = SOURCE.alpha(index)
    return frame, Maps(alpha, RAMP + alpha)


def _compose(view: View, index: int = 5, **more: object) -> Pixels:
    compose = composer(
        view,
        plate=SOURCE.plate,
        plate_depth=RAMP,
        depth_range=(0.1, 2.0),
        **more,  # type: ignore[arg-type]
    )
    return compose(*_frame_and_maps(index)).pixels


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_alpha_0_gives_the_backdrop_and_alpha_1_the_foreground(data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 10_000))
    random = np.random.default_rng(seed)
    front, back = (random.integers(0, 256, (6, 7, 3), dtype=np.uint8) for _ in range(2))
    alpha = random.choice([0.0, 1.0], (6, 7)).astype(np.float32)
    mixed = over(front, back, alpha)
    assert (mixed[alpha == 1] == front[alpha == 1]).all()
    assert (mixed[alpha == 0] == back[alpha == 0]).all()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_mix_is_at_most_one_level_off(seed: int) -> None:
    random = np.random.default_rng(seed)
    front, back = (random.integers(0, 256, (6, 7, 3), dtype=np.uint8) for _ in range(2))
    alpha = random.random((6, 7), np.float32)
    exact = alpha[..., None] * front + (1 - alpha[..., None]) * back
    assert np.abs(over(front, back, alpha) - exact).max() <= 1


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_tint_is_a_level_off_at_most_and_leaves_what_has_no_weight(seed: int) -> None:
    random = np.random.default_rng(seed)
    weight = random.integers(0, 256, (8, 10), dtype=np.uint8) * random.choice([0, 1], (8, 10))
    box, colour = Box(2, 4, 10, 14), (64, 224, 160)
    tinted, mixed = (PlanesCanvas(blank((12, 20), ColourTags())) for _ in range(2))
    before = []
    for one, other in zip(tinted.picture.planes, mixed.picture.planes, strict=True):
        one[...] = other[...] = random.integers(16, 236, one.shape, dtype=np.uint8)
        before.append(one.copy())
    tinted.tint(box, colour, weight.astype(np.uint8))
    mixed.mix(box, colour, (weight / 255).astype(np.float32))
    nothing = np.zeros((12, 20), np.bool_)
    nothing[box.of] = weight > 0
    for one, other, was in zip(tinted.picture.planes, mixed.picture.planes, before, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1
        there = nothing if one.shape == nothing.shape else nothing.reshape(6, 2, 10, 2).any((1, 3))
        assert (one[~there] == was[~there]).all()


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_leaves_the_frame_as_it_was(view: View) -> None:
    frame, _ = _frame_and_maps()
    before = frame.pixels.copy()
    _compose(view)
    assert (frame.pixels == before).all()


@pytest.mark.parametrize(
    ("view", "shape"),
    [("overlay", (90, 160, 3)), ("mask", (90, 160, 3)), ("depth", (90, 160, 3)),
     ("side-by-side", (90, 320, 3)), ("cutout", (90, 160, 4)), ("replace", (90, 160, 3)),
     ("blur", (90, 160, 3))],
)  # fmt: skip
def test_every_view_has_its_shape(view: View, shape: tuple[int, ...]) -> None:
    picture = _compose(view)
    assert picture.shape == shape
    assert picture.dtype == np.uint8


def test_replace_puts_the_foreground_on_the_backdrop_without_a_fringe() -> None:
    picture = _compose("replace", backdrop=colour_backdrop("#00f"))
    alpha = SOURCE.alpha(5)
    assert (picture[alpha == 0] == (0, 0, 255)).all()
    assert (picture[alpha == 1] == (210, 60, 40)).all()
    border = (alpha > 0.2) & (alpha < 0.8)
    expected = alpha[..., None] * (210, 60, 40) + (1 - alpha[..., None]) * (0, 0, 255)
    # The wall behind is grey: were its light still in the border, green would be 25 levels up.
    assert np.abs(picture - expected)[border].mean() < 3


def test_cutout_carries_alpha_and_clean_colours() -> None:
    picture = _compose("cutout")
    alpha = SOURCE.alpha(5)
    assert np.abs(picture[..., 3] - 255 * alpha).max() <= 1
    seen = alpha > 0.2
    assert np.abs(picture[seen][:, :3].astype(int) - (210, 60, 40)).max() <= 6


def test_blur_keeps_the_foreground_sharp_and_leaks_nothing_of_it() -> None:
    picture = _compose("blur").astype(int)
    alpha = SOURCE.alpha(5)
    assert (picture[alpha == 1] == (210, 60, 40)).all()
    # The ball is red and the wall is blue: a halo around the ball would be reddish.
    near = (alpha == 0) & (SOURCE.alpha(4) + SOURCE.alpha(6) > 0)
    assert (picture[near][:, 2] - picture[near][:, 0]).min() > 20


def test_blur_blurs_the_far_more_than_the_near() -> None:
    plate = SyntheticSource(size=(360, 640)).plate
    ramp = np.repeat(np.linspace(0.1, 1, 360, dtype=np.float32)[:, None], 640, axis=1)
    compose = composer("blur", plate=plate, plate_depth=ramp, depth_range=(0.1, 2.0))
    picture = compose(Frame(plate), Maps(np.zeros_like(ramp), ramp)).pixels
    detail = np.abs(np.diff(picture.astype(int), axis=1)).mean(axis=(1, 2))
    assert detail[:90].mean() < 0.7 * detail[270:].mean()  # far above, near below


def test_depth_keeps_its_colours_whatever_else_is_in_the_frame() -> None:
    without, with_ball = _compose("depth", index=0), _compose("depth", index=5)
    background = SOURCE.alpha(5) == 0
    assert (without[background] == with_ball[background]).all()


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_that_changes_with_the_depth_waits_for_the_plates_network(view: View) -> None:
    frame, maps = _frame_and_maps()
    other = Maps(maps.alpha, RAMP[::-1] + maps.alpha)
    compose = [
        composer(view, plate=SOURCE.plate, plate_depth=depth, depth_range=(0.1, 2.0))
        for depth in (RAMP, np.ascontiguousarray(RAMP[::-1]))
    ]
    pictures = [draw(frame, of).pixels for draw, of in zip(compose, (maps, other), strict=True)]
    assert (pictures[0] != pictures[1]).any() == (view in DEPTH_VIEWS)


def test_nearer_is_brighter() -> None:
    grey = depth_picture(RAMP, (0.1, 1.0)).astype(int).sum(axis=2)[:, 0]
    assert (np.diff(grey) >= 0).mean() > 0.95
    assert grey[-1] > grey[0] + 300


def test_what_is_much_nearer_than_the_plate_still_has_shades() -> None:
    near = np.array([[2.0, 4.0, 8.0]], np.float32)
    levels = depth_picture(near, (0.1, 1.0)).astype(int).sum(axis=2)[0]
    assert levels[0] < levels[1] < levels[2]


def test_depth_farther_than_the_range_is_the_darkest_and_not_bright() -> None:
    beyond = depth_picture(np.full((4, 4), -5.0, np.float32), (0.1, 1.0))
    assert beyond.max() <= 4


def test_maps_of_another_size_are_refused() -> None:
    frame, _ = _frame_and_maps()
    small = np.zeros((9, 16), np.float32)
    compose = composer("mask", plate=SOURCE.plate, plate_depth=RAMP, depth_range=(0.0, 1.0))
    with pytest.raises(ShapeError, match=r"\(90, 160\)"):
        compose(frame, Maps(small, small))


def test_a_backdrop_covers_without_stretching() -> None:
    picture = np.zeros((100, 400, 3), np.uint8)
    picture[:, 150:250] = 255  # a square of 100 in the middle
    covered = covering(picture, (200, 200))
    assert covered.shape == (200, 200, 3)
    assert covered[:, 5:-5].min() == 255  # the square, at twice its size, fills the view


@pytest.mark.parametrize("colour", ["#12345", "green-ish", "#ggg"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match=r"colour|hexadecimal"):
        colour_backdrop(colour)


def _planes_of(frame: Frame) -> Frame:
    """The frame as video has it: planes of 4:2:0."""
    import av

    video = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
    picture = YuvPicture(video.reformat(format="yuv420p"), ColourTags(matrix=5))
    return frame.with_picture(picture)


def test_what_is_background_leaves_an_overlay_bit_for_bit_as_it_was_decoded() -> None:
    frame, maps = _frame_and_maps()
    frame = _planes_of(frame)
    compose = composer("overlay", plate=SOURCE.plate, plate_depth=RAMP, depth_range=(0.1, 2.0))
    shown = compose(frame, maps).picture
    assert shown.layout == "yuv420p"
    drawn = cv2.dilate(maps.alpha, np.ones((5, 5), np.uint8)) > 0  # the outline is beside it, too
    inset = inset_box(frame.size)
    assert inset is not None
    drawn[inset.of] = True
    touched = drawn.reshape(45, 2, 80, 2).any(axis=(1, 3))  # four pixels share their U and V
    for before, after in zip(frame.picture.planes, shown.planes, strict=True):
        here = touched if before.shape == touched.shape else drawn
        assert np.array_equal(before[~here], after[~here])
        assert not np.array_equal(before[here], after[here])
    assert 0.1 < drawn.mean() < 0.5


@pytest.mark.parametrize("view", ["overlay", "side-by-side"])
def test_a_view_drawn_on_planes_looks_as_drawn_on_rgb(view: View) -> None:
    frame, maps = _frame_and_maps()
    compose = composer(view, plate=SOURCE.plate, plate_depth=RAMP, depth_range=(0.1, 2.0))
    planes = _planes_of(frame)
    on_planes, on_rgb = compose(planes, maps), compose(frame.with_pixels(planes.pixels), maps)
    assert on_planes.picture.layout == "yuv420p"
    difference = np.abs(on_planes.pixels.astype(int) - on_rgb.pixels)
    assert difference.mean() < 2  # colour has half the resolution
    assert np.abs(difference.mean(axis=(0, 1))).max() < 2.5
