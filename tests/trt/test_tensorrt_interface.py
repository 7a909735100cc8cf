"""Every TensorRT attribute that edgeds touches is there in every recorded library.

The attributes are found in the code itself: its syntax tree is walked, and types follow from
what the library's own signatures return. Code in functions that take the module as `rtx`, or have
rtx in their name, is checked against tensorrt_rtx alone.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.trt.fake_tensorrt import INTERFACES

ENGINE = Path(__file__).parents[2] / "edgeds" / "engine"
FILES = sorted(ENGINE.rglob("tensorrt*.py"))
RECORDED = {path.stem: json.loads(path.read_text())["classes"] for path in INTERFACES}
NAMES = set().union(*RECORDED.values())
ALIASES = {"IParserError": "ParserError"}  # the C++ name that one signature tells


class Walk(ast.NodeVisitor):
    """Collects what is asked of TensorRT objects: `found` holds (class, attribute, line)."""

    def __init__(self, classes: dict[str, Any], *, rtx: bool) -> None:
        self.classes, self.rtx = classes, rtx
        self.found: set[tuple[str, str, int]] = set()
        self.unseen: set[tuple[str, int]] = set()
        self.types: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        arguments = [*node.args.args, *node.args.kwonlyargs]
        for_rtx = "rtx" in [*node.name.split("_"), *(a.arg for a in arguments)]
        if for_rtx and not self.rtx:
            return
        before = {k: v for k, v in self.types.items() if k.startswith("self.")}
        self.types = dict(before)
        for argument in arguments:
            self.learn(argument.arg, self.named(argument.annotation))
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
        known = self.named(node.annotation) or (self.type_of(node.value) if node.value else None)
        self.learn(ast.unparse(node.target), known)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for one, value in zip(target.elts, node.value.elts, strict=True):
                self.learn(ast.unparse(one), self.type_of(value))
        else:
            self.learn(ast.unparse(target), self.type_of(node.value))
            if not isinstance(target, ast.Name):
                self.visit(target)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        owner = self.type_of(node.value)
        if owner is not None:
            self.found.add((owner, node.attr, node.lineno))
        elif ast.unparse(node.value) == "super()":
            pass  # of a base class here, not of the library
        elif any(node.attr in names(told) for told in self.classes.values()):
            self.unseen.add((ast.unparse(node), node.lineno))
        self.generic_visit(node)

    def learn(self, name: str, kind: str | None) -> None:
        if kind is not None:
            self.types[name] = kind

    def named(self, annotation: ast.expr | None) -> str | None:
        text = ast.unparse(annotation) if annotation is not None else ""
        if text == "TensorRt":
            return "module"
        return next((name for name in NAMES if re.search(rf"\b{name}\b", text)), None)

    def type_of(self, node: ast.expr) -> str | None:
        text = ast.unparse(node)
        if text in ("trt", "rtx"):
            return "module"
        if text in self.types:
            return self.types[text]
        if isinstance(node, ast.Attribute):
            owner = self.type_of(node.value)
            if owner == "module" and node.attr in NAMES:
                return f"class {node.attr}"
            return f"{owner}.{node.attr}" if owner else None
        if isinstance(node, ast.Call):
            called = self.type_of(node.func)
            if called and called.startswith("class "):
                return called.removeprefix("class ")
            if called and "." in called:
                return self.returned(*called.split(".", 1))
        return None

    def returned(self, owner: str, method: str) -> str | None:
        signatures = self.classes.get(owner, {}).get("methods", {}).get(method, [])
        told = signatures[0].rpartition("-> ")[2].rpartition("::")[2] if signatures else ""
        told = ALIASES.get(told, told)
        return told if told in NAMES else None


def names(told: dict[str, Any]) -> set[str]:
    return {*told["methods"], *told["attributes"], *told["members"], "__members__"}


def has(classes: dict[str, Any], owner: str, attribute: str) -> bool:
    if owner == "module":
        return attribute in classes or attribute in ("__version__", "__name__")
    kind = classes.get(owner.removeprefix("class "))
    return kind is not None and attribute in names(kind)


def walked(library: str, source: str) -> Walk:
    walk = Walk(RECORDED[library], rtx="rtx" in library)
    walk.visit(ast.parse(source))
    return walk


@pytest.mark.parametrize("library", RECORDED)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_attribute_the_code_touches_exists(library: str, path: Path) -> None:
    walk = walked(library, path.read_text())
    missing = {one for one in walk.found if not has(RECORDED[library], one[0], one[1])}
    assert not missing


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_walk_sees_the_type_of_every_object_of_the_library(path: Path) -> None:
    # words that the library's classes share with Python's own objects
    shared = {"name", "shape", "dtype", "size", "path", "append", "clear", "logger", "numpy"}
    walk = walked("tensorrt_rtx-1.7.1.116", path.read_text())
    unseen = {one for one in walk.unseen if one[0].rpartition(".")[2] not in shared}
    assert not unseen


def test_the_walk_reaches_the_calls_that_matter() -> None:
    found: set[str] = set()
    for path in FILES:
        walk = walked("tensorrt_rtx-1.7.1.116", path.read_text())
        found |= {f"{owner}.{attribute}" for owner, attribute, _ in walk.found}
    assert {
        "Builder.build_serialized_network",
        "IBuilderConfig.set_compute_capability",
        "class NetworkDefinitionCreationFlag.STRONGLY_TYPED",
        "Runtime.deserialize_cuda_engine",
        "IExecutionContext.set_tensor_address",
        "IExecutionContext.execute_async_v3",
        "IRuntimeConfig.set_runtime_cache",
        "ParserError.desc",
    } <= found


def test_a_wrong_name_would_be_found() -> None:
    source = """
def build(trt: TensorRt):
    builder = trt.Builder(None)
    config = builder.create_builder_config()
    config.set_flag(trt.BuilderFlag.FP16)
    config.max_workspace_size = 1
"""
    for library, wanted in [
        ("tensorrt-11.4.0.106", {"FP16", "max_workspace_size"}),
        ("tensorrt-10.3.0", {"max_workspace_size"}),
    ]:
        walk = walked(library, source)
        missing = {a for owner, a, _ in walk.found if not has(RECORDED[library], owner, a)}
        assert missing == wanted
