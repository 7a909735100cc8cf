"""Measures the speed of edgeds on this machine: end to end, by stage, and the network alone.

End to end, edgeds and a plain transcode take turns, each in a process of its own. Each part of the
report is a function here that adds its steps to a list, so that their number is known before the
first one. Knows nothing about printing.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgeds.cli.bench.clips import SCENES, Material, SceneName, material_of
from edgeds.cli.bench.gpu import GpuTimes, gpu_times
from edgeds.cli.bench.network import batch_times, every_network, network_times
from edgeds.cli.bench.one_measurement import TurnPlan, in_own_process
from edgeds.cli.bench.plan import OTHERS, Plan
from edgeds.cli.bench.report import FLOOR, BatchTimes, BenchReport, NetworkTimes, Row, Turn
from edgeds.cli.bench.settings import BENCH
from edgeds.engine import open_engine
from edgeds.engine.choose_engine import preset_sizes
from edgeds.engine.device_engine import device_of
from edgeds.engine.plate_depth_engine import plate_with_depth
from edgeds.errors import RunError
from edgeds.estimate.estimator import Estimator
from edgeds.plate.file import plate_from_file, plate_to_file
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource, open_source
from edgeds.sources.scaling import text_from_size
from edgeds.types import Engine, Pixels, Size
from edgeds.views.compose import Compose, composer

if TYPE_CHECKING:
    from edgeds.engine.device_engine import DeviceEngine

OnStage = Callable[[str], None]


def bench(plan: Plan, *, on_stage: OnStage = lambda _: None) -> BenchReport:
    """Measure this machine.

    Raises:
        EngineError: the engine cannot be opened.
        SourceError, PlateError: the clip cannot be read, or gives no plate.
        RunError: a turn failed.
    """
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    on_stage("first frame")
    name, first_frame_secs, times, gpu = _network(plan, on_stage)
    on_stage("material")
    parts = _Parts(plan, material_of(plan.clip, plan.base), on_stage)
    sizes = tuple(parts.size(size) for size in plan.sizes)
    compare, missing = parts.compare() if plan.compare else (None, {})
    started = parts.start() if plan.start else ((), ())
    return BenchReport(
        engine=name,
        day=datetime.now(timezone.utc).date().isoformat(),
        clip=parts.material.name,
        first_frame_secs=round(first_frame_secs, 3),
        network=times,
        gpu=gpu,
        sizes=sizes,
        compare=compare,
        missing=missing,
        scenes=tuple(parts.scene(one) for one in SCENES) if plan.scenes else (),
        streams=parts.streams() if plan.streams else (),
        batches=parts.batches() if plan.streams else (),
        networks=parts.networks() if plan.presets else (),
        start_secs=started[0],
        start_kept_secs=started[1],
        preset_sizes=preset_sizes(),
        load=load,
        quick=plan.quick,
    )


def _network(plan: Plan, on_stage: OnStage) -> tuple[str, float, NetworkTimes, GpuTimes | None]:
    """The engine's name, the time to the first overlay, the network's times, and those of a GPU."""
    source = SyntheticSource(size=plan.base, frame_count=2)
    frame = list(source)[-1]
    began = time.perf_counter()
    with open_engine(plan.engine, device=plan.device, preset=plan.preset) as network:
        estimate, compose = _stages(network, source.plate)
        compose(frame, estimate(frame))
        first_frame_secs = time.perf_counter() - began
        on_stage("network")
        runs = BENCH.quick_frames if plan.quick else BENCH.network_runs
        on_gpu = plan.device.startswith("cuda")
        times = network_times(network, on_gpu=on_gpu, runs=runs, preset=plan.preset)
        on_stage("GPU")
        return network.name, first_frame_secs, times, _on_gpu(plan, network)


def _on_gpu(plan: Plan, network: Engine) -> GpuTimes | None:
    """Copy, kernels and waiting where the network runs on a GPU; else None."""
    if not device_of(network).startswith("cuda"):
        return None
    return gpu_times(
        lambda: cast("DeviceEngine", open_engine(
            plan.engine, device=plan.device, preset=plan.preset
        )),
        plan.sizes,
        runs=BENCH.quick_frames if plan.quick else BENCH.gpu_runs,
    )  # fmt: skip


@dataclass(slots=True)
class _Parts:
    """The parts of the report, each measured when it is asked for."""

    plan: Plan
    material: Material
    on_stage: OnStage
    _failed: dict[str, str] = field(default_factory=dict)

    def size(self, size: Size) -> Row:
        label = text_from_size(size)
        with self._clip(label, size) as (clip, plate):
            ways = {FLOOR: TurnPlan(way="transcode", clip=clip, output="")}
            for preset in self.plan.used_presets:
                ways[preset] = self._own(clip, plate, preset=preset)
            return Row(name=label, size=size, ways=self._in_turns(label, ways))

    def compare(self) -> tuple[Row, dict[str, str]]:
        """The view `mask` of edgeds and of others; and the others that do not run, with why."""
        with self._clip("compare", self.plan.base) as (clip, plate):
            ways = {FLOOR: TurnPlan(way="transcode", clip=clip, output="")}
            for preset in self.plan.used_presets:
                ways[preset] = self._own(clip, plate, preset=preset, view="mask")
            missing = {}
            for name, way in OTHERS.items():
                python = self.plan.mediapipe_python if way == "mediapipe" else ""
                wanted = TurnPlan(way=way, clip=clip, output="", python=python)  # type: ignore[arg-type]
                try:
                    self._turn(f"compare, {name}", wanted)  # also warms the disk's cache
                except RunError as error:
                    missing[name] = error.why
                else:
                    ways[name] = wanted
            return Row(
                name="mask", size=self.plan.base, ways=self._in_turns("compare", ways)
            ), missing

    def scene(self, scene: SceneName) -> Row:
        with self._clip(scene, self.plan.base, scene) as (clip, plate):
            ways = {
                FLOOR: TurnPlan(way="transcode", clip=clip, output=""),
                self.plan.preset: self._own(clip, plate),
            }
            turns = self._in_turns(scene, ways)
            share = self._foreground(clip, plate)
        return Row(name=scene, size=self.plan.base, ways=turns, foreground=share)

    def streams(self) -> tuple[Row, ...]:
        with self._clip("streams", self.plan.base) as (clip, plate):
            ways = {str(n): self._own(clip, plate, streams=n) for n in BENCH.streams}
            turns = self._in_turns("streams", ways)
        return tuple(
            Row(
                name=f"{n} streams" if n > 1 else "1 stream",
                size=self.plan.base,
                ways={self.plan.preset: turns[str(n)]},
                streams=n,
            )
            for n in BENCH.streams
        )

    def batches(self) -> tuple[BatchTimes, ...]:
        return tuple(batch_times(runs=BENCH.quick_frames if self.plan.quick else 60))

    def networks(self) -> tuple[NetworkTimes, ...]:
        self.on_stage("every engine and preset")
        runs = BENCH.quick_frames if self.plan.quick else BENCH.network_runs
        return tuple(timed() for _, timed in every_network(self.plan.device, runs=runs))

    def start(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Whole runs of `edgeds video` on a clip of one frame, with a plate that keeps no depth and
        with one that does; Python keeps byte code, as where edgeds is installed. A first run makes
        that, and the plate with its depth; it is not counted.
        """
        self.on_stage("start")
        with tempfile.TemporaryDirectory() as folder:
            clip, plate, kept = (str(Path(folder) / n) for n in ("in.mp4", "plate.npz", "kept.npz"))
            plate_to_file(self.material.written(Path(clip), self.plan.base, 1), Path(plate))
            self._started(clip, plate, folder, "--save-plate", kept)
            turns = range(1 if self.plan.quick else BENCH.starts)
            both = [[self._started(clip, p, folder) for p in (plate, kept)] for _ in turns]
        computed, known = zip(*both, strict=True)
        return computed, known

    def _started(self, clip: str, plate: str, folder: str, *more: str) -> float:
        """Seconds of one run."""
        command = [sys.executable, "-m", "edgeds", "video", clip, "-b", plate, *more]
        command += ["--device", self.plan.device, "--preset", self.plan.preset]
        command += ["--engine", self.plan.engine] if self.plan.engine else []
        command += ["-o", str(Path(folder) / "out.mp4")]
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "bytecode")
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=env)
        if done.returncode:
            raise RunError(
                "edgeds video failed on a clip of one frame",
                why=(done.stderr.strip().splitlines() or ["no message"])[-1],
                fix="leave --all out and give the other options",
            )
        return round(time.perf_counter() - began, 3)

    def _own(self, clip: str, plate: str, **other: Any) -> TurnPlan:
        given = {"preset": self.plan.preset, **other}
        return TurnPlan(
            way="edgeds", clip=clip, output="", plate=plate, engine=self.plan.engine,
            device=self.plan.device, **given,
        )  # fmt: skip

    def _in_turns(self, label: str, ways: dict[str, TurnPlan]) -> dict[str, tuple[Turn, ...]]:
        taken: dict[str, list[Turn]] = {name: [] for name in ways}
        for number in range(self.plan.rounds):
            for name, wanted in ways.items():
                taken[name].append(self._turn(f"{label}, {name} {number + 1}", wanted))
        return {name: tuple(turns) for name, turns in taken.items()}

    def _turn(self, text: str, wanted: TurnPlan) -> Turn:
        self.on_stage(text)
        with tempfile.TemporaryDirectory() as folder:
            given = {name: getattr(wanted, name) for name in TurnPlan.__dataclass_fields__}
            return in_own_process(TurnPlan(**{**given, "output": str(Path(folder) / "out.mp4")}))

    @contextmanager
    def _clip(self, label: str, size: Size, scene: SceneName = "busy") -> Iterator[tuple[str, str]]:
        """The clip's file and that of its plate, as `edgeds capture` writes it, until the end of
        the block.
        """
        self.on_stage(f"{label}, clip")
        with tempfile.TemporaryDirectory() as folder:
            clip, plate = Path(folder) / "in.mp4", Path(folder) / "plate.npz"
            frames = self.plan.frames_at(size)
            empty = self.material.written(clip, size, frames, scene)
            plate_to_file(plate_with_depth(empty, self.plan.engine, self.plan.device), plate)
            yield str(clip), str(plate)

    def _foreground(self, clip: str, plate: str) -> float:
        """Mean share of alpha, of a few frames."""
        with open_engine(self.plan.engine, device=self.plan.device) as network:
            estimate = Estimator(network, plate_from_file(Path(plate)))
            with open_source(clip) as source:
                every = max(1, self.plan.frames_at(self.plan.base) // 12)
                seen = itertools.islice(source, every // 2, None, every)
                return round(float(np.mean([estimate(f).alpha.mean() for f in seen])), 4)


def _stages(network: Engine, plate: Pixels) -> tuple[Estimator, Compose]:
    """The stages between decoder and encoder."""
    estimate = Estimator(network, Plate(plate))
    compose = composer(
        "overlay",
        plate=plate,
        plate_depth=estimate.plate_depth,
        depth_range=estimate.depth_range,
    )
    return estimate, compose
