"""`edgeds video` with the whole frame on one device, torch's CPU standing in for the GPU."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from edgeds.cli.depth_options import DepthOptions  # noqa: E402
from edgeds.cli.effects_options import EffectOptions  # noqa: E402
from edgeds.cli.layers_options import LayerOptions  # noqa: E402
from edgeds.cli.mesh_options import MeshOptions  # noqa: E402
from edgeds.cli.on_gpu import OnGpu, Shown, shown_of  # noqa: E402
from edgeds.cli.rules_and_events import SignalOptions  # noqa: E402
from edgeds.cli.video_checks import Wanted  # noqa: E402
from edgeds.engine import open_engine  # noqa: E402
from edgeds.engine.cuda_stream import CpuStream  # noqa: E402
from edgeds.engine.engine_folders import shipped_weights  # noqa: E402
from edgeds.engine.gpu.estimator import DeviceEstimator  # noqa: E402
from edgeds.engine.network.weights_file import load_weights  # noqa: E402
from edgeds.engine.torch_cuda import TorchEngine  # noqa: E402
from edgeds.errors import RunError  # noqa: E402
from edgeds.estimate.matte_for_view import matte_for_view  # noqa: E402
from edgeds.pipeline import run  # noqa: E402
from edgeds.plate.plate import Plate  # noqa: E402
from edgeds.sinks import MemorySink, open_sink  # noqa: E402
from edgeds.sources import VideoSource  # noqa: E402
from edgeds.sources.images import pixels_from_image  # noqa: E402
from edgeds.types import ColourTags, Frame  # noqa: E402
from edgeds.views.compose import composer  # noqa: E402

DATA = Path(__file__).parents[1] / "data"
CPU = frozenset({"cpu"})


def wanted(source: Path, **other: Any) -> Shown:
    fields: dict[str, Any] = {
        "source": str(source), "plate": None, "output": None, "view": "overlay", "backdrop": None,
        "opacity": 0.45, "sheet": None, "save_plate": None, "plate_fixed": True,
        "depth": DepthOptions(depth_from="network").wanted(), "signals": SignalOptions(),
        "layers": LayerOptions(), "effects": EffectOptions(), "mesh": MeshOptions(),
    }  # fmt: skip
    return shown_of(Wanted(**{**fields, **other}))


def test_a_clip_goes_through_and_is_written_as_the_cpu_writes_it(tmp_path: Path) -> None:
    clip = Path(shutil.copy(DATA / "moving_person.mp4", tmp_path / "in.mp4"))
    target = tmp_path / "out.mp4"
    with ExitStack() as stack:
        network = stack.enter_context(open_engine("torch", device="cpu"))
        source: Any = stack.enter_context(VideoSource(clip))
        gpu = OnGpu(network, source.info, target, wanted(clip), kinds=CPU)
        plate = Plate(pixels_from_image(DATA / "moving_person_plate.jpg"))
        estimate = gpu.estimator(plate, None)
        assert isinstance(estimate, DeviceEstimator)
        draw = gpu.composer(estimate, None)
        assert draw is not None
        source = gpu.source(source, stack)
        sink = gpu.sink(open_sink(target, source.info), stack)
        with sink:
            run(islice(source, 6), estimate, draw, sink)
        assert [note for note in gpu.notes if "encoded on the CPU" in note]
        on_cpu = composer(
            "overlay", plate=plate.pixels, plate_depth=estimate.plate_depth,
            depth_range=estimate.depth_range,
        )  # fmt: skip
        with VideoSource(clip) as again:
            frames = list(islice(again, 6))
        drawn = [on_cpu(frame, estimate(frame)) for frame in frames]
    with av.open(str(target)) as made, av.open(str(clip)) as given:
        shown = list(made.decode(video=0))
        assert [f.pts * f.time_base for f in shown] == [
            f.pts * f.time_base for f in islice(given.decode(video=0), 6)
        ]
    for got, expected in zip(shown, drawn, strict=True):
        luma = got.to_ndarray()[: got.height].astype(int)
        assert np.abs(luma - expected.picture.planes[0]).mean() < 2  # what x264 loses


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"view": "cutout"}, "cutout"),
        ({"layers": LayerOptions(layers="alpha")}, "layers"),
    ],
)
def test_what_is_not_drawn_there_is_said_once(
    tmp_path: Path, other: dict[str, Any], why: str
) -> None:
    with (
        open_engine("torch", device="cpu") as network,
        VideoSource(DATA / "moving_person.mp4") as source,
        ExitStack() as stack,
    ):
        gpu = OnGpu(network, source.info, tmp_path / "a.mp4", wanted(tmp_path, **other), kinds=CPU)
        assert not gpu.is_used
        assert len(gpu.notes) == 1
        assert why in gpu.notes[0]
        sink = MemorySink()
        assert gpu.source(source, stack) is source
        assert gpu.sink(sink, stack) is sink


def test_the_border_is_drawn_there_as_the_cpu_draws_it_for_a_view(tmp_path: Path) -> None:
    with (
        open_engine("torch", device="cpu") as network,
        VideoSource(DATA / "people_walking.mp4") as source,
    ):
        plate = Plate(next(iter(source)).pixels)
        gpu = OnGpu(network, source.info, tmp_path / "a.mp4", wanted(tmp_path), kinds=CPU)
        sizes = [
            list(gpu.estimator(plate, None, matte_for_view(view))._draw_again._made)  # type: ignore[attr-defined]
            for view in ("overlay", "replace")
        ]
    assert sizes == [[(plate.size, 2)], [(plate.size, 1)]]


def test_an_engine_on_the_cpu_changes_nothing(tmp_path: Path) -> None:
    with (
        open_engine("difference") as network,
        VideoSource(DATA / "moving_person.mp4") as source,
    ):
        gpu = OnGpu(network, source.info, tmp_path / "a.mp4", wanted(tmp_path))
        assert (gpu.is_used, gpu.notes) == (False, [])


class Crowded(CpuStream):
    """A device that has memory for so many functions and no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def captured(self, work: Any) -> Any:
        self._room -= 1
        if self._room < 0:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB.\nMore.")
        return super().captured(work)


@pytest.mark.parametrize("room", [3, 11])
def test_frames_too_large_for_the_device_are_drawn_on_the_cpu(tmp_path: Path, room: int) -> None:
    clip = DATA / "moving_person.mp4"
    # two functions are the network's, nine the estimator's, one draws; parts have more
    network = TorchEngine(
        load_weights(shipped_weights()), Crowded(room), size=(192, 320), name="edgeds",
        dtype=torch.float32,
    )  # fmt: skip
    with VideoSource(clip) as source, ExitStack() as stack:
        gpu = OnGpu(network, source.info, tmp_path / "a.mp4", wanted(clip), kinds=CPU)
        estimate = gpu.estimator(Plate(pixels_from_image(DATA / "moving_person_plate.jpg")), None)
        assert isinstance(estimate, DeviceEstimator) == (room == 11)
        assert gpu.composer(estimate, None) is None
        sink = MemorySink()
        assert gpu.sink(sink, stack) is sink
        assert gpu.notes == [
            "the picture is made on the CPU: cpu refuses: CUDA out of memory. "
            "Tried to allocate 2 GiB."
        ]
        draw = composer(
            "overlay", plate=estimate.plate.pixels, plate_depth=estimate.plate_depth,
            depth_range=estimate.depth_range,
        )  # fmt: skip
        frame = next(iter(source))
        assert draw(frame, estimate(frame)).size == frame.size


def test_an_error_of_the_device_becomes_a_run_error() -> None:
    with open_engine("torch", device="cpu") as network:
        plate = Plate(pixels_from_image(DATA / "moving_person_plate.jpg"))
        engine: Any = network
        estimate = DeviceEstimator(engine, plate, ColourTags(matrix=5))

        def broken(*_: object) -> None:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

        estimate._before = broken  # type: ignore[assignment]
        with pytest.raises(RunError, match="the GPU failed") as caught:
            estimate(Frame(plate.pixels))
        assert "illegal memory access" in caught.value.why
