"""What a plate's noise is worth: filmed scenes with and without it."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install --group train")

import numpy as np  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from edgeds.engine import DifferenceEngine  # noqa: E402
from edgeds.engine.network.frame_network import DualHead  # noqa: E402
from edgeds.engine.network.weights_file import save_weights  # noqa: E402
from edgeds.types import FloatMap, Maps, Pixels, PlateFeatures  # noqa: E402
from train.__main__ import app  # noqa: E402
from train.measure.noise_scores import noise_scores  # noqa: E402
from train.samples.material import Material  # noqa: E402
from train.sets.filmed_scenes import NAMES, STILL, filmed_scene  # noqa: E402

SCREEN = NAMES.index("screen")


class Doubting(DifferenceEngine):
    """Plain difference, and no foreground where the plate is known to vary."""

    takes_noise = True
    varies: np.ndarray | None = None

    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        self.varies = None if noise is None else noise > 12
        return super().encode_plate(plate)

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        maps = super().infer(frame, plate)
        if self.varies is not None:
            maps.alpha[self.varies] = 0
        return maps


def test_a_clip_shows_who_stays_and_a_capture_shows_nobody(material: Material) -> None:
    scene = filmed_scene(material, NAMES.index(STILL), seed=1)
    empty = scene.draw(0.0)
    assert scene.kind == STILL
    assert all(np.abs(shot / 255 - empty).mean() < 0.03 for shot in scene.captured()[:3])
    stay = scene.visits[0]
    frame, alpha = scene.shot(stay.begin + stay.secs / 2, scene.visits)
    assert (alpha > 0.5).any()
    assert np.abs(frame / 255 - empty)[alpha > 0.9].mean() > 0.05
    again = filmed_scene(material, NAMES.index(STILL), seed=1).captured()[0]
    np.testing.assert_array_equal(
        again, filmed_scene(material, NAMES.index(STILL), seed=1).captured()[0]
    )


def test_each_plate_is_scored_without_and_with_its_noise(material: Material) -> None:
    two = [*noise_scores(Doubting(size=(90, 160)), material, SCREEN + 1, seed=2)]
    assert [(one["plate"], one["background"], one["frame"]) for one in two] == [
        (plate, "moving", who) for plate in ("captured", "clip") for who in ("empty", "people")
    ]
    for one in two:
        assert one["scenes"] >= 3
        without, told = one["false"]
        assert told < without


def test_weights_that_take_no_noise_are_refused(data: Path, tmp_path: Path) -> None:
    save_weights(DualHead(), tmp_path / "plain.safetensors")
    result = CliRunner().invoke(app, ["noise", str(tmp_path / "plain.safetensors"), str(data)])
    assert result.exit_code == 2
    assert "no hints" in result.output
