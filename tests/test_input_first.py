"""What is wrong with the input is found before an engine, a camera or a build begins."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.errors import EdgedsError
from edgeds.plate.file import plate_from_file
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource

MakeClip = Callable[..., Path]


class _BegunError(Exception):
    """Something that takes a while has begun."""


@pytest.fixture
def inputs(make_clip: MakeClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files to be wrong about, in the current folder. Returns the names of what has begun."""
    begun: list[str] = []

    def begin(name: str) -> Callable[..., None]:
        def beginning(*_: object, **__: object) -> None:
            begun.append(name)
            raise _BegunError(name)

        return beginning

    monkeypatch.chdir(tmp_path)
    make_clip(frame_count=3)
    cv2.imwrite("plate.png", np.zeros((90, 160, 3), np.uint8))
    Path("broken.npz").write_bytes(b"PK not really")
    Path("spoilt.jpg").write_bytes(b"no image")
    for name, setting in (
        ("plate", 'plate = "broken.npz"'),
        ("backdrop", 'backdrop = "no.png"'),
        ("spoilt", 'backdrop = "spoilt.jpg"'),
        ("record", 'record = "no/a.mp4"'),
        ("itself", 'record = "clip.mp4"'),
        ("events", 'plate = "plate.png"\nevents = "plate.png"'),
    ):
        Path(f"{name}.toml").write_text(
            f'[[camera]]\nname = "a"\nsource = "file:clip.mp4?loop"\n{setting}\n'
        )
    for place in ("engine.open_engine", "sources.open_live_source"):
        monkeypatch.setattr(f"edgeds.{place}", begin(place))
    monkeypatch.setattr("edgeds.engine.build.calibration_set.read_calibration_set", begin("build"))
    monkeypatch.setattr("edgeds.cli.batch.command._run", begin("batch"))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    return begun


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("video no.mp4", "no such file"),
        ("video clip.mp4 -b no.png", "no such file"),
        ("video clip.mp4 --view replace --backdrop no.png", "backdrop"),
        ("video clip.mp4 -o no/out.mp4", "no folder"),
        ("live file:clip.mp4 -b broken.npz", "not a plate file"),
        ("live file:clip.mp4 --view replace --backdrop no.png", "backdrop"),
        ("live file:clip.mp4 --record no/out.mp4", "no folder"),
        ("live file:clip.mp4 --record out.xyz", "not a known format"),
        pytest.param(
            "live file:clip.mp4 --show",
            "no display",
            marks=pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="has a display"),
        ),
        ("live plate.toml", "not a plate file"),
        ("live backdrop.toml", "backdrop"),
        ("live record.toml", "no folder"),
        ("live spoilt.toml", "spoilt.jpg"),
        ("live itself.toml", "is the input of 'a' itself"),
        ("live events.toml", "is the plate of 'a' itself"),
        ("live file:clip.mp4?loop --record clip.mp4", "is the input itself"),
        ("live clip.mp4 --events clip.mp4", "is the input itself"),
        ("live file:clip.mp4 --view replace --backdrop spoilt.jpg", "spoilt.jpg"),
        ("video clip.mp4 --view replace --backdrop spoilt.jpg", "spoilt.jpg"),
        ("batch clip.mp4 -o out --view replace --backdrop spoilt.jpg", "spoilt.jpg"),
        ("calibrate clip.mp4 -o set -b broken.npz", "not a plate file"),
        ("batch clip.mp4 -o out -b broken.npz", "not a plate file"),
        ("batch clip.mp4 -o out --view replace --backdrop no.png", "backdrop"),
        ("batch clip.mp4 -o out --video-options '--rules no.toml'", "no.toml"),
        ("batch clip.mp4 -o out --video-options '--insert no.png@0.4'", "no.png"),
        ("build-engine --gpu none -o .", "something else than an engine"),
        ("build-engine --gpu none --weights no.safetensors", "no such file"),
        ("build-engine --gpu none --size 7x7", "7x7"),
    ],
)
def test_what_is_wrong_with_the_input_is_found_before_anything_begins(
    inputs: list[str], words: str, says: str
) -> None:
    import shlex

    done = CliRunner().invoke(app, shlex.split(words))
    assert inputs == []
    assert isinstance(done.exception, EdgedsError), done.output
    assert done.exception.exit_code == 2
    assert says in f"{done.exception.what} {done.exception.why}"


def test_what_is_right_begins(inputs: list[str]) -> None:
    """Else the test above could not fail."""
    for words in (
        ("video", "clip.mp4", "-b", "plate.png"),
        ("live", "file:clip.mp4", "-b", "plate.png", "--no-show", "--record", "out.mp4"),
        ("build-engine", "--gpu", "none"),
        ("batch", "clip.mp4", "-o", "out"),
    ):
        CliRunner().invoke(app, words)
    assert {"engine.open_engine", "sources.open_live_source", "build", "batch"} == set(inputs)


@pytest.mark.parametrize("command", ["calibrate", "live"])
def test_a_given_plate_is_read_once(
    command: str, make_clip: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was checked is what runs, also where the file is replaced in between."""
    clip = make_clip(frame_count=40)
    plate = tmp_path / "plate.png"
    cv2.imwrite(str(plate), SyntheticSource(size=(90, 160)).plate[..., ::-1])
    read: list[object] = []

    def counted(path: object) -> Plate:
        read.append(path)
        return plate_from_file(path)  # type: ignore[arg-type]

    monkeypatch.setattr("edgeds.plate.file.plate_from_file", counted)
    cameras = tmp_path / "cameras.toml"
    cameras.write_text(f'[[camera]]\nname = "a"\nsource = "file:{clip}"\nplate = "{plate}"\n')
    options = {
        "calibrate": [str(clip), "-b", str(plate), "-o", str(tmp_path / "set")],
        "live": [str(cameras), "--duration", "0.5", "--no-show"],
    }
    CliRunner().invoke(app, [command, *options[command], "--engine", "difference"])
    assert len(read) == 1
