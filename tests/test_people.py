"""Depth from the people in a clip: the estimator, the command, its report and its plate file."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from edgeds.cli.depth_options import DepthOptions, SmallSamples, measure_depth, people_of_clip
from edgeds.engine import DifferenceEngine, open_engine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.plate_depth_by_people import _spread, people_in, use_people
from edgeds.estimate.settings import Matte
from edgeds.plate.estimated_from_clip import plate_from_samples
from edgeds.plate.file import plate_from_file, plate_to_file
from edgeds.plate.ground.gathering import Gathering
from edgeds.plate.ground.ground_from_people import Ground
from edgeds.plate.ground.metric_scale import metres_of
from edgeds.plate.plate import Plate
from edgeds.sources.sampling import spread_frames
from edgeds.types import Frame, Pixels

Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_real_clip_of_walkers_measures_its_own_ground(data: Path) -> None:
    """The camera of the clip stands over a square, and looks down at it."""
    frames = [frame.pixels for frame in spread_frames(data / "people_walking.mp4", 16)]
    plate = plate_from_samples(frames)
    with open_engine(device="cpu") as engine:
        estimate = Estimator(engine, plate)
        people = people_in(frames, engine, plate)
        ground = use_people(estimate, people)
        first, second = (estimate(Frame(pixels)) for pixels in frames[:2])

    assert isinstance(ground, Ground), ground
    assert estimate.scale is not None
    assert ground.people > 20
    assert 4 < ground.view.camera_height * 1.7 < 9
    seen = people.people()
    x, y = seen.lowest.round().astype(int).T
    metres = metres_of(estimate.plate_depth[y, x], estimate.scale)
    tall = np.linalg.norm(seen.highest - seen.lowest, axis=1)
    off = np.abs(np.log(tall * metres) - np.median(np.log(tall * metres)))
    assert np.median(off) < 0.08  # who is half as far is seen twice as tall
    empty = (first.alpha == 0) & (second.alpha == 0)
    assert (first.inverse_depth[empty] == second.inverse_depth[empty]).all()  # it never flickers


def test_frames_that_are_looked_at_first_are_spread_through_the_clip() -> None:
    order = _spread(11)
    assert sorted(order) == list(range(11))
    assert max(np.diff(sorted(order[:4]))) <= 5


def test_the_next_frame_is_estimated_while_this_one_is_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second_taken, waited = Event(), []

    class Samples(list[Pixels]):
        def __getitem__(self, index: Any) -> Any:
            if index != 0:
                second_taken.set()
            return super().__getitem__(index)

    def add(*_: object) -> None:
        waited.append(second_taken.wait(10))

    monkeypatch.setattr(Gathering, "add", add)
    frames = np.random.default_rng(0).integers(0, 256, (3, 90, 160, 3), np.uint8)
    people_in(Samples(frames[1:]), DifferenceEngine(), Plate(frames[0]))
    assert waited == [True, True]


def test_the_search_draws_no_border_again(monkeypatch: pytest.MonkeyPatch) -> None:
    mattes = []

    def made(*given: Any, matte: Matte, **more: Any) -> Estimator:
        mattes.append(matte)
        return Estimator(*given, matte=matte, **more)

    monkeypatch.setattr("edgeds.estimate.plate_depth_by_people.Estimator", made)
    frames = np.zeros((2, 90, 160, 3), np.uint8)
    people_in(frames[1:], DifferenceEngine(), Plate(frames[0]))
    assert [matte.again for matte in mattes] == [0]


def test_a_clip_without_walkers_keeps_the_networks_depth_and_says_why(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = data / "moving_person.mp4"
    plate = plate_from_file(data / "moving_person_plate.jpg")
    samples = SmallSamples(plate.size)
    samples([frame.pixels for frame in spread_frames(clip, 12)])
    with open_engine(device="cpu") as engine:
        estimate = Estimator(engine, plate)
        wanted = DepthOptions(metric=["300,170=3m"]).wanted()
        people = people_of_clip(wanted, plate, engine, samples, stop=Event())
        assert people is not None
        assert "sighting" in people[1], "the ground is not fitted before the plate's depth is known"
        depth = measure_depth(wanted, estimate, people)
    plate_to_file(estimate.plate_to_keep, tmp_path / "plate.npz")

    assert (depth["from"], depth["ground"]) == ("network", None)
    assert "sighting" in depth["why"]
    assert " ".join(depth["why"].split()) in " ".join(capsys.readouterr().err.split())
    assert depth["scale"]["origin"] == "point"
    kept = plate_from_file(tmp_path / "plate.npz")
    assert kept.scale is not None
    assert kept.depth is not None
    assert float(metres_of(kept.depth[170, 300], kept.scale)) == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--depth-from", "people"), "people do not give the depth"),
        (("--metric", "12=3"), "column,row=metres"),
        (("--metric", "9000,10=3m"), "not in the picture"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    edgeds: Edgeds, data: Path, args: tuple[str, ...], said: str
) -> None:
    clip, plate = data / "moving_person.mp4", data / "moving_person_plate.jpg"
    done = edgeds("video", clip, "-b", plate, "--engine", "difference", "-o", "out.mp4", *args)

    assert done.returncode == 2
    assert said in done.stderr
