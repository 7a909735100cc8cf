"""What hints are worth: the same pictures with and without them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install --group train")

import numpy as np  # noqa: E402

from edgeds.engine.network.frame_network import Config, DualHead  # noqa: E402
from edgeds.evaluation.dataset import Item  # noqa: E402
from edgeds.evaluation.sample import Sample  # noqa: E402
from train.batches import Samples  # noqa: E402
from train.hint_scores import HINTS, scores_of_clip, scores_of_samples  # noqa: E402
from train.material import Material  # noqa: E402
from train.mix import Mix  # noqa: E402

SIZE = (32, 64)


@pytest.fixture
def network() -> DualHead:
    torch.manual_seed(0)
    return DualHead(Config(hints=True)).eval()


def test_a_hint_that_adds_nothing_wins_nothing(network: DualHead, material: Material) -> None:
    mix = Mix(rooms=0, rooms_with_people=0.6, moving=0.4, hints=True, memory=0.6)
    drawn = Samples(material, SIZE, seed=1, mix=mix)
    found = list(scores_of_samples(network, (drawn[n] for n in range(20))))
    assert [one["hint"] for one in found] == list(HINTS)
    assert all(one["mad"][0] == one["mad"][1] for one in found)
    for weight in network.memory.parameters():
        torch.nn.init.normal_(weight, 0, 1)
    *still, memory = scores_of_samples(network, (drawn[n] for n in range(20)))
    assert all(one["mad"][0] == one["mad"][1] for one in still)
    assert memory["mad"][0] != memory["mad"][1]


def test_memory_is_the_networks_own_alpha_of_the_frame_before(network: DualHead) -> None:
    rng = np.random.default_rng(0)
    where = __file__
    item = Item(frame=where, plate=where, scene="one", where="line 1", more={})  # type: ignore[arg-type]
    picture = rng.integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    truth = np.zeros(SIZE, np.float32)
    clip = [
        Sample(item=item, frame=picture, plate=picture, alpha=truth, ignore=None, depth_m=None)
        for _ in range(3)
    ]
    still = scores_of_clip(network, clip, SIZE)
    assert still["dtssd"] == [0, 0], "three equal frames"
    for weight in network.memory.parameters():
        torch.nn.init.normal_(weight, 0, 1)
    assert scores_of_clip(network, clip, SIZE)["dtssd"][1] > 0
