"""A TensorRT made from a recorded interface: it has what the real one has and takes what it takes.

An attribute that was not recorded is an AttributeError, a call with other arguments a TypeError.
Behind that, plans are small JSON files that name their tensors, and running one does the plate
difference's arithmetic in the very memory whose addresses were set.
"""

from __future__ import annotations

import ctypes
import enum
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from edgeds.engine.card import Card
from edgeds.types import Size

INTERFACES = sorted((Path(__file__).parent / "interface").glob("*.json"))
DTYPES = {"UINT8": np.uint8, "FLOAT": np.float32, "HALF": np.float16}


def fake_library(path: Path) -> Any:
    """A module's stand-in with every class of the recorded interface; `calls` lists what was
    called.
    """
    recorded = json.loads(path.read_text(encoding="utf-8"))
    calls: list[str] = []
    library = SimpleNamespace(
        __name__=path.stem.rpartition("-")[0], __version__=recorded["version"], calls=calls
    )
    for name, told in recorded["classes"].items():
        if told["members"]:
            setattr(library, name, enum.IntEnum(name, told["members"]))
        else:
            setattr(library, name, _class(name, told, library))
    return library


def write_fake_engine(
    folder: Path,
    *,
    backend: str = "tensorrt",
    size: Size = (192, 320),
    takes_noise: bool = False,
) -> Card:
    """An engine folder whose plans the fake can run."""
    height, width = size
    features = [["plate_0", "FLOAT", [1, 3, height, width], "OUTPUT"]]
    plate = [["plate", "UINT8", [1, height, width, 3], "INPUT"], *features]
    if takes_noise:
        plate.append(["plate_noise", "FLOAT", [1, 1, height, width], "INPUT"])
    frame = [
        ["frame", "UINT8", [1, height, width, 3], "INPUT"],
        ["plate_0", "FLOAT", [1, 3, height, width], "INPUT"],
        ["alpha", "FLOAT", [1, 1, height, width], "OUTPUT"],
        ["inverse_depth", "FLOAT", [1, 1, height, width], "OUTPUT"],
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plate.plan").write_text(json.dumps(plate))
    (folder / "frame.plan").write_text(json.dumps(frame))
    return Card(name="fake", size=size, backend=backend, takes_noise=takes_noise)


def _class(name: str, told: dict[str, Any], library: Any) -> type:
    """A class with the recorded methods, and of the attributes those that behave here."""
    methods = {
        method: _checked(f"{name}.{method}", signatures, library)
        for method, signatures in told["methods"].items()
        if method != "__init__"
    }

    def start(self: Any, *arguments: Any) -> None:
        library.calls.append(name)
        BEHAVIOUR.get(name, lambda *_: None)(self, library, *arguments)

    return type(name, (), {**methods, "__init__": start, "__slots__": ("__dict__",)})


def _checked(name: str, signatures: list[str], library: Any) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        for signature in map(_signature, signatures):
            try:
                signature.bind(self, *args, **kwargs)
                break
            except TypeError:
                continue
        else:
            raise TypeError(f"{name} takes {signatures}, got {args} {kwargs}")
        library.calls.append(name)
        return BEHAVIOUR[name](self, library, *args, **kwargs)

    return method


def _signature(text: str) -> inspect.Signature:
    """From "(self: X, name: str, memory: typing.SupportsInt = 0) -> bool"."""
    inside = text[1 : text.rindex(") ->")]
    parameters = []
    for part in re.split(r", (?=\w+:)", inside):
        name, _, rest = part.partition(":")
        default = None if "=" in rest else inspect.Parameter.empty
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters.append(inspect.Parameter(name.strip(), kind, default=default))
    return inspect.Signature(parameters)


def _deserialize(runtime: Any, library: Any, data: bytes) -> Any:
    try:
        tensors = json.loads(data)
    except ValueError:
        return None
    engine = library.ICudaEngine()
    engine.tensors = {name: (dtype, shape, mode) for name, dtype, shape, mode in tensors}
    engine.num_io_tensors = len(tensors)
    return engine


def _context(engine: Any, library: Any, *_: Any) -> Any:
    context = library.IExecutionContext()
    context.engine, context.addresses = engine, {}
    return context


def _set_address(context: Any, _: Any, name: str, memory: int) -> bool:
    assert memory % 64 == 0, "the real one wants aligned memory"
    assert name not in context.addresses, "addresses are fixed: a captured graph keeps the old one"
    context.addresses[name] = memory
    return True


def _execute(context: Any, _: Any, stream_handle: int) -> bool:
    assert set(context.addresses) == set(context.engine.tensors), "an address is missing"
    memory = {
        name: _at(context.addresses[name], shape, DTYPES[dtype])
        for name, (dtype, shape, _) in context.engine.tensors.items()
    }
    if "plate" in memory:
        memory["plate_0"][:] = memory["plate"].transpose(0, 3, 1, 2)
        if "plate_noise" in memory:
            memory["plate_0"] += memory["plate_noise"]
        return True
    frame = memory["frame"].transpose(0, 3, 1, 2).astype(np.float32)
    difference = np.abs(frame - memory["plate_0"]).max(axis=1, keepdims=True)
    memory["alpha"][:] = np.clip((difference - 12) / 24, 0, 1)
    memory["inverse_depth"][:] = frame.mean(axis=1, keepdims=True) / 255
    return True


def _at(address: int, shape: list[int], dtype: Any) -> Any:
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = (ctypes.c_char * count).from_address(address)
    return np.frombuffer(buffer, dtype).reshape(shape)


BEHAVIOUR: dict[str, Callable[..., Any]] = {
    "Runtime.deserialize_cuda_engine": _deserialize,
    "ICudaEngine.create_execution_context": _context,
    "ICudaEngine.get_tensor_name": lambda engine, _, index: list(engine.tensors)[index],
    "ICudaEngine.get_tensor_shape": lambda engine, _, name: engine.tensors[name][1],
    "ICudaEngine.get_tensor_dtype": lambda engine, library, name: library.DataType[
        engine.tensors[name][0]
    ],
    "ICudaEngine.create_runtime_config": lambda _, library: library.IRuntimeConfig(),
    "IRuntimeConfig.create_runtime_cache": lambda _, library: library.IRuntimeCache(),
    "IRuntimeConfig.set_runtime_cache": lambda *_: True,
    "IRuntimeCache.serialize": lambda *_: b"kernels",
    "IRuntimeCache.deserialize": lambda *arguments: arguments[-1] == b"kernels",
    "IExecutionContext.is_stream_capturable": lambda *_: True,
    "IExecutionContext.set_tensor_address": _set_address,
    "IExecutionContext.execute_async_v3": _execute,
}
