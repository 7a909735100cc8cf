"""The network on some hardware: `open_engine` checks an engine's card, then loads it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import cast

from edgeds.engine.card import Card, check_files, read_card
from edgeds.engine.choice import CPU_BACKENDS, TORCH, engine_for
from edgeds.engine.difference import DifferenceEngine
from edgeds.engine.places import default_engine, engine_folder, shipped_weights
from edgeds.engine.target import check_network, open_tensorrt, rebuild_command
from edgeds.engine.tensorrt_library import LIBRARIES
from edgeds.engine.threads import threads_wanted
from edgeds.errors import EngineError
from edgeds.types import Engine

COMPILERS = (TORCH, "torch-compile", "torch-tensorrt")
"""What runs weights: plain torch, torch.compile, torch_tensorrt."""

__all__ = ["Card", "DifferenceEngine", "default_engine", "open_engine", "read_card"]


def open_engine(path: str | Path | None = None, *, device: str = "auto") -> Engine:
    """Open an engine: a folder, weights on torch, or "difference", the plain plate difference.

    Args:
        path: a folder with a card.json, or the bare name of an engine that was built or ships;
            without it engine/choice.py chooses. "torch", "torch-compile" and "torch-tensorrt" run
            the shipped weights on torch; "torch-compile:mine.safetensors" your own. A bare
            .safetensors file runs on plain torch.
        device: "auto", "cpu", or "cuda:N" for TensorRT and torch.

    Raises:
        EngineError: no engine there, it is damaged, or nothing installed can run it on `device`.
        InputError: EDGEDS_THREADS is not a number of threads.
    """
    threads_wanted()  # asked for here, since a library that does not open is passed over
    if str(path) == "difference":
        return DifferenceEngine()
    chosen = engine_for(device) if path is None else Path(path)
    compiler, _, weights = str(chosen).partition(":")
    if compiler in COMPILERS:
        return _open_on_torch(Path(weights) if weights else shipped_weights(), device, compiler)
    if chosen.suffix == ".safetensors":
        return _open_on_torch(chosen, device, TORCH)
    folder = engine_folder(chosen)
    card = read_card(folder)
    check_files(card, folder)
    check_network(card)
    if card.backend in LIBRARIES:
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
            fix="use --device auto or cpu, or make one for the GPU: edgeds build-engine",
        )
    return _open_on_cpu(card, folder)


def _open_on_torch(weights: Path, device: str, compiler: str) -> Engine:
    what = f"cannot run the weights {weights.name!r}"
    try:
        module = importlib.import_module("edgeds.engine.torch_cuda")
    except ImportError as error:
        raise EngineError(
            what, why=f"{error.name} is not installed", fix='pip install "edgeds[cuda]"'
        ) from error
    size = read_card(default_engine()).size
    engine = module.open_weights(weights, device=device, size=size, compiler=compiler)
    return cast(Engine, engine)


def _open_on_cpu(card: Card, folder: Path) -> Engine:
    """The first backend that loads it; when none does, all their reasons."""
    reasons = []
    for backend, class_name in CPU_BACKENDS.items():
        try:
            module = importlib.import_module(f"edgeds.engine.{backend}")
            return cast(Engine, getattr(module, class_name)(folder, card))
        except EngineError:
            raise
        except ImportError as error:
            reasons.append(f"{backend}: not installed ({error})")
        except Exception as error:  # each library has errors of its own
            said = str(error).strip().splitlines() or [type(error).__name__]
            reasons.append(f"{backend}: {said[-1]}")
    raise EngineError(
        f"cannot load the engine {card.name!r}",
        why="; ".join(reasons),
        fix="pip install --upgrade openvino, or make the engine again: " + rebuild_command(card),
    )
