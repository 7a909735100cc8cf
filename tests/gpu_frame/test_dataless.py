"""A whole frame on a device without values: the host can read nothing but a few numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from dataless import DatalessStream, Mixed  # noqa: E402

from edgeds.engine.engine_folders import shipped_weights  # noqa: E402
from edgeds.engine.gpu.change_detector import FLAGS  # noqa: E402
from edgeds.engine.gpu.composer import DEVICE_VIEWS, DeviceComposer  # noqa: E402
from edgeds.engine.gpu.estimator import DeviceEstimator, empty_planes  # noqa: E402
from edgeds.engine.gpu.part_network import STATISTICS  # noqa: E402
from edgeds.engine.gpu.transfer import DevicePicture  # noqa: E402
from edgeds.engine.network.weights_file import load_weights  # noqa: E402
from edgeds.engine.torch_cuda import TorchEngine  # noqa: E402
from edgeds.estimate.depth_over_time import SHRINK  # noqa: E402
from edgeds.estimate.look_settings import LOOKS, WHOLE  # noqa: E402
from edgeds.plate.plate import Plate  # noqa: E402
from edgeds.sources import SyntheticSource  # noqa: E402
from edgeds.types import ColourTags, Frame  # noqa: E402

SIZE, NETWORK = (360, 640), (192, 320)
COLOUR = ColourTags(matrix=5)
STATISTICS_BYTES = 4 * (FLAGS + STATISTICS)
DEPTH_BYTES = 2 * 4 * (NETWORK[0] // SHRINK) * (NETWORK[1] // SHRINK)
"""Depth and alpha, which are compared with those of the frames before."""
SOMEBODY = (1, 0, 1, 60, 150, 100, 200, 0, 0, 0, 0, 4000, 1.5, 1)
"""Something changed, nothing outside; somebody, where, at no edge, how much, depth, trust."""
DOCS = Path(__file__).parents[2] / "docs" / "gpu.md"


@pytest.fixture(scope="module")
def engine() -> Iterator[TorchEngine]:
    with TorchEngine(
        load_weights(shipped_weights()), DatalessStream(SOMEBODY), size=NETWORK, name="edgeds"
    ) as opened:
        yield opened


def estimator(engine: Any, looks: Any) -> DeviceEstimator:
    return DeviceEstimator(engine, Plate(SyntheticSource(size=SIZE).plate), COLOUR, looks=looks)


def a_frame(estimate: DeviceEstimator) -> Frame:
    """One whose planes are on the device, as the decoder left them."""
    picture = DevicePicture(empty_planes(SIZE, estimate.stream.device), COLOUR, estimate.stream)
    return Frame(None, picture=picture)


@pytest.mark.parametrize("looks", [WHOLE, LOOKS])
def test_of_a_steady_frame_the_host_reads_a_few_numbers_and_nothing_else(
    engine: Any, looks: Any
) -> None:
    stream, estimate = engine.stream, estimator(engine, looks)
    draws = [DeviceComposer(view, estimate, keeps=True) for view in DEVICE_VIEWS]
    frame = a_frame(estimate)
    for _ in range(3):
        for draw in draws:
            draw(frame, estimate(frame))
    stream.to_host.clear()
    stream.from_host.clear()
    with Mixed(stream) as mixed:
        for draw in draws:
            draw(frame, estimate(frame))
    assert mixed.found == []
    assert mixed.asked > 100
    assert stream.from_host == []
    numbers = [STATISTICS_BYTES, DEPTH_BYTES]
    assert stream.to_host == ([] if looks is WHOLE else len(draws) * numbers)
    assert (estimate._device_looks._use.place is not None) == (looks is LOOKS)


def test_the_preview_is_one_picture(engine: Any) -> None:
    stream, estimate = engine.stream, estimator(engine, WHOLE)
    draw = DeviceComposer("overlay", estimate)
    frame = a_frame(estimate)
    draw(frame, estimate(frame))
    stream.to_host.clear()
    with Mixed(stream) as mixed:
        draw(frame, estimate(frame))
    assert mixed.found == []
    assert sum(stream.to_host) == SIZE[0] * SIZE[1] * 3 // 2


def test_the_page_says_how_much_the_host_reads() -> None:
    if not DOCS.is_file():
        pytest.skip("docs/ is not beside the tests")
    said = re.search(r"by (\d+) numbers of each look \((\d+) bytes\)", DOCS.read_text("utf-8"))
    assert said is not None
    assert tuple(map(int, said.groups())) == (STATISTICS_BYTES // 4, STATISTICS_BYTES)


@pytest.mark.parametrize(
    "reads",
    [
        lambda values: values.sum().item(),
        lambda values: bool(values.any()),
        lambda values: values.cpu(),
        lambda values: values.numpy(),
        lambda values: values.tolist(),
        lambda values: values.nonzero(),
        lambda values: values[values > 0],
        lambda values: torch.masked_select(values, values > 0),
        lambda values: int(values.argmax()),
        lambda values: values.unique(),
        lambda values: values + torch.ones(3),
        lambda values: values.copy_(torch.ones(3)),
        lambda values: torch.ones(3).to(values.device),
        lambda values: torch.tensor([1.0, 2.0, 3.0], device=values.device),
    ],
)
def test_who_reads_or_waits_is_found(reads: Any) -> None:
    stream = DatalessStream(SOMEBODY)
    with Mixed(stream) as mixed:
        values = torch.zeros(3, device=stream.device)
        assert mixed.found == []
        try:
            reads(values)
        except (RuntimeError, NotImplementedError, TypeError):
            return
    assert mixed.found
