"""Whatever is wrong with an engine's folder is named before a frame runs through it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeds.engine import default_engine, open_engine, read_card
from edgeds.engine.build.other_size import engine_of_size
from edgeds.engine.card import Card, sha256_of
from edgeds.engine.choose_engine import engine_choices
from edgeds.engine.cuda_driver import Cuda
from edgeds.engine.fits_this_machine import rebuild_command
from edgeds.engine.onnxruntime import OnnxRuntimeEngine
from edgeds.engine.openvino import OpenVinoEngine, fastest_arithmetic
from edgeds.engine.plate_depth_engine import FILE_NAME, compiled_graph
from edgeds.errors import EngineError, InputError
from edgeds.sources import SyntheticSource

SMALL = 96, 160
Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_engine(), tmp_path / "engine"))


def change(folder: Path, **fields: Any) -> None:
    """Write the card with other fields, and the hashes of the files as they now are."""
    path = folder / "card.json"
    card = json.loads(path.read_text())
    card["files"] = {name: sha256_of(folder / name) for name in card["files"]}
    path.write_text(json.dumps({**card, **fields}))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"size": [0, 0]}, "size is 0x0"),
        ({"size": [10**9, 10**9]}, "size is 1000000000"),
        ({"size": "large"}, "ValueError"),
        ({"size": [192, float("inf")]}, "OverflowError"),
        ({"name": 5}, "its name"),
        ({"precision": None}, "its precision"),
        ({"files": ["frame.onnx"]}, "its files"),
        ({"files": {"frame.onnx": 3}}, "its files"),
        ({"target": "sm86"}, "its target"),
        ({"made": None}, "making"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(
    engine: Path, fields: dict[str, Any], said: str
) -> None:
    change(engine, **fields)
    with pytest.raises(EngineError, match="cannot read the card") as caught:
        open_engine(engine)
    assert said in caught.value.why


@pytest.mark.parametrize("files", [{}, {"plate.onnx": "", "other.bin": ""}])
def test_a_card_that_vouches_for_no_graph_is_refused(engine: Path, files: dict[str, str]) -> None:
    (engine / "other.bin").touch()
    there = {name: sha256_of(engine / name) for name in files}
    change(engine, files=there)
    with pytest.raises(EngineError) as caught:
        open_engine(engine)
    assert "its card names no" in caught.value.why


def test_a_card_of_another_size_than_its_graphs_is_refused(engine: Path) -> None:
    change(engine, size=[96, 160])
    with pytest.raises(EngineError) as caught:
        open_engine(engine)
    assert "plate 1x192x320x3" in caught.value.why
    assert "96x160" in caught.value.why


def test_the_same_graphs_run_at_another_size_as_onnx_runtime_runs_them(
    engine: Path, tmp_path: Path
) -> None:
    scene = SyntheticSource(size=SMALL, frame_count=9)
    frame, truth = list(scene)[8].pixels, scene.alpha(8)
    small, alphas = engine_of_size(engine, tmp_path / "small", SMALL), []
    resized = OpenVinoEngine(engine, read_card(engine), size=SMALL)
    assert "at 160x96" in resized.name
    for opened in (resized, OnnxRuntimeEngine(small, read_card(small))):
        assert opened.size == SMALL
        alphas.append(opened.infer(frame, opened.encode_plate(scene.plate)).alpha)
        assert ((alphas[-1] > 0.5) == (truth > 0.5)).mean() > 0.97
    assert np.abs(alphas[0] - alphas[1]).max() < 1e-3


def test_alpha_is_the_same_where_depth_is_left_out() -> None:
    card, source = read_card(default_engine()), SyntheticSource(size=(192, 320), noise_levels=0)
    frame = next(iter(source)).pixels
    engines = (
        OpenVinoEngine(default_engine(), card),
        OpenVinoEngine(default_engine(), card, depth=False),
    )
    wanted, found = (engine.infer(frame, engine.encode_plate(source.plate)) for engine in engines)
    np.testing.assert_array_equal(found.alpha, wanted.alpha)
    assert wanted.inverse_depth.max() > 0
    assert not found.inverse_depth.any()


def test_a_preset_has_its_own_size_and_no_other_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[Path, object]] = []
    monkeypatch.setattr(
        "edgeds.engine.openvino.OpenVinoEngine",
        lambda folder, _card, *, size, **_: opened.append((folder, size)),
    )
    open_engine(device="cpu")
    open_engine(device="cpu", preset="fast")
    open_engine(device="cpu", preset="fine")
    sizes = [None, (160, 256), (288, 512)]
    assert opened == [(default_engine(), size) for size in sizes]
    plan = Card(name="plan", size=(192, 320), backend="tensorrt", files={"frame.engine": ""})
    plan.write(tmp_path)
    monkeypatch.setattr("edgeds.engine.check_files", lambda *_: None)
    with pytest.raises(EngineError, match="at 512x288") as caught:
        open_engine(tmp_path, preset="fine")
    assert caught.value.fix.startswith("edgeds build-engine --size 512x288")


def on_a_processor(monkeypatch: pytest.MonkeyPatch, *capabilities: str) -> None:
    """OpenVINO says that this processor has these."""
    core = type("Core", (), {"get_property": lambda *_: list(capabilities)})
    monkeypatch.setattr("edgeds.engine.openvino.shared_core", core)


@pytest.mark.parametrize(("has", "arithmetic"), [(("BF16", "FP32"), "bf16"), (("FP32",), "float")])
def test_the_shipped_engine_runs_in_the_fastest_arithmetic_and_a_named_one_in_float(
    monkeypatch: pytest.MonkeyPatch, has: tuple[str, ...], arithmetic: str
) -> None:
    on_a_processor(monkeypatch, *has)
    taken: list[tuple[Path, object]] = []

    def compiled(path: Path, *, arithmetic: str, **_: object) -> None:
        taken.append((path, arithmetic))
        raise EngineError("enough")

    monkeypatch.setattr("edgeds.engine.openvino.compiled", compiled)
    for name in (None, default_engine(), "edgeds-192x320-int8"):
        with pytest.raises(EngineError, match="enough"):
            open_engine(name, device="cpu")
    assert [used for _, used in taken] == [arithmetic, "float", "float"]
    for name in ("bf16", f"bf16:{default_engine()}"):
        with pytest.raises(EngineError) as caught:
            open_engine(name, device="cpu")
        assert ("no instructions" in caught.value.why) == (arithmetic == "float")
    assert {path.parent for path, used in taken if used == "bf16"} <= {default_engine()}


def test_the_shipped_engine_opens_where_its_fastest_arithmetic_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def opened(_folder: Path, _card: Card, *, arithmetic: str | None, **_: object) -> str:
        if arithmetic != "float":
            raise RuntimeError("object is not initialized")
        return arithmetic

    monkeypatch.setattr("edgeds.engine.openvino.OpenVinoEngine", opened)
    assert open_engine(device="cpu") == "float"


def test_bfloat16_is_near_to_float_in_plates_frames_and_other_sizes() -> None:
    if fastest_arithmetic() != "bf16":
        pytest.skip("this processor has no bfloat16")
    scene = SyntheticSource(size=SMALL, frame_count=9)
    frame, alphas = list(scene)[8].pixels, []
    for name in ("edgeds-192x320-fp32", "bf16"):
        with open_engine(name, device="cpu") as opened:
            assert isinstance(opened, OpenVinoEngine)
            small = opened.at_size(SMALL)
            assert ("at 160x96 in bfloat16" in small.name) == (name == "bf16")
            alphas.append(small.infer(frame, small.encode_plate(scene.plate)).alpha)
    assert 0 < np.abs(alphas[0] - alphas[1]).mean() < 5e-3


@pytest.mark.parametrize("engine", [None, "bf16"])
def test_without_openvino_the_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, engine: str | None
) -> None:
    """ONNX Runtime, which builds need, runs nothing in its place."""
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "edgeds.engine.openvino", raising=False)
    with pytest.raises(EngineError) as caught:
        open_engine(engine, device="cpu")
    assert caught.value.why == "openvino is not installed"
    assert caught.value.fix.startswith("pip install --upgrade openvino")
    with pytest.raises(EngineError) as caught:
        compiled_graph(default_engine() / FILE_NAME)
    assert caught.value.why == "openvino is not installed"


def test_graphs_in_each_others_place_are_refused_on_every_backend(engine: Path) -> None:
    shutil.copyfile(engine / "plate.onnx", engine / "frame.onnx")
    change(engine)
    with pytest.raises(EngineError) as caught:
        open_engine(engine)
    assert "the frame graph takes" in caught.value.why
    assert "no frame" in caught.value.why
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    with pytest.raises(EngineError, match="cannot load the engine"):
        OnnxRuntimeEngine(engine, read_card(engine))


def test_a_graph_that_no_backend_can_read_is_told_with_all_their_reasons(
    edgeds: Edgeds, engine: Path, data: Path, tmp_path: Path
) -> None:
    graph = engine / "frame.onnx"
    graph.write_bytes(graph.read_bytes()[:100_000])
    change(engine)
    clip = data / "people_walking.mp4"
    done = edgeds("video", clip, "--engine", engine, "-o", tmp_path / "out.mp4")
    assert done.returncode == 2
    assert "openvino: " in done.stderr
    assert "edgeds build-engine --precision fp32" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.mp4").exists()


def test_an_engine_of_the_network_of_another_version_is_refused(engine: Path) -> None:
    made = {"of_shipped_network": True}
    change(engine, made=made)
    open_engine(engine).close()  # this one is of the network that ships
    change(engine, made=made, network_hash="0" * 64)
    with pytest.raises(EngineError) as caught:
        open_engine(engine)
    assert "network of another edgeds version" in caught.value.why
    assert caught.value.fix == "edgeds build-engine --precision fp32"


def test_an_engine_of_ones_own_network_runs(engine: Path) -> None:
    change(engine, network_hash="0" * 64, made={"weights": "mine.safetensors"})
    open_engine(engine).close()


def test_doctor_says_that_an_engine_is_of_another_network(
    engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEDS_HOME", str(tmp_path))
    change(engine, network_hash="0" * 64, made={"of_shipped_network": True})
    engines = tmp_path / "engines"
    engines.mkdir()
    engine.rename(engines / "old")
    found = engine_choices(cuda=Cuda(problem="the NVIDIA driver sees no GPU"))
    old = next(one for one in found if one.folder.name == "old")
    assert "another edgeds version" in old.problem
    assert old.runs_on == ""


def test_the_command_that_mends_names_size_and_weights() -> None:
    card = read_card(default_engine())
    assert rebuild_command(card) == "edgeds build-engine --precision fp32"
    other = replace(card, precision="int8", size=(288, 512), made={"weights": "mine.safetensors"})
    assert rebuild_command(other) == (
        "edgeds build-engine --precision int8 --size 512x288 --weights mine.safetensors"
    )


def test_all_engines_that_ship_are_of_one_network() -> None:
    shipped = [read_card(path.parent) for path in default_engine().parent.glob("*/card.json")]
    assert {card.precision for card in shipped} >= {"fp32", "int8"}
    assert len({card.network_hash for card in shipped}) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
def test_signals_are_survived_in_whatever_order_engines_are_closed() -> None:
    """A handler has a stack of its own where faulthandler runs, as it does under pytest."""
    script = """
import faulthandler, signal
faulthandler.enable()
signal.signal(signal.SIGUSR1, lambda *_: print("handled"))
from edgeds.engine import open_engine
first, second = open_engine(), open_engine()
first.close(); del first
second.close(); del second
signal.raise_signal(signal.SIGUSR1)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr


def test_openvino_reports_to_nobody() -> None:
    code = (
        "import sys, edgeds.engine.openvino\n"
        "print([name for name, module in sys.modules.items() if 'telemetry' in name and module])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "backend" not in done.stdout
    assert "'openvino_telemetry'" not in done.stdout


@pytest.mark.parametrize("threads", ["abc", "0", "-1", "1.5"])
def test_a_number_of_threads_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, threads: str
) -> None:
    monkeypatch.setenv("EDGEDS_THREADS", threads)
    with pytest.raises(InputError, match="EDGEDS_THREADS"):
        open_engine(device="cpu")
