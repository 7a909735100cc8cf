"""Stop signals: every command completes what it wrote and exits with 128 + the signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from edgeds.sources import SyntheticSource, open_source
from tests.long_clip import repeated

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

ROOT = Path(__file__).parents[1]
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def _started(
    folder: Path,
    *arguments: str | Path,
    preexec: Callable[[], object] | None = None,
    **streams: int,
) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "edgeds", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        preexec_fn=preexec,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
    )
    _processes.append(process)
    return process


_processes: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    yield
    while _processes:
        process = _processes.pop()
        process.kill()
        process.communicate()


@pytest.fixture
def recorded(make_clip: Callable[..., Path], tmp_path: Path) -> tuple[str | Path, ...]:
    """Arguments of a live run that records to out.mp4."""
    cv2.imwrite(str(tmp_path / "plate.png"), SyntheticSource(size=(90, 160)).plate[..., ::-1])
    clip = make_clip(frame_count=30)
    return (
        *("live", f"file:{clip}?loop", "-b", tmp_path / "plate.png", "--engine", "difference"),
        *("--no-show", "--record", "out.mp4"),
    )


def _is_recording(folder: Path) -> bool:
    return any(
        "part" in path.name and path.stat().st_size > 0 for path in folder.glob(".out*.mp4*")
    )


def _stopped_hastily(process: subprocess.Popen[str], name: str, other: str) -> str:
    """Its stderr after a signal, and Ctrl-C and another signal in turn, in quick succession."""
    for one in (name, *["SIGINT", other] * 6):
        process.send_signal(getattr(signal, one))
        time.sleep(0.05)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    assert process.returncode == 128 + getattr(signal, name), err
    return err


def _wait_for(what: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


@pytest.mark.parametrize("name", SIGNALS)
def test_any_stop_signal_completes_the_recording(
    recorded: tuple[str | Path, ...], tmp_path: Path, name: str
) -> None:
    process = _started(tmp_path, *recorded)
    _wait_for(lambda: _is_recording(tmp_path), process)
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + getattr(signal, name), err
    assert "Traceback" not in err
    assert len(list(open_source(tmp_path / "out.mp4"))) > 0
    assert not _is_recording(tmp_path)


def test_a_closed_terminal_completes_the_recording(
    recorded: tuple[str | Path, ...], tmp_path: Path
) -> None:
    """Whatever is printed after that is an error; it must not end the run halfway."""
    import pty

    master, terminal = pty.openpty()
    process = _started(
        tmp_path, *recorded, stdin=terminal, stdout=terminal, stderr=terminal, preexec=os.setsid
    )
    os.close(terminal)
    _wait_for(lambda: _is_recording(tmp_path), process)
    os.close(master)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 128 + signal.SIGHUP
    assert len(list(open_source(tmp_path / "out.mp4"))) > 0


def test_a_run_that_shall_outlive_its_terminal_does(
    recorded: tuple[str | Path, ...], tmp_path: Path
) -> None:
    def as_nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = _started(tmp_path, *recorded, preexec=as_nohup)
    _wait_for(lambda: _is_recording(tmp_path), process)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize(
    "command",
    [
        ("capture", "{clip}", "--countdown", "60", "--engine", "difference"),
        ("bench", "--engine", "difference", "--frames", "100000"),
    ],
    ids=["capture", "bench"],
)
def test_every_command_stops_with_the_signals_exit_code(
    tmp_path: Path, make_clip: Callable[..., Path], command: tuple[str, ...], name: str
) -> None:
    clip = make_clip(frame_count=30)
    words = [word.format(clip=f"file:{clip}?loop") for word in command]
    process = _started(tmp_path, *words)
    assert process.stderr is not None
    process.stderr.readline()  # it has begun
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + getattr(signal, name), err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("kind", "name"),
    [("video", "SIGINT"), ("video", "SIGHUP"), ("layers", "SIGTERM"), ("live", "SIGINT")],
)
def test_a_hasty_series_of_signals_leaves_the_file_that_is_reported(
    recorded: tuple[str | Path, ...], tmp_path: Path, make_clip: Callable[..., Path],
    kind: str, name: str,
) -> None:  # fmt: skip
    clip = repeated(make_clip(frame_count=400, size=(180, 320)))
    fast = ("video", clip, "--engine", "difference")
    command, result = {
        "video": ((*fast, "-o", "out.mp4"), "out.mp4"),
        "layers": (
            (*fast, "--layers", "foreground", "--format", "prores", "-o", "out"),
            "out/foreground.mov",
        ),
        "live": (recorded, "out.mp4"),
    }[kind]
    process = _started(tmp_path, *command)
    _wait_for(lambda: any(path.stat().st_size > 0 for path in tmp_path.rglob(".*.part.*")), process)
    err = _stopped_hastily(process, name, "SIGTERM")
    assert f": {Path(result).parts[0]}" in err
    assert len(list(open_source(tmp_path / result))) > 0
    assert not list(tmp_path.rglob("*.part.*"))


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("batch", ".", "-o", "results", "--engine", "difference"), "SIGINT"),
        (("bench", "--engine", "difference", "--frames", "100000"), "SIGTERM"),
    ],
    ids=["batch", "bench"],
)
def test_a_hasty_series_of_signals_ends_a_command_without_a_traceback(
    tmp_path: Path, make_clip: Callable[..., Path], command: tuple[str, ...], name: str
) -> None:
    make_clip(frame_count=1000, size=(180, 320))
    process = _started(tmp_path, *command)
    assert process.stderr is not None
    process.stderr.readline()  # it has begun
    _stopped_hastily(process, name, "SIGHUP")


def test_a_late_third_ctrl_c_leaves_a_run_that_hangs_and_names_its_part_file(
    tmp_path: Path,
) -> None:
    code = """
import time
from pathlib import Path
from edgeds.cli.stop_signals import stop_on_signal
from edgeds.sinks.atomic_files import PendingFile
with stop_on_signal() as stop:
    written, empty = PendingFile(Path("out.mp4")), PendingFile(Path("other.mp4"))
    written.part.write_text("pictures")
    print("ready", flush=True)
    stop.wait()
    time.sleep(60)  # a disk that does not answer
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    _processes.append(process)
    assert process.stdout is not None
    process.stdout.readline()
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert process.poll() is None
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    (part,) = tmp_path.iterdir()
    assert part.read_text() == "pictures"
    assert err.splitlines()[-1].endswith(f"as far as it got: {part.name}")


def test_ctrl_c_while_the_command_is_loaded_leaves_no_traceback() -> None:
    code = """
import sys
class Interrupted:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from edgeds.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "")
