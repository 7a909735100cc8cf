"""Measures the whole frame on this machine's GPU and writes it into docs/gpu.md.

    python tests/gpu/gpu_report.py --write docs/gpu.md
    python tests/gpu/gpu_report.py --device cpu --quick    # on torch's CPU, to try the script

Needs torch and safetensors, no TensorRT, and no network. A few minutes. A part that fails is
reported as failed, and the others go on.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from this_gpu import ROOT, lacks

from edgeds.engine import default_engine, open_engine
from edgeds.engine.gpu.composer import DeviceComposer
from edgeds.engine.gpu.estimator import DeviceEstimator
from edgeds.engine.gpu.transfer import DevicePicture
from edgeds.errors import RunError
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.look_settings import LOOKS, WHOLE, LookSettings
from edgeds.estimate.settings import DRAWN_AT_EVERY_SIZE, DRAWN_ONCE, MATTE, Matte
from edgeds.pipeline import run
from edgeds.plate.plate import Plate
from edgeds.sinks import MemorySink
from edgeds.sinks.nvenc import nvenc_problem
from edgeds.sources import VideoSource
from edgeds.sources.yuv_planes import YuvPicture
from edgeds.types import Frame, Size
from edgeds.views.compose import composer

CLIP = ROOT / "tests" / "data" / "people_walking.mp4"
SIZES: dict[str, Size] = {"720p": (720, 1280), "1080p": (1080, 1920), "4K": (2160, 3840)}
STEADY_FRAMES = 8
STEADY = (
    (WHOLE, "every frame whole"),
    (replace(LOOKS, reuse_most=0), "a part of each"),
)
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


@dataclass
class Machine:
    """What is measured, and how long."""

    device: str
    frames: int
    sizes: dict[str, Size]
    compiles: bool

    @property
    def on_gpu(self) -> bool:
        return self.device.startswith("cuda")

    def wait(self) -> None:
        if self.on_gpu:
            torch.cuda.synchronize(self.device)


def frames_at(size: Size | None, count: int) -> list[Frame]:
    """Frames of a real clip, brought to a (height, width)."""
    with VideoSource(CLIP) as source:
        found = list(islice(source.every(15), count))
    if size is None:
        return found
    scaled = []
    for frame in found:
        picture: Any = frame.picture
        video = picture.video.reformat(width=size[1], height=size[0], format="yuv420p")
        scaled.append(frame.with_picture(YuvPicture(video, picture.colour)))
    return scaled


def plate_of(frames: list[Frame]) -> Plate:
    return Plate(np.median([frame.pixels for frame in frames], axis=0).astype(np.uint8))


def on_device(frames: list[Frame], estimate: DeviceEstimator) -> list[Frame]:
    """The frames with their planes on the device."""
    with estimate.stream:
        pictures = [
            DevicePicture(estimate.uploads(f.picture), estimate.colour, estimate.stream)
            for f in frames
        ]
        estimate.stream.record_event().wait()
    return [f.with_picture(p) for f, p in zip(frames, pictures, strict=True)]


def opened(
    machine: Machine,
    frames: list[Frame],
    stack: ExitStack,
    *,
    compiled: bool = False,
    looks: LookSettings = WHOLE,
    matte: Matte = MATTE,
) -> DeviceEstimator:
    """An estimator on the device before the frames' own median. It sees every frame whole, so that
    frames may come in any order.
    """
    name = "torch-compile" if compiled else "torch"
    engine: Any = stack.enter_context(open_engine(name, device=machine.device))
    colour: Any = frames[0].picture
    return DeviceEstimator(
        engine, plate_of(frames), colour.colour, looks=looks, matte=matte, compiled=compiled
    )


def per_frame_ms(machine: Machine, step: Callable[[int], object]) -> float:
    """Wall time of a frame, many under way at once, in milliseconds."""
    for index in range(min(10, machine.frames)):
        step(index)
    machine.wait()
    began = time.perf_counter()
    for index in range(machine.frames):
        step(index)
    machine.wait()
    return (time.perf_counter() - began) / machine.frames * 1e3


def environment(machine: Machine) -> list[str]:
    card = torch.cuda.get_device_name(machine.device) if machine.on_gpu else platform.processor()
    return [
        f"- device: {card or machine.device}",
        f"- torch {torch.__version__}, PyAV {av.__version__}, Python {platform.python_version()}",
        f"- measured: {datetime.date.today().isoformat()}",
    ]


def network(machine: Machine, name: str = "torch") -> list[str]:
    with open_engine(name, device=machine.device) as engine:
        opened_: Any = engine
        frame = np.random.default_rng(0).integers(0, 256, (*engine.size, 3), np.uint8)
        plate = engine.encode_plate(frame)
        secs = [opened_.device_secs(frame, plate) for _ in range(machine.frames)]
        return [f"Network, batch 1: {engine.name}: {np.median(secs) * 1e3:.3f} ms on the device."]


def whole_frame(machine: Machine) -> list[str]:
    rows = ["| frame, no codecs | estimate | with overlay |", "| --- | --- | --- |"]
    for name, size in machine.sizes.items():
        only, drawn = _frame_ms(machine, size, compiled=False)
        rows.append(f"| {name} | {only:.2f} ms | {drawn:.2f} ms |")
    return rows


def border(machine: Machine) -> list[str]:
    """What drawing it again adds to a frame, in time and in memory of the device."""
    ways = (DRAWN_ONCE, MATTE, DRAWN_AT_EVERY_SIZE)
    rows = [
        "| estimate | border drawn once | again | again at full size (`replace`) |",
        "| --- | --- | --- | --- |",
    ]
    for name, size in machine.sizes.items():
        measured = [_border_ms_and_mib(machine, size, matte) for matte in ways]
        cells = (f"{ms:.2f} ms, {mib:.0f} MiB" for ms, mib in measured)
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def _border_ms_and_mib(machine: Machine, size: Size, matte: Matte) -> tuple[float, float]:
    frames = frames_at(size, 4)
    free = torch.cuda.mem_get_info(machine.device)[0] if machine.on_gpu else 0
    with ExitStack() as stack:
        estimate = opened(machine, frames, stack, matte=matte)
        own = on_device(frames, estimate)
        spent = per_frame_ms(machine, drawing(own, estimate, None))
        left = torch.cuda.mem_get_info(machine.device)[0] if machine.on_gpu else 0
        del own, estimate
    if machine.on_gpu:
        torch.cuda.empty_cache()
    return spent, (free - left) / 2**20


def compiled(machine: Machine) -> list[str]:
    """The last part, since torch.compile may take minutes."""
    if not machine.compiles:
        return ["Compiled: not measured."]
    said = network(machine, "torch-compile")
    for name, size in machine.sizes.items():
        if name == "1080p":
            only, drawn = _frame_ms(machine, size, compiled=True)
            said.append(f"{name}, compiled: {only:.2f} ms estimate, {drawn:.2f} ms with overlay.")
    return said


def _frame_ms(machine: Machine, size: Size, *, compiled: bool) -> tuple[float, float]:
    frames = frames_at(size, 4)
    with ExitStack() as stack:
        estimate = opened(machine, frames, stack, compiled=compiled)
        draw = DeviceComposer("overlay", estimate, keeps=True, compiled=compiled)
        own = on_device(frames, estimate)
        only = per_frame_ms(machine, drawing(own, estimate, None))
        return only, per_frame_ms(machine, drawing(own, estimate, draw))


def drawing(
    frames: list[Frame], estimate: DeviceEstimator, draw: DeviceComposer | None
) -> Callable[[int], object]:
    """Does the n-th frame, in turn, without waiting for it."""

    def step(index: int) -> object:
        frame = frames[index % len(frames)]
        maps = estimate(frame)
        return maps if draw is None else draw.begin(frame, maps)

    return step


def parity(machine: Machine) -> list[str]:
    frames = frames_at(None, 6)
    with ExitStack() as stack:
        estimate = opened(machine, frames, stack)
        cpu = stack.enter_context(open_engine(default_engine(), device="cpu"))
        on_cpu = Estimator(cpu, estimate.plate, looks=WHOLE)
        draw = DeviceComposer("overlay", estimate)
        draw_on_cpu = composer(
            "overlay", plate=estimate.plate.pixels, plate_depth=on_cpu.plate_depth,
            depth_range=on_cpu.depth_range,
        )  # fmt: skip
        alpha, depth, luma = [], [], []
        for frame in frames[1:4]:
            got, wanted = estimate(frame), on_cpu(frame)
            alpha.append(np.abs(got.alpha - wanted.alpha).mean())
            off = np.abs(got.inverse_depth - wanted.inverse_depth).mean()
            depth.append(off / wanted.inverse_depth.mean())
            pictures = draw(frame, got).picture, draw_on_cpu(frame, wanted).picture
            one, other = (picture.planes[0].astype(int) for picture in pictures)
            luma.append(np.abs(one - other).mean())
    return [
        "Against the CPU pipeline on a real clip, the worst of 3 frames: "
        f"alpha MAD {max(alpha):.1e}, depth {100 * max(depth):.3f} %, "
        f"luma of the overlay {max(luma):.2f} levels."
    ]


def end_to_end(machine: Machine) -> list[str]:
    """A file decoded, estimated and drawn, nothing encoded; the decoder is in it."""
    lines, decoder = [], "NVDEC" if machine.on_gpu else "the CPU"
    for keeps, what in ((True, "pictures stay there"), (False, "pictures come to the host")):
        with ExitStack() as stack:
            frames = frames_at(None, 6)
            estimate = opened(machine, frames, stack, looks=LOOKS)
            draw = DeviceComposer("overlay", estimate, keeps=keeps)
            device = machine.device if machine.on_gpu else "cpu"
            source = stack.enter_context(VideoSource(CLIP, device=device))
            report = run(islice(source, machine.frames), estimate, draw, _Counted())
            where = next(iter(source.notes), f"decoded by {decoder}")
            lines.append(f"- {what}: {report.fps:.0f} fps ({where})")
    return [f"`{CLIP.name}`, 768x576, end to end without an encoder:", "", *lines]


def streams(machine: Machine) -> list[str]:
    """Frames a second of several streams at once, each with its own engine and thread."""
    size = machine.sizes.get("1080p") or next(iter(machine.sizes.values()))
    frames = frames_at(size, 2)
    rows = [f"| streams of {size[1]}x{size[0]}, no codecs | all together |", "| --- | --- |"]
    for count in (1, 4, 16) if machine.on_gpu else (1, 2):
        try:
            rows.append(f"| {count} | {_together(machine, frames, count):.0f} fps |")
        except (RuntimeError, RunError) as error:  # torch's own is a RuntimeError
            if "out of memory" not in str(getattr(error, "why", error)):
                raise
            rows.append(f"| {count} | no memory |")
            break
    return rows


def _together(machine: Machine, frames: list[Frame], count: int) -> float:
    with ExitStack() as stack:
        estimates = [opened(machine, frames, stack) for _ in range(count)]
        steps = [
            drawing(on_device(frames, e), e, DeviceComposer("overlay", e, keeps=True))
            for e in estimates
        ]
        began = time.perf_counter()
        with ThreadPoolExecutor(count) as threads:
            done = [threads.submit(_in_turn, machine, step) for step in steps]
        for one in done:
            one.result()  # one that failed was quick
        return count * machine.frames / (time.perf_counter() - began)


def _in_turn(machine: Machine, step: Callable[[int], Any]) -> None:
    for index in range(machine.frames):
        step(index)()


def codecs(machine: Machine) -> list[str]:
    problem = nvenc_problem(Path("a.mp4"), (1080, 1920), machine.device)
    return [f"NVENC: {problem or 'opens for 1920x1080'}."]


def memory(machine: Machine) -> list[str]:
    """Growth over many frames, in MiB."""
    frames = frames_at(next(iter(machine.sizes.values())), 4)
    with ExitStack() as stack:
        estimate = opened(machine, frames, stack)
        draw = DeviceComposer("overlay", estimate, keeps=True)
        own = on_device(frames, estimate)

        def used() -> tuple[float, float]:
            for index in range(10 * machine.frames):
                draw(own[index % 4], estimate(own[index % 4]))
            machine.wait()
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
            free = torch.cuda.mem_get_info(machine.device)[0] / 2**20 if machine.on_gpu else 0
            return resident, free

        before, after = used(), used()
    grown, taken = after[0] - before[0], before[1] - after[1]
    more = 10 * machine.frames
    return [f"{more} more frames: {grown:.1f} MiB on the host, {taken:.1f} MiB on the GPU."]


def host_copies(machine: Machine) -> list[str]:
    """What a steady frame copies between host and device, as the profiler sees it."""
    if not machine.on_gpu:
        return ["Copies to the host: not measured."]
    said = []
    for looks, what in STEADY:
        copies = copies_of(machine, looks)
        if copies is None:
            said.append("Copies to the host: not measured; the profiler sees nothing of the GPU.")
            continue
        counted = ", ".join(f"{name}: {c} copies, {b} bytes" for name, (c, b) in copies.items())
        said.append(
            f"{STEADY_FRAMES} steady frames, {what}: {counted or 'no copies'}; nothing else waits."
        )
    return said


def copies_of(machine: Machine, looks: LookSettings) -> dict[str, tuple[int, int]] | None:
    """(copies, bytes) between host and device, each way, of `STEADY_FRAMES` times the same frame
    with somebody in it, its planes on the device before and behind. None where the profiler sees
    nothing of a GPU.

    Raises:
        RuntimeError: torch waited for the device by itself, as for a number that the host reads.
    """
    from torch.profiler import ProfilerActivity, profile

    frames = frames_at(machine.sizes.get("1080p"), 4)
    with ExitStack() as stack:
        estimate = opened(machine, frames, stack, looks=looks)
        draw = DeviceComposer("overlay", estimate, keeps=True)
        own = on_device(frames, estimate)[0]
        for _ in range(20):  # the part is placed, its graphs are captured
            draw(own, estimate(own))
        machine.wait()
        before = torch.cuda.get_sync_debug_mode()
        with profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as seen:
            torch.cuda.set_sync_debug_mode("error")
            try:
                for _ in range(STEADY_FRAMES):
                    draw(own, estimate(own))
            finally:
                torch.cuda.set_sync_debug_mode(before)
            machine.wait()
    events = [(event.name(), event.nbytes()) for event in seen.profiler.kineto_results.events()]
    return copies_in(events)


def copies_in(events: list[tuple[str, int]]) -> dict[str, tuple[int, int]] | None:
    """Of the profiler's (name, bytes): see `copies_of`."""
    if not any(name.startswith(("Memcpy", "Memset")) for name, _ in events):
        return None
    found: dict[str, tuple[int, int]] = {}
    for way in ("DtoH", "HtoD"):
        sizes = [size for name, size in events if name.startswith(f"Memcpy {way}")]
        if sizes:
            found[way] = len(sizes), sum(sizes)
    return found


class _Counted(MemorySink):
    """Counts frames and lets them go."""

    def write(self, frame: Frame) -> None:
        del frame


PARTS: tuple[Callable[[Machine], list[str]], ...] = (
    environment, network, whole_frame, border, parity, codecs, end_to_end, host_copies, streams,
    memory, compiled,
)  # fmt: skip


def report(machine: Machine, on_part: Callable[[str], object] = lambda _: None) -> tuple[str, bool]:
    """The report in Markdown, and whether all parts went well.

    Args:
        on_part: is given the report so far after each part: a machine may be taken away.
    """
    lines, well = [], True
    for part in PARTS:
        began = time.perf_counter()
        try:
            lines += [*part(machine), ""]
        except Exception as error:
            traceback.print_exc()
            well = False
            what = part.__name__.replace("_", " ")
            lines += [f"{what}: failed: {type(error).__name__}: {error}", ""]
        sys.stderr.write(f"[{time.perf_counter() - began:5.1f} s] {part.__name__}\n")
        on_part("\n".join(lines).rstrip() + "\n")
    return "\n".join(lines).rstrip() + "\n", well


def write_into(page: Path, text: str) -> None:
    """Put the report between the page's two marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--quick", action="store_true", help="few frames of one small size")
    parser.add_argument("--write", type=Path, help="the page whose section is replaced")
    asked = parser.parse_args()
    if problem := lacks(asked.device):
        sys.stderr.write(f"nothing to measure on {asked.device}: {problem}\n")
        return 2
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    machine = Machine(
        device=asked.device,
        frames=3 if asked.quick else 200,
        sizes={"576p": (576, 768)} if asked.quick else SIZES,
        compiles=not asked.quick,
    )
    printed = 0

    def on_part(text: str) -> None:
        nonlocal printed
        sys.stdout.write(text[printed:])
        sys.stdout.flush()
        printed = len(text)
        if asked.write is not None:
            write_into(asked.write, text)

    _, well = report(machine, on_part)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
