"""The time of a frame on a GPU, split into copy, kernels and waiting; and several streams at once.

What computes on the GPU is `edgeds.engine.gpu`; on torch's CPU device it runs too, and then these
are times of that CPU. Knows nothing about printing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from edgeds.cli.bench.settings import BENCH
from edgeds.errors import RunError
from edgeds.estimate.look_settings import WHOLE
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.sources.yuv_planes import YuvPicture
from edgeds.types import ColourTags, Frame, Size

if TYPE_CHECKING:
    from edgeds.engine.cuda_stream import DeviceStream
    from edgeds.engine.device_engine import DeviceEngine

_COLOUR = ColourTags(primaries=1, transfer=1, matrix=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFrame:
    """A frame of one size: from the computer's memory to a drawn overlay on the device."""

    size: Size
    copy_ms: float
    """One frame's planes to the device, by the device's own clock."""
    kernels_ms: float
    """Network, depth, matte and overlay, by the device's own clock, frames back to back. A host
    that launches more slowly than the device computes makes it longer.
    """
    wait_ms: float
    """The rest of the time of a single frame: the host prepares, launches and waits."""
    streams: dict[int, float]
    """Streams at once -> frames per second of all together; without those that the device has no
    memory for.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuTimes:
    device: str
    network_ms: float
    """The network alone, by the device's own clock."""
    frames: tuple[GpuFrame, ...]


def gpu_times(
    open_network: Callable[[], DeviceEngine],
    sizes: tuple[Size, ...],
    *,
    runs: int = BENCH.gpu_runs,
    streams: tuple[int, ...] = BENCH.gpu_streams,
) -> GpuTimes:
    """Time the network that `open_network` opens on its device. Each stream opens its own.

    Raises:
        EngineError: it does not open.
        RunError: the device failed.
    """
    with ExitStack() as stack:
        network = stack.enter_context(open_network())
        pixels = np.full((*network.size, 3), 127, np.uint8)
        plate = network.encode_plate(pixels)
        alone = [network.device_secs(pixels, plate) for _ in range(runs)]
        frames = []
        for size in sizes:
            one = _Stream(network, size)
            copy, kernels = one.copy_secs(runs), one.kernel_secs(runs)
            whole = one.whole_secs(runs)
            frames.append(
                GpuFrame(
                    size=size,
                    copy_ms=_ms(copy),
                    kernels_ms=_ms(kernels),
                    wait_ms=_ms(max(0.0, whole - copy - kernels)),
                    streams=_all_together(open_network, size, streams, runs),
                )
            )
        device = str(network.stream.device)
    return GpuTimes(device=device, network_ms=_ms(float(np.median(alone))), frames=tuple(frames))


class _Stream:
    """One stream of frames of a synthetic scene: estimated and drawn on the device."""

    def __init__(self, network: DeviceEngine, size: Size) -> None:
        from edgeds.engine.gpu.composer import DeviceComposer
        from edgeds.engine.gpu.estimator import DeviceEstimator

        source = SyntheticSource(size=size, frame_count=2)
        self._frame = _as_decoded(list(source)[-1])
        # every frame whole: what it costs depends on no scene
        self._estimate = DeviceEstimator(network, Plate(source.plate), _COLOUR, looks=WHOLE)
        self._draw = DeviceComposer("overlay", self._estimate, keeps=True)
        self._stream: DeviceStream = network.stream

    def copy_secs(self, runs: int) -> float:
        """How long a frame's planes take to the device, from page-locked memory."""
        targets = self._estimate.empty_maps().planes
        with self._stream:
            hosts = [self._stream.host(tuple(one.shape), one.dtype) for one in targets]

            def copies() -> None:
                for target, host in zip(targets, hosts, strict=True):
                    self._stream.copy(target, host)

            return float(np.median([self._stream.secs_of(copies) for _ in range(runs)]))

    def kernel_secs(self, runs: int) -> float:
        """How long a frame takes that is on the device, with many under way."""
        from edgeds.engine.gpu.transfer import DevicePicture

        planes = self._estimate.empty_maps().planes
        on_device = self._frame.with_picture(DevicePicture(planes, _COLOUR, self._stream))

        def frames() -> None:
            for _ in range(runs):
                self._draw.begin(on_device, self._estimate(on_device))

        with self._stream:
            self._stream.secs_of(frames)  # the first ones allocate
            return self._stream.secs_of(frames) / runs

    def whole_secs(self, runs: int) -> float:
        """How long a single frame takes, from the computer's memory until its picture is whole."""
        took = []
        for _ in range(runs):
            began = time.perf_counter()
            self.once()
            took.append(time.perf_counter() - began)
        return float(np.median(took))

    def once(self) -> None:
        self._draw(self._frame, self._estimate(self._frame))


def _all_together(
    open_network: Callable[[], DeviceEngine], size: Size, streams: tuple[int, ...], runs: int
) -> dict[int, float]:
    found: dict[int, float] = {}
    for count in sorted(streams):
        try:
            found[count] = _together(open_network, size, count, runs)
        except (RuntimeError, RunError) as error:  # torch's own is a RuntimeError
            if "out of memory" not in str(getattr(error, "why", error)):
                raise
            break  # more would not fit either
    return found


def _together(open_network: Callable[[], DeviceEngine], size: Size, count: int, runs: int) -> float:
    """Frames per second of `count` streams at once, each with its own network and thread."""
    failed: list[BaseException] = []

    def work(one: _Stream) -> None:
        try:
            for _ in range(runs):
                one.once()
        except BaseException as error:
            failed.append(error)

    with ExitStack() as stack:
        networks = [stack.enter_context(open_network()) for _ in range(count)]
        all_of_them = [_Stream(network, size) for network in networks]
        for one in all_of_them:
            one.once()
        threads = [Thread(target=work, args=(one,)) for one in all_of_them]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - began
    if failed:
        raise failed[0]
    return round(count * runs / took, 1)


def _as_decoded(frame: Frame) -> Frame:
    """The frame in 4:2:0, as a decoder gives it."""
    import av

    video = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24").reformat(format="yuv420p")
    return frame.with_picture(YuvPicture(video, _COLOUR))


def _ms(secs: float) -> float:
    return round(1e3 * secs, 3)
