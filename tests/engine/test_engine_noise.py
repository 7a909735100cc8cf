"""An engine whose plate graph takes the plate's noise: on every backend, none changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs torch: pip install --group train")
pytest.importorskip("safetensors", reason="weights need safetensors: pip install --group train")
onnx = pytest.importorskip("onnx", reason='needs onnx: pip install "edgeds[build]"')

from written_sets import WriteSet  # noqa: E402

from edgeds.engine import DifferenceEngine, open_engine, read_card  # noqa: E402
from edgeds.engine.build.accuracy_gate import held_out_by  # noqa: E402
from edgeds.engine.build.onnx_variants import _inputs, half_engine  # noqa: E402
from edgeds.engine.build.other_size import engine_of_size  # noqa: E402
from edgeds.engine.engine_folders import shipped_weights  # noqa: E402
from edgeds.engine.network.hints import channels  # noqa: E402
from edgeds.engine.network.weights_file import load_weights, save_weights  # noqa: E402
from edgeds.engine.onnxruntime import OnnxRuntimeEngine  # noqa: E402
from edgeds.engine.openvino import OpenVinoEngine  # noqa: E402
from edgeds.engine.plate_noise import NOISE, noise_input  # noqa: E402
from edgeds.engine.torch_cuda import open_weights  # noqa: E402
from edgeds.errors import EngineError, ShapeError  # noqa: E402
from edgeds.evaluation.dataset import read_set  # noqa: E402
from edgeds.sources import SyntheticSource  # noqa: E402
from edgeds.types import Engine, FloatMap, Maps, Pixels, PlateFeatures  # noqa: E402
from tests.network.plain_network import with_hints, without_hints  # noqa: E402
from train.export.engine_folder import engine_from_weights  # noqa: E402

SIZE = (64, 96)
BACKENDS = ("onnxruntime", "openvino", "torch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped network with hints that count, and the same without them, as weights and as
    engines.
    """
    folder = tmp_path_factory.mktemp("engines")
    plain = without_hints(load_weights(shipped_weights()))
    told = with_hints(plain, 0.2)
    for name, network in (("plain", plain), ("told", told)):
        save_weights(network, folder / f"{name}.safetensors")
        engine_from_weights(folder / f"{name}.safetensors", folder / name, size=SIZE)
    return folder


def opened(folder: Path, name: str, backend: str) -> Engine:
    if backend == "torch":
        engine: Engine = open_weights(folder / f"{name}.safetensors", device="cpu", size=SIZE)
        return engine
    kind = {"onnxruntime": OnnxRuntimeEngine, "openvino": OpenVinoEngine}[backend]
    return kind(folder / name, read_card(folder / name))


def alpha(engine: Engine, noise: FloatMap | None = None) -> FloatMap:
    scene = SyntheticSource(size=engine.size, frame_count=5)
    *_, last = scene
    return engine.infer(last.pixels, engine.encode_plate(scene.plate, noise)).alpha


def ramp(size: tuple[int, int]) -> FloatMap:
    return np.repeat(np.linspace(1, 8, size[0], dtype=np.float32)[:, None], size[1], 1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_unknown_noise_changes_nothing_and_known_noise_does(folder: Path, backend: str) -> None:
    plain, told = (opened(folder, name, backend) for name in ("plain", "told"))
    assert (plain.takes_noise, told.takes_noise) == (False, True)
    wanted = alpha(plain)
    np.testing.assert_allclose(alpha(told), wanted, atol=1e-5)
    np.testing.assert_array_equal(alpha(plain, ramp(SIZE)), wanted)
    assert np.abs(alpha(told, ramp(SIZE)) - wanted).max() > 1e-2
    np.testing.assert_allclose(alpha(told), wanted, atol=1e-5, err_msg="former noise is forgotten")


def test_all_backends_agree_about_noise(folder: Path) -> None:
    engines = [opened(folder, "told", backend) for backend in BACKENDS]
    first, *others = [alpha(one, ramp(SIZE)) for one in engines]
    for other in others:
        np.testing.assert_allclose(other, first, atol=1e-3)


def test_noise_alone_is_noise_beside_a_depth_that_is_not_known() -> None:
    noise = torch.from_numpy(ramp(SIZE))[None, None]
    both = torch.cat((noise, torch.full_like(noise, -1)), 1)
    assert torch.equal(channels(noise), channels(both))


def test_noise_goes_along_to_other_sizes_and_into_float16(folder: Path, tmp_path: Path) -> None:
    large = (96, 128)
    openvino = opened(folder, "told", "openvino")
    assert isinstance(openvino, OpenVinoEngine)
    at_large = openvino.at_size(large)
    built = engine_of_size(folder / "told", tmp_path / "large", large)
    other = OnnxRuntimeEngine(built, read_card(built))
    wanted = alpha(at_large, ramp(large))
    assert np.abs(wanted - alpha(at_large)).max() > 1e-2
    np.testing.assert_allclose(alpha(other, ramp(large)), wanted, atol=1e-3)

    half = half_engine(built, tmp_path / "half")
    given = {value.name: value for value in onnx.load(half / "plate.onnx").graph.input}
    assert given[NOISE].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    # as the network itself: tests/engine/test_precision.py
    found = alpha(OnnxRuntimeEngine(half, read_card(half)), ramp(large))
    assert np.abs(found - wanted).mean() < 3e-3


def test_a_card_that_does_not_say_so_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (folder / "told").iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    card = json.loads((copy / "card.json").read_text())
    assert card["takes_noise"] is True
    (copy / "card.json").write_text(json.dumps(card | {"takes_noise": False}))
    with pytest.raises(EngineError, match="plate graph takes plate_noise"):
        open_engine(copy, device="cpu")


def test_noise_of_another_size_is_refused() -> None:
    with pytest.raises(ShapeError, match="engine's size"):
        noise_input(ramp((32, 48)), SIZE)


def test_verdicts_see_plates_with_and_without_noise(write_set: WriteSet) -> None:
    engine = Listening()
    items = read_set(write_set(6)).items
    judges = held_out_by(items, engine)
    assert [one is not None for one in engine.told] == [False, True], "each once for one plate"
    assert engine.seen == [False, True] * 3
    first = engine.told[1]
    judges.compare(engine)
    assert first is not None
    assert 0.2 < first.min() < first.max() < 100
    np.testing.assert_array_equal(engine.told[3], first, err_msg="both engines get the same")
    engine.takes_noise = False
    engine.told.clear()
    judges.compare(engine)
    assert engine.told == [None]


def test_ranges_are_measured_with_and_without_noise(folder: Path, write_set: WriteSet) -> None:
    items = read_set(write_set(3)).items
    first, second, third = _inputs(folder / "told", items, SIZE)
    assert np.abs(second["plate_10"] - first["plate_10"]).max() > 1e-3
    np.testing.assert_array_equal(third["plate_10"], first["plate_10"])


class Listening(DifferenceEngine):
    """Plain difference; it remembers the noise of each plate and of each frame."""

    takes_noise = True

    def __init__(self) -> None:
        super().__init__(size=SIZE)
        self.told: list[FloatMap | None] = []
        self.seen: list[bool] = []

    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        self.told.append(noise)
        return super().encode_plate(plate), noise is not None

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        features, is_known = plate
        self.seen.append(is_known)
        return super().infer(frame, features)
