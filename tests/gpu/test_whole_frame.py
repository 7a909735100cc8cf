"""The whole frame on a real GPU: `pytest tests/gpu/test_whole_frame.py`. Needs torch alone."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from this_gpu import lacks

LACKS = lacks()
if LACKS:
    pytest.skip(LACKS, allow_module_level=True)

import gpu_report  # noqa: E402
import torch  # noqa: E402

from edgeds.engine import default_engine, open_engine  # noqa: E402
from edgeds.engine.gpu.change_detector import FLAGS  # noqa: E402
from edgeds.engine.gpu.composer import DeviceComposer  # noqa: E402
from edgeds.engine.gpu.part_network import STATISTICS  # noqa: E402
from edgeds.estimate.estimator import Estimator  # noqa: E402
from edgeds.estimate.look_settings import LOOKS, WHOLE  # noqa: E402
from edgeds.pipeline import run  # noqa: E402
from edgeds.sinks import VideoSink  # noqa: E402
from edgeds.sinks.nvenc import nvenc_format, nvenc_problem  # noqa: E402
from edgeds.sources import VideoSource  # noqa: E402
from edgeds.views.compose import composer  # noqa: E402

# each torch and driver has its own warnings
pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("default")]
MACHINE = gpu_report.Machine("cuda:0", 20, gpu_report.SIZES, compiles=False)


@pytest.mark.parametrize("size", [None, *gpu_report.SIZES.values()])
def test_alpha_depth_and_picture_are_those_of_the_cpu(size: Any) -> None:
    frames = gpu_report.frames_at(size, 4)
    with ExitStack() as stack:
        estimate = gpu_report.opened(MACHINE, frames, stack)
        cpu = stack.enter_context(open_engine(default_engine(), device="cpu"))
        on_cpu = Estimator(cpu, estimate.plate, looks=WHOLE)
        draw = DeviceComposer("overlay", estimate)
        on_host = composer(
            "overlay", plate=estimate.plate.pixels, plate_depth=on_cpu.plate_depth,
            depth_range=on_cpu.depth_range,
        )  # fmt: skip
        for frame in frames[1:3]:
            got, wanted = estimate(frame), on_cpu(frame)
            assert np.abs(got.alpha - wanted.alpha).mean() < 3e-4
            off = np.abs(got.inverse_depth - wanted.inverse_depth).mean()
            # on torch's CPU device float16 differs by .013 %
            assert off < 1e-3 * wanted.inverse_depth.mean()
            pictures = draw(frame, got).picture, on_host(frame, wanted).picture
            for one, other in zip(*(picture.planes for picture in pictures), strict=True):
                assert np.abs(one.astype(int) - other).mean() < 0.1
        assert "no CUDA graph" not in estimate.network.name


def test_nothing_of_a_steady_frame_goes_through_the_host() -> None:
    whole, parts = (gpu_report.copies_of(MACHINE, looks) for looks, _ in gpu_report.STEADY)
    if whole is None or parts is None:
        pytest.skip("the profiler sees nothing of the GPU")
    assert whole == {}
    # the few numbers by which the host decides where to look
    frames = gpu_report.STEADY_FRAMES
    assert parts == {"DtoH": (frames, frames * 4 * (FLAGS + STATISTICS))}


def test_the_network_looks_where_it_does_on_the_cpu() -> None:
    clip = gpu_report.CLIP
    with ExitStack() as stack:
        source = stack.enter_context(VideoSource(clip))
        frames = list(islice(source, 40))
        estimate = gpu_report.opened(MACHINE, frames, stack, looks=LOOKS)
        cpu = stack.enter_context(open_engine(default_engine(), device="cpu"))
        on_cpu = Estimator(cpu, estimate.plate)
        off = [np.abs(estimate(one).alpha - on_cpu(one).alpha).mean() for one in frames]
    # float16 may see a bound a pixel elsewhere, and then the part lies elsewhere
    assert np.median(off) < 3e-4
    assert max(off) < 3e-3


def test_nvdec_gives_the_planes_of_the_cpu_and_they_stay_on_the_gpu() -> None:
    clip = gpu_report.CLIP
    with VideoSource(clip, device="cuda:0") as there, VideoSource(clip) as here:
        for got, wanted in islice(zip(there, here, strict=True), 10):
            if got.picture.device == "cpu":
                pytest.skip(there.notes[0])
            luma = torch.utils.dlpack.from_dlpack(got.picture.planes[0].__dlpack__())
            torch.cuda.synchronize()
            assert np.array_equal(luma.cpu().numpy(), wanted.picture.planes[0])
            assert np.array_equal(got.pixels, wanted.pixels)
            assert got.pts == wanted.pts


def test_a_clip_is_decoded_drawn_and_encoded_on_the_gpu(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    if problem := nvenc_problem(target, (576, 768), "cuda:0"):
        pytest.skip(problem)
    frames = gpu_report.frames_at(None, 4)
    with ExitStack() as stack:
        estimate = gpu_report.opened(MACHINE, frames, stack)
        draw = DeviceComposer("overlay", estimate, keeps=True)
        source = stack.enter_context(VideoSource(gpu_report.CLIP, device="cuda:0"))
        sink = VideoSink(target, source.info, kind=nvenc_format(target))
        with sink:
            report = run(islice(source, 30), estimate, draw, sink)
    assert report.frames == 30
    with VideoSource(target) as made, VideoSource(gpu_report.CLIP) as given:
        shown = list(made)
        assert len(shown) == 30
        corner = (slice(0, 64), slice(0, 64))  # where nothing is drawn
        for got, wanted in zip(shown, given, strict=False):
            off = got.pixels[corner].astype(int) - wanted.pixels[corner]
            assert np.abs(off).mean() < 6


def test_two_threads_with_an_estimator_each_do_not_disturb_each_other() -> None:
    frames = gpu_report.frames_at(None, 4)
    alphas: list[list[Any]] = [[], []]

    def work(number: int) -> None:
        with ExitStack() as stack:
            estimate = gpu_report.opened(MACHINE, frames, stack)
            draw = DeviceComposer("overlay", estimate)
            for frame in frames * 5:
                maps = estimate(frame)
                alphas[number].append((maps.alpha, draw(frame, maps).picture.planes[0].copy()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(alphas[0]) == len(alphas[1]) == 20
    for one, other in zip(*alphas, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_thousand_frames_leave_memory_as_it_was() -> None:
    frames = gpu_report.frames_at((720, 1280), 4)
    with ExitStack() as stack:
        estimate = gpu_report.opened(MACHINE, frames, stack)
        draw = DeviceComposer("overlay", estimate)
        own = gpu_report.on_device(frames, estimate)

        def used(count: int) -> tuple[int, int]:
            for index in range(count):
                draw(own[index % 4], estimate(own[index % 4]))
            torch.cuda.synchronize()
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            return torch.cuda.mem_get_info(0)[0], pages * 4096

        free_before, resident_before = used(100)
        free_after, resident_after = used(1000)
    assert free_before - free_after < 16 << 20
    assert resident_after - resident_before < 64 << 20


def test_what_is_compiled_gives_the_same() -> None:
    frames = gpu_report.frames_at(None, 4)
    with ExitStack() as stack:
        plain = gpu_report.opened(MACHINE, frames, stack)
        compiled = gpu_report.opened(MACHINE, frames, stack, compiled=True)
        for frame in frames[1:3]:
            assert np.abs(plain(frame).alpha - compiled(frame).alpha).mean() < 3e-4
