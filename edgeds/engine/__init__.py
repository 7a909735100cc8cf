"""The network on some hardware: `open_engine` checks an engine's card, then loads it."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import cast

from edgeds.engine.arithmetic import Arithmetic, split_name
from edgeds.engine.background_subtraction import DifferenceEngine
from edgeds.engine.card import Card, check_files, read_card
from edgeds.engine.choose_engine import TORCH, engine_for
from edgeds.engine.cuda_driver import gpu_index
from edgeds.engine.engine_folders import default_engine, engine_folder, shipped_weights
from edgeds.engine.fits_this_machine import check_network, open_tensorrt, rebuild_command
from edgeds.engine.settings import PRESET_SIZES
from edgeds.engine.tensorrt_library import LIBRARIES
from edgeds.errors import EngineError
from edgeds.estimate.settings import Preset
from edgeds.sources.argument_checks import check_argument
from edgeds.sources.scaling import text_from_size
from edgeds.sources.threads import threads_wanted
from edgeds.types import Engine, Size

COMPILERS = (TORCH, "torch-compile", "torch-tensorrt")
"""What runs weights: plain torch, torch.compile, torch_tensorrt."""

__all__ = ["Card", "DifferenceEngine", "default_engine", "open_engine", "read_card"]


def open_engine(
    path: str | Path | None = None,
    *,
    device: str = "auto",
    preset: Preset = "balanced",
    threads: int | None = None,
    depth: bool = True,
) -> Engine:
    """Open an engine: a folder, weights on torch, or "difference", the plain plate difference.

    Threads may share an engine, which serves one of them at a time; an `Estimator` belongs to one
    camera.

    Args:
        path: a folder with a card.json, or the bare name of an engine that was built or ships;
            without it engine/choose_engine.py chooses. "torch", "torch-compile" and
            "torch-tensorrt" run the shipped weights on torch; "torch-compile:mine.safetensors" your
            own. A bare .safetensors file runs on plain torch. "bf16" is the shipped engine in
            bfloat16, "bf16:FOLDER" another one. A name or a folder alone is float; without a path
            the shipped engine runs in bfloat16 where the processor has it.
        device: "auto", "cpu", or "cuda:N" for TensorRT and torch.
        preset: the same network at another size. "fast" is 256x160, which takes two thirds of the
            time and loses thin things; "fine" is 512x288, which sees thinner things and takes 2.5
            times as long. A TensorRT engine has one size: it must have been built for that one.
        threads: how many the network may use on a CPU; None lets its library choose. The
            environment variable EDGEDS_THREADS goes before it.
        depth: False where nobody looks at the depth of frames: an ONNX engine leaves it out, and
            gives 0. A frame's network takes a tenth less time.

    Raises:
        EngineError: no engine there, it is damaged, nothing installed can run it on `device`, or
            it has another size than the preset, or this processor has no bfloat16.
        InputError: EDGEDS_THREADS is not a number of threads.
    """
    _check(path, device, preset, threads)
    threads = threads_wanted() or threads  # here: a library that does not open is passed over
    size = PRESET_SIZES[preset]
    if str(path) == "difference":
        return DifferenceEngine() if size is None else DifferenceEngine(size=size)
    chosen = engine_for(device, size=size) if path is None else Path(path)
    compiler, _, weights = str(chosen).partition(":")
    if compiler in COMPILERS:
        given = Path(weights) if weights else shipped_weights()
        return _open_on_torch(given, device, compiler, size)
    if chosen.suffix == ".safetensors":
        return _open_on_torch(chosen, device, TORCH, size)
    named, arithmetic = split_name(str(chosen))
    folder = engine_folder(named) if named else default_engine()
    wanted = None if path is None else arithmetic
    return _open_folder(folder, wanted, device, size=size, threads=threads, depth=depth)


def _check(path: object, device: object, preset: object, threads: object) -> None:
    """
    Raises:
        EngineError: one of them is something else.
    """
    check_argument(
        path, path is None or isinstance(path, (str, os.PathLike)), name="the engine",
        wanted="a folder or a name, or left out", fix="open_engine() chooses one",
        error=EngineError,
    )  # fmt: skip
    check_argument(
        device, device == "cpu" or gpu_index(str(device)) is not None, name="the device",
        wanted="auto, cpu or cuda:N", fix="leave it out: auto takes a GPU where there is one",
        error=EngineError,
    )  # fmt: skip
    check_argument(
        preset, preset in PRESET_SIZES, name="the preset",
        wanted=f"one of {', '.join(PRESET_SIZES)}", fix="leave it out: balanced",
        error=EngineError,
    )  # fmt: skip
    is_count = isinstance(threads, int) and not isinstance(threads, bool) and threads > 0
    check_argument(
        threads, threads is None or is_count, name="the number of threads",
        wanted="a whole number, at least 1", fix="leave it out: the library chooses",
        error=EngineError,
    )  # fmt: skip


def _open_folder(
    folder: Path,
    arithmetic: Arithmetic | None,
    device: str,
    *,
    size: Size | None,
    threads: int | None,
    depth: bool,
) -> Engine:
    card = read_card(folder)
    check_files(card, folder)
    check_network(card)
    if card.backend in LIBRARIES:
        if size not in (None, card.size):
            raise _wrong_size(card, size)
        return open_tensorrt(folder, card, device=device)
    if card.backend != "onnx":
        raise EngineError(
            f"cannot load the engine {card.name!r}",
            why=f"its backend is {card.backend!r}, this edgeds knows onnx, {', '.join(LIBRARIES)}",
            fix="use one of these, or update edgeds",
        )
    if device not in ("auto", "cpu"):
        raise EngineError(
            f"cannot run the engine {card.name!r} on {device!r}",
            why="it is an ONNX engine, and edgeds runs those on the CPU",
            fix="use device auto or cpu (--device), or make one for the GPU: edgeds build-engine",
        )
    return _open_on_cpu(card, folder, arithmetic, size=size, threads=threads, depth=depth)


def _wrong_size(card: Card, size: Size) -> EngineError:
    wanted = text_from_size(size)
    return EngineError(
        f"cannot run the engine {card.name!r} at {wanted}",
        why=f"it was built for {text_from_size(card.size)}, and a TensorRT engine has one size",
        fix=f"edgeds build-engine --size {wanted}, or preset balanced (without --preset)",
    )


def _open_on_torch(weights: Path, device: str, compiler: str, size: Size | None) -> Engine:
    what = f"cannot run the weights {weights.name!r}"
    try:
        module = importlib.import_module("edgeds.engine.torch_cuda")
    except ImportError as error:
        raise EngineError(
            what, why=f"{error.name} is not installed", fix='pip install "edgeds[cuda]"'
        ) from error
    size = size or read_card(default_engine()).size
    engine = module.open_weights(weights, device=device, size=size, compiler=compiler)
    return cast(Engine, engine)


def _open_on_cpu(
    card: Card,
    folder: Path,
    arithmetic: Arithmetic | None,
    *,
    size: Size | None,
    threads: int | None,
    depth: bool,
) -> Engine:
    """On OpenVINO; where it does not load, every reason."""
    reasons = []
    # The fastest arithmetic may fail where oneDNN is kept from using what the processor has.
    ways: list[Arithmetic | None] = [None, "float"] if arithmetic is None else [arithmetic]
    for way in ways:
        try:
            from edgeds.engine.openvino import OpenVinoEngine

            return OpenVinoEngine(
                folder, card, size=size, threads=threads, arithmetic=way, depth=depth
            )
        except EngineError:
            raise
        except ImportError as error:
            reasons.append(f"{error.name or 'openvino'} is not installed")
        except Exception as error:  # OpenVINO has errors of its own
            said = str(error).strip().splitlines() or [type(error).__name__]
            reasons.append(f"openvino: {said[-1]}")
    raise EngineError(
        f"cannot load the engine {card.name!r}",
        why="; ".join(dict.fromkeys(reasons)),
        fix="pip install --upgrade openvino, or make the engine again: " + rebuild_command(card),
    )
