"""Building with `tensorrt` 10 and 11 for the GPU that is there, on their recorded interfaces: the
order of calls, the timing cache, and what becomes of a refusal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgeds.cli.build_engine import _target as build_target
from edgeds.engine.build.candidate_builder import BuildTarget
from edgeds.engine.build.tensorrt_build import plan_from_onnx
from edgeds.engine.cuda_driver import Cuda, Gpu
from edgeds.errors import EngineError
from tests.trt import fake_tensorrt
from tests.trt.fake_builder import TIMES, behaviour

CUDA = Cuda(gpus=(Gpu(index=0, name="some GPU", sm="sm87", memory_bytes=1),), driver_cuda="12.6")
FULL = [path for path in fake_tensorrt.INTERFACES if "rtx" not in path.name]


@pytest.fixture(params=FULL, ids=lambda path: path.stem)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    return installed(request.param, monkeypatch)


def installed(interface: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool = False) -> Any:
    """The fake as `import tensorrt` finds it."""
    for name, does in behaviour(fails=fails).items():
        monkeypatch.setitem(fake_tensorrt.BEHAVIOUR, name, does)
    fake = fake_tensorrt.fake_library(interface)
    levels = {name: SimpleNamespace(name=name) for name in ("ERROR", "VERBOSE")}
    fake.ILogger.Severity = SimpleNamespace(**levels)
    monkeypatch.setitem(sys.modules, "tensorrt", fake)
    return fake


def build(cache: Path | None = None) -> Any:
    return plan_from_onnx(Path("frame.onnx"), gpu="auto", timing_cache=cache, cuda=CUDA)


def test_a_plan_is_strongly_typed_and_names_library_version_and_gpu(library: Any) -> None:
    plan = build()
    typed = 1 << int(library.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    assert plan.data == f"plan of frame.onnx {typed}".encode()  # 2 in TensorRT 10, 1 in 11
    assert plan.target["library"] == "tensorrt"
    assert plan.target["version"] == library.__version__
    assert plan.target["gpu"] == "sm87"
    assert plan.target["gpu_name"] == "some GPU"
    assert "IBuilderConfig.set_compute_capability" not in library.calls


def test_kernel_times_are_remembered_from_build_to_build(library: Any, tmp_path: Path) -> None:
    cache = tmp_path / "caches" / "timing.cache"
    own = TIMES + library.__version__.encode()
    build(cache)
    assert cache.read_bytes() == own + b"."
    build(cache)
    assert cache.read_bytes() == own + b".."
    assert [path.name for path in cache.parent.iterdir()] == ["timing.cache"]
    calls = library.calls
    set_at = calls.index("IBuilderConfig.set_timing_cache")
    assert set_at < calls.index("Builder.build_serialized_network")


@pytest.mark.parametrize("content", [b"damaged", TIMES + b"8.6.1 and more"])
def test_a_timing_cache_that_does_not_fit_is_begun_anew(
    library: Any, tmp_path: Path, content: bytes
) -> None:
    cache = tmp_path / "timing.cache"
    cache.write_bytes(content)
    build(cache)
    assert cache.read_bytes() == TIMES + library.__version__.encode() + b"."


@pytest.mark.parametrize("interface", FULL, ids=lambda path: path.stem)
def test_a_graph_the_builder_refuses_is_told_with_its_reason_and_keeps_the_cache(
    interface: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed(interface, monkeypatch, fails=True)
    cache = tmp_path / "timing.cache"
    cache.write_bytes(b"former")
    with pytest.raises(EngineError, match=r"cannot build frame\.onnx for sm87") as caught:
        build(cache)
    assert "any implementation for /stem/Conv" in caught.value.why
    assert caught.value.fix
    assert cache.read_bytes() == b"former"


def test_a_second_gpu_is_current_while_its_plan_is_built(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the builder times kernels on the GPU that is current in its thread
    torch = pytest.importorskip("torch", reason="torch is not installed")
    current: list[int] = []
    seen: list[list[int]] = []

    class Device:
        def __init__(self, index: int) -> None:
            self._index = index

        def __enter__(self) -> None:
            current.append(self._index)

        def __exit__(self, *_: object) -> None:
            current.pop()

    def built(builder: Any, trt: Any, network: Any, config: Any) -> bytes:
        seen.append(list(current))
        return b"plan"

    monkeypatch.setattr(torch.cuda, "device", Device)
    monkeypatch.setitem(fake_tensorrt.BEHAVIOUR, "Builder.build_serialized_network", built)
    both = Cuda(gpus=(*CUDA.gpus, Gpu(index=1, name="another", sm="sm89", memory_bytes=1)))
    plan = plan_from_onnx(Path("frame.onnx"), gpu="cuda:1", cuda=both)
    assert (plan.gpu, plan.gpu_name, seen, current) == ("sm89", "another", [[1]], [])


def test_a_plan_of_rtx_asks_for_its_memory_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    # else the runtime allocates during a run, which no CUDA graph can hold
    (interface,) = (path for path in fake_tensorrt.INTERFACES if "rtx" in path.name)
    fake = installed(interface, monkeypatch)
    flags: list[Any] = []
    monkeypatch.setitem(
        fake_tensorrt.BEHAVIOUR, "IBuilderConfig.set_flag", lambda _, __, flag: flags.append(flag)
    )
    monkeypatch.setitem(
        fake_tensorrt.BEHAVIOUR, "IBuilderConfig.set_compute_capability", lambda *_: True
    )
    monkeypatch.setitem(sys.modules, "tensorrt_rtx", fake)
    plan = plan_from_onnx(Path("frame.onnx"), gpu="sm86")
    assert plan.library == "tensorrt_rtx"
    assert flags == [fake.BuilderFlag.REQUIRE_USER_ALLOCATION]
    calls = fake.calls
    assert calls.index("IBuilderConfig.set_flag") < calls.index("Builder.build_serialized_network")


def test_the_command_builds_on_the_gpu_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Cuda(gpus=(*CUDA.gpus, Gpu(index=1, name="another", sm="sm89", memory_bytes=1)))
    monkeypatch.setattr("edgeds.engine.cuda_driver.find_cuda", lambda: both)
    assert build_target("auto", "cuda:1") == BuildTarget(gpu="sm89", device="cuda:1")
    assert build_target("auto", "auto") == BuildTarget(gpu="sm87", device="cuda:0")
    for gpu, device in (("auto", "cuda:2"), ("sm86", "cuda:1"), ("auto", "cpu")):
        with pytest.raises(EngineError) as caught:
            build_target(gpu, device)
        assert caught.value.fix
