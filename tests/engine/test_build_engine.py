"""`edgeds build-engine`, from a calibration set to an engine that runs."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from written_sets import WriteSet

onnx = pytest.importorskip("onnx", reason='needs onnx: pip install "edgeds[build]"')
pytest.importorskip("onnxruntime", reason='needs onnxruntime: pip install "edgeds[build]"')

from edgeds.engine import DifferenceEngine, default_engine, open_engine, read_card  # noqa: E402
from edgeds.engine.build.accuracy_gate import (  # noqa: E402
    HeldOut,
    Latency,
    held_out_by,
    verdict,
)
from edgeds.engine.build.build_engine import Built, build_engine, engine_name  # noqa: E402
from edgeds.engine.build.calibration_set import CalibrationSet, read_calibration_set  # noqa: E402
from edgeds.engine.build.candidate_builder import BuildTarget  # noqa: E402
from edgeds.engine.build.install_engine import put  # noqa: E402
from edgeds.engine.build.int8 import limits, quantized_nodes  # noqa: E402
from edgeds.engine.build.int8_ranges import Histogram  # noqa: E402
from edgeds.engine.build.onnx_variants import Listener, Precision, int8_engine  # noqa: E402
from edgeds.engine.build.other_size import engine_of_size  # noqa: E402
from edgeds.engine.card import Card, check_files  # noqa: E402
from edgeds.engine.cuda_driver import Cuda, Gpu  # noqa: E402
from edgeds.engine.onnxruntime import reference_engine  # noqa: E402
from edgeds.engine.settings import Gate  # noqa: E402
from edgeds.errors import EngineError, RunError  # noqa: E402
from edgeds.sources import SyntheticSource  # noqa: E402
from edgeds.sources.scaling import resized  # noqa: E402
from edgeds.types import FloatMap, Maps, Pixels, PlateFeatures  # noqa: E402

pytestmark = pytest.mark.timeout(600)  # seconds on a free machine, minutes on a crowded one

SIZE = 64, 96
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module", autouse=True)
def few_turns() -> Iterator[None]:
    """Nothing here judges speed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgeds.engine.build.accuracy_gate.GATE", Gate(turns=3, warm_up_turns=1))
        yield


@pytest.fixture(scope="module", autouse=True)
def each_int8_graph_is_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The same network and the same frames give the same graph: later builds here copy it."""
    kept: dict[tuple[Path, str], Path] = {}

    def made_once(
        source: Path, folder: Path, frames: CalibrationSet, choosing: HeldOut, listener: Listener
    ) -> Path:
        key = source, frames.hash
        if key in kept:
            shutil.copytree(kept[key], folder)
            return folder
        made = int8_engine(source, folder, frames, choosing, listener)
        kept[key] = shutil.copytree(made, tmp_path_factory.mktemp("kept") / "int8")
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgeds.engine.build.candidate_builder.int8_engine", made_once)
        yield


@pytest.fixture(scope="module")
def calib(write_set: WriteSet) -> Path:
    return write_set(100)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped network for small pictures: a tenth of the time."""
    return engine_of_size(default_engine(), tmp_path_factory.mktemp("small") / "float", SIZE)


@pytest.fixture(scope="module")
def int8(small: Path, calib: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built") / "int8"
    return build_engine(
        small, folder, precision="int8", target=BuildTarget(), calibration=calib, force=True
    )


def test_another_size_is_the_same_network(small: Path) -> None:
    scene = SyntheticSource(size=(192, 320), frame_count=6)
    frame = list(scene)[-1].pixels
    with open_engine(default_engine()) as large, open_engine(small) as little:
        wanted = large.infer(frame, large.encode_plate(scene.plate)).alpha
        found = little.infer(resized(frame, SIZE), little.encode_plate(resized(scene.plate, SIZE)))
    assert found.alpha.shape == SIZE
    assert (resized_alpha(wanted) > 0.5).any()
    assert ((found.alpha > 0.5) == (resized_alpha(wanted) > 0.5)).mean() > 0.97


def resized_alpha(alpha: FloatMap) -> FloatMap:
    return np.asarray(cv2.resize(alpha, SIZE[::-1], interpolation=cv2.INTER_AREA), np.float32)


def test_an_int8_engine_finds_what_float_finds(small: Path, int8: Built) -> None:
    scene = SyntheticSource(size=SIZE, frame_count=6)
    frame = list(scene)[-1].pixels
    alphas = []
    for folder in (small, int8.folder):
        with open_engine(folder) as engine:
            alphas.append(engine.infer(frame, engine.encode_plate(scene.plate)).alpha)
    assert (alphas[0] > 0.5).any()
    assert np.abs(alphas[0] - alphas[1]).mean() < 5e-3


def test_the_card_tells_how_the_engine_came_to_be(int8: Built, calib: Path) -> None:
    card = read_card(int8.folder)
    check_files(card, int8.folder)
    assert (card.precision, card.backend, card.size) == ("int8", "onnx", SIZE)
    assert card.network_hash == read_card(default_engine()).network_hash
    assert card.calibration_hash == read_calibration_set(calib).hash
    told = card.made["calibration"]
    assert told["method"] in told["alpha_mad_from_float"]
    assert set(told["alpha_mad_from_float"]) == {"max", "percentile", "entropy"}
    shares = told["share_of_limit"]
    assert shares[told["method"]] == min(shares.values()) > 0
    assert card.made["of_shipped_network"]
    assert (told["frames"], told["choosing"], told["held_out"]) == (70, 10, 20)
    assert card.metrics["gate"]["comparison"]["frames"] == 20
    assert card.metrics["gate"]["latency"]["ratio"] > 0


def test_weights_are_int8_per_channel_and_first_and_last_convolutions_float(int8: Built) -> None:
    graph = onnx.load(int8.folder / "frame.onnx").graph
    makers = {name: node for node in graph.node for name in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    floats, scales = [], []
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        maker = makers.get(node.input[1])
        if maker is None or maker.op_type != "DequantizeLinear":
            floats.append(node.name)
            continue
        assert weights[maker.input[0]].data_type == onnx.TensorProto.INT8
        assert makers[node.input[0]].op_type == "DequantizeLinear"
        scales.append(weights[maker.input[1]].dims[0] == weights[maker.input[0]].dims[0])
    assert all(scales)
    assert len(scales) == read_card(int8.folder).made["int8_convolutions"] > 50
    wanted = [
        "stem",
        "stages.0.0/depthwise",
        "stages.0.0/project",
        "detail",
        "alpha1.1",
        "depth2.1",
    ]
    assert len(floats) == len(wanted)
    assert all(any(part in name for name in floats) for part in wanted)
    zeros = [w for name, w in weights.items() if name.endswith("zero_point")]
    assert zeros
    assert all((onnx.numpy_helper.to_array(zero) == 0).all() for zero in zeros)


def test_ranges_behind_the_encoder_never_saturate() -> None:
    # large values are nearness there, and close-ups are rare in a set
    model = onnx.load(default_engine() / "frame.onnx")
    values = np.linspace(-1, 1, 20_000, dtype=np.float32)
    values[0] = 40  # one of 20,000: the percentile leaves it out
    histograms = {node.input[0]: Histogram() for node in quantized_nodes(model)}
    for histogram in histograms.values():
        histogram.add(values)
    found = limits(model, histograms, "percentile")
    largest = {node.name: found[node.input[0]] for node in quantized_nodes(model)}
    encoder = {name for name in largest if "/encoder/" in name}
    assert 20 < len(encoder) < len(largest) - 10
    assert all(largest[name] < 2 for name in encoder)
    assert all(largest[name] == 40 for name in set(largest) - encoder)


@pytest.mark.parametrize(("ranges", "passes"), [(1, True), (0.2, False)])
def test_int8_whose_ranges_are_too_small_is_refused(
    small: Path, int8: Built, calib: Path, tmp_path: Path, ranges: float, passes: bool
) -> None:
    folder = shutil.copytree(int8.folder, tmp_path / "int8")
    model = onnx.load(folder / "frame.onnx")
    for tensor in model.graph.initializer:
        if tensor.name.endswith("_scale") and not tensor.dims:  # of an activation, not of weights
            scale = onnx.numpy_helper.to_array(tensor) * np.float32(ranges)
            tensor.CopyFrom(onnx.numpy_helper.from_array(scale, tensor.name))
    onnx.save(model, folder / "frame.onnx")
    items = read_calibration_set(calib).held_out
    held_out = held_out_by(items, reference_engine(small, read_card(small)))
    found = verdict(held_out.compare(reference_engine(folder, read_card(folder))), None)
    assert found.passed is passes
    assert passes or any("depth" in reason for reason in found.reasons)


def test_past_the_gate_float_is_built_and_the_card_says_why(
    small: Path, calib: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeds.engine.build.accuracy_gate.GATE", Gate(alpha_mad=-1.0, turns=3))
    built = build_engine(
        small, tmp_path / "e", precision="fp16", target=BuildTarget(), calibration=calib
    )
    assert [row.precision for row in built.rows] == ["fp16", "fp32"]
    card = read_card(tmp_path / "e")
    assert card.precision == "fp32"
    assert card.made["asked_for"] == "fp16"
    assert "alpha MAD" in card.made["refused"]["fp16"][0]
    assert card.files == read_card(small).files


def test_force_keeps_what_the_gate_refuses(
    small: Path, calib: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeds.engine.build.accuracy_gate.GATE", Gate(alpha_mad=-1.0, turns=3))
    built = build_engine(
        small,
        tmp_path / "e",
        precision="fp16",
        target=BuildTarget(),
        calibration=calib,
        force=True,
    )
    assert [row.precision for row in built.rows] == ["fp16"]
    assert read_card(tmp_path / "e").precision == "fp16"
    assert read_card(tmp_path / "e").metrics["gate"]["passed"] is False


def test_a_named_gpu_gets_plans_judged_by_their_graphs(
    small: Path, calib: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="needs tensorrt_rtx: edgeds[tensorrt-rtx-cu12]")
    built = build_engine(
        small,
        tmp_path / "e",
        precision="int8",
        target=BuildTarget(gpu="sm86", here=False),
        calibration=calib,
        force=True,
    )
    card = read_card(tmp_path / "e")
    assert (card.backend, card.precision) == ("tensorrt_rtx", "int8")
    assert set(card.files) == {"plate.plan", "frame.plan"}
    check_files(card, tmp_path / "e")
    assert card.target["gpu"] == "sm86"
    # 129 at 192x320 (float: 94): Q and DQ are kernels of their own where nothing takes them in
    assert 50 < card.made["kernels"]["frame"] <= 140
    assert built.rows[-1].frame_ms is None  # no such GPU here
    assert built.rows[-1].verdict is not None


class Timed(DifferenceEngine):
    """Stands in for a plan on a GPU that is not here: it has a time, and maps of its own."""

    def __init__(self, precision: str, seen: list[str]) -> None:
        super().__init__(size=(64, 96))
        self.precision, self._seen = precision, seen

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        self._seen.append(self.precision)
        return super().infer(frame, plate)


@pytest.mark.parametrize(
    ("ms", "asked", "tried", "reason"),
    [
        ({"int8": 6, "fp16": 5, "fp32": 10}, "int8", ["int8", "fp16"], "slower than fp16"),
        ({"int8": 4, "fp16": 5, "fp32": 10}, "int8", ["int8"], ""),
        ({"fp16": 12, "fp32": 10}, "fp16", ["fp16", "fp32"], "slower than float"),
    ],
)
def test_on_this_machines_gpu_the_fastest_that_passes_is_kept(
    small: Path,
    calib: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ms: dict[str, float],
    asked: Precision,
    tried: list[str],
    reason: str,
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="needs tensorrt_rtx: edgeds[tensorrt-rtx-cu12]")
    gpu = Cuda(
        gpus=(
            Gpu(index=0, name="another GPU", sm="sm75", memory_bytes=1),
            Gpu(index=1, name="some GPU", sm="sm86", memory_bytes=1),
        )
    )

    def latency(reference: Timed, candidate: Timed) -> Latency:
        a, b = ms[reference.precision], ms[candidate.precision]
        return Latency(float_ms=a, candidate_ms=b, ratio=b / a)

    monkeypatch.setenv("EDGEDS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("edgeds.engine.build.tensorrt_build.find_cuda", lambda: gpu)
    seen: list[str] = []

    def opened(folder: Path, *, device: str) -> Timed:
        assert device == "cuda:1"
        return Timed(read_card(folder).precision, seen)

    monkeypatch.setattr("edgeds.engine.build.candidate_builder.open_engine", opened)
    monkeypatch.setattr("edgeds.engine.build.candidate_builder.measured_latency", latency)
    # as one bad scene would: what is judged here is time
    monkeypatch.setattr(
        "edgeds.engine.build.accuracy_gate.GATE", Gate(alpha_mad=1, iou_loss=1, depth_abs_rel=9)
    )
    target = BuildTarget(gpu="sm86", device="cuda:1")
    built = build_engine(small, tmp_path / "e", precision=asked, target=target, calibration=calib)
    assert [row.precision for row in built.rows] == tried
    card = read_card(tmp_path / "e")
    assert (card.precision, card.backend) == (tried[-1], "tensorrt_rtx")
    check_files(card, tmp_path / "e")
    assert reason in str(card.made.get("refused"))
    assert built.rows[-1].frame_ms == ms[tried[-1]]
    # the plans themselves were judged, since their GPU is here
    assert set(seen) == {precision for precision in tried if precision != "fp32"}


def test_an_engine_of_ones_own_weights_has_their_name(small: Path) -> None:
    card = read_card(small)
    assert engine_name(card, "int8", BuildTarget(gpu="sm86")) == "edgeds-64x96-int8-sm86"
    own = replace(card, made={"weights": "desk.safetensors"})
    assert engine_name(own, "int8", BuildTarget()) == "desk-64x96-int8"


def test_a_failed_build_leaves_the_former_engine_and_nothing_else(
    small: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "engine"
    build_engine(small, folder, precision="fp32", target=BuildTarget(), calibration=tmp_path)
    before = (folder / "card.json").read_bytes()
    with pytest.raises(EngineError):
        build_engine(
            small,
            folder,
            precision="fp32",
            target=BuildTarget(gpu="sm1", here=False),
            calibration=tmp_path,
        )
    assert (folder / "card.json").read_bytes() == before
    check_files(read_card(folder), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["engine"]


def test_a_full_disk_leaves_the_former_engine_and_says_so(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "engine"
    folder.mkdir()
    Card(name="old", size=(1, 1)).write(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("edgeds.engine.build.candidate_builder.shutil.copyfile", full)
    with pytest.raises(RunError, match="could not be written") as caught:
        build_engine(small, folder, precision="fp32", target=BuildTarget(), calibration=tmp_path)
    assert caught.value.why == "the disk is full"
    assert read_card(folder).name == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["engine"]


def test_an_interruption_while_engines_change_places_brings_the_former_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "engine", tmp_path / "work" / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        Card(name=folder.name, size=(1, 1)).write(folder)
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self == new:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(new, old)
    assert read_card(old).name == "engine"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without a signal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_build_that_is_stopped_leaves_nothing_and_ends_with_the_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "edgeds", "build-engine", "--gpu", "none"]
    folder = tmp_path / "engine"
    folder.mkdir()
    Card(name="old", size=(1, 1)).write(folder)
    with subprocess.Popen(
        [*command, "-o", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as build:
        while not list(tmp_path.glob(".edgeds-build-*")):
            assert build.poll() is None
            time.sleep(0.05)
        build.send_signal(number)
        _, said = build.communicate(timeout=300)
    assert build.returncode == 128 + number, said
    assert "untouched" in said
    assert "Traceback" not in said
    assert read_card(folder).name == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["engine"]


def test_an_engine_is_replaced_whole(small: Path, tmp_path: Path) -> None:
    folder = tmp_path / "engine"
    folder.mkdir()
    Card(name="old", size=(1, 1)).write(folder)
    (folder / "left.over").touch()
    build_engine(small, folder, precision="fp32", target=BuildTarget(), calibration=tmp_path)
    assert not (folder / "left.over").exists()
    assert read_card(folder).size == SIZE
    assert [path.name for path in tmp_path.iterdir()] == ["engine"]


def test_a_folder_that_holds_no_engine_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(EngineError, match="something else"):
        build_engine(
            default_engine(), tmp_path, precision="fp32", target=BuildTarget(), calibration=tmp_path
        )
    with pytest.raises(EngineError, match="made from"):
        build_engine(
            default_engine(),
            default_engine(),
            precision="fp32",
            target=BuildTarget(),
            calibration=tmp_path,
        )
    assert (tmp_path / "holiday.jpg").exists()


def test_the_shipped_weights_give_an_engine_that_takes_the_plates_noise(
    edgeds: Run, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="needs torch: edgeds[export]")
    weights = default_engine().parent / "edgeds.safetensors"
    options = ("--precision", "fp32", "--gpu", "none", "--size", "96x64")
    done = edgeds("build-engine", *options, "--weights", weights, "-o", tmp_path / "own")
    assert done.returncode == 0, done.stderr
    with open_engine(str(tmp_path / "own")) as engine:
        assert engine.takes_noise == read_card(default_engine()).takes_noise


def test_the_command_builds_into_the_users_folder_and_the_name_opens_it(
    edgeds: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEDS_HOME", str(tmp_path / "home"))
    options = ("--precision", "fp32", "--gpu", "none", "--preset", "fast", "--json")
    done = edgeds("build-engine", *options)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert Path(report["engine"]) == tmp_path / "home" / "engines" / "edgeds-160x256-fp32"
    assert report["tried"][0]["frame_ms"] > 0
    with open_engine(report["name"]) as engine:
        assert "edgeds-160x256-fp32" in engine.name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--size", "320x200"], "multiples of 32"),
        (["--size", "512x288", "--preset", "fast"], "the preset fast has the size 256x160"),
        (["--gpu", "rtx4090"], "sm86"),
        (["--calib", "."], "manifest.jsonl"),
        (["--calib", __file__], "then give --calib SET"),
        (["--weights", "none.safetensors"], "none.safetensors"),
        (["-o", f"{__file__}/engine"], "may write to"),
    ],
)
def test_bad_options_are_told_in_a_line(edgeds: Run, options: list[str], words: str) -> None:
    done = edgeds("build-engine", "--precision", "int8", "--gpu", "none", *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_table_has_what_was_measured_and_says_what_was_not(edgeds: Run, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="needs tensorrt_rtx: edgeds[tensorrt-rtx-cu12]")
    options = ("--precision", "fp32", "--size", "96x64", "-o", tmp_path / "e")
    here = edgeds("build-engine", *options, "--gpu", "none")
    assert here.returncode == 0, here.stderr
    assert "96x64, for the CPU" in here.stdout
    assert "ms a frame" in here.stdout
    assert "not measured" not in here.stdout
    elsewhere = edgeds("build-engine", *options, "--gpu", "sm89")
    assert "speed: not measured, this machine has no sm89" in elsewhere.stdout
    assert "ms a frame" not in elsewhere.stdout
    for line in (f"engine: {tmp_path / 'e'}", "gate"):
        assert line in here.stdout
        assert line in elsewhere.stdout
    for stage in ("reading frame.onnx", "building for sm89", " s\n"):
        assert stage in elsewhere.stderr


def test_the_command_refuses_a_set_that_is_too_small(edgeds: Run, write_set: WriteSet) -> None:
    done = edgeds("build-engine", "--precision", "int8", "--gpu", "none", "--calib", write_set(99))
    assert done.returncode == 2
    assert "99 frames" in done.stderr
