"""The torch engine on a real GPU: `pytest tests/gpu/test_torch.py`. Needs torch and safetensors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from this_gpu import lacks

from edgeds.engine import default_engine, open_engine
from edgeds.errors import RunError
from edgeds.sources import SyntheticSource
from edgeds.sources.scaling import resized
from edgeds.types import Engine, Maps

LACKS = lacks()
pytestmark = [
    pytest.mark.skipif(bool(LACKS), reason=LACKS),
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("default"),  # each torch and driver has its own
]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine("torch", device="cuda:0") as opened:
        yield opened


@pytest.fixture(scope="module")
def scene() -> SyntheticSource:
    return SyntheticSource(size=(360, 600), frame_count=9)


def all_maps(engine: Engine, scene: SyntheticSource) -> list[Maps]:
    plate = engine.encode_plate(resized(scene.plate, engine.size))
    return [engine.infer(resized(frame.pixels, engine.size), plate) for frame in scene]


def test_float16_on_the_gpu_gives_the_maps_of_the_onnx_engine(
    engine: Engine, scene: SyntheticSource
) -> None:
    with open_engine(default_engine(), device="cpu") as cpu:
        for got, wanted in zip(all_maps(engine, scene), all_maps(cpu, scene), strict=True):
            # float16 has 11 bits; the same on torch's CPU device differs by 4e-6 in the mean
            assert np.abs(got.alpha - wanted.alpha).mean() < 1e-3
            scale = np.abs(wanted.inverse_depth).mean()
            assert np.abs(got.inverse_depth - wanted.inverse_depth).mean() < 1e-2 * scale


def test_a_frame_is_replayed_as_a_cuda_graph(engine: Engine) -> None:
    assert "no CUDA graph" not in engine.name


def test_plates_in_turn_do_not_mix(engine: Engine, scene: SyntheticSource) -> None:
    small = resized(scene.plate, engine.size)
    plate, other = engine.encode_plate(small), engine.encode_plate(255 - small)
    before = engine.infer(small, plate).alpha
    engine.infer(small, other)
    assert np.array_equal(engine.infer(small, plate).alpha, before)


def test_engines_in_two_threads_do_not_disturb_each_other(scene: SyntheticSource) -> None:
    wanted: list[list[Maps]] = []

    def work() -> None:
        with open_engine("torch", device="cuda:0") as own:
            wanted.append(all_maps(own, scene))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wanted) == 2
    for one, other in zip(*wanted, strict=True):
        assert np.array_equal(one.alpha, other.alpha)


def test_a_thousand_frames_and_a_hundred_plates_leave_memory_as_it_was(
    engine: Engine, scene: SyntheticSource
) -> None:
    import torch

    small = resized(scene.plate, engine.size)
    plate = engine.encode_plate(small)

    def used(frames: int, plates: int) -> tuple[int, int]:
        for _ in range(frames):
            engine.infer(small, plate)
        for _ in range(plates):
            engine.encode_plate(small)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return torch.cuda.mem_get_info(0)[0], pages * 4096

    free_before, resident_before = used(100, 10)
    free_after, resident_after = used(1000, 100)
    assert free_before - free_after < 4 << 20
    assert resident_after - resident_before < 20 << 20


def test_a_refused_capture_falls_back_and_the_next_one_works() -> None:
    import torch

    from edgeds.engine.cuda_stream import CudaStream

    stream = CudaStream(0)
    with stream:
        value = torch.zeros(1, device=stream.device)
    calls = []

    def waits() -> None:
        calls.append(1)
        if len(calls) == 2:  # a capture forbids waiting
            raise RunError("the GPU refused a frame", why="it waits")
        value.add_(1)

    def adds() -> None:
        value.add_(1)

    with stream:
        again = stream.captured(waits)
        assert "it waits" in stream.note
        again()
        added = stream.captured(adds)
        assert added is not adds  # it was captured
        added()
        stream.record_event().wait()
    assert value.item() == 4


def test_memory_that_another_thread_lets_go_of_during_a_capture_spoils_nothing() -> None:
    # a new part's graphs are captured in the middle of a run, while pictures are encoded elsewhere
    import torch

    from edgeds.engine.cuda_stream import CudaStream

    stream = CudaStream(0)
    with stream:
        value = torch.zeros(1, device=stream.device)
        given = [stream.host((1 << 20,), torch.uint8) for _ in range(4)]
        on_device = torch.empty(1 << 20, dtype=torch.uint8, device=stream.device)
        for host in given:
            stream.copy(on_device, host)
    del host
    calls = []

    def work() -> None:
        calls.append(1)
        if len(calls) == 2:
            thread = threading.Thread(target=given.clear)
            thread.start()
            thread.join()
        value.add_(1)

    with stream:
        added = stream.captured(work)
        assert added is not work
        added()
        for _ in range(8):  # asks whether what was let go of is free
            stream.copy(on_device, stream.host((1 << 20,), torch.uint8))
        stream.record_event().wait()
    assert value.item() == 2
