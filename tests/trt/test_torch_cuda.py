"""The torch engine on the CPU device: all of it but CUDA's own calls."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from deferred_stream import DeferredStream  # noqa: E402

from edgeds.engine import default_engine, open_engine, torch_cuda  # noqa: E402
from edgeds.engine.cuda_driver import Cuda, Gpu  # noqa: E402
from edgeds.engine.cuda_stream import CpuStream  # noqa: E402
from edgeds.engine.engine_folders import shipped_weights  # noqa: E402
from edgeds.engine.network.weights_file import load_weights  # noqa: E402
from edgeds.engine.settings import GPU as GPU_SETTINGS  # noqa: E402
from edgeds.engine.torch_compile import compiled_or_plain, what_compiles  # noqa: E402
from edgeds.engine.torch_cuda import TorchEngine, open_weights  # noqa: E402
from edgeds.errors import EngineError, RunError  # noqa: E402
from edgeds.sources import SyntheticSource  # noqa: E402
from edgeds.sources.scaling import resized  # noqa: E402
from edgeds.types import Pixels  # noqa: E402

SIZE = (64, 96)
GPU = Cuda(gpus=(Gpu(index=0, name="some GPU", sm="sm86", memory_bytes=1),))
NO_GPU = Cuda(problem="the NVIDIA driver sees no GPU")


@pytest.fixture(scope="module")
def network() -> Any:
    return load_weights(shipped_weights())


@pytest.fixture
def scene() -> SyntheticSource:
    return SyntheticSource(size=SIZE, frame_count=5)


def engine_on(network: Any, stream: CpuStream, dtype: Any = torch.float32) -> TorchEngine:
    return TorchEngine(network, stream, size=SIZE, name="edgeds", dtype=dtype)


def test_on_the_cpu_it_gives_the_maps_of_the_onnx_engine() -> None:
    scene = SyntheticSource(size=(360, 600), frame_count=5)
    in_float = default_engine()
    with open_engine("torch", device="cpu") as on_torch, open_engine(in_float) as on_onnx:
        assert on_torch.size == on_onnx.size
        plate = resized(scene.plate, on_onnx.size)
        features = on_torch.encode_plate(plate), on_onnx.encode_plate(plate)
        for frame in scene:
            small = resized(frame.pixels, on_onnx.size)
            got, wanted = on_torch.infer(small, features[0]), on_onnx.infer(small, features[1])
            # float32 sums in another order; the graph was exported from these very weights
            assert np.abs(got.alpha - wanted.alpha).max() < 1e-3
            assert np.abs(got.inverse_depth - wanted.inverse_depth).max() < 1e-2


def test_in_float16_it_stays_near_the_float_network(network: Any, scene: SyntheticSource) -> None:
    frame = list(scene)[-2].pixels
    with (
        engine_on(network, CpuStream()) as wanted,
        engine_on(network, CpuStream(), torch.float16) as half,
    ):
        in_float = wanted.infer(frame, wanted.encode_plate(scene.plate))
        in_half = half.infer(frame, half.encode_plate(scene.plate))
    # float16 has 11 bits
    assert np.abs(in_half.alpha - in_float.alpha).mean() < 5e-3
    assert np.abs(in_half.inverse_depth - in_float.inverse_depth).mean() < 5e-2
    assert in_half.alpha.dtype == in_half.inverse_depth.dtype == np.float32


def picture(level: int) -> Pixels:
    return np.full((*SIZE, 3), level, np.uint8)


def test_frames_under_way_at_once_keep_their_own_maps(network: Any) -> None:
    at_once = engine_on(network, CpuStream())
    plate = at_once.encode_plate(picture(90))
    levels = range(0, 40 * GPU_SETTINGS.frames_in_flight, 20)
    wanted = [at_once.infer(picture(level), plate) for level in levels]
    later = engine_on(network, DeferredStream())
    plate = later.encode_plate(picture(90))
    pending = [later.submit(picture(level), plate) for level in levels]
    for one, maps in zip(pending, wanted, strict=True):
        assert np.array_equal(one.maps().alpha, maps.alpha)


def test_a_frame_costs_one_copy_in_and_one_copy_out(network: Any) -> None:
    stream = DeferredStream()
    engine = engine_on(network, stream)
    plate = engine.encode_plate(picture(100))
    engine.infer(picture(120), plate)
    before = stream.copies
    engine.infer(picture(130), plate)
    assert stream.copies == before + 2


def test_a_frame_that_is_on_the_device_needs_no_copy_of_the_host(network: Any) -> None:
    scene = SyntheticSource(size=SIZE, frame_count=2)
    engine = engine_on(network, CpuStream())
    features = engine.encode_plate(scene.plate)
    for frame in scene:
        wanted = engine.infer(frame.pixels, features)
        there = torch.from_numpy(frame.pixels.copy())[None]
        alpha, inverse_depth = engine.infer_on_device(there, features).numpy()
        assert np.array_equal(alpha, wanted.alpha)
        assert np.array_equal(inverse_depth, wanted.inverse_depth)
    engine.close()
    with pytest.raises(RunError, match="closed"):
        engine.infer_on_device(there, features)


def test_what_compiles_the_frame_step_is_given_it_once(network: Any, scene: Any) -> None:
    given = []

    def compiled(module: Any, example: Any) -> Any:
        given.append(torch.export.export(module, example))  # as torch_tensorrt does first
        return given[-1].module()

    frame = list(scene)[-2].pixels
    with (
        TorchEngine(
            network, CpuStream(), size=SIZE, name="x", dtype=torch.float32, compiled=compiled
        ) as engine,
        engine_on(network, CpuStream()) as plain,
    ):
        got = engine.infer(frame, engine.encode_plate(scene.plate))
        wanted = plain.infer(frame, plain.encode_plate(scene.plate))
    assert len(given) == 1
    assert np.abs(got.alpha - wanted.alpha).max() < 1e-4


def test_without_triton_the_network_runs_as_it_is_and_the_name_says_so(
    monkeypatch: pytest.MonkeyPatch, scene: Any
) -> None:
    def absent(function: Any, *, dynamic: bool) -> Any:
        def call(*_: Any) -> Any:
            raise RuntimeError("Cannot find a working triton installation.\nMore.")

        return call

    monkeypatch.setattr(torch, "compile", absent)
    frame = list(scene)[-2].pixels
    maps = []
    for engine in ("torch-compile", "torch"):
        with open_weights(
            shipped_weights(),
            device="cpu",
            size=SIZE,
            compiler=engine,  # type: ignore[arg-type]
        ) as opened:
            maps.append(opened.infer(frame, opened.encode_plate(scene.plate)))
            told = "not compiled: Cannot find a working triton installation."
            assert (told in opened.name) == (engine == "torch-compile")
    assert np.array_equal(maps[0].alpha, maps[1].alpha)


def test_whatever_a_compiler_raises_the_function_runs_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(function: Any, **_: Any) -> Any:
        def call(value: int) -> int:
            raise FileNotFoundError("ptxas")  # neither it nor Triton's own is a RuntimeError

        return call

    monkeypatch.setattr(torch, "compile", broken)
    stream = CpuStream()
    double = compiled_or_plain(lambda value: 2 * value, stream)
    assert (double(3), stream.note) == (6, "not compiled: ptxas")


def test_what_compiles_is_compiled_once_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, calls = CpuStream(), []
    monkeypatch.setattr(torch, "compile", lambda function, **_: calls.append(1) or abs)
    double = compiled_or_plain(lambda value: 2 * value, stream)
    assert (double(-3), double(-4), calls, stream.note) == (3, 4, [1], "")


def test_a_closed_engine_says_so(network: Any) -> None:
    engine = engine_on(network, CpuStream())
    plate = engine.encode_plate(picture(0))
    engine.close()
    engine.close()
    with pytest.raises(RunError, match="closed"):
        engine.infer(picture(0), plate)


def test_the_device_is_timed_without_the_waiting(network: Any) -> None:
    with engine_on(network, CpuStream()) as engine:
        plate = engine.encode_plate(picture(0))
        assert 0 < engine.device_secs(picture(10), plate) < 5


@pytest.mark.parametrize(
    ("engine", "device", "cuda", "why"),
    [
        ("torch", "cuda:0", NO_GPU, "sees no GPU"),
        ("torch", "tpu", GPU, "no device 'tpu'"),
        ("torch-tensorrt", "cpu", GPU, "runs on a GPU"),
    ],
)
def test_what_cannot_run_the_weights_is_named(
    engine: Any, device: str, cuda: Cuda, why: str
) -> None:
    with pytest.raises(EngineError, match="cannot run the weights") as caught:
        open_weights(shipped_weights(), device=device, size=SIZE, compiler=engine, cuda=cuda)
    assert why in caught.value.why
    assert caught.value.fix


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (RuntimeError("CUDA out of memory.\nMore."), "CUDA out of memory."),
        (RuntimeError(""), "no reason given"),
        (RunError("the GPU failed", why="an illegal memory access"), "an illegal memory access"),
    ],
)
def test_what_the_gpu_says_on_opening_is_the_reason(
    monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    def refuses() -> None:
        raise error

    monkeypatch.setattr(torch_cuda, "CpuStream", refuses)
    with pytest.raises(EngineError, match="cannot run the weights") as caught:
        open_weights(shipped_weights(), device="cpu", size=SIZE)
    assert caught.value.why == why


def test_without_a_gpu_auto_is_the_cpu() -> None:
    with open_weights(shipped_weights(), device="auto", size=SIZE, cuda=NO_GPU) as engine:
        assert engine.name.endswith("CPU")


def test_own_weights_are_opened_by_their_file_name(tmp_path: Path) -> None:
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(shipped_weights().read_bytes())
    for name in (str(mine), f"torch:{mine}"):
        with open_engine(name, device="cpu") as engine:
            assert engine.name.startswith("mine on torch")
    with pytest.raises(EngineError, match="cannot run the weights"):
        open_engine(tmp_path / "absent.safetensors", device="cpu")


def test_torch_tensorrt_compiles_for_the_frames_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    # it takes the GPU that is current in the thread, which is the first one
    current: list[Any] = []
    asked: list[Any] = []

    class Device:
        def __init__(self, device: Any) -> None:
            self._device = device

        def __enter__(self) -> None:
            current.append(self._device)

        def __exit__(self, *_: object) -> None:
            current.pop()

    def compiled(module: Any, *, ir: str, arg_inputs: list[Any]) -> Any:
        asked.append((ir, list(current), arg_inputs))
        return module

    monkeypatch.setattr(torch.cuda, "device", Device)
    fake = SimpleNamespace(compile=compiled)
    monkeypatch.setitem(sys.modules, "torch_tensorrt", fake)
    make = what_compiles("torch-tensorrt", "cannot run")
    assert make is not None
    frame = SimpleNamespace(device="cuda:1")
    make(torch.nn.Identity(), (frame,), CpuStream())
    assert asked == [("dynamo", ["cuda:1"], [frame])]
    assert current == []


def test_a_torch_without_cuda_is_told_with_the_index_of_one_that_has_it() -> None:
    if torch.version.cuda is not None:
        pytest.skip("torch has CUDA here")
    with pytest.raises(EngineError, match="cannot run the weights") as caught:
        open_weights(shipped_weights(), device="cuda:0", size=SIZE, cuda=GPU)
    assert "built without CUDA" in caught.value.why
    assert "https://download.pytorch.org/whl/cu" in caught.value.fix
