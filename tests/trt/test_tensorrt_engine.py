"""The GPU path's own logic, on the CPU: a TensorRT made from the real one's recorded interface."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import fake_tensorrt  # noqa: E402
from deferred_stream import DeferredStream  # noqa: E402
from fake_driver import STREAM, Driver  # noqa: E402
from fake_tensorrt import INTERFACES, fake_library, write_fake_engine  # noqa: E402

from edgeds.engine.cuda_graph import CudaGraph  # noqa: E402
from edgeds.engine.cuda_stream import CpuStream, CudaStream  # noqa: E402
from edgeds.engine.settings import GPU  # noqa: E402
from edgeds.engine.tensorrt import TensorRtEngine  # noqa: E402
from edgeds.errors import EngineError, RunError  # noqa: E402
from edgeds.types import Pixels  # noqa: E402

SIZE = (32, 64)
LIBRARIES = [pytest.param(path, id=path.stem) for path in INTERFACES]


def opened(folder: Path, stream: CpuStream, interface: Path = INTERFACES[0]) -> TensorRtEngine:
    card = write_fake_engine(folder, size=SIZE)
    return TensorRtEngine(fake_library(interface), folder, card, stream, name="fake")


def picture(level: int) -> Pixels:
    pixels = np.full((*SIZE, 3), level, np.uint8)
    pixels.flags.writeable = False  # as frames of a stream are
    return pixels


@pytest.mark.parametrize("interface", LIBRARIES)
@pytest.mark.parametrize("stream", [CpuStream, DeferredStream])
def test_it_runs_on_every_recorded_interface(
    tmp_path: Path, interface: Path, stream: type[CpuStream]
) -> None:
    with opened(tmp_path, stream(), interface) as engine:
        plate = engine.encode_plate(picture(100))
        maps = engine.infer(picture(124), plate)
    assert maps.alpha == pytest.approx(np.full(SIZE, 0.5))
    assert maps.inverse_depth == pytest.approx(np.full(SIZE, 124 / 255))


def test_a_frame_costs_one_copy_in_and_one_copy_out(tmp_path: Path) -> None:
    stream = DeferredStream()
    engine = opened(tmp_path, stream)
    plate = engine.encode_plate(picture(100))
    engine.infer(picture(120), plate)
    before = stream.copies
    engine.infer(picture(130), plate)
    assert stream.copies == before + 2


def test_a_frame_that_is_on_the_device_is_only_copied_there(tmp_path: Path) -> None:
    stream = CpuStream()
    engine = opened(tmp_path, stream)
    plate = engine.encode_plate(picture(100))
    there = torch.from_numpy(picture(130).copy())[None]
    alpha, inverse_depth = engine.infer_on_device(there, plate)
    wanted = engine.infer(picture(130), plate)
    assert np.array_equal(alpha.numpy(), wanted.alpha)
    assert np.array_equal(inverse_depth.numpy(), wanted.inverse_depth)
    engine.close()
    with pytest.raises(RunError, match="closed"):
        engine.infer_on_device(there, plate)


def test_frames_under_way_at_once_keep_their_own_maps(tmp_path: Path) -> None:
    engine = opened(tmp_path, DeferredStream())
    plate = engine.encode_plate(picture(0))
    levels = range(0, 10 * GPU.frames_in_flight, 5)
    pending = [engine.submit(picture(level), plate) for level in levels]
    for level, one in zip(levels, pending, strict=True):
        assert one.maps().inverse_depth == pytest.approx(np.full(SIZE, level / 255))


def test_maps_asked_for_late_and_out_of_order_are_right(tmp_path: Path) -> None:
    engine = opened(tmp_path, DeferredStream())
    plate = engine.encode_plate(picture(0))
    pending = [engine.submit(picture(level), plate) for level in (10, 20, 30, 40, 50)]
    for index in (4, 0, 2, 3, 1):
        expected = (index + 1) * 10 / 255
        assert pending[index].maps().inverse_depth[0, 0] == pytest.approx(expected)


def test_plates_in_turn_do_not_mix(tmp_path: Path) -> None:
    engine = opened(tmp_path, DeferredStream())
    dark, light = engine.encode_plate(picture(0)), engine.encode_plate(picture(200))
    for _ in range(3):
        assert engine.infer(picture(200), dark).alpha.min() == 1
        assert engine.infer(picture(200), light).alpha.max() == 0


def test_a_plate_encoded_while_frames_are_under_way_disturbs_none(tmp_path: Path) -> None:
    engine = opened(tmp_path, DeferredStream())
    dark = engine.encode_plate(picture(0))
    pending = engine.submit(picture(200), dark)
    engine.encode_plate(picture(200))
    assert pending.maps().alpha.min() == 1


def test_a_plate_is_right_though_its_slot_is_used_again_at_once(tmp_path: Path) -> None:
    engine = opened(tmp_path, DeferredStream())
    light = engine.encode_plate(picture(200))
    pending = [engine.submit(picture(10), light) for _ in range(2 * GPU.frames_in_flight)]
    assert all(one.maps().alpha.min() == 1 for one in pending)
    assert engine.infer(picture(200), light).alpha.max() == 0


def test_maps_outlive_the_engine(tmp_path: Path) -> None:
    engine = opened(tmp_path, DeferredStream())
    pending = engine.submit(picture(50), engine.encode_plate(picture(0)))
    engine.close()
    engine.close()
    assert pending.maps().alpha.min() == 1


def test_every_address_is_set_once_and_the_stream_is_used(tmp_path: Path) -> None:
    # the fake asserts that no address is set twice; this asserts that it was asked at all
    library = fake_library(INTERFACES[0])
    card = write_fake_engine(tmp_path, size=SIZE)
    TensorRtEngine(library, tmp_path, card, CpuStream(), name="fake")
    assert library.calls.count("IExecutionContext.set_tensor_address") == 6
    assert library.calls.count("IExecutionContext.execute_async_v3") == 4  # once before the capture


def test_what_the_stream_has_to_say_is_in_the_name(tmp_path: Path) -> None:
    assert opened(tmp_path, DeferredStream()).name == "fake (deferred)"


@pytest.mark.parametrize("plan", ["plate.plan", "frame.plan"])
def test_a_plan_the_library_refuses_is_an_engine_error(tmp_path: Path, plan: str) -> None:
    card = write_fake_engine(tmp_path, size=SIZE)
    (tmp_path / plan).write_bytes(b"\x00 no plan")
    with pytest.raises(EngineError, match="cannot load the plan") as caught:
        TensorRtEngine(fake_library(INTERFACES[0]), tmp_path, card, CpuStream(), name="fake")
    assert "build-engine" in caught.value.fix


@pytest.mark.parametrize(
    ("plan", "before", "after", "why"),
    [
        ("frame.plan", "[1, 1, 32, 64]", "[1, 1, 64, 128]", "alpha 1x1x64x128"),
        ("frame.plan", "[1, 3, 32, 64]", "[1, 3, 16, 32]", "plate_0 1x3x16x32"),
        ("frame.plan", '"inverse_depth"', '"depth"', "depth"),
        ("plate.plan", "[1, 32, 64, 3]", "[1, 64, 128, 3]", "plate 1x64x128x3"),
        ("frame.plan", '"alpha", "FLOAT"', '"alpha", "HALF"', "alpha is of a type"),
        ("frame.plan", '"plate_0", "FLOAT"', '"plate_0", "INT64"', "plate_0 is of a type"),
    ],
)
def test_a_plan_whose_tensors_do_not_fit_is_refused_before_it_runs(
    tmp_path: Path, plan: str, before: str, after: str, why: str
) -> None:
    # it would write past the end of the memory that it was given
    card, library = write_fake_engine(tmp_path, size=SIZE), fake_library(INTERFACES[0])
    text = (tmp_path / plan).read_text()
    assert before in text
    (tmp_path / plan).write_text(text.replace(before, after))
    with pytest.raises(EngineError) as caught:
        TensorRtEngine(library, tmp_path, card, CpuStream(), name="fake")
    assert why in caught.value.why
    assert "IExecutionContext.execute_async_v3" not in library.calls


def test_rtx_keeps_its_compiled_kernels_beside_the_plan(tmp_path: Path) -> None:
    interface = next(path for path in INTERFACES if "rtx" in path.name)
    for _ in range(2):  # the second time they are read
        library = fake_library(interface)
        card = write_fake_engine(tmp_path, size=SIZE)
        TensorRtEngine(library, tmp_path, card, CpuStream(), name="fake").close()
    assert (tmp_path / "frame.kernels").read_bytes() == b"kernels"
    assert library.calls.count("IRuntimeCache.deserialize") == 2
    assert "IRuntimeCache.serialize" not in library.calls


def rtx() -> Path:
    return next(path for path in INTERFACES if "rtx" in path.name)


def test_kernels_that_no_longer_fit_are_written_anew(tmp_path: Path) -> None:
    card = write_fake_engine(tmp_path, size=SIZE)
    (tmp_path / "frame.kernels").write_bytes(b"of another driver")
    TensorRtEngine(fake_library(rtx()), tmp_path, card, CpuStream(), name="fake").close()
    assert (tmp_path / "frame.kernels").read_bytes() == b"kernels"


def test_a_plan_that_edgeds_cannot_capture_is_left_to_rtxs_own_graphs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # such as a plan that was built without REQUIRE_USER_ALLOCATION
    name = "IExecutionContext.is_stream_capturable"
    monkeypatch.setitem(fake_tensorrt.BEHAVIOUR, name, lambda *_: False)
    library, configs = fake_library(rtx()), []

    def context(engine: Any, trt: Any, config: Any) -> Any:
        configs.append(getattr(config, "cuda_graph_strategy", None))
        made = trt.IExecutionContext()
        made.engine, made.addresses = engine, {}
        return made

    monkeypatch.setitem(fake_tensorrt.BEHAVIOUR, "ICudaEngine.create_execution_context", context)
    card = write_fake_engine(tmp_path, size=SIZE)
    with TensorRtEngine(library, tmp_path, card, CpuStream(), name="fake") as engine:
        assert "tensorrt_rtx makes its own" in engine.name
        assert engine.infer(picture(124), engine.encode_plate(picture(100))).alpha.max() > 0.4
    own = library.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
    assert configs == [None, None, own, own]


class Capturing(CpuStream):
    """Captures a library's calls as a `CudaStream` does, with a driver that records."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self.handle = STREAM
        self._driver = driver

    def captured_calls(self, work: Any) -> Any:
        work()
        try:
            graph = CudaGraph(self.handle, work, self._driver)
        except (OSError, RuntimeError, RunError) as error:
            return CudaStream._not_captured(self, work, error)  # type: ignore[arg-type]
        self.graphs = [*getattr(self, "graphs", []), weakref.ref(graph)]
        return graph


@pytest.mark.parametrize("interface", LIBRARIES)
def test_an_engine_whose_capture_is_refused_opens_and_runs(
    tmp_path: Path, interface: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # TensorRT's refusal under capture is the project's RunError, which went past the fallback
    stream, driver = (
        Capturing(Driver()),
        fake_tensorrt.BEHAVIOUR["IExecutionContext.execute_async_v3"],
    )

    def refuses(context: Any, library: Any, handle: int) -> bool:
        begun = stream._driver.calls.count("cuStreamBeginCapture_v2")
        if begun > stream._driver.calls.count("cuStreamEndCapture"):
            return False
        return bool(driver(context, library, handle))

    monkeypatch.setitem(fake_tensorrt.BEHAVIOUR, "IExecutionContext.execute_async_v3", refuses)
    with opened(tmp_path, stream, interface) as engine:
        assert "no CUDA graph: TensorRT could not start frame.plan" in engine.name
        assert engine.infer(picture(124), engine.encode_plate(picture(100))).alpha.max() > 0.4


def test_closing_frees_graphs_before_the_contexts_that_they_replay(tmp_path: Path) -> None:
    freed: list[str] = []

    class Watched(Driver):
        def __getattr__(self, name: str) -> Any:
            if name == "cuGraphExecDestroy":
                freed.append("graph with its context" if engine._frame._context else "too late")
            return super().__getattr__(name)

    stream = Capturing(Watched())
    engine = opened(tmp_path, stream)
    assert len(stream.graphs) == 2
    engine.close()
    assert freed == ["graph with its context"] * 2
    assert [graph() for graph in stream.graphs] == [None, None]
    assert engine._frame._context is engine._frame._engine is None


def test_closing_reports_the_first_error_and_still_frees_everything(tmp_path: Path) -> None:
    engine = opened(tmp_path, DeferredStream())
    pending = engine.submit(picture(50), engine.encode_plate(picture(0)))

    def broken() -> None:
        raise RunError("the GPU failed", why="an illegal memory access")

    def broken_later() -> None:
        freed()
        raise RunError("a context is not freed", why="what happened before")

    freed = engine._plate.close
    engine._plate.close = broken_later  # type: ignore[method-assign]
    pending._event.wait = broken  # type: ignore[method-assign]
    with pytest.raises(RunError, match="the GPU failed"):
        engine.close()
    assert not engine._frame.tensors
    assert not engine._plate.tensors
    with pytest.raises(RunError, match="closed"):
        engine.infer(picture(0), object())


def test_all_engines_of_a_process_share_one_logger(tmp_path: Path) -> None:
    library = fake_library(INTERFACES[0])
    card = write_fake_engine(tmp_path, size=SIZE)
    for _ in range(2):
        TensorRtEngine(library, tmp_path, card, CpuStream(), name="fake").close()
    assert library.calls.count("ILogger") == 1


@pytest.mark.parametrize("stream", [CpuStream, DeferredStream])
def test_a_plates_noise_reaches_the_plan_that_takes_it(
    tmp_path: Path, stream: type[CpuStream]
) -> None:
    card = write_fake_engine(tmp_path, size=SIZE, takes_noise=True)
    library = fake_library(INTERFACES[0])
    with TensorRtEngine(library, tmp_path, card, stream(), name="fake") as engine:
        assert engine.takes_noise
        noise = np.full(SIZE, 11, np.float32)
        plates = engine.encode_plate(picture(100), noise), engine.encode_plate(picture(100))
        told, not_told = (engine.infer(picture(130), plate).alpha for plate in plates)
    # the fake adds it to the plate's levels
    assert told == pytest.approx(np.full(SIZE, (30 - 11 - 12) / 24))
    assert not_told == pytest.approx(np.full(SIZE, (30 + 1 - 12) / 24))
