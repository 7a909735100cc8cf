"""The script that measures a GPU, as far as it goes without one."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from edgeds.engine.cuda_driver import Cuda, Gpu, find_cuda
from edgeds.errors import RunError

ROOT = Path(__file__).parents[2]
if not (ROOT / "docs" / "gpu.md").is_file():
    pytest.skip("docs/ is not beside the tests", allow_module_level=True)


SCRIPTS = ROOT / "tests" / "gpu"
sys.path.insert(0, str(SCRIPTS))
no_gpu = pytest.mark.skipif(not find_cuda().problem, reason="there is a GPU")


def loaded(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its dataclass looks for it there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script() -> Any:
    return loaded("gpu_report")


def test_it_measures_a_device_and_a_part_that_fails_does_not_end_it(
    script: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken_part(machine: Any) -> list[str]:
        raise RuntimeError("no such thing")

    machine = script.Machine("cpu", 2, {"360p": (360, 480)}, compiles=False)
    parts = (script.environment, script.codecs, broken_part, script.whole_frame, script.border)
    monkeypatch.setattr(script, "PARTS", parts)
    so_far: list[str] = []
    text, well = script.report(machine, so_far.append)
    assert len(so_far) == len(parts)
    assert all(text.startswith(one.rstrip()) for one in so_far)
    assert so_far[-1] == text
    assert not well
    assert "broken part: failed: RuntimeError: no such thing" in text
    assert len(re.findall(r"\| 360p( \| [\d.]+ ms){2} \|", text)) == 1  # the whole frame
    assert len(re.findall(r"\| 360p( \| [\d.]+ ms, \d+ MiB){3} \|", text)) == 1  # its border
    assert "Traceback" in capsys.readouterr().err


def test_streams_that_fail_give_no_figure_and_those_without_memory_say_so(
    script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = script.Machine("cpu", 1, {"360p": (360, 480)}, compiles=False)
    why = "CUDA out of memory. Tried to allocate 2 GiB."

    def fails(index: int) -> Any:
        raise RunError("the GPU failed", why=why)

    monkeypatch.setattr(script, "drawing", lambda *_: fails)
    assert script.streams(machine)[-1] == "| 1 | no memory |"
    why = "an illegal memory access"
    with pytest.raises(RunError, match="the GPU failed"):
        script.streams(machine)


def test_copies_are_counted_each_way(script: Any) -> None:
    kernel, inside = ("elementwise_kernel", 0), ("Memcpy DtoD (Device -> Device)", 99)
    out, back = ("Memcpy DtoH (Device -> Pinned)", 56), ("Memcpy HtoD (Pageable -> Device)", 12)
    assert script.copies_in([kernel]) is None  # a profiler without the GPU's own events
    assert script.copies_in([kernel, inside]) == {}
    assert script.copies_in([out, inside, out, back]) == {"DtoH": (2, 112), "HtoD": (1, 12)}


def test_its_report_takes_the_place_of_the_one_before(script: Any, tmp_path: Path) -> None:
    page = tmp_path / "gpu.md"
    page.write_text((ROOT / "docs" / "gpu.md").read_text(encoding="utf-8"), encoding="utf-8")
    for text in ("an earlier report\n", "the new report\n"):
        script.write_into(page, text)
    written = page.read_text(encoding="utf-8")
    assert "the new report" in written
    assert "an earlier report" not in written
    assert written.startswith("# ")
    assert written.count(script.BEGIN) == written.count(script.END) == 1


def test_everything_runs_part_by_part_and_one_that_fails_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = loaded("everything")
    commands = {part.name: part.command for part in script.parts(tmp_path, "cuda:0", quick=True)}
    assert list(commands) == ["doctor", "report", "video", "tests", "bench"]
    assert all("cuda:0" in commands[name] for name in ("report", "video", "bench"))
    for command in commands.values():
        if "edgeds" in command:  # its options are those that the command has
            assert subprocess.run([*command, "--help"], capture_output=True).returncode == 0

    def parts(folder: Path, device: str, *, quick: bool) -> list[Any]:
        del folder, device, quick
        python = [sys.executable, "-c"]
        return [
            script.Part("bad", 30, [*python, "print('a reason'); raise SystemExit(3)"]),
            script.Part("slow", 1, [*python, "import time; time.sleep(30)"]),
            script.Part("good", 30, [*python, "print('a figure')"]),
        ]

    monkeypatch.setattr(script, "parts", parts)
    monkeypatch.setattr(sys, "argv", ["everything.py", str(tmp_path / "report"), "--device", "cpu"])
    assert script.main() == 1
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    for said in ("exit 3,", "a reason", "stopped after 1 s", "exit 0,", "a figure"):
        assert said in text
    assert str(tmp_path) in capsys.readouterr().out


@no_gpu
@pytest.mark.parametrize("name", ["everything", "gpu_report"])
def test_without_a_gpu_a_script_says_so_at_once_and_its_exit_code_is_2(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script, target = loaded(name), tmp_path / "report"
    where = [str(target)] if name == "everything" else ["--write", str(target)]
    monkeypatch.setattr(sys, "argv", [name, *where, "--quick"])
    assert script.main() == 2
    said = capsys.readouterr().err
    assert said.startswith("nothing to measure on cuda:0: ")
    assert "driver" in said
    assert len(said.splitlines()) == 1
    assert not target.exists()


@no_gpu
def test_it_runs_as_a_program_from_anywhere(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPTS / "everything.py"), str(tmp_path / "report"), "--quick"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("nothing to measure on cuda:0: ")


def test_what_a_machine_with_a_gpu_lacks_is_named_with_the_command_that_installs_it() -> None:
    this_gpu, torch = loaded("this_gpu"), pytest.importorskip("torch")
    cuda = Cuda(gpus=(Gpu(index=0, name="RTX 4090", sm="sm89", memory_bytes=1),))
    assert this_gpu.lacks("cpu") == ""
    if torch.version.cuda is None:
        lacks = this_gpu.lacks("cuda:0", cuda)
        assert "built without CUDA" in lacks
        assert "pip install" in lacks


def test_the_reference_of_every_check_is_the_float_engine() -> None:
    # without a name the CPU's engine runs in bfloat16 where the processor has it, as an H100's does
    opened = [
        call
        for path in SCRIPTS.glob("*.py")
        for call in re.findall(r"open_engine\(.*\)", path.read_text(encoding="utf-8"))
        if 'device="cpu"' in call
    ]
    assert len(opened) >= 5
    assert all(call.startswith("open_engine(default_engine(),") for call in opened)
