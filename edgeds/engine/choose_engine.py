"""Lists the engines, says which of them can run here, and chooses one where none is named.

Reads cards and asks the driver; loads no engine and builds none.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeds.engine.card import CARD_NAME, Card, read_card
from edgeds.engine.cuda_driver import Cuda, Gpu, find_cuda
from edgeds.engine.engine_folders import built_engines, default_engine, shipped_weights
from edgeds.engine.fits_this_machine import (
    check_network,
    check_target,
    check_torch,
    torch_fix,
    torch_gpu,
    torch_problem,
)
from edgeds.engine.settings import PRESET_SIZES
from edgeds.engine.tensorrt_library import LIBRARIES
from edgeds.errors import EngineError
from edgeds.estimate.settings import Preset
from edgeds.types import Size

TORCH = "torch"
"""The name of the shipped weights on torch, for `--engine` and in lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """An engine folder and whether it can run here."""

    folder: Path
    """For torch on CUDA the weights file."""
    card: Card
    runs_on: str
    """"openvino on the CPU", "cuda:0", ...; empty where it cannot run."""
    problem: str = ""
    fix: str = ""
    automatic: bool = True
    """Whether `auto` may choose it: the shipped engine, and GPU engines of the same network."""


def engine_for(
    device: str,
    *,
    size: Size | None = None,
    cuda: Cuda | None = None,
    torch: Callable[[], str] = torch_problem,
) -> Path:
    """The default engine of a device: a folder, or the weights for torch.

    "cpu" is the shipped engine. "cuda:N" is the newest TensorRT engine that was built of the same
    network for that GPU, else the shipped weights on torch. "auto" is that where there is a GPU
    that can run it, else the shipped engine.

    Args:
        size: leave out TensorRT engines of another size; the rest runs at any.

    Raises:
        EngineError: nothing can run on the given GPU.
    """
    if device == "cpu":
        return default_engine()
    found = engine_choices(cuda=cuda or find_cuda(), device=device, torch=torch)
    for one in found:
        fits = size in (None, one.card.size) or one.card.backend not in LIBRARIES
        if fits and one.automatic and not one.problem and one.runs_on.startswith("cuda"):
            return one.folder
    if device == "auto":
        return default_engine()
    refused = [f"{one.card.name}: {one.problem}" for one in found if one.automatic and one.problem]
    raise EngineError(
        f"cannot run the network on {device!r}",
        why="; ".join(refused),
        fix="edgeds doctor shows what is missing; --device auto (device='auto') does without",
    )


def engine_choices(
    *, cuda: Cuda, device: str = "auto", torch: Callable[[], str] = torch_problem
) -> tuple[EngineChoice, ...]:
    """All engines in their places, in the order of choice.

    TensorRT engines of the shipped network come first, the newest before older ones, then its
    weights on torch, then the shipped engine. Engines of other networks or for the CPU run only
    when they are asked for.

    Args:
        cuda: what the driver says.
        torch: why torch cannot use a GPU; asked only where the driver sees one.
    """
    shipped = default_engine()
    network = read_card(shipped).network_hash
    built = [_choice(folder, network, cuda, device, torch) for folder in _folders(shipped)]
    gpu = [one for one in built if one.card.backend in LIBRARIES and one.automatic]
    rest = [one for one in built if one not in gpu]
    on_torch = _torch_choice(network, cuda, device, torch)
    return (*gpu, on_torch, _choice(shipped, network, cuda, device, torch), *rest)


def preset_sizes() -> dict[Preset, Size]:
    """The network's size in each preset, with the shipped engine."""
    own = read_card(default_engine()).size
    return {preset: size or own for preset, size in PRESET_SIZES.items()}


def _torch_choice(network: str, cuda: Cuda, device: str, torch: Callable[[], str]) -> EngineChoice:
    """The shipped weights on CUDA torch."""
    card = Card(
        name=TORCH,
        size=read_card(default_engine()).size,
        backend="torch",
        precision="fp16",
        network_hash=network,
    )
    runs_on, problem, fix = "", "", 'pip install "edgeds[cuda]"'
    gpu = torch_gpu(device, cuda)
    if isinstance(gpu, str):
        problem, fix = gpu, "edgeds doctor shows the GPUs"
    elif importlib.util.find_spec("safetensors") is None:
        problem = "safetensors is not installed"
    elif not shipped_weights().is_file():
        problem, fix = f"{shipped_weights().name} is missing", "install edgeds again"
    else:
        problem, fix = torch(), torch_fix(cuda)
    if not problem and isinstance(gpu, Gpu):
        runs_on, fix = f"cuda:{gpu.index}", ""
    return EngineChoice(
        folder=shipped_weights(), card=card, runs_on=runs_on, problem=problem, fix=fix
    )


def _folders(shipped: Path) -> Iterator[Path]:
    """Engines beside the shipped one and those that the user built, the newest first."""
    places = dict.fromkeys((built_engines(), shipped.parent))
    cards = [card for place in places for card in place.glob(f"*/{CARD_NAME}")]
    for card in sorted(cards, key=lambda path: path.stat().st_mtime, reverse=True):
        if card.parent != shipped:
            yield card.parent


def _choice(
    folder: Path, network: str, cuda: Cuda, device: str, torch: Callable[[], str]
) -> EngineChoice:
    card = Card(name=folder.name, size=(0, 0), backend="unknown")
    automatic, runs_on, problem, fix = False, "", "", ""
    try:
        card = read_card(folder)
        on_gpu = card.backend in LIBRARIES and card.network_hash == network
        automatic = on_gpu or folder == default_engine()
        runs_on = _runs_on(card, cuda, device, torch)
    except EngineError as error:
        # `problem` already says that the engine does not load; keep only what is new
        own = error.what.startswith("cannot load the engine")
        problem, fix = error.why if own else f"{error.what}: {error.why}", error.fix
    return EngineChoice(
        folder=folder, card=card, runs_on=runs_on, problem=problem, fix=fix, automatic=automatic
    )


def _runs_on(card: Card, cuda: Cuda, device: str, torch: Callable[[], str]) -> str:
    check_network(card)
    if card.backend in LIBRARIES:
        gpu, _ = check_target(card, device=device, cuda=cuda)
        check_torch(card, torch(), fix=torch_fix(cuda))
        return f"cuda:{gpu.index}"
    what = f"cannot load the engine {card.name!r}"
    if card.backend != "onnx":
        raise EngineError(what, why=f"its backend is {card.backend!r}", fix="update edgeds")
    if importlib.util.find_spec("openvino") is not None:
        return "openvino on the CPU"
    raise EngineError(what, why="openvino is not installed", fix="pip install openvino")
