"""Samples for what the network finds hard: foregrounds like the plate, backgrounds that move."""

from __future__ import annotations

import numpy as np
import pytest

from train.samples.finishing import Sample
from train.samples.frame_sample import drawn_sample, enlarged
from train.samples.hints import Known, drawn_hints
from train.samples.holes import bare, crate, like_the_plate, page, strokes
from train.samples.material import Material
from train.samples.mix import Mix
from train.samples.moving import KINDS, moving

SIZE = (64, 96)


def pictures(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture with texture, and another one."""
    rng = np.random.default_rng(seed)
    rough = rng.uniform(0.2, 0.8, (2, *SIZE, 3)).astype(np.float32)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    ramp = np.stack([y / SIZE[0], x / SIZE[1], 0.5 + 0 * x], 2)
    one, other = (0.7 * ramp + 0.3 * r for r in rough)
    return one.astype(np.float32), other[::-1].astype(np.float32)


def red_thing() -> np.ndarray:
    alpha = np.zeros(SIZE, np.float32)
    alpha[10:50, 30:70] = 1
    return np.dstack([alpha, 0 * alpha, 0 * alpha, alpha])


def test_painted_foreground_is_closer_to_the_plate_and_keeps_its_alpha() -> None:
    behind, _ = pictures(0)
    thing, shown = red_thing(), red_thing()[..., 3] > 0
    before = np.abs(thing[..., :3] - behind)[shown].mean()
    closer = 0
    for seed in range(12):
        painted = like_the_plate(thing, behind, np.random.default_rng(seed))
        np.testing.assert_array_equal(painted[..., 3], thing[..., 3])
        assert (painted[..., :3] <= painted[..., 3:] + 1e-6).all(), "colour is premultiplied"
        closer += np.abs(painted[..., :3] - behind)[shown].mean() < 0.5 * before
    assert closer >= 6, "most are painted wholly, since the thing has one colour"


def test_pages_crates_and_strokes_are_layers() -> None:
    behind, _ = pictures(0)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        wall = bare(behind, rng)
        for layer in (page(wall, rng), crate(wall, rng), strokes(SIZE, rng)):
            assert layer.shape == (*SIZE, 4)
            assert 0 <= layer.min() <= layer.max() <= 1
            assert (layer[..., :3] <= layer[..., 3:] + 1e-6).all()
    thin = strokes(SIZE, np.random.default_rng(3))[..., 3]
    assert 0 < (thin > 0.5).mean() < 0.3


def test_crates_are_often_cut_by_the_border_and_have_about_one_colour() -> None:
    behind, _ = pictures(0)
    cut = 0
    for seed in range(20):
        layer = crate(behind, np.random.default_rng(seed))
        inside = layer[..., 3] == 1
        if inside.sum() < 50:
            continue
        assert layer[inside][:, :3].std(0).max() < 0.25, "its sides differ by light alone"
        cut += bool(inside[-1].any() or inside[:, 0].any() or inside[:, -1].any())
    assert cut >= 5


@pytest.mark.parametrize("kind", KINDS)
def test_what_moves_differs_from_the_plate_there_alone_and_sigma_says_so(kind: str) -> None:
    picture, other = pictures(1)
    moved = moving(picture, other, np.random.default_rng(5), kind)
    difference = np.abs(moved.frame - moved.plate).mean(2)
    inside = moved.region > 0.9
    assert inside.any()
    assert difference[inside].mean() > 5 * difference[moved.region == 0].mean()
    assert moved.sigma[inside].mean() > max(0.5, 5 * moved.sigma[moved.region == 0].mean())


def test_backgrounds_that_move_are_not_foreground(material: Material) -> None:
    mix = Mix(rooms=0, rooms_with_people=0, empty=1, ghost=0, moving=1, hints=True)
    samples = [drawn_sample(material, n, SIZE, seed=2, mix=mix) for n in range(12)]
    assert all(sample.alpha.max() == 0 for sample in samples)
    assert all(sample.hints[0].max() >= 0 for sample in samples), "what moves is known"


def test_hints_are_unknown_in_a_part_of_the_samples() -> None:
    near = np.full(SIZE, 0.5, np.float32)
    known = Known(plate_depth=near)
    hints = np.stack([drawn_hints(known, SIZE, np.random.default_rng(n)) for n in range(60)])
    told = (hints.min((2, 3)) >= 0).mean(0)
    assert ((told > 0.15) & (told < 0.7)).all()
    nothing = np.stack([drawn_hints(Known(), SIZE, np.random.default_rng(n)) for n in range(9)])
    assert nothing[:, 1].max() == -1, "nobody knows the depth of a photograph"


def test_an_enlarged_sample_is_the_same_scene() -> None:
    alpha = red_thing()[..., 3]
    picture = np.repeat((alpha * 255).astype(np.uint8)[..., None], 3, 2)
    small = Sample(picture, 0 * picture, alpha, alpha * 0 - 0.5, np.stack([alpha] * 2) - 1)
    large = enlarged(small, (128, 192))
    assert large.frame.shape == (128, 192, 3)
    assert abs(float(large.alpha.mean() - alpha.mean())) < 0.01
    assert large.inverse_depth.max() == -0.5
