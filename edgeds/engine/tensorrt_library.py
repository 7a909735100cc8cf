"""Imports the installed TensorRT and collects its log: `tensorrt` 10, 11 or `tensorrt_rtx`.

The three have one Python interface where edgeds uses it. Convention: the module is called `trt`
where the code runs on all three and `rtx` where it needs tensorrt_rtx; the tests check every
attribute against the recorded interfaces by these names. Knows nothing about graphs or plans.
"""

from __future__ import annotations

import importlib
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, TypeAlias, get_args

from edgeds.errors import EngineError

Library = Literal["tensorrt", "tensorrt_rtx"]
LIBRARIES: tuple[Library, ...] = get_args(Library)
TensorRt: TypeAlias = Any
"""The imported library: `tensorrt` or `tensorrt_rtx`."""
# Its classes, by their own names: the library is chosen at run time and has no types for mypy, the
# tests' check of the interface reads these names.
Builder: TypeAlias = Any
IBuilderConfig: TypeAlias = Any
ICudaEngine: TypeAlias = Any
IExecutionContext: TypeAlias = Any
INetworkDefinition: TypeAlias = Any
IRuntimeCache: TypeAlias = Any
OnnxParser: TypeAlias = Any
Runtime: TypeAlias = Any

_MAJORS = {"tensorrt": ("10", "11"), "tensorrt_rtx": ("1",)}
_INSTALL = {
    "tensorrt": 'pip install "edgeds[tensorrt-cu12]" (or tensorrt-cu13); on a Jetson TensorRT '
    "comes with JetPack: make the virtual environment with --system-site-packages",
    "tensorrt_rtx": 'pip install "edgeds[tensorrt-rtx-cu12]" (or tensorrt-rtx-cu13)',
}


def load_library(name: Library) -> TensorRt:
    """Import the library.

    Raises:
        EngineError: it is not installed, does not load, or is of a version that edgeds does not
            know.
    """
    try:
        library = importlib.import_module(name)
    except Exception as error:  # its own start-up raises what it likes where CUDA is missing
        missing = isinstance(error, ModuleNotFoundError) and error.name == name
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EngineError(
            f"cannot use {name}",
            why="it is not installed" if missing else f"it does not load: {said}",
            fix=_INSTALL[name],
        ) from error
    found = str(library.__version__)
    if found.partition(".")[0] not in _MAJORS[name]:
        raise EngineError(
            f"cannot use {name} {found}",
            why=f"edgeds knows {name} {' and '.join(_MAJORS[name])}",
            fix=_INSTALL[name],
        )
    return library


def installed_package(name: str) -> str:
    """The package that the library is from, such as "tensorrt-cu13"; for CUDA 12 where it has
    another name (`tensorrt`, JetPack's) or is not installed.
    """
    known = [f"{name.replace('_', '-')}-cu{major}" for major in (12, 13)]
    for package in known:
        try:
            version(package)
        except PackageNotFoundError:
            continue
        return package
    return known[0]


class Log:
    """Collects a library's log: its calls return None or False and log the reason.

    Use it in a `with`.
    """

    def __init__(self) -> None:
        self.records: list[tuple[str, str]] = []
        """(severity name, text), in order."""

    def __enter__(self) -> Log:
        _listening.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _listening[:] = [log for log in _listening if log is not self]

    def text(self) -> str:
        return "\n".join(text for _, text in self.records)

    def errors(self) -> str:
        """Its errors in one line, for the `why` of an EngineError."""
        said = [text.strip() for severity, text in self.records if "ERROR" in severity]
        return "; ".join(dict.fromkeys(said)) or "it gave no reason"


_listening: list[Log] = []


def process_logger(trt: TensorRt) -> Any:
    """The library's own kind of logger, which writes to every open Log.

    One a process, kept for ever: TensorRT uses the first logger that it was given for everything.
    """
    return _logger(trt.ILogger)


@cache
def _logger(base: type) -> Any:
    class _Logger(base):  # type: ignore[misc]  # the library is chosen at run time
        def log(self, severity: Any, msg: str) -> None:
            for listener in tuple(_listening):
                listener.records.append((severity.name, msg))

    return _Logger()


def this_os() -> str:
    """Plans are tied to system and processor: "linux-x86_64"."""
    return f"{sys.platform}-{platform.machine().lower()}"
