"""Checks whether a built engine fits this machine, by its card, before anything of it is loaded.

A plan runs only on the GPU architecture, the system and the library version it was built with.
Elsewhere it fails late or ends the process. Knows cards, the driver and the installed libraries;
builds nothing.
"""

from __future__ import annotations

from pathlib import Path

from edgeds.engine.card import Card, read_card
from edgeds.engine.cuda_driver import Cuda, Gpu, find_cuda, gpu_index
from edgeds.engine.engine_folders import default_engine
from edgeds.engine.tensorrt_library import (
    LIBRARIES,
    TensorRt,
    installed_package,
    load_library,
    this_os,
)
from edgeds.errors import EngineError
from edgeds.sources.scaling import text_from_size
from edgeds.types import Engine

TITLES = {"tensorrt": "TensorRT", "tensorrt_rtx": "TensorRT for RTX"}
OF_SHIPPED, WEIGHTS = "of_shipped_network", "weights"
"""Keys in a card's `made`: whether the engine was built of the shipped network, and the name of the
user's own weights file.
"""
_FIELDS = ("library", "version", "gpu", "os")


def open_tensorrt(folder: Path, card: Card, *, device: str, cuda: Cuda | None = None) -> Engine:
    """Check the card of a TensorRT engine against this machine, then load it.

    Args:
        device: "auto", "cuda" or "cuda:N".
        cuda: the driver's answer; None asks the driver.

    Raises:
        EngineError: the engine is for another machine, or something that it needs is missing.
    """
    cuda = cuda or find_cuda()
    gpu, trt = check_target(card, device=device, cuda=cuda)
    check_torch(card, torch_problem(), fix=torch_fix(cuda))
    from edgeds.engine.cuda_stream import CudaStream
    from edgeds.engine.tensorrt import TensorRtEngine

    name = f"{card.name} on {TITLES[card.backend]} {trt.__version__}, {gpu.name} (cuda:{gpu.index})"
    try:
        return TensorRtEngine(trt, folder, card, CudaStream(gpu.index), name=name)
    except RuntimeError as error:  # torch's: out of memory, a driver too old
        raise EngineError(
            f"cannot load the engine {card.name!r}",
            why=str(error).strip().splitlines()[0],
            fix="see edgeds doctor; device cpu (--device cpu), an ONNX engine, needs no GPU",
        ) from error


def check_target(
    card: Card, *, device: str = "auto", cuda: Cuda | None = None
) -> tuple[Gpu, TensorRt]:
    """The GPU and the library that the card asks for.

    Raises:
        EngineError: names what differs and the command that mends it.
    """
    rebuild = rebuild_command(card)
    if lacking := [field for field in _FIELDS if not card.target.get(field)]:
        raise _mismatch(card, f"its card does not say its {', '.join(lacking)}", rebuild)
    if card.backend not in LIBRARIES or card.target["library"] != card.backend:
        why = (
            f"its card says {card.backend!r} in one place and {card.target['library']!r} in another"
        )
        raise _mismatch(card, why, rebuild)
    if card.target["os"] != this_os():
        raise _mismatch(card, f"it was built for {card.target['os']}, this is {this_os()}", rebuild)
    gpu = _gpu(card, device, cuda or find_cuda())
    if card.target["gpu"] != gpu.sm:
        why = f"it was built for {card.target['gpu']}, this GPU ({gpu.name}) is {gpu.sm}"
        raise _mismatch(card, why, rebuild)
    library = card.backend
    trt = load_library(library)
    if card.target["version"] != str(trt.__version__):
        why = f"it was built with {library} {card.target['version']}, here is {trt.__version__}"
        fix = f'{rebuild}, or pip install "{installed_package(library)}=={card.target["version"]}"'
        raise _mismatch(card, why, fix)
    return gpu, trt


def check_network(card: Card) -> None:
    """
    Raises:
        EngineError: it was built of the network of another edgeds version.
    """
    if card.made.get(OF_SHIPPED) and card.network_hash != read_card(default_engine()).network_hash:
        why = "it was built from the network of another edgeds version"
        raise _mismatch(card, why, rebuild_command(card))


def rebuild_command(card: Card) -> str:
    """The command that makes such an engine for this machine."""
    words = ["edgeds build-engine --precision", card.precision]
    if card.size != read_card(default_engine()).size:
        words += ["--size", text_from_size(card.size)]
    if weights := card.made.get(WEIGHTS):
        words += ["--weights", str(weights)]
    return " ".join(words)


def _gpu(card: Card, device: str, cuda: Cuda) -> Gpu:
    """The GPU that `device` names; of all GPUs, "auto" takes the first that the card fits."""
    index = gpu_index(device)
    if index is None:
        why = f"it is a {TITLES[card.backend]} engine, which runs on a GPU, not on {device!r}"
        raise _mismatch(card, why, "use device auto or cuda:0 (--device), or an ONNX engine")
    if device == "auto":
        fitting = [gpu for gpu in cuda.gpus if gpu.sm == card.target["gpu"]]
        if fitting:
            return fitting[0]
    if index < len(cuda.gpus):
        return cuda.gpus[index]
    why = cuda.problem or f"there is no cuda:{index}; this machine has {len(cuda.gpus)} GPU(s)"
    raise _mismatch(card, why, "see edgeds doctor; no named engine (--engine) runs on the CPU")


def torch_problem() -> str:
    """Why torch cannot hold tensors on the GPU; empty where it can."""
    try:
        import torch
    except ImportError as error:
        return f"torch is missing: {error}"
    if torch.version.cuda is None:
        return f"torch {torch.__version__} is here, and is built without CUDA"
    if not torch.cuda.is_available():
        return f"torch {torch.__version__} is here, and cannot use the GPU"
    return ""


def torch_fix(cuda: Cuda) -> str:
    """The command that installs a torch that can use the GPU. PyPI's torch for Windows has no CUDA,
    and that for Linux may be built for a newer CUDA than the driver runs.
    """
    major = int((cuda.driver_cuda or "13").partition(".")[0])
    index = "cu130" if major >= 13 else "cu126"
    return (
        "pip install --upgrade --force-reinstall torch "
        f"--index-url https://download.pytorch.org/whl/{index}"
    )


def torch_gpu(device: str, cuda: Cuda, *, codes: tuple[str, ...] | None = None) -> Gpu | str:
    """The GPU for plain torch, or why there is none. "auto" looks at every GPU and takes the first
    that torch has code for.

    Args:
        device: "auto", "cuda" or "cuda:N".
        codes: the architectures that torch has code for; None asks torch.
    """
    index = gpu_index(device) or 0
    if index >= len(cuda.gpus):
        return cuda.problem or f"there is no cuda:{index}; this machine has {len(cuda.gpus)} GPU(s)"
    if codes is None:
        codes = _torch_codes()
    looked_at = cuda.gpus if device == "auto" else (cuda.gpus[index],)
    for gpu in looked_at:
        if not codes or any(_runs_on(code, gpu) for code in codes):
            return gpu
    names = ", ".join(f"{gpu.name} ({gpu.sm})" for gpu in looked_at)
    return f"this torch has no code for {names}; it has {', '.join(codes)}"


def _torch_codes() -> tuple[str, ...]:
    """Such as ("sm_80", "sm_90", "compute_90"); empty where torch does not say."""
    try:
        import torch
    except ImportError:
        return ()
    return tuple(torch.cuda.get_arch_list())


def _runs_on(code: str, gpu: Gpu) -> bool:
    """Machine code runs on later GPUs of its generation, PTX ("compute_") on all later ones."""
    kind, _, number = code.partition("_")
    built, there = (int("".join(filter(str.isdigit, text)) or 0) for text in (number, gpu.sm))
    if kind == "compute":
        return built <= there
    return built // 10 == there // 10 and built <= there


def check_torch(card: Card, problem: str, *, fix: str) -> None:
    """
    Raises:
        EngineError: torch has that problem.
    """
    if problem:
        raise _mismatch(card, problem, fix)


def _mismatch(card: Card, why: str, fix: str) -> EngineError:
    return EngineError(f"cannot load the engine {card.name!r}", why=why, fix=fix)
