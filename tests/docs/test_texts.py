"""What README and the documentation say people can type, works."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.main import get_command

from edgeds import Plate, plate_to_file
from edgeds.cli import app
from edgeds.sources import SyntheticSource

ROOT = Path(__file__).parents[2]
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(chain(ROOT.glob("*.md"), ROOT.glob("docs/**/*.md")))
}
_NAMES = "live|video|batch|capture|calibrate|build-engine|eval|bench|doctor"
_COMMAND = re.compile(rf"^ *(edgeds (?:{_NAMES})\b.*?)(?:  +#.*)?$", re.MULTILINE)
COMMANDS = sorted({command for text in TEXTS.values() for command in _COMMAND.findall(text)})
_NEEDS_GPU = ("--device cuda", "torch-compile")
OF_A_FILE = [
    c
    for c in COMMANDS
    if c.startswith(("edgeds video", "edgeds capture empty"))
    and not any(words in c for words in _NEEDS_GPU)
]
EXAMPLES = [
    pytest.param(code, id=f"{name}-{number}")
    for name, text in TEXTS.items()
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))
]
_LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)#:\s]+)(?:#[^)]*)?\)")
LINKS = [
    pytest.param(ROOT / name, target, id=f"{name}-{target}")
    for name, text in TEXTS.items()
    for target in dict.fromkeys(_LINK.findall(text))
]


@pytest.fixture
def scene(tmp_path: Path, make_clip: Callable[..., Path]) -> Path:
    """A folder with every file that the texts' commands name."""
    make_clip("in.mp4", frame_count=10)
    plate = SyntheticSource(size=(90, 160)).plate
    cv2.imwrite(str(tmp_path / "empty.jpg"), plate[..., ::-1])
    plate_to_file(Plate(plate, origin="file"), tmp_path / "plate.npz")
    cv2.imwrite(str(tmp_path / "plate.png"), plate[..., ::-1])
    cv2.imwrite(str(tmp_path / "beach.jpg"), np.full((60, 90, 3), 200, np.uint8))
    cv2.imwrite(str(tmp_path / "chair.png"), np.full((20, 10, 4), 200, np.uint8))
    shutil.copy(ROOT / "examples" / "rules.toml", tmp_path)
    (tmp_path / "shots").mkdir()
    for frame in SyntheticSource(frame_count=10):
        cv2.imwrite(str(tmp_path / "shots" / f"{frame.index}.png"), frame.pixels[..., ::-1])
    return tmp_path


def test_the_texts_have_commands_and_examples() -> None:
    assert len([c for c in COMMANDS if c.startswith("edgeds video")]) >= 10
    assert {command.split()[1] for command in COMMANDS} == set(_NAMES.split("|"))
    assert TEXTS["README.md"].count("```python") == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_options_that_exist(command: str) -> None:
    _, name, *arguments = shlex.split(command)
    context = get_command(app).commands[name].make_context(name, arguments)  # type: ignore[attr-defined]
    assert context.params


@pytest.mark.parametrize("command", OF_A_FILE)
def test_a_command_that_reads_a_file_runs(
    scene: Path, edgeds: Callable[..., subprocess.CompletedProcess[str]], command: str
) -> None:
    if "empty.mp4" in command and "capture" in command:
        _write_empty_clip(scene / "empty.mp4")
    if "--engine engines/mine" in command:
        command = command.replace("engines/mine", str(ROOT / "engines/edgeds-192x320-int8"))
    done = edgeds(*shlex.split(command)[1:])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_python_example_runs(scene: Path, example: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=scene,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "out.mp4" not in example or (scene / "out.mp4").stat().st_size > 0


@pytest.mark.parametrize("command", ["", *_NAMES.split("|")])
def test_help_shows_the_usage(
    edgeds: Callable[..., subprocess.CompletedProcess[str]], command: str
) -> None:
    done = edgeds(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout


@pytest.mark.parametrize(("text", "target"), LINKS)
def test_every_file_that_a_text_links_to_is_there(text: Path, target: str) -> None:
    assert (text.parent / target).exists()


def _write_empty_clip(path: Path) -> None:
    """A clip of the synthetic scene with nobody in it, with the noise of a camera."""
    import av

    plate = SyntheticSource(size=(90, 160)).plate
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width, stream.pix_fmt = 90, 160, "yuv420p"
        for _ in range(60):
            noisy = np.clip(plate + rng.normal(0, 1.5, plate.shape), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        container.mux(stream.encode(None))
