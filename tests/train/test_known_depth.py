"""What training knows of the depth of plates and of what stands before photographs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from train.samples.frame_sample import Place, drawn_sample
from train.samples.hints import guessed_plate_depth
from train.samples.material import Material, rooms_from_manifest
from train.samples.mix import Mix

SIZE = (96, 160)


def test_a_room_with_somebody_knows_the_depth_of_its_plate(tmp_path: Path) -> None:
    black = np.zeros((48, 80), np.uint8)
    far, near = (np.full((48, 80), mm, np.uint16) for mm in (4000, 1000))
    for name, image in {"plate": black, "alpha": black, "far": far, "near": near}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
    cv2.imwrite(str(tmp_path / "frame.png"), black + 9)
    somebody = {"frame": "frame.png", "plate": "plate.png", "alpha": "alpha.png", "scene": "a_1"}
    empty = {"frame": "plate.png", "plate": "plate.png", "depth_mm": "far.png", "empty": True}
    beside = [somebody | {"depth_mm": "near.png"}, empty | {"scene": "a_1"}]
    itself = [somebody | {"depth_mm": "near.png", "plate_depth_mm": "far.png"}]
    for items in (beside, itself):
        lines = "".join(json.dumps(item) + "\n" for item in items)
        (tmp_path / "manifest.jsonl").write_text(lines)
        rooms = list(rooms_from_manifest(tmp_path / "manifest.jsonl", "train"))
        (seen,) = (room for room in rooms if not room.is_empty)
        assert seen.plate_depth_mm is not None
        assert (seen.plate_depth_mm == 4000).all()
        assert seen.depth_mm is not None
        assert (seen.depth_mm == 1000).all()


def test_what_stands_before_a_guessed_depth_is_as_near_as_its_lower_end() -> None:
    ramp = np.repeat(np.linspace(0.1, 1, 10, dtype=np.float32)[:, None], 4, 1)
    alpha, foot = np.zeros((10, 4), np.float32), np.zeros((10, 4), np.float32)
    alpha[2:7, 1], foot[2:7, 1] = 1, 0.7
    target = Place(np.zeros((10, 4, 3), np.float32), guess=ramp).target(alpha, foot)
    assert (target < 0).all(), "guesses are below 0"
    assert np.allclose(-target[2:7, 1], ramp[7, 1])
    assert np.allclose(-target[:, 0], ramp[:, 0])
    assert not Place(np.zeros((10, 4, 3), np.float32)).target(alpha, foot).any(), "nothing is known"


def test_photographs_have_the_depth_that_a_plate_network_guesses(material: Material) -> None:
    shape = material.backgrounds[0].shape[:2]
    guess = np.repeat(np.linspace(0.5, 2, shape[1], dtype=np.float16)[None], shape[0], 0)
    told = replace(material, background_depths=[guess] * len(material.backgrounds))
    mix = Mix(rooms=0, rooms_with_people=0, in_rooms=0, empty=1, ghost=0, hints=True)
    samples = [drawn_sample(told, n, SIZE, seed=1, mix=mix) for n in range(8)]
    assert all((sample.inverse_depth < 0).all() for sample in samples)
    known = [sample for sample in samples if sample.hints[1].max() > 0]
    alike = [np.corrcoef(s.hints[1].ravel(), -s.inverse_depth.ravel())[0, 1] for s in known]
    assert np.median(alike) > 0.8
    without = drawn_sample(material, 1, SIZE, seed=1, mix=mix)
    assert not without.inverse_depth.any()
    assert without.hints[1].max() == -1


def test_a_hint_of_depth_has_no_unit() -> None:
    near = np.repeat(np.linspace(0.1, 1, 96, dtype=np.float32)[:, None], 160, 1)
    one, ten = (guessed_plate_depth(near * k, np.random.default_rng(3)) for k in (1, 10))
    assert abs(float(one.mean()) - 1) < 1e-3
    assert np.allclose(one, ten, rtol=1e-3)
    assert guessed_plate_depth(np.zeros_like(near), np.random.default_rng(3)).max() == -1
