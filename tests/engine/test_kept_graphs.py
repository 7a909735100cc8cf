"""Compiled graphs that are kept for the next run."""

from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeds.engine import default_engine, read_card
from edgeds.engine import kept_graphs as kept_graphs_module
from edgeds.engine.kept_graphs import kept_graphs, kept_or_compiled
from edgeds.engine.plate_noise import NOISE

openvino = pytest.importorskip("openvino", reason="compiles graphs: pip install openvino")

from edgeds.engine.openvino import compiled, shared_core  # noqa: E402

SETTINGS = {"INFERENCE_PRECISION_HINT": "f32"}


class Doubler:
    """Compiles a graph of one addition, and counts how often."""

    def __init__(self) -> None:
        self.compiled = 0

    def __call__(self) -> openvino.CompiledModel:
        self.compiled += 1
        given = openvino.opset10.parameter([1, 3], np.float32, name="given")
        graph = openvino.Model([openvino.opset10.add(given, given)], [given], "doubler")
        return shared_core().compile_model(graph, "CPU", SETTINGS)


def opened(made: Doubler, what: str = "doubler", **more: str) -> np.ndarray:
    """What the graph, kept or compiled, makes of 1, 2, 3."""
    graph = kept_or_compiled(shared_core(), (what,), {**SETTINGS, **more}, made)
    values = np.array([[1, 2, 3]], np.float32)
    return np.array(graph(values)[0])


def the_file() -> Path:
    (path,) = kept_graphs().iterdir()
    return path


def test_a_second_run_reads_the_graph_that_the_first_compiled() -> None:
    made = Doubler()
    first, second = opened(made), opened(made)
    assert made.compiled == 1
    np.testing.assert_array_equal(first, [[2, 4, 6]])
    np.testing.assert_array_equal(second, first)


def test_a_kept_graph_answers_on_when_its_file_is_gone() -> None:
    """It points into the file's pages, which must live as long as the graph."""
    made = Doubler()
    opened(made)
    graphs = [kept_or_compiled(shared_core(), ("doubler",), SETTINGS, made) for _ in range(3)]
    the_file().unlink()
    gc.collect()
    for graph in graphs:
        np.testing.assert_array_equal(graph(np.array([[1, 2, 3]], np.float32))[0], [[2, 4, 6]])
    assert made.compiled == 1


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux lists mapped files")
def test_a_graph_that_is_opened_again_takes_no_memory_again() -> None:
    made = Doubler()
    for _ in range(4):
        opened(made)
    assert Path("/proc/self/maps").read_text().count(str(the_file())) == 1


def test_another_graph_or_setting_is_compiled_for_itself() -> None:
    made = Doubler()
    opened(made)
    opened(made, "another")
    opened(made, INFERENCE_NUM_THREADS="1")
    assert made.compiled == 3
    assert len(list(kept_graphs().iterdir())) == 3


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_file_is_made_again(damage: str) -> None:
    made = Doubler()
    opened(made)
    content = bytearray(the_file().read_bytes())
    content[-1] ^= 1
    the_file().write_bytes({"cut": content[:-40], "changed": content, "empty": b""}[damage])
    np.testing.assert_array_equal(opened(made), [[2, 4, 6]])
    assert made.compiled == 2
    opened(made)
    assert made.compiled == 2, "what was made again is not kept"


def test_what_openvino_does_not_read_is_made_again() -> None:
    """Its checksum is right, as that of a file from another build of the same version."""
    import hashlib

    made = Doubler()
    opened(made)
    blob = b"something else"
    the_file().write_bytes(hashlib.sha256(blob).digest() + blob)
    np.testing.assert_array_equal(opened(made), [[2, 4, 6]])
    assert made.compiled == 2


def test_a_run_goes_on_where_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("EDGEDS_HOME", str(tmp_path / "file"))  # a folder cannot be made there
    made = Doubler()
    opened(made)
    np.testing.assert_array_equal(opened(made), [[2, 4, 6]])
    assert made.compiled == 2


def test_the_files_unused_for_longest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgeds.engine.kept_graphs._MOST_FILES", 2)
    made = Doubler()
    for name in ("one", "two", "three"):
        opened(made, name)
    assert len(list(kept_graphs().iterdir())) == 2
    opened(made, "three")
    assert made.compiled == 3


def test_the_shipped_network_answers_the_same_from_its_kept_graph() -> None:
    folder = default_engine()
    digest = read_card(folder).files["plate.onnx"]
    rng = np.random.default_rng(0)
    first, second = (compiled(folder / "plate.onnx", threads=1, digest=digest) for _ in range(2))
    pixels = rng.integers(0, 256, tuple(first.input("plate").shape), np.uint8)
    assert len(list(kept_graphs().iterdir())) == 1
    given = {"plate": pixels}
    if read_card(folder).takes_noise:
        given[NOISE] = rng.uniform(0, 9, tuple(first.input(NOISE).shape)).astype(np.float32)
    for wanted, found in zip(first(given).values(), second(given).values(), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_threads_that_open_a_graph_at_once_point_into_pages_that_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both map the file before one of them has noted it: the pages of the first are let go."""
    maps = [np.zeros(64, np.uint8), np.zeros(64, np.uint8)]
    noted: dict[Path, object] = {}
    monkeypatch.setattr(kept_graphs_module, "_mapped", lambda _path: maps.pop())
    monkeypatch.setattr(kept_graphs_module, "_in_use", noted)
    given: list[int] = []

    class Core:
        def get_property(self, *_: str) -> str:
            return "x"

        def import_model(self, blob: Any, *_: object) -> None:
            given.append(blob.data.ctypes.data)

    for _ in range(2):
        kept_or_compiled(Core(), ("graph",), SETTINGS, lambda: None)  # type: ignore[arg-type]
    (stays,) = noted.values()
    assert given == [stays.ctypes.data] * 2  # type: ignore[attr-defined]


def test_threads_that_ask_at_once_get_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    from edgeds.engine import openvino as module

    made: list[object] = []

    def core() -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    monkeypatch.setattr(module, "_core", cache(core))
    with ThreadPoolExecutor(4) as threads:
        got = list(threads.map(lambda _: module.shared_core(), range(4)))
    assert len(made) == len(set(map(id, got))) == 1
