"""Examines the machine: processor, GPUs, libraries, engines, cameras, encoders, display.

It loads no network, opens no camera and changes nothing. A missing or broken part is a result, not
a crash. Knows nothing about printing.
"""

from __future__ import annotations

import importlib.util
import os
import platform
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

from edgeds.cli.doctor.opencv import import_problem, installed_packages, opencv_advice
from edgeds.engine.choose_engine import EngineChoice, engine_choices
from edgeds.engine.cuda_driver import Cuda, find_cuda
from edgeds.errors import SinkError
from edgeds.live.window import check_display
from edgeds.sinks.nvenc import nvenc_reason
from edgeds.sources.media_errors import reason_of

X86_FLAGS = (
    "avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "avx512_bf16", "amx_bf16",
)  # fmt: skip
ARM_FLAGS = ("asimddp", "i8mm")
"""Processor features that speed a network up: those of "vnni" and "8" int8, "bf16" bfloat16."""
LIBRARIES = {
    "openvino": ("the network on a CPU", ""),
    "onnxruntime": ("building engines", "build"),
    "onnx": ("building engines", "build"),
    "torch": ("the network and whole frames on a GPU; training", "cuda"),
    "tensorrt": ("TensorRT engines", "tensorrt-cu12"),
    "tensorrt_rtx": (
        "TensorRT engines on RTX GPUs; building without a GPU",
        "tensorrt-rtx-cu12",
    ),
    "av": ("videos", ""),
    "cv2": ("images, cameras", ""),
    "pygame": ("windows", "window"),
    "starlette": ("the browser page", "web"),
    "pyvirtualcam": ("the virtual camera", "virtual-camera"),
}
"""Module -> its use, and the extra that installs it."""
ENCODERS = {
    "h264_nvenc": "NVIDIA",
    "hevc_nvenc": "NVIDIA",
    "av1_nvenc": "NVIDIA",
    "h264_qsv": "Intel Quick Sync",
    "h264_amf": "AMD",
    "h264_videotoolbox": "Apple",
    "h264_mf": "Windows",
    "h264_v4l2m2m": "the board's own (V4L2)",
    "libx264": "",
    "libvpx-vp9": "",
    "prores_ks": "",
}
"""Encoder -> the hardware it uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    name: str
    version: str | None
    """None where it is not installed."""
    used_for: str
    install: str
    """The command that installs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    device: str
    name: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    name: str
    hardware: str
    """Empty for an encoder that runs on the CPU."""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    edgeds: str
    python: str
    system: str
    cpu: str
    cores: int
    cpu_flags: dict[str, bool]
    """Empty if the system does not report it."""
    cuda: Cuda
    kernel_driver: str | None
    """Version of NVIDIA's kernel module."""
    libraries: tuple[Library, ...]
    engines: tuple[EngineChoice, ...]
    """`auto` runs the first one without a problem."""
    cameras: tuple[Camera, ...]
    encoders: tuple[Encoder, ...]
    display_problem: str
    """Why no window can be shown; empty where one can."""
    opencv_advice: str = ""
    """What to do about OpenCV's packages; empty where all is well."""

    @property
    def chosen(self) -> EngineChoice | None:
        return next((one for one in self.engines if not one.problem and one.automatic), None)

    @property
    def advice(self) -> tuple[str, ...]:
        """Advice to make more of this machine."""
        return tuple(line for line in (self.opencv_advice, *self._gpu_advice) if line)

    @property
    def _gpu_advice(self) -> tuple[str, ...]:
        if not self.cuda.gpus or (self.chosen and self.chosen.runs_on.startswith("cuda")):
            return ()
        name = self.cuda.gpus[0].name
        if self.system.endswith("aarch64"):
            return (f"no engine runs on {name}: on a Jetson see docs/getting-started.md",)
        # the least that it takes: TensorRT would need a torch that can use the GPU, too
        torch = next(one for one in self.engines if one.card.backend == "torch")
        return (f"no engine runs on {name}: {torch.problem}; {torch.fix}",)

    def machine(self) -> dict[str, Any]:
        """The facts that explain a measurement; no host name, no paths, no kernel's name."""
        name, *_, processor = self.system.split()
        return {
            "system": f"{name} {processor}",
            "python": self.python,
            "cpu": self.cpu,
            "cores": self.cores,
            "cpu_flags": [flag for flag, there in self.cpu_flags.items() if there],
            "gpus": [gpu.name for gpu in self.cuda.gpus],
            "driver": self.kernel_driver,
            "libraries": {one.name: one.version for one in self.libraries if one.version},
        }

    def to_json(self) -> dict[str, Any]:
        engines = [
            {
                "name": one.card.name,
                "folder": str(one.folder),
                "backend": one.card.backend,
                "precision": one.card.precision,
                "size": list(one.card.size),
                "runs_on": one.runs_on,
                "problem": one.problem,
                "fix": one.fix,
            }
            for one in self.engines
        ]
        facts = asdict(self)
        del facts["engines"], facts["opencv_advice"]
        chosen = None if self.chosen is None else self.chosen.card.name
        return {**facts, "engines": engines, "chosen": chosen, "advice": list(self.advice)}


def diagnose(root: Path = Path("/")) -> Diagnosis:
    """Examine this machine. `root` is the folder that holds its files."""
    cuda = find_cuda()
    return Diagnosis(
        edgeds=_version("edgeds") or "not installed",
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu=_cpu_name(root),
        cores=os.cpu_count() or 1,
        cpu_flags=_cpu_flags(root),
        cuda=cuda,
        kernel_driver=_kernel_driver(root),
        libraries=_libraries(),
        engines=engine_choices(cuda=cuda),
        cameras=_cameras(root),
        encoders=_encoders(),
        display_problem=_display_problem(),
        opencv_advice=opencv_advice(installed_packages(), import_problem()),
    )


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _cpu_name(root: Path) -> str:
    for line in _lines(root / "proc/cpuinfo"):
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor() or platform.machine()


def _cpu_flags(root: Path) -> dict[str, bool]:
    for line in _lines(root / "proc/cpuinfo"):
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            there = set(value.split())
            wanted = X86_FLAGS if "fpu" in there else ARM_FLAGS
            return {flag: flag in there for flag in wanted}
    return {}


def _kernel_driver(root: Path) -> str | None:
    """From "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 ..."."""
    for line in _lines(root / "proc/driver/nvidia/version"):
        if line.startswith("NVRM"):
            return next((word for word in line.split() if word[0].isdigit() and "." in word), None)
    return None


def _libraries() -> tuple[Library, ...]:
    homes = packages_distributions()
    found = []
    for module, (used_for, extra) in LIBRARIES.items():
        version = None
        if importlib.util.find_spec(module) is not None:
            versions = [_version(home) for home in homes.get(module, [])]
            version = next((one for one in versions if one), "of unknown version")
        package = f'"edgeds[{extra}]"' if extra else "edgeds"
        install = f"pip install {package}"
        found.append(Library(name=module, version=version, used_for=used_for, install=install))
    return tuple(found)


def _cameras(root: Path) -> tuple[Camera, ...]:
    """Video4Linux nodes that capture; a camera's other nodes carry its metadata."""
    found = []
    for node in sorted((root / "sys/class/video4linux").glob("video*")):
        if (_lines(node / "index") or ["0"])[0].strip() != "0":
            continue
        device = root / "dev" / node.name
        problem = ""
        if not device.exists():
            problem = f"there is no /dev/{node.name}"
        elif not os.access(device, os.R_OK | os.W_OK):
            problem = "this user may not use it: sudo usermod -aG video $USER, and log in again"
        name = (_lines(node / "name") or ["camera"])[0].strip()
        found.append(Camera(device=f"/dev/{node.name}", name=name, problem=problem))
    return tuple(found)


def _encoders() -> tuple[Encoder, ...]:
    """Each one is opened, since FFmpeg may have an encoder whose hardware is missing."""
    return tuple(
        Encoder(name=name, hardware=hardware, problem=_encoder_problem(name))
        for name, hardware in ENCODERS.items()
    )


def _encoder_problem(name: str) -> str:
    import av
    from av.video.codeccontext import VideoCodecContext

    try:
        context = av.CodecContext.create(name, "w")
    except av.codec.codec.UnknownCodecError:
        return "not in this build of FFmpeg"
    assert isinstance(context, VideoCodecContext)
    context.width = context.height = 256
    formats = [each.name for each in context.codec.video_formats or ()]
    wanted = ("yuv420p", "nv12", "yuv422p10le")
    context.pix_fmt = next((each for each in wanted if each in formats), "yuv420p")
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    try:
        context.open()
    except (av.FFmpegError, ValueError, OSError) as error:
        if ENCODERS[name] == "NVIDIA":
            return f"does not start: {nvenc_reason(error)}"
        if ENCODERS[name]:  # FFmpeg has no other word for it than "unknown error"
            return "does not start: its hardware or a driver is missing"
        return f"does not start: {reason_of(error).why}"
    return ""


def _display_problem() -> str:
    try:
        check_display()
    except SinkError as error:
        return error.why
    return "" if importlib.util.find_spec("pygame") else "pygame-ce is not installed"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
