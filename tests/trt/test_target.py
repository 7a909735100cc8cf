"""Loading is safe: whatever does not fit is named, with the command that mends it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgeds.engine import default_engine, open_engine
from edgeds.engine.card import Card, sha256_of
from edgeds.engine.cuda_driver import Cuda, Gpu
from edgeds.engine.fits_this_machine import check_target, open_tensorrt, torch_fix, torch_gpu
from edgeds.engine.tensorrt_library import load_library, this_os
from edgeds.errors import EngineError

CUDA = Cuda(gpus=(Gpu(index=0, name="some GPU", sm="sm86", memory_bytes=1),), driver_cuda="12.8")
Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


def library_version() -> str:
    return str(pytest.importorskip("tensorrt_rtx", reason="no tensorrt_rtx here").__version__)


def fitting(**changes: str) -> Card:
    target = {"library": "tensorrt_rtx", "version": library_version(), "gpu": "sm86"}
    target = {**target, "os": this_os(), **changes}
    return Card(name="mine", size=(32, 64), backend="tensorrt_rtx", precision="int8", target=target)


def test_an_engine_for_this_machine_passes() -> None:
    gpu, library = check_target(fitting(), cuda=CUDA)
    assert gpu == CUDA.gpus[0]
    assert library.__name__ == "tensorrt_rtx"


@pytest.mark.parametrize(
    ("changes", "why", "fix"),
    [
        ({"gpu": "sm89"}, "built for sm89, this GPU (some GPU) is sm86", "build-engine"),
        ({"version": "1.0.0.1"}, "built with tensorrt_rtx 1.0.0.1", "tensorrt-rtx-cu12==1.0.0.1"),
        ({"os": "win32-amd64"}, "built for win32-amd64", "build-engine --precision int8"),
        ({"library": "tensorrt"}, "'tensorrt_rtx' in one place and 'tensorrt' in", "build-engine"),
        ({"library": ""}, "does not say its library", "build-engine"),
        ({"gpu": ""}, "does not say its gpu", "build-engine"),
    ],
)
def test_what_differs_is_named_with_the_command_that_mends_it(
    changes: dict[str, str], why: str, fix: str
) -> None:
    with pytest.raises(EngineError, match="cannot load the engine 'mine'") as caught:
        check_target(fitting(**changes), cuda=CUDA)
    assert why in caught.value.why
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("device", "cuda", "why"),
    [
        ("cpu", CUDA, "runs on a GPU, not on 'cpu'"),
        ("cuda:1", CUDA, "there is no cuda:1; this machine has 1 GPU(s)"),
        ("auto", Cuda(problem="the NVIDIA driver sees no GPU"), "sees no GPU"),
        ("cuda:x", CUDA, "'cuda:x'"),
    ],
)
def test_a_device_that_is_not_there_is_refused(device: str, cuda: Cuda, why: str) -> None:
    with pytest.raises(EngineError) as caught:
        check_target(fitting(), device=device, cuda=cuda)
    assert why in caught.value.why
    assert caught.value.fix


def test_the_wrong_extra_is_named_with_the_right_one() -> None:
    if importlib.util.find_spec("tensorrt"):
        pytest.skip("tensorrt is installed here")
    card = replace(fitting(library="tensorrt"), backend="tensorrt")
    with pytest.raises(EngineError, match="cannot use tensorrt") as caught:
        check_target(card, cuda=CUDA)
    assert "not installed" in caught.value.why
    assert 'pip install "edgeds[tensorrt-cu12]"' in caught.value.fix


def test_a_library_that_breaks_at_its_start_or_is_unknown_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for text, said in [
        ("raise RuntimeError('libcudart.so.12 missing')", "libcudart.so.12 missing"),
        ("import not_there_at_all", "not_there_at_all"),
        ("__version__ = '8.6.1'", "knows tensorrt 10 and 11"),
    ]:
        (tmp_path / "tensorrt.py").write_text(text)
        sys.modules.pop("tensorrt", None)
        importlib.invalidate_caches()
        with pytest.raises(EngineError) as caught:
            load_library("tensorrt")
        assert said in caught.value.why
        (tmp_path / "tensorrt.py").unlink()
        for cached in tmp_path.rglob("*.pyc"):
            cached.unlink()
    sys.modules.pop("tensorrt", None)


def test_torch_without_cuda_is_named(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    if torch.cuda.is_available():
        pytest.skip("torch can use a GPU here")
    with pytest.raises(EngineError) as caught:
        open_tensorrt(tmp_path, fitting(), device="auto", cuda=CUDA)
    assert "built without CUDA" in caught.value.why
    assert caught.value.fix == torch_fix(CUDA)


@pytest.mark.parametrize(
    ("driver", "index"), [("12.8", "cu126"), ("13.0", "cu130"), (None, "cu130")]
)
def test_the_fix_names_the_index_of_a_torch_for_the_driver(driver: str | None, index: str) -> None:
    # PyPI's torch for Windows has no CUDA, that for Linux is built for one CUDA version
    assert torch_fix(Cuda(driver_cuda=driver)).endswith(f"https://download.pytorch.org/whl/{index}")


OLD, NEW = (
    Gpu(index=0, name="old GPU", sm="sm61", memory_bytes=1),
    Gpu(index=1, name="new GPU", sm="sm86", memory_bytes=1),
)


@pytest.mark.parametrize(
    ("codes", "device", "wanted"),
    [
        (("sm_75", "sm_80"), "auto", NEW),  # code of a generation runs on its later GPUs
        (("sm_90",), "auto", "no code for old GPU (sm61), new GPU (sm86); it has sm_90"),
        (("compute_70",), "auto", NEW),
        (("sm_50", "sm_60"), "auto", OLD),
        (("sm_75", "sm_80"), "cuda:0", "no code for old GPU (sm61)"),
        (("sm_75", "sm_80"), "cuda:1", NEW),
        ((), "auto", OLD),
        (("sm_80",), "cuda:2", "there is no cuda:2; this machine has 2 GPU(s)"),
    ],
)
def test_auto_takes_the_first_gpu_that_torch_has_code_for(
    codes: tuple[str, ...], device: str, wanted: Gpu | str
) -> None:
    found = torch_gpu(device, Cuda(gpus=(OLD, NEW)), codes=codes)
    assert wanted in found if isinstance(found, str) else wanted == found


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as build-engine leaves it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("plate.plan", "frame.plan"):
        (folder / name).write_bytes(b"ftrt" + bytes(1000))
    files = {path.name: sha256_of(path) for path in folder.iterdir()}
    replace(fitting(), files=files).write(folder)
    return folder


@pytest.mark.parametrize("damage", ["truncated", "changed", "missing"])
def test_a_damaged_plan_is_found_before_it_is_loaded(built: Path, damage: str) -> None:
    plan = built / "frame.plan"
    data = plan.read_bytes()
    if damage == "missing":
        plan.unlink()
    else:
        plan.write_bytes(data[:500] if damage == "truncated" else b"x" + data[1:])
    with pytest.raises(EngineError) as caught:
        open_engine(built)
    assert "frame.plan" in caught.value.why


def test_without_a_gpu_the_command_ends_with_2_and_says_what_is_missing(
    edgeds: Edgeds, built: Path, data: Path
) -> None:
    from edgeds.engine.cuda_driver import find_cuda

    if find_cuda().gpus:
        pytest.skip("there is a GPU here")
    done = edgeds("video", data / "people_walking.mp4", "--engine", built, "--device", "cuda:0")
    assert done.returncode == 2, done.stderr
    assert "cannot load the engine 'mine'" in done.stderr
    assert "driver" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_onnx_engine_is_not_run_on_a_gpu_behind_ones_back() -> None:
    with pytest.raises(EngineError, match="on 'cuda:0'") as caught:
        open_engine(default_engine(), device="cuda:0")
    assert "edgeds build-engine" in caught.value.fix
