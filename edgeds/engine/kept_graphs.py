"""Compiled graphs, kept from one run to the next in the user's cache folder.

To read one takes a quarter of the time of compiling it. What is kept is what OpenVINO exports, with
a checksum. A file that is damaged, or of another version, is made again; where nothing can be
written, every run compiles. Knows nothing about what a graph computes.
"""

from __future__ import annotations

import hashlib
import io
import logging
import mmap
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgeds.engine.engine_folders import user_cache
from edgeds.errors import EdgedsError
from edgeds.sinks.atomic_files import replace_file

if TYPE_CHECKING:
    import openvino

_MOST_FILES = 16
"""Most files that are kept, of 10 to 20 MB each. The ones unused for longest are removed."""
_DIGEST_BYTES = 32
_SUFFIX = ".graph"

_log = logging.getLogger(__name__)

_in_use: dict[Path, npt.NDArray[np.uint8]] = {}
"""Files that graphs point into, until the process ends. Their pages are the system's to take."""


def kept_or_compiled(
    core: openvino.Core,
    what: tuple[object, ...],
    settings: Mapping[str, str],
    compiled: Callable[[], openvino.CompiledModel],
) -> openvino.CompiledModel:
    """The graph from the cache folder, or else from `compiled`, which is kept for the next run.

    Args:
        what: says which graph it is: the digest of its file, the shapes of its inputs.
    """
    import openvino

    path = kept_graphs() / _name(core, what, settings)
    if (blob := _mapped(path)) is not None:
        # Before the graph points into it, and never another: of two threads that opened a file at
        # once, the second took the first one's pages away, and the first ended in a segfault.
        blob = _in_use.setdefault(path, blob)
        try:
            given = openvino.Tensor(blob, shared_memory=True)
            graph = core.import_model(given, "CPU", dict(settings))
            with suppress(OSError):  # it may be gone by now
                os.utime(path)  # used just now
            return graph
        except RuntimeError as error:
            _log.info("%s is not used: %s", path.name, str(error).strip().splitlines()[-1:])
    graph = compiled()
    _keep(graph, path)
    return graph


def kept_graphs() -> Path:
    """The folder; it may not exist yet. It may be deleted at any time."""
    return user_cache() / "graphs"


def _name(core: openvino.Core, what: tuple[object, ...], settings: Mapping[str, str]) -> str:
    """Another one for each graph, setting, version of OpenVINO and kind of processor."""
    import openvino

    machine = (
        core.get_property("CPU", "FULL_DEVICE_NAME"),
        sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
    )
    key = repr((openvino.get_version(), machine, sorted(settings.items()), what))
    return hashlib.sha256(key.encode()).hexdigest()[:32] + _SUFFIX


def _mapped(path: Path) -> npt.NDArray[np.uint8] | None:
    """What OpenVINO exported, as the system has it in memory: to copy it twice took a third of the
    time of opening. None where it is not there, whole.
    """
    if path in _in_use:
        return _in_use[path]
    try:
        with path.open("rb") as file:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):  # there is none, or it is empty
        return None
    content = np.frombuffer(pages, np.uint8)
    digest, blob = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return blob if hashlib.sha256(blob.data).digest() == digest.tobytes() else None


def _keep(graph: openvino.CompiledModel, path: Path) -> None:
    """A run does without it where it cannot be kept: the folder is read-only, the disk is full."""
    try:
        exported = graph.export_model()
        blob = exported.getvalue() if isinstance(exported, io.BytesIO) else bytes(exported)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, hashlib.sha256(blob).digest() + blob, durable=False)
        kept = sorted(path.parent.glob(f"*{_SUFFIX}"), key=lambda p: p.stat().st_mtime)
        for old in kept[:-_MOST_FILES]:
            old.unlink()
    except (OSError, RuntimeError, EdgedsError) as error:
        _log.info("the compiled graph is not kept: %s", error)
