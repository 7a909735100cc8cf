"""What is here, told truly, whatever is missing."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgeds.cli.doctor.command import doctor_command
from edgeds.cli.doctor.diagnosis import diagnose
from edgeds.cli.doctor.opencv import import_problem, opencv_advice
from edgeds.engine import default_engine, read_card
from edgeds.engine.choose_engine import engine_choices, engine_for
from edgeds.engine.cuda_driver import Cuda, Gpu
from edgeds.engine.engine_folders import shipped_weights
from edgeds.engine.tensorrt_library import this_os
from edgeds.errors import EngineError

Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]
GPU = Cuda(gpus=(Gpu(index=0, name="some GPU", sm="sm86", memory_bytes=8 << 30),))


def fine() -> str:
    """torch has no problem."""
    return ""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own engines."""
    monkeypatch.setenv("EDGEDS_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "engines"


def write_engine(home: Path, name: str, *, gpu: str = "sm86", network: str | None = None) -> Path:
    library = pytest.importorskip("tensorrt_rtx", reason="no tensorrt_rtx here")
    folder = home / name
    folder.mkdir(parents=True)
    target = {"library": "tensorrt_rtx", "version": str(library.__version__), "gpu": gpu}
    shipped = read_card(default_engine())
    replace(
        shipped,
        name=name,
        backend="tensorrt_rtx",
        precision="fp16",
        network_hash=network or shipped.network_hash,
        target={**target, "os": this_os()},
        files={},
    ).write(folder)
    return folder


def test_the_shipped_engine_runs_when_there_is_no_gpu(home: Path) -> None:
    write_engine(home, "mine")
    found = engine_choices(cuda=Cuda(problem="the NVIDIA driver sees no GPU"))
    assert [one.card.name for one in found if one.automatic and not one.problem] == [
        read_card(default_engine()).name
    ]
    mine = next(one for one in found if one.card.name == "mine")
    assert "sees no GPU" in mine.problem
    assert mine.fix


def test_the_newest_engine_for_this_gpu_comes_first(home: Path) -> None:
    for age, name in enumerate(["new", "old"]):
        card = write_engine(home, name) / "card.json"
        os.utime(card, (1e9 - age, 1e9 - age))
    write_engine(home, "for another", gpu="sm89")
    found = engine_choices(cuda=GPU, torch=fine)
    assert [one.card.name for one in found if not one.problem][:2] == ["new", "old"]
    assert found[[one.card.name for one in found].index("new")].runs_on == "cuda:0"


def test_an_engine_of_another_network_is_never_chosen_unasked(home: Path) -> None:
    write_engine(home, "other", network="0" * 64)
    found = engine_choices(cuda=GPU, torch=fine)
    other = next(one for one in found if one.card.name == "other")
    assert other.runs_on == "cuda:0"
    assert not other.automatic


def test_auto_takes_a_built_engine_then_torch_on_the_gpu_then_the_cpu(home: Path) -> None:
    assert engine_for("auto", cuda=GPU, torch=fine) == shipped_weights()
    mine = write_engine(home, "mine")
    assert engine_for("auto", cuda=GPU, torch=fine) == mine
    assert engine_for("cpu", cuda=GPU, torch=fine) == default_engine()
    assert engine_for("auto", cuda=Cuda(problem="none"), torch=fine) == default_engine()
    assert engine_for("auto", cuda=GPU, torch=lambda: "torch is missing") == default_engine()


def test_an_engine_of_another_size_is_not_taken_for_a_size_that_is_asked_for(home: Path) -> None:
    mine = write_engine(home, "mine")
    assert engine_for("auto", size=(288, 512), cuda=GPU, torch=fine) == shipped_weights()
    assert engine_for("auto", cuda=GPU, torch=fine) == mine
    large = write_engine(home, "large")
    replace(read_card(large), size=(288, 512)).write(large)
    assert engine_for("auto", size=(288, 512), cuda=GPU, torch=fine) == large


def test_auto_finds_the_engine_of_any_gpu(home: Path) -> None:
    mine = write_engine(home, "mine", gpu="sm89")
    second = Gpu(index=1, name="another GPU", sm="sm89", memory_bytes=8 << 30)
    both = Cuda(gpus=(*GPU.gpus, second))
    found = engine_choices(cuda=both, torch=fine)
    assert found[0].runs_on == "cuda:1"
    assert engine_for("auto", cuda=both, torch=fine) == mine
    assert engine_for("cuda:0", cuda=both, torch=fine) == shipped_weights()


def test_a_gpu_that_nothing_can_use_is_refused_with_every_reason(home: Path) -> None:
    write_engine(home, "for another", gpu="sm89")
    with pytest.raises(EngineError, match="'cuda:0'") as caught:
        engine_for("cuda:0", cuda=GPU, torch=lambda: "torch is missing")
    assert "built for sm89" in caught.value.why
    assert "torch is missing" in caught.value.why
    with pytest.raises(EngineError, match="'cuda:3'") as caught:
        engine_for("cuda:3", cuda=GPU, torch=fine)
    assert "no cuda:3" in caught.value.why


def test_a_damaged_card_is_an_answer_and_no_crash(home: Path) -> None:
    (home / "broken").mkdir(parents=True)
    (home / "broken" / "card.json").write_text("{ half a")
    broken = next(one for one in engine_choices(cuda=GPU, torch=fine) if one.card.name == "broken")
    assert "cannot read the card" in broken.problem
    assert not broken.automatic


def test_processor_driver_and_cameras_are_read_from_the_system(tmp_path: Path) -> None:
    files = {
        "proc/cpuinfo": "processor : 0\nmodel name : Some CPU\nflags : fpu avx2 avx_vnni\n",
        "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14"
        "  Thu Feb 22 01:44:30 UTC 2026\nGCC version:  gcc 12",
        "sys/class/video4linux/video0/name": "Some Webcam: Some Webcam\n",
        "sys/class/video4linux/video0/index": "0\n",
        "sys/class/video4linux/video1/name": "Some Webcam: metadata\n",
        "sys/class/video4linux/video1/index": "1\n",
        "sys/class/video4linux/video2/name": "Unplugged\n",
        "dev/video0": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    diagnosis = diagnose(tmp_path)
    assert diagnosis.cpu == "Some CPU"
    assert diagnosis.cpu_flags["avx_vnni"]
    assert not diagnosis.cpu_flags["avx512_vnni"]
    assert diagnosis.kernel_driver == "550.54.14"
    cameras = {one.device: one for one in diagnosis.cameras}
    assert set(cameras) == {"/dev/video0", "/dev/video2"}
    assert cameras["/dev/video0"].name == "Some Webcam: Some Webcam"
    assert cameras["/dev/video0"].problem == ""
    assert "no /dev/video2" in cameras["/dev/video2"].problem


def test_a_system_that_tells_nothing_is_no_crash(tmp_path: Path) -> None:
    diagnosis = diagnose(tmp_path)
    assert diagnosis.cpu_flags == {}
    assert diagnosis.cameras == ()
    assert diagnosis.kernel_driver is None
    assert diagnosis.cpu


def test_encoders_that_work_are_ready_and_the_others_say_why_not() -> None:
    encoders = {one.name: one for one in diagnose().encoders}
    assert encoders["libx264"].problem == ""
    hardware = [one for one in encoders.values() if one.hardware]
    assert len(hardware) >= 8
    assert all(
        "build of FFmpeg" in o.problem or "start" in o.problem or not o.problem for o in hardware
    )


@pytest.mark.parametrize(("driver", "index"), [("12.8", "cu126"), ("13.1", "cu130")])
def test_a_gpu_that_no_engine_uses_is_told_what_torch_needs_for_it(
    home: Path, driver: str, index: str
) -> None:
    # PyPI's torch for Windows has no CUDA; with TensorRT alone nothing would run either
    cuda = replace(GPU, driver_cuda=driver)
    why = "torch 2.13.0 is here, and is built without CUDA"
    engines = engine_choices(cuda=cuda, torch=lambda: why)
    found = replace(diagnose(), cuda=cuda, engines=engines, system="Windows 11 AMD64")
    (advice,) = found.advice
    assert advice.startswith(f"no engine runs on some GPU: {why}; pip install")
    assert advice.endswith(f"https://download.pytorch.org/whl/{index}")
    (advice,) = replace(found, system="Linux 5 aarch64").advice
    assert "Jetson" in advice
    assert replace(found, cuda=Cuda(problem="no NVIDIA driver")).advice == ()


def test_the_extras_take_a_torch_that_is_built_for_their_cuda() -> None:
    if sys.version_info < (3, 11):
        pytest.skip("no tomllib before Python 3.11")
    import tomllib

    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    for name in ("tensorrt", "tensorrt-rtx"):
        for cuda, torch in (("cu12", "torch>=2.4,<2.11"), ("cu13", "torch>=2.11")):
            needs = extras[f"{name}-{cuda}"]
            assert torch in needs
            assert any(need.startswith(f"{name}-{cuda}>=") for need in needs)


def test_a_measurement_tells_the_machine_but_not_whose_it_is() -> None:
    import socket

    told = json.dumps(diagnose().machine())
    assert socket.gethostname() not in json.loads(told).values()
    assert str(Path.home()) not in told
    assert platform.release() not in json.loads(told)["system"]


def test_doctor_tells_people_and_programs_the_same(edgeds: Edgeds) -> None:
    text = edgeds("doctor")
    assert text.returncode == 0, text.stderr
    told = json.loads(edgeds("doctor", "--json").stdout)
    assert told["chosen"]
    for one in (*told["libraries"], *told["engines"], *told["encoders"]):
        assert one["name"] in text.stdout
    assert told["presets"] == {"fast": [160, 256], "balanced": [192, 320], "fine": [288, 512]}
    assert "256x160" in text.stdout
    for one in told["libraries"]:
        assert one["version"] or one["install"] in text.stdout


def test_one_opencv_that_loads_needs_no_advice() -> None:
    assert opencv_advice(("opencv-python-headless",), "") == ""
    assert opencv_advice(("opencv-python",), "") == ""


def test_two_opencv_packages_are_named_with_the_remedy() -> None:
    advice = opencv_advice(("opencv-python", "opencv-python-headless"), "")
    assert "overwrite each other's files" in advice
    assert "pip uninstall -y opencv-python opencv-python-headless" in advice
    assert advice.endswith("pip install opencv-python-headless")


def test_an_opencv_that_does_not_load_is_named_with_the_reason() -> None:
    def broken() -> None:
        raise ImportError("libGL.so.1: cannot open shared object file\nmore")

    problem = import_problem(broken)
    assert problem == "ImportError: libGL.so.1: cannot open shared object file"
    assert import_problem() == ""
    advice = opencv_advice(("opencv-python",), problem)
    assert "libGL" in advice
    assert "pip uninstall -y opencv-python, then pip install opencv-python-headless" in advice
    assert opencv_advice((), problem).endswith("pip install opencv-python-headless")


def test_the_doctor_gives_the_advice_on_opencv_first() -> None:
    diagnosis = replace(diagnose(), opencv_advice="two of them", cuda=GPU, system="Linux aarch64")
    assert diagnosis.advice[0] == "two of them"
    assert len(diagnosis.advice) == 2
    assert "opencv_advice" not in diagnosis.to_json()


def test_a_command_whose_library_does_not_load_points_at_the_doctor(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open it')")
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "edgeds", "video", root / "tests/data/moving_person.mp4"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "libGL.so.1" in done.stderr
    assert "edgeds doctor" in done.stderr


def test_a_terminal_gets_no_line_that_is_wider(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    doctor_command()
    whole = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    doctor_command()
    wrapped = capsys.readouterr().out
    assert max(map(len, wrapped.splitlines())) <= 80 < max(map(len, whole.splitlines()))
    assert wrapped.split() == whole.split()


def test_an_encoder_without_its_hardware_is_said_to_have_none() -> None:
    assert not [one for one in diagnose().encoders if "unknown" in one.problem.lower()]
