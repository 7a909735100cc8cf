"""Record the Python interface of a TensorRT library, to check edgeds against it without a GPU.

    python tests/trt/interface/record.py FOLDER [FOLDER ...]

FOLDER holds one installed library, as made by

    pip install --no-deps --target FOLDER tensorrt-cu12-bindings==10.16.1.11
    pip install --target FOLDER tensorrt-rtx-cu12

The bindings of `tensorrt` come without the libraries they bind (those are gigabytes); they import
nevertheless once stub libraries with the few C functions they link to are found, and then tell
every class, signature and enum member. Writes NAME-VERSION.json beside this file:

    class -> {"methods": {name: [signature, ...]}, "attributes": [...], "members": {name: value}}

Kinds of layers and plugins are left out: edgeds leaves those to the ONNX parser.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
C_FUNCTIONS = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "getBuilderPluginRegistry",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
)
STUBS = ("libnvinfer.so", "libnvonnxparser.so", "libnvinfer_plugin.so")


def record(folder: Path) -> Path:
    """Import the library in `folder` in a process of its own and write down its interface."""
    module = "tensorrt_rtx" if (folder / "tensorrt_rtx").is_dir() else "tensorrt_bindings"
    with tempfile.TemporaryDirectory() as stubs:
        if module == "tensorrt_bindings":
            compile_stubs(Path(stubs))
        code = f"import {module} as m, record; print(record.told(m))"
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": stubs,
            "PYTHONPATH": os.pathsep.join((str(folder.resolve()), str(HERE))),
        }
        answer = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    interface = json.loads(answer)
    name = module.removesuffix("_bindings")
    path = HERE / f"{name}-{interface['version']}.json"
    path.write_text(json.dumps(interface, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    return path


def compile_stubs(folder: Path) -> None:
    """Libraries that hold the C functions the bindings link to, and nothing in them."""
    source = folder / "stub.c"
    source.write_text("\n".join(f"void *{name}(void) {{ return 0; }}" for name in C_FUNCTIONS))
    for major in ("10", "11"):
        for stub in STUBS:
            subprocess.run(
                ["gcc", "-shared", "-fPIC", "-o", folder / f"{stub}.{major}", source], check=True
            )


def told(module: Any) -> str:
    """The interface of an imported library, as JSON."""
    classes = {
        name: of_class(c)
        for name, c in vars(module).items()
        if inspect.isclass(c) and not re.search("Layer|Plugin", name)
    }
    return json.dumps({"version": module.__version__, "classes": classes})


def of_class(kind: type) -> dict[str, Any]:
    members = getattr(kind, "__members__", {})
    methods, attributes = {}, []
    for name in dir(kind):
        if name in members or (name.startswith("_") and name != "__init__"):
            continue
        value = getattr(kind, name, None)
        if isinstance(value, property) or inspect.isclass(value) or not callable(value):
            attributes.append(name)
            continue
        signatures = re.findall(rf"{name}(\(.*\) -> .*)", value.__doc__ or "")
        methods[name] = [re.sub(r"\btensorrt\w*\.tensorrt\w*\.", "", s) for s in signatures]
    return {
        "methods": methods,
        "attributes": attributes,
        "members": {name: int(value) for name, value in members.items()},
    }


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    for argument in sys.argv[1:]:
        print(record(Path(argument)))  # noqa: T201
