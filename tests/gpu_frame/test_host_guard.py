"""What of a steady frame goes through the host: nothing, a few numbers, or the preview."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from host_guard import CountingStream, read_by_the_host  # noqa: E402

from edgeds.cli.on_gpu import live_estimator  # noqa: E402
from edgeds.engine.engine_folders import shipped_weights  # noqa: E402
from edgeds.engine.gpu.change_detector import FLAGS  # noqa: E402
from edgeds.engine.gpu.composer import DeviceComposer  # noqa: E402
from edgeds.engine.gpu.estimator import DeviceEstimator  # noqa: E402
from edgeds.engine.gpu.part_network import STATISTICS  # noqa: E402
from edgeds.engine.gpu.transfer import DevicePicture  # noqa: E402
from edgeds.engine.network.weights_file import load_weights  # noqa: E402
from edgeds.engine.torch_cuda import TorchEngine  # noqa: E402
from edgeds.estimate.depth_over_time import SHRINK  # noqa: E402
from edgeds.estimate.estimator import Estimator  # noqa: E402
from edgeds.estimate.look_settings import LOOKS, WHOLE  # noqa: E402
from edgeds.live.run import LiveRun  # noqa: E402
from edgeds.live.web.jpeg_encoder import jpeg_from_frame  # noqa: E402
from edgeds.plate.plate import Plate  # noqa: E402
from edgeds.sinks import MemorySink  # noqa: E402
from edgeds.sources import RealTimeSource, SyntheticSource  # noqa: E402
from edgeds.types import ColourTags, Frame, RgbPicture  # noqa: E402

SIZE, NETWORK = (180, 320), (64, 96)
COLOUR = ColourTags(matrix=5)
PICTURE = SIZE[0] * SIZE[1] * 3 // 2
"""Bytes of NV12."""


@pytest.fixture
def engine() -> Iterator[TorchEngine]:
    with TorchEngine(
        load_weights(shipped_weights()), CountingStream(), size=NETWORK, name="edgeds",
        dtype=torch.float32,
    ) as opened:  # fmt: skip
        yield opened


def moving_on_device(estimate: DeviceEstimator) -> list[Frame]:
    """Frames of a synthetic scene whose planes are on the device."""
    frames = []
    with estimate.stream:
        for frame in SyntheticSource(size=SIZE, frame_count=8):
            planes = tuple(one.clone() for one in estimate.uploads(RgbPicture(frame.pixels)))
            picture = DevicePicture(planes, COLOUR, estimate.stream)  # type: ignore[arg-type]
            picture.device = "cuda:0"  # so that nobody takes the planes for the host's
            frames.append(frame.with_picture(picture))
    return frames


@pytest.mark.parametrize("looks", [WHOLE, LOOKS])
@pytest.mark.parametrize("keeps", [True, False])
def test_of_a_steady_frame_only_the_preview_goes_to_the_host(
    engine: Any, looks: Any, keeps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = engine.stream
    estimate = DeviceEstimator(engine, Plate(SyntheticSource(size=SIZE).plate), COLOUR, looks=looks)
    draw = DeviceComposer("overlay", estimate, keeps=keeps)
    first, *frames = moving_on_device(estimate)
    draw(first, estimate(first))
    stream.to_host = stream.from_host = 0
    with read_by_the_host(stream, monkeypatch) as found:
        for frame in frames:
            draw(frame, estimate(frame))
    assert found == []
    preview = 0 if keeps else PICTURE * len(frames)
    # by these the host decides where the network looks; twice where that is the whole and a part
    numbers = 4 * (FLAGS + STATISTICS) * len(frames)
    # and a sixteenth of depth and alpha, of a network of about this size
    depths = 2 * 4 * (NETWORK[0] // SHRINK) * (NETWORK[1] // SHRINK) * len(frames)
    read = stream.to_host - preview
    assert read == 0 if looks is WHOLE else numbers <= read <= 2 * (numbers + depths)
    # a part of the plate, where a part is placed anew
    parts = 0 if looks is WHOLE else stream.from_host // (NETWORK[0] * NETWORK[1] * 3)
    assert stream.from_host == parts * NETWORK[0] * NETWORK[1] * 3


def test_the_guard_finds_who_reads_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = CountingStream()
    on_device, on_host = torch.ones(3), stream.host((3,), torch.float32)
    with read_by_the_host(stream, monkeypatch) as found:
        stream.copy(on_host, on_device)
        on_host.numpy()
        on_device.sum().item()
        on_device.numpy()
        bool(on_device[0] > 0)
    assert (stream.to_host, found) == (12, ["item", "numpy", "__bool__"])


def test_a_live_run_sends_each_frame_once_and_looks_at_a_picture_once(engine: Any) -> None:
    said: list[str] = []
    source = RealTimeSource(lambda: SyntheticSource(size=SIZE, frame_count=60), loop=True)
    make = live_estimator(engine, source.info, said.append, kinds=frozenset({"cpu"}))
    plate = Plate(SyntheticSource(size=SIZE).plate)
    shown = MemorySink()
    run = LiveRun(source, engine, plate, estimator=make, on_event=said.append)
    run.add_output("one", shown)
    with run:
        report = run.run(max_frames=4)
    assert report.frames >= 4
    assert said == []
    frame = shown.frames[-1]
    picture: Any = frame.picture
    assert isinstance(picture, DevicePicture)
    before = engine.stream.to_host
    assert frame.pixels.shape == (*SIZE, 3)
    assert frame.rgb((90, 160)).shape == (90, 160, 3)
    assert engine.stream.to_host == before + PICTURE


@pytest.mark.parametrize("view", ["cutout", "blur", "mask"])
def test_views_that_the_device_does_not_draw_are_drawn_by_the_host(engine: Any, view: Any) -> None:
    scene = SyntheticSource(size=SIZE, frame_count=3)
    estimate = DeviceEstimator(engine, Plate(scene.plate), COLOUR)
    draw = estimate.composer(
        view, plate=scene.plate, plate_depth=estimate.plate_depth,
        depth_range=estimate.depth_range, opacity=0.5, blur=0.01,
    )  # fmt: skip
    for frame in scene:
        drawn = draw(frame, estimate(frame))
    assert drawn.pixels.shape == (*SIZE, 4 if view == "cutout" else 3)
    assert isinstance(drawn.picture, DevicePicture) == (view != "cutout")


def test_frames_too_small_for_the_device_are_estimated_on_the_host_and_said_once(
    engine: Any,
) -> None:
    said: list[str] = []
    info = SyntheticSource(size=(60, 90)).info
    make = live_estimator(engine, info, said.append, kinds=frozenset({"cpu"}))
    plate = Plate(np.zeros((60, 90, 3), np.uint8))
    assert type(make(engine, plate)) is type(make(engine, plate)) is Estimator
    assert len(said) == 1
    assert "smaller than the network's 96x64" in said[0]
    assert live_estimator(SimpleNamespace(), info, said.append) is Estimator  # type: ignore[arg-type]


def test_a_preview_is_one_jpeg_of_the_gpus_own_encoder_where_there_is_one(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = SyntheticSource(size=SIZE, frame_count=2)
    estimate = DeviceEstimator(engine, Plate(scene.plate), COLOUR)
    frame = moving_on_device(estimate)[1]
    picture: Any = frame.picture
    asked: list[Any] = []

    def encode(rgb: Any, quality: int) -> Any:
        """As torchvision's: uint8 (3, H, W) to uint8 (n,)."""
        asked.append((rgb.dtype, tuple(rgb.shape), quality))
        pixels = np.ascontiguousarray(rgb.permute(1, 2, 0).numpy()[..., ::-1])
        found = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return torch.from_numpy(found[1].reshape(-1))

    fake = SimpleNamespace(encode_jpeg=encode)
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(io=fake))
    monkeypatch.setitem(sys.modules, "torchvision.io", fake)
    picture.device = "cpu"
    on_host = jpeg_from_frame(frame)
    assert asked == []  # on the CPU nobody asks it
    picture.device = "cuda:0"
    before = engine.stream.to_host
    jpeg = jpeg_from_frame(frame)
    assert asked == [(torch.uint8, (3, *SIZE), 80)]
    assert engine.stream.to_host == before + len(jpeg)
    pictures = [cv2.imdecode(np.frombuffer(one, np.uint8), 1) for one in (jpeg, on_host)]
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() < 3
    assert picture.jpeg(160, 80) is not None
    assert asked[-1][1] == (3, 90, 160)

    def refuses(rgb: Any, quality: int) -> Any:
        raise RuntimeError("encode_jpegs_cuda: torchvision not compiled with nvJPEG support")

    fake.encode_jpeg = refuses
    assert jpeg_from_frame(frame) == on_host
    monkeypatch.setitem(sys.modules, "torchvision.io", None)
    assert jpeg_from_frame(frame) == on_host
