"""The script that measures a GPU, as far as it goes without one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

ROOT = Path(__file__).parents[2]
if not (ROOT / "docs" / "gpu.md").is_file():
    pytest.skip("docs/ is not beside the tests", allow_module_level=True)


def loaded(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "gpu" / f"{name}.py")
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
    parts = (script.environment, script.codecs, broken_part, script.whole_frame)
    monkeypatch.setattr(script, "PARTS", parts)
    so_far: list[str] = []
    text, well = script.report(machine, so_far.append)
    assert len(so_far) == len(parts)
    assert all(text.startswith(one.rstrip()) for one in so_far)
    assert so_far[-1] == text
    assert not well
    assert "broken part: failed: RuntimeError: no such thing" in text
    assert "| 360p | " in text
    assert "Traceback" in capsys.readouterr().err


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

    def parts(folder: Path, device: str, *, quick: bool) -> list[Any]:
        del folder, device, quick
        python = [sys.executable, "-c"]
        return [
            script.Part("bad", 30, [*python, "print('a reason'); raise SystemExit(3)"]),
            script.Part("slow", 1, [*python, "import time; time.sleep(30)"]),
            script.Part("good", 30, [*python, "print('a figure')"]),
        ]

    monkeypatch.setattr(script, "parts", parts)
    monkeypatch.setattr(sys, "argv", ["everything.py", str(tmp_path / "report")])
    assert script.main() == 1
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    for said in ("exit 3,", "a reason", "stopped after 1 s", "exit 0,", "a figure"):
        assert said in text
    assert str(tmp_path) in capsys.readouterr().out
