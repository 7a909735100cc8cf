"""`build_engine`: from the float engine to one of another precision, judged, in its place.

All of it happens in a folder beside the target and is renamed at the end: a build that fails, or
is stopped, leaves the engine that was there. Knows nothing about printing or options.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgeds.engine import open_engine
from edgeds.engine.calibration import CalibrationSet, read_calibration_set
from edgeds.engine.candidates import (
    GRAPHS,
    Listener,
    Precision,
    check_tools,
    half_engine,
    int8_engine,
    write_card,
)
from edgeds.engine.card import CARD_NAME, Card, check_files, read_card, sha256_of
from edgeds.engine.gate import HeldOut, Latency, Verdict, held_out_by, measured_latency, verdict
from edgeds.engine.places import built_engines, default_engine
from edgeds.engine.target import OF_SHIPPED, WEIGHTS
from edgeds.errors import EngineError, RunError


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the engine shall run on."""

    gpu: str | None = None
    """None is the CPU; "sm86" and the like a GPU."""
    here: bool = True
    """Whether this machine has it, so that latency can be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One precision that was made: a line of the table at the end."""

    precision: Precision
    bytes: int
    frame_ms: float | None
    verdict: Verdict | None
    """None for float32: it is what others are judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What came of a build."""

    folder: Path
    card: Card
    asked: Precision
    rows: tuple[Row, ...]
    """In the order they were tried; the last one is the engine."""
    secs: float

    @property
    def refused(self) -> tuple[Row, ...]:
        """What the gate refused and nobody forced."""
        return self.rows[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """An engine folder in the making."""

    folder: Path
    row: Row


def build_engine(
    source: Path,
    output: Path | None,
    *,
    precision: Precision,
    target: Target,
    calibration: Path,
    force: bool = False,
    listener: Listener | None = None,
) -> Built:
    """Make an engine of `precision` from the float32 ONNX engine in `source`.

    Where the gate refuses it (see engine/gate.py), the next better precision is made instead,
    unless `force` is set; `Built` tells. Float32 is never refused.

    Args:
        output: the engine's folder, replaced if it holds an engine; None is one in the user's
            folder of built engines, named after size, precision and GPU.
        calibration: a set; int8 is calibrated on some of it, all but fp32 judged on the rest.

    Raises:
        EngineError: something is missing, the output holds something else or cannot be written
            to, TensorRT failed.
        DatasetError: the set is none, or too small.
        RunError: the disk is full.
    """
    started = time.monotonic()
    listener = listener or Listener()
    card = read_card(source)
    check_files(card, source)
    if precision != "fp32":
        check_tools()
    frames = None if precision == "fp32" else read_calibration_set(calibration)
    if output is not None:
        check_replaceable(output, source)
    parent = built_engines() if output is None else output.absolute().parent
    with _workplace(parent) as work:
        maker = _Maker(source, work, target, frames, listener)
        made = [maker.made(precision)]
        while not force and (refused := made[-1].row.verdict) and not refused.passed:
            made.append(maker.made(_better(made[-1].row.precision, target)))
        best = made[-1]
        name = engine_name(card, best.row.precision, target)
        folder = parent / name if output is None else output.absolute()
        check_replaceable(folder, source)
        done = _finished_card(best, folder.name, precision, made)
        done = replace(done, made={**done.made, **_network_told(card)})
        done.write(best.folder)
        put(best.folder, folder)
    return Built(
        folder=folder,
        card=done,
        asked=precision,
        rows=tuple(one.row for one in made),
        secs=time.monotonic() - started,
    )


@contextmanager
def _workplace(parent: Path) -> Iterator[Path]:
    """A folder to build in, beside the finished engine's place; gone at the end.

    Raises:
        EngineError: there can be none there.
        RunError: the disk is full, or breaks, while it is used.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        work = tempfile.TemporaryDirectory(prefix=".edgeds-build-", dir=parent)
    except OSError as error:
        raise EngineError(
            f"cannot write an engine into {str(parent)!r}",
            why=error.strerror or str(error),
            fix="give a folder that you may write to, with -o",
        ) from error
    with work as folder:
        try:
            yield Path(folder)
        except OSError as error:
            raise RunError(
                "the engine could not be written",
                why=error.strerror or str(error),
                fix=f"make room in {str(parent)!r}; the engine that was there is untouched",
            ) from error


def engine_name(source: Card, precision: Precision, target: Target) -> str:
    """Such as edgeds-192x320-int8, edgeds-192x320-fp16-sm86, or with the name of one's own weights
    in place of edgeds.
    """
    height, width = source.size
    network = Path(str(source.made.get(WEIGHTS, "edgeds"))).stem
    return "-".join(filter(None, (network, f"{height}x{width}", precision, target.gpu)))


def check_replaceable(folder: Path, source: Path) -> None:
    """Check that a finished engine may take this place.

    Raises:
        EngineError: it holds something that is no engine, or is the engine that is built from.
    """
    if not folder.exists():
        return
    if folder.is_dir() and folder.resolve() == source.resolve():
        why, fix = "it is the engine that this one is made from", "give another folder with -o"
    elif folder.is_dir() and ((folder / CARD_NAME).is_file() or not any(folder.iterdir())):
        return
    else:
        why = f"it holds something else than an engine (no {CARD_NAME})"
        fix = "give a new folder with -o, or the folder of an engine to replace"
    raise EngineError(f"cannot write the engine to {str(folder)!r}", why=why, fix=fix)


def put(new: Path, folder: Path) -> None:
    """Rename a finished folder into place; what was there is gone only after that."""
    if not folder.exists():
        new.rename(folder)
        return
    former = new.with_name("former")  # in the folder of this build, which goes at its end
    folder.rename(former)
    try:
        new.rename(folder)
    except BaseException:  # Ctrl-C too: the folder of this build is about to go
        former.rename(folder)
        raise


class _Maker:
    """Makes engines of any precision from one float engine, and judges them."""

    def __init__(
        self,
        source: Path,
        work: Path,
        target: Target,
        frames: CalibrationSet | None,
        listener: Listener,
    ) -> None:
        self._source, self._work, self._target = source, work, target
        self._frames, self._listener = frames, listener
        self._held_out: HeldOut | None = None

    def made(self, precision: Precision) -> _Made:
        graphs = self._graphs(precision)
        comparison = None
        if precision != "fp32":
            from edgeds.engine.onnxruntime import reference_engine

            held_out = self._judges()
            self._listener.stage(f"comparing {precision} with float", len(held_out))
            engine = reference_engine(graphs, read_card(graphs))
            comparison = held_out.compare(engine, on_frame=self._listener.step)
        folder = graphs if self._target.gpu is None else self._planned(graphs, self._target.gpu)
        latency = self._latency(folder, precision, "fp32")
        instead = None
        if precision != "fp32" and (better := _better(precision, self._target)) != "fp32":
            against = self._latency(folder, precision, better)
            instead = None if against is None else (better, against)
        row = Row(
            precision=precision,
            bytes=sum(path.stat().st_size for path in folder.iterdir()),
            frame_ms=latency.candidate_ms if latency else None,
            verdict=None if comparison is None else verdict(comparison, latency, instead=instead),
        )
        return _Made(folder=folder, row=row)

    def _graphs(self, precision: Precision) -> Path:
        """An ONNX engine folder of that precision, made once: what is timed against may be what is
        built in the end.
        """
        folder = self._work / precision
        if (folder / CARD_NAME).is_file():
            return folder
        if precision == "int8":
            assert self._frames is not None
            made = int8_engine(self._source, folder, self._frames, self._judges(), self._listener)
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
            from edgeds.engine.onnxruntime import reference_engine

            assert self._frames is not None
            items = self._frames.held_out
            self._listener.stage(f"float maps of {len(items)} held-out frames", len(items))
            engine = reference_engine(self._source, read_card(self._source))
            self._held_out = held_out_by(items, engine, on_frame=self._listener.step)
        return self._held_out

    def _planned(self, graphs: Path, gpu: str) -> Path:
        """The same engine as TensorRT plans; its own folder."""
        from edgeds.engine.tensorrt_build import plan_from_onnx

        folder = graphs.with_name(f"{graphs.name}-{gpu}")
        if (folder / CARD_NAME).is_file():
            return folder
        folder.mkdir()
        plans = {}
        for name in GRAPHS:
            plans[name] = plan_from_onnx(
                graphs / name,
                gpu="auto" if self._target.here else gpu,
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
        """Against an engine of the `other` precision, both as they will run; None where they cannot
        run here.
        """
        if not self._target.here:
            return None
        reference = self._source
        if self._target.gpu is not None:
            reference = self._planned(self._graphs(other), self._target.gpu)
        told = "float" if other == "fp32" else other
        self._listener.stage(f"timing {precision} and {told}, in turns", 0)
        with open_engine(reference) as float_engine, open_engine(folder) as candidate:
            return measured_latency(float_engine, candidate)


def _half_rest(int8: Path) -> Path:
    """The int8 engine with float16 where it was float32: what a GPU wants."""
    from edgeds.engine.precision import write_half

    for name in GRAPHS:
        write_half(int8 / name, int8 / name)
    card = read_card(int8)
    replace(card, files={name: sha256_of(int8 / name) for name in GRAPHS}).write(int8)
    return int8


def _better(precision: Precision, target: Target) -> Precision:
    """What is made when the gate refuses: on a CPU float16 is computed as float32, so it is no
    step between.
    """
    return "fp16" if precision == "int8" and target.gpu is not None else "fp32"


def _network_told(source: Card) -> dict[str, Any]:
    """Which network it is, for who loads the engine later, and perhaps with another edgeds."""
    if WEIGHTS in source.made:
        return {WEIGHTS: source.made[WEIGHTS]}
    return {OF_SHIPPED: source.network_hash == read_card(default_engine()).network_hash}


def _finished_card(best: _Made, name: str, asked: Precision, made: list[_Made]) -> Card:
    card = read_card(best.folder)
    told: dict[str, Any] = {}
    if asked != best.row.precision:
        told["asked_for"] = asked
        told["refused"] = {
            one.row.precision: list(one.row.verdict.reasons)
            for one in made[:-1]
            if one.row.verdict is not None
        }
    metrics = {} if best.row.verdict is None else {"gate": best.row.verdict.to_json()}
    built = {"day": time.strftime("%Y-%m-%d"), "processors": os.cpu_count()}
    return replace(card, name=name, metrics=metrics, made={**card.made, **built, **told})
