"""`edgeds build-engine`: builds the shipped network, or your own, in another precision for this
machine or a named GPU. It keeps the engine only if the engine passes the accuracy check.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from edgeds.cli.build_engine_report import Stages, print_built
from edgeds.cli.console import say
from edgeds.cli.option_groups import OUTPUT
from edgeds.cli.same_file_twice import not_stdout
from edgeds.cli.shared_options import JsonOption
from edgeds.estimate.settings import Preset

if TYPE_CHECKING:
    from edgeds.engine.build.candidate_builder import BuildTarget
    from edgeds.errors import EngineError
    from edgeds.types import Size

PrecisionOption = Literal["fp16", "int8", "fp32"]
_NETWORK = "Network"
_WHERE = "Where the engine runs"
_PrecisionOption: TypeAlias = Annotated[
    PrecisionOption | None,
    typer.Option(
        help="Precision of the engine. Default: int8 for a CPU, fp16 for a GPU.",
        rich_help_panel=_NETWORK,
    ),
]
_SizeOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="WxH",
        help="Network size. Default: that of --preset.",
        rich_help_panel=_NETWORK,
    ),
]
_PresetOption: TypeAlias = Annotated[
    Preset,
    typer.Option(
        help="The preset that the engine is for, if no --size is given.",
        rich_help_panel=_NETWORK,
    ),
]
_CalibOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="SET",
        help="Set of frames. int8 is calibrated on a part of it; int8 and fp16 are checked on the "
        "rest. Default: the one that comes with edgeds.",
        rich_help_panel=_NETWORK,
    ),
]
_WeightsOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        help="Your own weights: a .safetensors file from training.",
        rich_help_panel=_NETWORK,
    ),
]
_GpuOption: TypeAlias = Annotated[
    str,
    typer.Option(
        help="auto: this machine's GPU, or its CPU if it has none. none: the CPU. "
        "sm75, sm86, ...: a GPU of that architecture.",
        rich_help_panel=_WHERE,
    ),
]
_BuildDeviceOption: TypeAlias = Annotated[
    str,
    typer.Option(
        help="GPU of this machine to build on: auto (the first) or cuda:N.",
        rich_help_panel=_WHERE,
    ),
]
_ForceOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Keep the engine even if it fails the accuracy check.",
        rich_help_panel=OUTPUT,
    ),
]
_OutputOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="DIR",
        callback=not_stdout,
        help="Folder of the engine. Default: in edgeds's cache, where --engine finds it by name.",
        rich_help_panel=OUTPUT,
    ),
]


def build_engine_command(
    precision: _PrecisionOption = None,
    size: _SizeOption = None,
    preset: _PresetOption = "balanced",
    calib: _CalibOption = None,
    weights: _WeightsOption = None,
    gpu: _GpuOption = "auto",
    device: _BuildDeviceOption = "auto",
    output: _OutputOption = None,
    force: _ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Build an engine for this GPU, this CPU or a named GPU."""
    from edgeds.engine.build.build_engine import build_engine
    from edgeds.engine.build.install_engine import check_replaceable
    from edgeds.engine.engine_folders import default_engine
    from edgeds.sources.typed_paths import is_there

    wanted = _wanted_size(size, preset)
    if output is not None:
        check_replaceable(output, default_engine())
    if weights is not None and not is_there(weights):
        raise _not_exported(weights, "there is no such file")
    target = _target(gpu, device)
    precision = precision or ("int8" if target.gpu is None else "fp16")
    calib = _calibration_set(calib, precision)
    try:
        with _source(weights, wanted) as source, Stages() as stages:
            built = build_engine(
                source,
                output,
                precision=precision,
                target=target,
                calibration=calib or Path(),
                force=force,
                listener=stages.listener,
            )
    except KeyboardInterrupt:
        say("stopped; nothing was built, and an engine that was there is untouched")
        raise typer.Exit(130) from None
    print_built(built, target, as_json=as_json, forced=force)


def _target(gpu: str, device: str) -> BuildTarget:
    """The target of the build; prints it."""
    from edgeds.engine.build.candidate_builder import BuildTarget
    from edgeds.engine.cuda_driver import find_cuda, gpu_index
    from edgeds.errors import EngineError

    gpu, index = gpu.lower(), gpu_index(device.lower())
    if index is None or (device != "auto" and gpu != "auto"):
        raise EngineError(
            f"cannot build an engine for --gpu {gpu} --device {device}",
            why="--device names a GPU of this machine: auto or cuda:N",
            fix="give --device cuda:N alone, or --gpu for the CPU or a GPU elsewhere",
        )
    if gpu == "none":
        return BuildTarget()
    if re.fullmatch(r"sm\d{2,3}", gpu):
        return BuildTarget(gpu=gpu, here=False)
    if gpu != "auto":
        raise EngineError(
            f"cannot build an engine for {gpu!r}",
            why="it is not a GPU architecture",
            fix="--gpu auto, none, or sm75, sm80, sm86, sm89, sm120",
        )
    found = find_cuda()
    if index < len(found.gpus):
        own = found.gpus[index]
        say(f"for this machine's {own.name} ({own.sm}, cuda:{index})")
        return BuildTarget(gpu=own.sm, device=f"cuda:{index}")
    if device != "auto":
        raise EngineError(
            f"cannot build an engine for {device!r}",
            why=found.problem or f"this machine has {len(found.gpus)} GPU(s)",
            fix="edgeds doctor lists the GPUs; for one elsewhere give --gpu, such as sm86, for the "
            "CPU --gpu none",
        )
    say(f"for this machine's CPU: {found.problem}; for a GPU elsewhere give --gpu, such as sm86")
    return BuildTarget()


def _calibration_set(path: Path | None, precision: str) -> Path | None:
    """The given set, else the one that comes with edgeds; prints a warning if it is small."""
    from edgeds.engine.build.calibration_set import read_calibration_set
    from edgeds.engine.engine_folders import shipped_calibration_set
    from edgeds.errors import DatasetError, InputError

    if path is not None and precision == "fp32":
        raise InputError(
            "--calib was given for the precision fp32",
            why="an fp32 engine is neither calibrated nor checked",
            fix="leave --calib out, or give --precision int8 or fp16",
        )
    path = path or shipped_calibration_set()
    if precision == "fp32":
        return path
    if path is None:
        raise DatasetError(
            "there is no calibration set",
            why="this installation of edgeds came without one",
            fix="record one: edgeds calibrate SOURCE -o SET, and give it with --calib SET",
        )
    if warning := read_calibration_set(path).warning:
        say(f"warning: {warning}")
    return path


def _wanted_size(size: str | None, preset: Preset) -> Size:
    """
    Raises:
        InputError: it is not a size, or the preset has another.
    """
    from edgeds.engine.build.other_size import STRIDE
    from edgeds.engine.choose_engine import preset_sizes
    from edgeds.errors import InputError
    from edgeds.sources.scaling import size_from_text, text_from_size

    of_preset = preset_sizes()[preset]
    if size is None:
        return of_preset
    wanted = size_from_text(size, multiple_of=STRIDE)
    if preset != "balanced" and wanted != of_preset:
        raise InputError(
            f"--size {size} and --preset {preset} differ",
            why=f"the preset {preset} has the size {text_from_size(of_preset)}",
            fix="give one of the two",
        )
    return wanted


@contextmanager
def _source(weights: Path | None, wanted: Size) -> Iterator[Path]:
    """The float engine to start from: the shipped one, or one made from it or from weights."""
    from edgeds.engine.build.other_size import engine_of_size
    from edgeds.engine.card import read_card
    from edgeds.engine.engine_folders import default_engine
    from edgeds.sources.scaling import text_from_size

    shipped = default_engine()
    if weights is None and wanted == read_card(shipped).size:
        yield shipped
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "float"
        if weights is None:
            engine_of_size(shipped, source, wanted)
        else:
            say(f"exporting {weights.name} at {text_from_size(wanted)}")
            _export(weights, wanted, source)
        yield source


def _export(weights: Path, size: Size, folder: Path) -> None:
    from edgeds.engine.card import Card, sha256_of
    from edgeds.engine.fits_this_machine import WEIGHTS
    from edgeds.errors import EngineError

    try:
        from edgeds.engine.network.export import export_onnx
        from edgeds.engine.network.weights_file import WeightsError, load_weights
    except ImportError as error:
        raise EngineError(
            f"cannot export {weights.name}",
            why=f"{error.name} is not installed",
            fix='pip install "edgeds[export]"',
        ) from error
    try:
        network = load_weights(weights)
        paths = export_onnx(network, size, folder)
    except (WeightsError, OSError) as error:
        raise _not_exported(weights, str(error)) from error
    Card(
        name=weights.stem,
        size=size,
        network_hash=sha256_of(weights),
        files={path.name: sha256_of(path) for path in paths},
        takes_noise=network.config.hints,
        made={WEIGHTS: weights.name},
    ).write(folder)


def _not_exported(weights: Path, why: str) -> EngineError:
    from edgeds.errors import EngineError

    return EngineError(
        f"cannot export {str(weights)!r}",
        why=why,
        fix="give a .safetensors file that python -m train fit wrote",
    )
