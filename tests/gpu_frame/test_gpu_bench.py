"""What `edgeds bench --device cuda` adds, with torch's CPU device in the GPU's place: the figures
are there and add up. How large they are is not tested.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from edgeds.cli import on_gpu  # noqa: E402
from edgeds.cli.bench import gpu, tables  # noqa: E402
from edgeds.cli.bench.clips import material_of  # noqa: E402
from edgeds.cli.bench.gpu import GpuTimes, gpu_times  # noqa: E402
from edgeds.cli.bench.one_measurement import TurnPlan  # noqa: E402
from edgeds.cli.bench.one_measurement import turn as run_turn  # noqa: E402
from edgeds.engine import DifferenceEngine, open_engine  # noqa: E402
from edgeds.engine.cuda_stream import CpuStream  # noqa: E402
from edgeds.engine.device_engine import device_of  # noqa: E402
from edgeds.plate.file import plate_to_file  # noqa: E402
from edgeds.sources import open_source  # noqa: E402

SIZE = (192, 320)


def opened() -> Any:
    return open_engine("torch", device="cpu")


@pytest.fixture(scope="module")
def times() -> GpuTimes:
    return gpu_times(opened, (SIZE,), runs=2, streams=(1, 2))


def test_a_frame_is_split_into_copy_kernels_and_waiting(times: GpuTimes) -> None:
    (frame,) = times.frames
    assert (times.device, frame.size) == ("cpu", SIZE)
    assert times.network_ms > 0
    assert frame.copy_ms > 0
    assert frame.kernels_ms > frame.copy_ms
    assert frame.wait_ms >= 0
    assert list(frame.streams) == [1, 2]
    assert all(fps > 0 for fps in frame.streams.values())


def test_the_rest_of_a_frame_is_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    # a device that says 2 ms for whatever it does, on a host whose frames take 10
    monkeypatch.setattr(CpuStream, "secs_of", lambda _, work: work() or 0.002)
    now = iter(range(1000))
    clock = SimpleNamespace(perf_counter=lambda: next(now) / 100)  # others have their own
    monkeypatch.setattr(gpu, "time", clock)
    (frame,) = gpu_times(opened, (SIZE,), runs=1, streams=()).frames
    assert (frame.copy_ms, frame.kernels_ms, frame.wait_ms) == (2, 2, 6)


def test_a_stream_that_fails_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    once, calls = gpu._Stream.once, []

    def fails(stream: Any) -> None:
        calls.append(1)
        if len(calls) > 2:
            raise RuntimeError("no such thing")
        once(stream)

    monkeypatch.setattr(gpu._Stream, "once", fails)
    with pytest.raises(RuntimeError, match="no such thing"):
        gpu._together(opened, SIZE, 2, 1)


def test_streams_that_do_not_fit_the_device_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def together(_open: Any, _size: Any, count: int, _runs: int) -> float:
        if count > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return 400.0

    monkeypatch.setattr(gpu, "_together", together)
    assert gpu._all_together(opened, SIZE, (16, 1, 4), 1) == {1: 400.0}


def test_a_turn_runs_as_edgeds_video_does_on_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plate = material_of(None, SIZE).written(tmp_path / "in.mp4", SIZE, 4)
    plate_to_file(plate, tmp_path / "plate.npz")
    given = {
        "way": "edgeds", "clip": str(tmp_path / "in.mp4"), "output": str(tmp_path / "out.mp4"),
        "plate": str(tmp_path / "plate.npz"), "engine": "torch", "device": "cpu",
    }  # fmt: skip
    monkeypatch.setattr(on_gpu, "OnGpu", partial(on_gpu.OnGpu, kinds=frozenset({"cpu"})))
    turn = run_turn(TurnPlan(**given))  # type: ignore[arg-type]
    assert turn.frames == 4
    assert turn.notes[0].startswith("the frame is on cpu; encoded on the CPU")
    with open_source(tmp_path / "out-0.mp4") as made:
        assert len(list(made)) == 4


def test_only_an_engine_that_takes_frames_on_its_device_has_one() -> None:
    assert device_of(DifferenceEngine()) == ""
    with opened() as network:
        assert device_of(network) == "cpu"


def test_the_table_has_every_figure(times: GpuTimes, capsys: pytest.CaptureFixture[str]) -> None:
    (frame,) = times.frames
    shown = replace(
        frame, copy_ms=0.25, kernels_ms=1.5, wait_ms=0.75, streams={1: 400.0, 4: 900.0, 16: 1000.0}
    )
    crowded = replace(shown, size=(2160, 3840), streams={1: 60.0})
    frames = (shown, crowded)
    report: Any = type("Report", (), {"gpu": replace(times, network_ms=0.375, frames=frames)})
    tables._print_gpu(report)
    text = capsys.readouterr().out
    assert text.count("no memory") == 2
    for part in ("320x192", "0.25", "1.50", "0.75", "400", "900", "1000", "16 at once", "0.38 ms"):
        assert part in text
