"""What depth is good for: insert, fog, focus, stereo; and the shadow, on scenes made by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.cli.effects_options import EffectOptions
from edgeds.cli.video_checks import Wanted, check_contradictions
from edgeds.cli.video_parts import _check_metres
from edgeds.errors import InputError
from edgeds.plate.ground.depth_wanted import DepthWanted, MeasuredPoint
from edgeds.plate.ground.gathering import Gathering
from edgeds.plate.ground.metric_scale import MetricScale
from edgeds.plate.ground.settings import DepthFrom
from edgeds.plate.plate import Plate
from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.compose import composer
from edgeds.views.effects import Effects, effects_composer
from edgeds.views.insert import Inserted, seen_share
from edgeds.views.shadow import shaded, shadow_of, shadows

HEIGHT, WIDTH = 120, 200
FAR, NEAR, PERSON = 0.2, 1.0, 0.7
# A wall, and a floor that comes nearer towards the bottom.
PLATE_DEPTH = np.tile(
    np.interp(np.arange(HEIGHT), [60, HEIGHT - 1], [FAR, NEAR]).astype(np.float32)[:, None],
    (1, WIDTH),
)
RED = np.zeros((20, 10, 4), np.uint8)
RED[...] = (255, 0, 0, 255)


def plate() -> Pixels:
    noise = np.random.default_rng(0).integers(90, 150, (HEIGHT // 4, WIDTH // 4, 3))
    return cv2.resize(noise.astype(np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


def person() -> tuple[Frame, Maps]:
    """A green person at columns 80 to 119, whose feet are at the bottom."""
    alpha: FloatMap = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[20:, 80:120] = 1
    pixels = plate()
    pixels[alpha > 0] = (0, 200, 0)
    depth = np.where(alpha > 0, np.float32(PERSON), PLATE_DEPTH).astype(np.float32)
    return Frame(pixels), Maps(alpha, depth)


def drawn(effects: Effects) -> Pixels:
    compose = effects_composer(
        effects, plate=plate(), plate_depth=PLATE_DEPTH, depth_range=(FAR, NEAR)
    )
    return compose(*person()).pixels


def is_red(pixels: Pixels) -> np.ndarray:
    return (pixels[..., 0] > 200) & (pixels[..., 1] < 60)


def test_a_scene_without_effects_is_the_frame() -> None:
    wrong = np.abs(drawn(Effects()).astype(int) - person()[0].pixels)
    assert wrong.max() <= 1


@pytest.mark.parametrize(("depth", "before"), [(0.5, False), (0.9, True)])
def test_what_is_inserted_is_hidden_by_what_is_nearer(depth: float, before: bool) -> None:
    thing = Inserted(rgba=RED, inverse_depth=depth, height=0.4, x=0.5, foot=0.6)
    red = is_red(drawn(Effects(inserts=(thing,))))
    assert red.any() == before
    beside = Inserted(rgba=RED, inverse_depth=depth, height=0.4, x=0.2, foot=0.6)
    assert is_red(drawn(Effects(inserts=(beside,)))).sum() > 0.9 * 48 * 24


def test_what_is_behind_the_wall_is_not_seen() -> None:
    thing = Inserted(rgba=RED, inverse_depth=0.05, height=0.4, x=0.2, foot=0.5)
    assert not is_red(drawn(Effects(inserts=(thing,)))).any()


def test_the_share_that_the_plate_and_the_frame_leave_in_view() -> None:
    foot_is_out = Inserted(rgba=RED, inverse_depth=1.1, height=0.4, foot=1.2)
    on_the_floor = Inserted(rgba=RED, inverse_depth=0.6, height=0.2, foot=1.0)
    assert seen_share(foot_is_out, PLATE_DEPTH) == pytest.approx(0.5, abs=0.05)
    assert seen_share(on_the_floor, PLATE_DEPTH) < 0.05
    assert seen_share(Inserted(rgba=RED, inverse_depth=0.6, height=0.4), PLATE_DEPTH) > 0.95


def test_what_is_inserted_stands_on_the_ground_of_its_depth() -> None:
    thing = Inserted(rgba=RED, inverse_depth=0.6, height=0.4, x=0.2)
    rows = np.flatnonzero(is_red(drawn(Effects(inserts=(thing,)))).any(axis=1))
    true = np.interp(0.6, [FAR, NEAR], [60, HEIGHT - 1])
    assert abs(rows[-1] + 1 - true) <= 2


def test_fog_takes_more_of_what_is_far() -> None:
    white = drawn(Effects(fog=1.0, fog_colour=(255, 255, 255)))
    share = (white - person()[0].pixels.astype(float)) / (255.0 - person()[0].pixels)
    # Koschmieder's law at 1 and .43 times the near end's distance beyond it, and at 4 times.
    assert share[:50, :60].mean() == pytest.approx(1 - np.exp(-(NEAR / FAR - 1)), abs=0.02)
    assert share[50:100, 90:110].mean() == pytest.approx(1 - np.exp(-(NEAR / PERSON - 1)), abs=0.02)
    assert np.array_equal(drawn(Effects(fog=0.0)), drawn(Effects()))


def test_focus_on_the_foreground_blurs_the_rest_without_a_halo() -> None:
    picture = drawn(Effects(focus="foreground", aperture=0.1)).astype(int)
    inside = picture[30:110, 84:116]
    assert np.abs(inside - (0, 200, 0)).max() <= 1
    wall = picture[:50, :70]
    assert wall.std(axis=(0, 1)).mean() < 0.7 * plate()[:50, :70].std(axis=(0, 1)).mean()
    beside = picture[30:60, 70:78]  # no green of the person has come out
    assert np.abs(beside.mean(axis=(0, 1)) - plate()[:60].mean(axis=(0, 1))).max() < 8


def test_stereo_moves_what_is_far_and_shows_what_the_person_hides() -> None:
    picture = drawn(Effects(stereo=0.08))
    assert picture.shape == (HEIGHT, 2 * WIDTH, 3)
    left, right = picture[:, :WIDTH], picture[:, WIDTH:]
    for view in (left, right):  # in focus of both eyes: the person is on the screen
        columns = np.flatnonzero((view[80, :, 1] > 180) & (view[80, :, 0] < 20))
        assert abs(columns.mean() - 99.5) < 1.5
    wall = plate()[10:50, 40:160].astype(np.float32)

    def shift(view: Pixels) -> float:
        flat = np.float32(wall.mean(axis=-1)), view[10:50, 40:160].mean(axis=-1).astype(np.float32)
        mask = np.ones_like(flat[0])
        mask[:, 30:90] = 0  # where the person is
        return cv2.phaseCorrelate(*(x * mask - x.mean() * mask for x in flat))[0][0]

    # The wall is .5 of .8 behind the screen: .08 * 200 px * .5 / .8 between the eyes.
    assert shift(right) - shift(left) == pytest.approx(10, abs=2)


def test_depths_in_metres_need_a_scale() -> None:
    scale = MetricScale(per_unit=1.0, uncertainty=0.05, origin="point", focal_px=100.0)
    options = EffectOptions(focus="2m")
    options.check()
    assert options.effects((FAR, NEAR), scale, (HEIGHT, WIDTH)).focus == pytest.approx(0.5)
    with pytest.raises(InputError, match="scale"):
        options.effects((FAR, NEAR), None, (HEIGHT, WIDTH))


def test_a_height_in_metres_gives_the_right_size(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "red.png"), RED)
    scale = MetricScale(per_unit=1.0, uncertainty=0.05, origin="point", focal_px=100.0)
    options = EffectOptions(insert=[f"{tmp_path / 'red.png'}@2m:h=1.2m:x=0.3"])
    options.check()
    (thing,) = options.effects((FAR, NEAR), scale, (HEIGHT, WIDTH)).inserts
    assert thing.inverse_depth == pytest.approx(0.5)
    assert thing.height * HEIGHT == pytest.approx(100 * 1.2 / 2)
    assert thing.x == 0.3


@pytest.mark.parametrize(
    "options",
    [
        EffectOptions(insert=["red.png"]),
        EffectOptions(insert=["red.png@near"]),
        EffectOptions(insert=["red.png@1.5"]),
        EffectOptions(focus="2.5"),
        EffectOptions(insert=["red.png@0.4:z=1"]),
        EffectOptions(insert=["red.png@0.4:x"]),
        EffectOptions(focus="person!"),
        EffectOptions(focus="0m"),
        EffectOptions(focus="0.4", stereo=0.02),
    ],
)
def test_options_that_cannot_be_read_are_refused(options: EffectOptions) -> None:
    with pytest.raises(InputError):
        options.check()


def shadowed() -> tuple[Frame, Maps, FloatMap]:
    """The person, a shadow beside it, and as dark a patch elsewhere."""
    frame, maps = person()
    ratio = np.ones((HEIGHT, WIDTH), np.float32)
    ratio[100:, 120:170] = 0.6
    ratio[10:30, 10:30] = 0.6
    pixels = np.where(maps.alpha[..., None] > 0, frame.pixels, frame.pixels * ratio[..., None])
    return Frame(np.rint(pixels).astype(np.uint8)), maps, ratio


def test_the_shadow_is_what_is_darker_and_touches_the_foreground() -> None:
    frame, maps, _ = shadowed()
    density = shadow_of(frame, maps, plate())
    assert density[104:116, 125:165].mean() == pytest.approx(0.4, abs=0.05)
    assert density[40:90, 130:190].max() < 0.02
    assert density[12:28, 12:28].max() == 0  # a lamp that went out is no shadow of the person
    gone = Maps(np.zeros_like(maps.alpha), maps.inverse_depth)
    assert not shadow_of(frame, gone, plate()).any()


def test_shadows_are_found_on_the_plate_that_the_maps_were_made_with() -> None:
    frame, maps, _ = shadowed()
    find = shadows(plate())
    as_before = find(frame, maps)
    lit = Maps(maps.alpha, maps.inverse_depth, plate=frame.pixels)  # the shadow is of the scene
    assert find(frame, lit)[104:116, 125:165].max() < 0.1
    assert np.array_equal(find(frame, maps), as_before)


def test_a_shadow_darkens_by_its_density() -> None:
    density = np.zeros((HEIGHT, WIDTH), np.float32)
    density[20:60, 30:90] = np.linspace(0, 1, 60)
    lit = shaded(plate(), density)
    wanted = plate() * (1 - density[..., None])
    assert np.abs(lit - wanted).max() <= 1
    assert np.array_equal(lit[density == 0], plate()[density == 0])


def test_another_colour_is_no_shadow() -> None:
    frame, maps = person()
    pixels = frame.pixels.copy()
    pixels[100:, 120:170] = (150, 40, 40)  # a red bag, as dark as a shadow
    density = shadow_of(Frame(pixels), maps, plate())
    assert density[104:116, 128:165].mean() < 0.15


def test_replace_lays_the_shadow_on_the_backdrop() -> None:
    frame, maps, ratio = shadowed()
    made = {}
    for keep in (False, True):
        compose = composer(
            "replace", plate=plate(), plate_depth=PLATE_DEPTH, depth_range=(FAR, NEAR), shadow=keep
        )
        made[keep] = compose(frame, maps).pixels.astype(np.float32)
    there = np.s_[104:116, 125:165]
    share = made[True][there].sum() / made[False][there].sum()
    assert share == pytest.approx(float(ratio[there].mean()), abs=0.05)
    assert np.array_equal(made[True][:, :60], made[False][:, :60])


@pytest.mark.parametrize(
    ("options", "metric", "found"),
    [
        ({"insert": ["red.png@2.5m"]}, (), "--insert red.png@2.5m is in metres"),
        ({"insert": ["red.png@0.4:h=1m"]}, (), "--insert red.png@0.4:h=1m is in metres"),
        ({"focus": "2.5m"}, (), "--focus 2.5m is in metres"),
        ({"insert": ["red.png@2m:h=1m"]}, (MeasuredPoint(1, 1, 2.0),), "a height in metres"),
    ],
)
def test_metres_that_nothing_will_measure_are_refused_before_anything_is_read(
    options: dict[str, Any], metric: tuple[MeasuredPoint, ...], found: str
) -> None:
    def wanted(source: DepthFrom) -> Wanted:
        depth = DepthWanted(source, points=metric)
        return Wanted(source="none.mp4", effects=EffectOptions(**options), depth=depth)

    with pytest.raises(InputError, match=re.escape(found)):
        check_contradictions(wanted("network"))
    check_contradictions(wanted("auto"))  # people may show it


def test_metres_that_nobody_shows_are_refused_before_the_depth_is_waited_for(
    make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "red.png"), np.full((8, 8, 4), 255, np.uint8))
    insert = ["--insert", f"{tmp_path / 'red.png'}@2.5m", "--engine", "difference"]
    done = CliRunner().invoke(app, ["video", str(make_clip(frame_count=5)), *insert])
    assert isinstance(done.exception, InputError)
    assert f"{insert[1]} is in metres" in done.exception.what
    assert "depth: " not in done.stderr


@pytest.mark.parametrize("points", [(), (MeasuredPoint(1, 1, 2.0),)])
def test_no_distance_is_called_missing_where_one_was_given(
    points: tuple[MeasuredPoint, ...],
) -> None:
    effects = EffectOptions(insert=["red.png@2m:h=1m"])
    wanted = Wanted(source="in.mp4", effects=effects, depth=DepthWanted(points=points))
    people = Gathering((8, 8)), "nobody is whole in view"
    with pytest.raises(InputError) as caught:
        _check_metres(wanted, Plate(np.zeros((8, 8, 3), np.uint8)), people)
    assert "nobody is whole in view" in caught.value.why
    assert ("no distance was given" in caught.value.why) == (not points)


def test_the_command_inserts_and_refuses_layers_beside_it(
    tmp_path: Path, make_clip: Callable[..., Path]
) -> None:
    clip, out = make_clip(frame_count=12), tmp_path / "o" / "%d.png"
    cv2.imwrite(str(tmp_path / "red.png"), RED[..., [2, 1, 0, 3]])
    thing = ["--insert", f"{tmp_path / 'red.png'}@1:y=0.9", "--engine", "difference"]
    done = CliRunner().invoke(app, ["video", str(clip), *thing, "-o", str(out)])
    assert done.exit_code == 0, done.stderr
    assert is_red(cv2.imread(str(tmp_path / "o" / "0.png"))[..., ::-1]).sum() > 50
    assert "of the picture is in view" not in done.stderr
    away = ["--insert", f"{tmp_path / 'red.png'}@1:y=-0.5", "--engine", "difference"]
    done = CliRunner().invoke(app, ["video", str(clip), *away, "-o", str(tmp_path / "away.mp4")])
    assert done.exit_code == 0, done.stderr
    assert "0% of the picture is in view" in done.stderr
    done = CliRunner().invoke(app, ["video", str(clip), *thing, "--layers", "alpha"])
    assert isinstance(done.exception, InputError)
