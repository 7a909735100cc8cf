"""Steady alpha: still where the picture is still, at once where anything moves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.steadiness import Steady

HEIGHT, WIDTH = 120, 160
RANDOM = np.random.default_rng(3)


def picture(left: int, *, noise: float = 2.0) -> tuple[Frame, FloatMap]:
    """A dark square of 40 px on a bright wall, and its alpha."""
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[40:80, left : left + 40] = 1
    alpha = cv2.blur(alpha, (5, 5))
    pixels = 200 - 150 * alpha[..., None] + RANDOM.normal(0, noise, (HEIGHT, WIDTH, 3))
    return Frame(np.clip(pixels, 0, 255).astype(np.uint8)), alpha


def noisy(alpha: FloatMap) -> Maps:
    off = RANDOM.normal(0, 0.1, alpha.shape) * (alpha > 0) * (alpha < 1)
    given = np.clip(alpha + off, 0, 1).astype(np.float32)
    return Maps(given, given)


def flicker(alphas: list[FloatMap]) -> float:
    return float(np.mean([np.abs(a - b).mean() for a, b in pairwise(alphas)]))


def test_what_is_still_is_calmed() -> None:
    steady, plain, calm = Steady(), [], []
    for _ in range(12):
        frame, alpha = picture(60)
        maps = noisy(alpha)
        plain.append(maps.alpha)
        calm.append(steady(frame, maps).alpha)
    assert flicker(calm[4:]) < 0.4 * flicker(plain[4:])


def test_a_fast_hand_has_no_lag() -> None:
    steady = Steady()
    for number in range(8):
        frame, alpha = picture(10 + 12 * number)
        after = steady(frame, Maps(alpha, alpha)).alpha
        assert np.abs(after - alpha).max() < 0.02


def test_what_moves_in_the_dark_has_no_lag() -> None:
    steady = Steady()
    for number in range(8):
        frame, alpha = picture(10 + 12 * number)
        dim = RANDOM.normal(20 + 0.02 * frame.pixels, 1.5)  # 3 levels between square and wall
        dark = Frame(np.clip(np.rint(dim), 0, 255).astype(np.uint8))
        after = steady(dark, Maps(alpha, alpha)).alpha
        assert np.abs(after - alpha).mean() < 0.002


def test_a_slow_change_is_followed() -> None:
    steady = Steady()
    for step in range(60):
        shade = round(200 - 2.5 * step)  # each step is less than the noise
        pixels: Pixels = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
        pixels[40:80, 60:100] = shade
        alpha = np.zeros((HEIGHT, WIDTH), np.float32)
        alpha[40:80, 60:100] = step / 59
        after = steady(Frame(pixels), Maps(alpha, alpha)).alpha
    assert after[60, 80] > 0.9


def test_depth_and_the_plates_light_stay_as_they_were() -> None:
    frame, alpha = picture(60)
    offset = np.full((4, 4, 3), 3, np.float32)
    maps = Maps(alpha, alpha * 2, plate_offset=offset)
    steady = Steady()(frame, maps)
    assert np.array_equal(steady.inverse_depth, maps.inverse_depth)
    assert steady.plate_offset is not None
    assert np.array_equal(steady.plate_offset, offset)
    half = steady.alpha_at((HEIGHT // 2, WIDTH // 2))
    assert np.abs(half - maps.alpha_at((HEIGHT // 2, WIDTH // 2))).max() < 1e-6


def test_maps_that_are_given_again_give_the_same_alpha() -> None:
    frame, alpha = picture(60)
    maps, steady = noisy(alpha), Steady()
    assert steady(frame, maps) is steady(frame, maps)


def test_the_command_calms_what_is_still_beside_something_that_moves(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "plate.png"), np.full((HEIGHT, WIDTH, 3), 200, np.uint8))
    for number in range(8):
        frame, _ = picture(20, noise=6.0)
        pixels = frame.pixels.copy()
        pixels[10:30, 80 + 8 * number : 90 + 8 * number] = 40
        cv2.imwrite(str(tmp_path / "in" / f"{number}.png"), pixels)
    read = {}
    for name, option in (("plain", []), ("steady", ["--steady"])):
        options = ["--layers", "alpha", "--engine", "difference", "-o", str(tmp_path / name)]
        options += ["-b", str(tmp_path / "plate.png"), "--plate-fixed", *option]
        done = CliRunner().invoke(app, ["video", str(tmp_path / "in"), *options])
        assert done.exit_code == 0, done.stderr
        files = sorted((tmp_path / name / "alpha").iterdir())
        read[name] = [cv2.imread(str(file), cv2.IMREAD_UNCHANGED)[:, :70] / 65535 for file in files]
    assert np.array_equal(read["plain"][0], read["steady"][0])  # nothing came before it
    assert flicker(read["steady"][2:]) < 0.8 * flicker(read["plain"][2:])
