"""Files appear whole or not at all, and two runs never write one."""

from __future__ import annotations

import errno
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from edgeds.errors import SinkError
from edgeds.sinks.atomic_files import (
    PendingFile,
    check_writable,
    part_name,
    replace_file,
    replacing,
)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    replace_file(path, b"one")
    replace_file(path, b"two", durable=False)
    assert path.read_bytes() == b"two"
    assert _names(tmp_path) == ["card.json"]


def test_a_failed_writing_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "plate.png"
    path.write_text("yesterday")
    with pytest.raises(OSError, match="full"), replacing(path) as part:
        part.write_text("half")
        raise OSError(errno.ENOSPC, "full")
    assert path.read_text() == "yesterday"
    assert _names(tmp_path) == ["plate.png"]


@pytest.mark.parametrize("stem", ["out", "a.b", "ü" * 120, "n" * 250])
def test_part_names_differ_keep_the_suffix_and_are_never_too_long(
    tmp_path: Path, stem: str
) -> None:
    path = tmp_path / f"{stem}.mp4"
    parts = {part_name(path) for _ in range(50)}
    assert len(parts) == 50
    for part in parts:
        assert part.suffix == ".mp4"
        assert part.name.startswith(".")
        assert len(part.name.encode()) <= 255
    next(iter(parts)).touch()


def test_a_second_run_on_one_output_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    first = PendingFile(path)
    with pytest.raises(SinkError, match="another run is writing it"):
        PendingFile(path)
    PendingFile(tmp_path / "other.mp4").discard()
    first.part.write_text("film")
    assert first.finish() == path
    assert path.read_text() == "film"
    PendingFile(path).discard()
    assert path.read_text() == "film"
    assert _names(tmp_path) == ["out.mp4"]


def test_another_process_on_one_output_is_refused_too(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from edgeds.sinks.atomic_files import PendingFile\n"
        "from edgeds.errors import SinkError\n"
        "try: PendingFile(Path(sys.argv[1])).discard()\n"
        "except SinkError as error: print(error.why)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "out.mp4")]
    pending = PendingFile(tmp_path / "out.mp4")
    assert "another run" in subprocess.check_output(command, text=True)
    pending.discard()
    assert subprocess.check_output(command, text=True) == ""


def test_what_a_killed_run_left_stays_and_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left = part_name(tmp_path / "out.mp4")
    left.write_text("half a film")
    (tmp_path / ".out.holiday.part.mp4").write_text("no part file of ours")
    with caplog.at_level(logging.WARNING, "edgeds"):
        PendingFile(tmp_path / "out.mp4").discard()
    assert left.name in caplog.text
    assert "holiday" not in caplog.text
    assert left.read_text() == "half a film"


def test_a_file_that_is_not_whole_never_takes_an_earlier_ones_place(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    for expected in ("out.mp4", "out.partial.mp4"):
        pending = PendingFile(path)
        pending.part.write_text(expected)
        assert pending.keep().name == expected
    assert path.read_text() == "out.mp4"
    assert _names(tmp_path) == ["out.mp4", "out.partial.mp4"]


def test_a_pending_file_that_is_forgotten_leaves_nothing(tmp_path: Path) -> None:
    pending = PendingFile(tmp_path / "out.mp4")
    assert pending.part.exists()
    del pending
    assert _names(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("-", "standard output"),
        ("", "standard output"),
        ("n" * 300 + ".png", "name is too long"),
        ("nowhere/sheet.png", "there is no folder"),
        ("folder", "it is a folder"),
        ("file/sheet.png", "no folder"),
        pytest.param(
            "/proc/sheet.png",
            "no file can be made in '/proc'",
            marks=pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc"),
        ),
    ],
)
def test_a_name_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="cannot write the sheet") as caught:
        check_writable(Path(name), "the sheet")
    assert why in caught.value.why
    assert caught.value.fix
    assert _names(tmp_path) == ["file", "folder"]
