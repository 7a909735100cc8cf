"""Times the network alone: the one in use, every engine and preset of this machine, and batches.

The load of other programs and a throttled processor change times from minute to minute. So the
network is timed in turns with a yardstick that is independent of edgeds: compare the ratio.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import get_args

import numpy as np

from edgeds.cli.bench.report import BatchTimes, NetworkTimes
from edgeds.cli.bench.settings import BENCH
from edgeds.engine import open_engine
from edgeds.engine.arithmetic import BF16
from edgeds.engine.choose_engine import engine_choices
from edgeds.engine.cuda_driver import find_cuda
from edgeds.engine.engine_folders import default_engine
from edgeds.engine.tensorrt_library import LIBRARIES
from edgeds.estimate.settings import Preset
from edgeds.sources import SyntheticSource
from edgeds.sources.scaling import resized
from edgeds.sources.threads import threads
from edgeds.types import Engine


def network_times(
    network: Engine, *, on_gpu: bool, runs: int = BENCH.network_runs, preset: str = ""
) -> NetworkTimes:
    """The network and the yardstick in turns, after a few unmeasured ones."""
    source = SyntheticSource(size=network.size, frame_count=2)
    plate = network.encode_plate(resized(source.plate, network.size))
    frame = list(source)[-1].pixels
    what, yardstick = _gpu_yardstick() if on_gpu else _cpu_yardstick()
    network_secs, yardstick_secs = [], []
    for turn in range(BENCH.warm_up + runs):
        first = time.perf_counter()
        network.infer(frame, plate)
        second = time.perf_counter()
        yardstick()
        third = time.perf_counter()
        if turn >= BENCH.warm_up:
            network_secs.append(second - first)
            yardstick_secs.append(third - second)
    p50, p95 = np.percentile(network_secs, (50, 95)) * 1e3
    reference = float(np.median(yardstick_secs)) * 1e3
    return NetworkTimes(
        p50_ms=round(float(p50), 3),
        p95_ms=round(float(p95), 3),
        runs=runs,
        yardstick=what,
        yardstick_p50_ms=round(reference, 3),
        ratio=round(float(p50) / reference, 3),
        engine=network.name,
        preset=preset,
    )


def every_network(
    device: str, *, runs: int = BENCH.network_runs
) -> Iterator[tuple[str, Callable[[], NetworkTimes]]]:
    """Every engine and preset that can run here: a name, and a function that times it.

    A TensorRT engine has one size, so no presets. The shipped engine is timed in float and, where
    the processor has it, in bfloat16.
    """
    for one in engine_choices(cuda=find_cuda(), device=device):
        if one.problem:
            continue
        where = one.runs_on if one.runs_on.startswith("cuda") else "cpu"
        presets = ("",) if one.card.backend in LIBRARIES else get_args(Preset)
        engines = [str(one.folder)]
        if one.folder == default_engine() and _has_bf16():
            engines.append(BF16)
        for engine, preset in product(engines, presets):
            name = BF16 if engine == BF16 else one.card.name
            yield f"{name} {preset}".strip(), partial(_timed, engine, where, preset, runs)


def _has_bf16() -> bool:
    try:
        from edgeds.engine.openvino import fastest_arithmetic
    except ImportError:
        return False
    return fastest_arithmetic() == BF16


def _timed(engine: str, device: str, preset: str, runs: int) -> NetworkTimes:
    chosen: Preset = preset or "balanced"  # type: ignore[assignment]
    on_gpu = device.startswith("cuda")
    with open_engine(engine, device=device, preset=chosen, threads=threads().network) as network:
        return network_times(network, on_gpu=on_gpu, runs=runs, preset=preset)


def batch_times(*, runs: int = BENCH.network_runs) -> Iterator[BatchTimes]:
    """The shipped network on one and on several frames at once, where OpenVINO is installed."""
    try:
        from edgeds.engine.openvino import compiled, fastest_arithmetic
    except ImportError:
        return
    folder = default_engine()
    rng = np.random.default_rng(0)
    for count in BENCH.batches:
        graph = compiled(
            folder / "frame.onnx",
            threads=threads().network,
            batch=count,
            arithmetic=fastest_arithmetic(),
        )
        request = graph.create_infer_request()
        given = {
            port.get_any_name(): rng.integers(0, 255, tuple(port.shape)).astype(
                np.uint8 if port.get_any_name() == "frame" else np.float32
            )
            for port in graph.inputs
        }
        taken = []
        for _ in range(BENCH.warm_up + max(1, runs // count)):
            began = time.process_time()
            request.infer(given, share_inputs=True)
            taken.append(time.process_time() - began)
        middle = float(np.median(taken[BENCH.warm_up :]))
        yield BatchTimes(frames=count, cpu_ms=round(1e3 * middle / count, 3))


def _cpu_yardstick() -> tuple[str, Callable[[], object]]:
    side = BENCH.yardstick_side
    picture = np.random.default_rng(0).random((side, side))
    return f"Fourier transform of a {side}x{side} picture (NumPy)", lambda: np.fft.rfft2(picture)


def _gpu_yardstick() -> tuple[str, Callable[[], object]]:
    import torch

    side = 8 * BENCH.yardstick_side
    matrix = torch.rand((side, side), dtype=torch.float16, device="cuda")

    def multiplied() -> None:
        torch.mm(matrix, matrix)
        torch.cuda.synchronize()

    return f"product of two {side}x{side} float16 matrices (torch)", multiplied
