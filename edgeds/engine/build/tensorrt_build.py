"""An ONNX graph to a TensorRT plan: one code path for `tensorrt` 10, 11 and `tensorrt_rtx`.

The network is strongly typed: the graph names the types and the builder chooses none. On a machine
without a GPU, tensorrt_rtx builds for a named one. Knows nothing about calibration, cards or
running a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgeds.engine.build.fused_layers import FusedLayer, fused_layers, kernel_count
from edgeds.engine.cuda_driver import Cuda, Gpu, find_cuda, gpu_index
from edgeds.engine.tensorrt_library import (
    LIBRARIES,
    IBuilderConfig,
    INetworkDefinition,
    Library,
    Log,
    OnnxParser,
    TensorRt,
    load_library,
    process_logger,
    this_os,
)
from edgeds.errors import EngineError
from edgeds.sinks.atomic_files import replace_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A built graph and what it needs to be loaded."""

    data: bytes
    library: Library
    version: str
    """Version of the library; a plan loads in exactly this version."""
    gpu: str
    """Architecture it was built for, such as "sm86"."""
    gpu_name: str = ""
    """Name of the GPU, where the plan was built on the machine that has it."""
    os: str
    """System and processor, such as "linux-x86_64"."""
    kernels: int
    """Fused layers that are work; 0 where the builder logged none."""
    layers: tuple[FusedLayer, ...]

    @property
    def target(self) -> dict[str, str]:
        """The card's field of this name, which is checked before the plan is loaded."""
        return {
            "library": self.library,
            "version": self.version,
            "gpu": self.gpu,
            "os": self.os,
        } | ({"gpu_name": self.gpu_name} if self.gpu_name else {})


def plan_from_onnx(
    onnx_path: Path,
    *,
    gpu: str,
    timing_cache: Path | None = None,
    on_stage: Callable[[str], None] | None = None,
    cuda: Cuda | None = None,
) -> Plan:
    """Build a graph for one GPU architecture.

    Args:
        onnx_path: a graph whose types are final: fp32, fp16 or with Q/DQ nodes.
        gpu: "auto" for the first GPU of this machine, "cuda:1" for another; or "sm75", "sm86", ...
            for any machine with such a GPU, which takes tensorrt_rtx and no GPU here.
        timing_cache: a file that keeps kernels' times from build to build. It is read if it
            exists and written after the build. tensorrt_rtx times nothing and does not use it.
        on_stage: called with the name of each stage, for people.
        cuda: the driver's answer; None asks the driver.

    Raises:
        EngineError: no library; no such GPU, or the library does not build for it; a graph that
            it cannot read or build.
    """
    say = on_stage or (lambda _: None)
    trt, library, chosen = _choose(gpu, cuda)
    with Log() as log, _current(chosen, library):
        data = _built(trt, library, onnx_path, chosen, timing_cache, say, log)
        layers = fused_layers(log.text())
    return Plan(
        data=data,
        library=library,
        version=str(trt.__version__),
        gpu=chosen.sm,
        gpu_name=chosen.name,
        os=this_os(),
        kernels=kernel_count(layers),
        layers=layers,
    )


def _built(
    trt: TensorRt,
    library: Library,
    onnx_path: Path,
    gpu: Gpu,
    timing_cache: Path | None,
    say: Callable[[str], None],
    log: Log,
) -> bytes:
    builder = trt.Builder(process_logger(trt))
    say(f"reading {onnx_path.name}")
    # The flag's value differs between 10 and 11: by its name only.
    flags = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(flags)
    _parse(onnx_path, trt.OnnxParser(network, process_logger(trt)), network, log)
    config = builder.create_builder_config()
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    if library == "tensorrt_rtx":
        _name_gpu(trt, config, gpu.sm)
    elif timing_cache is not None:
        _use_timing_cache(config, timing_cache)
    say(f"building for {gpu.sm} with {library} {trt.__version__}")
    memory = builder.build_serialized_network(network, config)
    if memory is None:
        raise EngineError(
            f"cannot build {onnx_path.name} for {gpu.sm}",
            why=f"{library} {trt.__version__}: {log.errors()}",
            fix="try --precision fp32, or another version of the library",
        )
    if library == "tensorrt" and timing_cache is not None:
        _keep_timing_cache(config, timing_cache)
    return bytes(memory)


@contextmanager
def _current(gpu: Gpu, library: Library) -> Iterator[None]:
    """TensorRT builds for the thread's current GPU; tensorrt_rtx for the one that it is given."""
    if library == "tensorrt_rtx" or gpu.index == 0:  # 0 is current unless somebody changed it
        yield
        return
    import torch

    with torch.cuda.device(gpu.index):
        yield


def _choose(gpu: str, cuda: Cuda | None) -> tuple[TensorRt, Library, Gpu]:
    """The library to build with, and the GPU; one that is not here has no name."""
    if gpu.startswith("sm"):
        rtx = load_library("tensorrt_rtx")
        _check_gpu(rtx, gpu)
        return rtx, "tensorrt_rtx", Gpu(index=0, name="", sm=gpu, memory_bytes=0)
    own = _own_gpu(gpu, cuda or find_cuda())
    errors = []
    for library in LIBRARIES:
        try:
            trt = load_library(library)
            if library == "tensorrt_rtx":
                _check_gpu(trt, own.sm)
            return trt, library, own
        except EngineError as error:
            errors.append(error)
    why = "; ".join(f"{error.what}: {error.why}" for error in errors)
    raise EngineError(f"cannot build an engine for {own.sm}", why=why, fix=errors[0].fix)


def _own_gpu(gpu: str, cuda: Cuda) -> Gpu:
    index = gpu_index(gpu)
    if index is None:
        raise EngineError(
            f"cannot build an engine for {gpu!r}",
            why="it names no GPU",
            fix="give cuda:N for a GPU of this machine, or an architecture such as sm86",
        )
    if index < len(cuda.gpus):
        return cuda.gpus[index]
    raise EngineError(
        "cannot build an engine for this machine's GPU",
        why=cuda.problem or f"there is no cuda:{index}; this machine has {len(cuda.gpus)} GPU(s)",
        fix="name the GPU it is for, such as --gpu sm86 (RTX 30) or sm89 (RTX 40); on a machine "
        "that has one, install NVIDIA's driver",
    )


def _check_gpu(rtx: TensorRt, gpu: str) -> None:
    known = [name.lower() for name in rtx.ComputeCapability.__members__ if name.startswith("SM")]
    if gpu in known:
        return
    raise EngineError(
        f"cannot build an engine for {gpu!r}",
        why=f"tensorrt_rtx {rtx.__version__} builds for {', '.join(known)}",
        fix="name one of these; for any other, run edgeds build-engine on a machine with that GPU "
        'and pip install "edgeds[tensorrt-cu12]"',
    )


def _parse(path: Path, parser: OnnxParser, network: INetworkDefinition, log: Log) -> None:
    # parse_from_file reads a few arbitrary bytes as an empty graph and reports no error
    if parser.parse_from_file(str(path)) and network.num_outputs > 0:
        return
    errors = [parser.get_error(i).desc() for i in range(parser.num_errors)]
    raise EngineError(
        f"cannot read the graph {str(path)!r}",
        why="; ".join(errors) or ("it holds no graph" if path.is_file() else log.errors()),
        fix="give an ONNX file that edgeds or python -m train export wrote",
    )


def _name_gpu(rtx: TensorRt, config: IBuilderConfig, sm: str) -> None:
    # Without it the runtime allocates during a run, which no CUDA graph can hold.
    config.set_flag(rtx.BuilderFlag.REQUIRE_USER_ALLOCATION)
    config.num_compute_capabilities = 1
    config.set_compute_capability(rtx.ComputeCapability.__members__[sm.upper()], 0)


def _use_timing_cache(config: IBuilderConfig, path: Path) -> None:
    known = path.read_bytes() if path.is_file() else b""
    cache = config.create_timing_cache(known)
    # A damaged cache, or one of another GPU or version, is refused: start an empty one.
    if cache is None or not config.set_timing_cache(cache, False):
        config.set_timing_cache(config.create_timing_cache(b""), False)


def _keep_timing_cache(config: IBuilderConfig, path: Path) -> None:
    cache = config.get_timing_cache()
    if cache is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, bytes(cache.serialize()), durable=False)
