"""Makes engines of any precision from one float engine, and judges them.

Works in a folder that is given to it. Knows nothing about where a finished engine goes.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgeds.engine import open_engine
from edgeds.engine.build.accuracy_gate import (
    Comparison,
    HeldOut,
    Latency,
    Verdict,
    held_out_by,
    measured_latency,
    verdict,
)
from edgeds.engine.build.calibration_set import CalibrationSet
from edgeds.engine.build.onnx_variants import (
    GRAPHS,
    Listener,
    Precision,
    half_engine,
    int8_engine,
    write_card,
)
from edgeds.engine.card import CARD_NAME, read_card, sha256_of
from edgeds.engine.engine_folders import built_engines
from edgeds.evaluation.dataset import Item
from edgeds.types import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTarget:
    """What the engine will run on."""

    gpu: str | None = None
    """None is the CPU; "sm86" is a GPU architecture."""
    here: bool = True
    """Whether this machine has it: only then can latency be measured."""
    device: str = "auto"
    """Which GPU of this machine: "cuda:1"; "auto" is the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One precision that was built: a line of the final table."""

    precision: Precision
    bytes: int
    frame_ms: float | None
    verdict: Verdict | None
    """None for float32, which the others are compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An engine folder that may become the result."""

    folder: Path
    row: Row


class CandidateBuilder:
    """Makes engines of any precision from one float engine, and judges them."""

    def __init__(
        self,
        source: Path,
        work: Path,
        target: BuildTarget,
        frames: CalibrationSet | None,
        listener: Listener,
    ) -> None:
        self._source, self._work, self._target = source, work, target
        self._frames, self._listener = frames, listener
        self._held_out: HeldOut | None = None

    def made(self, precision: Precision) -> Candidate:
        graphs = self._graphs(precision)
        folder = graphs if self._target.gpu is None else self._planned(graphs, self._target.gpu)
        comparison = None if precision == "fp32" else self._compared(graphs, folder, precision)
        latency = self._latency(folder, precision, "fp32")
        instead = None
        if precision != "fp32" and (better := next_better(precision, self._target)) != "fp32":
            against = self._latency(folder, precision, better)
            instead = None if against is None else (better, against)
        row = Row(
            precision=precision,
            bytes=sum(path.stat().st_size for path in folder.iterdir()),
            frame_ms=latency.candidate_ms if latency else None,
            verdict=None if comparison is None else verdict(comparison, latency, instead=instead),
        )
        return Candidate(folder=folder, row=row)

    def _compared(self, graphs: Path, folder: Path, precision: Precision) -> Comparison:
        """The plan itself where its GPU is here; else its graphs, node by node on the CPU."""
        from edgeds.engine.onnxruntime import reference_engine

        held_out = self._judges()
        self._listener.stage(f"comparing {precision} with float", len(held_out))
        on_gpu = self._target.gpu is not None and self._target.here
        engine: Engine = (
            open_engine(folder, device=self._target.device)
            if on_gpu
            else reference_engine(graphs, read_card(graphs))
        )
        with engine:
            return held_out.compare(engine, on_frame=self._listener.step)

    def _graphs(self, precision: Precision) -> Path:
        """An ONNX engine folder of that precision. It is made once, since an engine that others are
        timed against may become the result.
        """
        folder = self._work / precision
        if (folder / CARD_NAME).is_file():
            return folder
        if precision == "int8":
            assert self._frames is not None
            choosing = self._float_maps(self._frames.choosing, "frames to choose the method by")
            made = int8_engine(self._source, folder, self._frames, choosing, self._listener)
            return made if self._target.gpu is None else _half_rest(made)
        self._listener.stage(f"writing {precision} graphs", 0)
        if precision == "fp16":
            return half_engine(self._source, folder)
        folder.mkdir()
        for name in GRAPHS:
            shutil.copyfile(self._source / name, folder / name)
        return write_card(self._source, folder, "fp32", made=read_card(self._source).made)

    def _judges(self) -> HeldOut:
        if self._held_out is None:
            assert self._frames is not None
            self._held_out = self._float_maps(self._frames.held_out, "held-out frames")
        return self._held_out

    def _float_maps(self, items: Sequence[Item], what: str) -> HeldOut:
        from edgeds.engine.onnxruntime import reference_engine

        self._listener.stage(f"float maps of {len(items)} {what}", len(items))
        engine = reference_engine(self._source, read_card(self._source))
        return held_out_by(items, engine, on_frame=self._listener.step)

    def _planned(self, graphs: Path, gpu: str) -> Path:
        """The same engine as TensorRT plans, in a folder of its own."""
        from edgeds.engine.build.tensorrt_build import plan_from_onnx

        folder = graphs.with_name(f"{graphs.name}-{gpu}")
        if (folder / CARD_NAME).is_file():
            return folder
        folder.mkdir()
        plans = {}
        for name in GRAPHS:
            plans[name] = plan_from_onnx(
                graphs / name,
                gpu=self._target.device if self._target.here else gpu,
                timing_cache=built_engines().parent / "timing.cache",
                on_stage=lambda text: self._listener.stage(text, 0),
            )
            (folder / name).with_suffix(".plan").write_bytes(plans[name].data)
        card, frame = read_card(graphs), plans["frame.onnx"]
        files = {path.name: sha256_of(path) for path in folder.iterdir()}
        kernels = {Path(name).stem: plan.kernels for name, plan in plans.items()}
        replace(
            card,
            name=folder.name,
            backend=frame.library,
            files=files,
            target=frame.target,
            made={**card.made, "kernels": kernels},
        ).write(folder)
        return folder

    def _latency(self, folder: Path, precision: Precision, other: Precision) -> Latency | None:
        """Time it against an engine of the `other` precision, both as they will run. None where
        this machine cannot run them.
        """
        if not self._target.here:
            return None
        reference = self._source
        if self._target.gpu is not None:
            reference = self._planned(self._graphs(other), self._target.gpu)
        against = "float" if other == "fp32" else other
        self._listener.stage(f"timing {precision} and {against}, in turns", 0)
        device = self._target.device if self._target.gpu is not None else "cpu"
        with (
            open_engine(reference, device=device) as float_engine,
            open_engine(folder, device=device) as candidate,
        ):
            return measured_latency(float_engine, candidate)


def _half_rest(int8: Path) -> Path:
    """The int8 engine with float16 in place of float32, which is faster on a GPU."""
    from edgeds.engine.build.half_precision import write_half

    for name in GRAPHS:
        write_half(int8 / name, int8 / name)
    card = read_card(int8)
    replace(card, files={name: sha256_of(int8 / name) for name in GRAPHS}).write(int8)
    return int8


def next_better(precision: Precision, target: BuildTarget) -> Precision:
    """The precision to build when the gate refuses this one. A CPU computes float16 as float32, so
    float16 is a step of its own on a GPU only.
    """
    return "fp16" if precision == "int8" and target.gpu is not None else "fp32"
