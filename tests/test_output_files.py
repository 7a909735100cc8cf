"""What the name of an output means: links, pipes, URLs, one image for many frames."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from edgeds.cli.console import printable, say
from edgeds.cli.layers_options import LayerOptions, default_folder
from edgeds.cli.output_name import default_output
from edgeds.cli.video_checks import Wanted
from edgeds.cli.video_output import output_of
from edgeds.errors import EdgedsError, SinkError
from edgeds.sinks import open_sink
from edgeds.sinks.atomic_files import PendingFile, check_writable, replace_file
from edgeds.sources import SyntheticSource, open_source
from edgeds.sources.media_errors import reason_of

SCENE = SyntheticSource(size=(90, 160), frame_count=3)
posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")


@posix
def test_a_link_stays_a_link_and_its_file_gets_the_result(tmp_path: Path) -> None:
    disk, here = tmp_path / "large disk", tmp_path / "here"
    disk.mkdir()
    here.mkdir()
    for name, there_already in (("out.mp4", True), ("new.mp4", False), ("plate.png", True)):
        if there_already:
            (disk / name).write_text("yesterday's")
        (here / name).symlink_to(disk / name)
    for name in ("out.mp4", "new.mp4"):
        with open_sink(here / name, SCENE.info) as sink:
            assert [path.suffix for path in disk.glob(".*.part.*")] == [".mp4"], "on that disk"
            for frame in SCENE:
                sink.write(frame)
        assert (here / name).is_symlink()
        assert len(list(open_source(disk / name))) == 3
    replace_file(here / "plate.png", b"new")
    assert (disk / "plate.png").read_bytes() == b"new"
    assert sorted(path.name for path in here.iterdir()) == ["new.mp4", "out.mp4", "plate.png"]


@posix
def test_a_link_to_another_kind_of_file_is_itself_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "out.mp4").symlink_to("notes.txt")
    PendingFile(tmp_path / "out.mp4").finish()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not (tmp_path / "out.mp4").is_symlink()


@posix
def test_what_a_file_cannot_replace_is_refused_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "round.mp4").symlink_to("round.mp4")
    (tmp_path / "nowhere.mp4").symlink_to(tmp_path / "none" / "x.mp4")
    for name, why in (("pipe", "a pipe"), ("round", "leads to itself"), ("nowhere", "no folder")):
        with pytest.raises(SinkError, match=why) as caught:
            open_sink(tmp_path / f"{name}.mp4", SCENE.info)
        assert caught.value.fix
    assert (tmp_path / "pipe.mp4").is_fifo()
    check_writable(tmp_path / "pipe.mp4", "the events")  # lines may be appended to one
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("url", ["rtmp://me:hush@host/live", "https://host/x.mp4", "rtsp:/host/a"])
def test_a_url_is_no_folder(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SinkError, match="it is a URL") as caught:
        open_sink(url, SCENE.info)
    assert "--publish" in caught.value.fix
    assert "hush" not in str(caught.value)
    with pytest.raises(SinkError, match="it is a URL"):
        check_writable(Path(url), "the contact sheet")
    assert not list(tmp_path.iterdir())


def test_one_image_for_many_frames_is_refused_before_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_text("mine")
    with pytest.raises(SinkError, match="one frame only"):
        open_sink(tmp_path / "one.png", SCENE.info)
    assert (tmp_path / "one.png").read_text() == "mine"


@pytest.mark.parametrize("name", ["one.png", "one.mp4"])
def test_the_folder_of_one_file_must_be_there(tmp_path: Path, name: str) -> None:
    """A mistyped folder would be made; only what a run fills itself gets its folder."""
    one = SyntheticSource(size=(90, 160), frame_count=1)
    with pytest.raises(SinkError, match="there is no folder"):
        open_sink(tmp_path / "nowhere" / name, one.info)
    for filled in ("folder", "pattern/%05d.png"):
        with open_sink(tmp_path / filled, one.info) as sink:
            sink.write(next(iter(one)))
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "pattern"}


@pytest.mark.parametrize("given", ["my clip.mp4", "./my clip.mp4"])
def test_the_output_of_a_linked_clip_lies_beside_the_link_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "a0001.mp4").touch()
    (tmp_path / "my clip.mp4").symlink_to(tmp_path / "store" / "a0001.mp4")
    monkeypatch.chdir(tmp_path)
    assert default_output(given, "overlay") == tmp_path / "my clip.edgeds.mp4"
    assert default_folder(given) == tmp_path / "my clip.layers"


@pytest.mark.parametrize("given", [".", "./", "../shots", "inner/.."])
def test_the_output_of_a_folder_has_its_name_however_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    (tmp_path / "shots" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "shots")
    output = default_output(given, "overlay")
    assert output.resolve() == tmp_path / "shots.edgeds.mp4"


@pytest.mark.parametrize(
    ("layers", "name"),
    [(LayerOptions(), "clip.edgeds.mp4"), (LayerOptions(layers="alpha"), "clip.layers")],
)
def test_a_clip_given_as_a_file_url_names_its_output(
    make_clip: Callable[..., Path], layers: LayerOptions, name: str
) -> None:
    clip = make_clip()
    wanted = Wanted(source=f"file:{clip}", layers=layers)
    with ExitStack() as stack:
        source = stack.enter_context(open_source(wanted.source))
        target, _ = output_of(wanted, source.info, stack)
    assert target == clip.with_name(name)


def test_a_name_that_is_not_utf8_has_a_reason_and_a_fix() -> None:
    try:
        "bad\udcff.mp4".encode()
    except UnicodeEncodeError as error:
        reason = reason_of(error)
    assert "not valid UTF-8" in reason.why
    assert reason.fix


def test_a_terminal_is_given_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    assert printable("a\x1b]0;title\x07\u202eb\udcff") == r"a\x1b]0;title\x07\u202eb\udcff"
    assert printable("why:\n\té 日本 👩‍👩‍👧") == "why:\n\té 日本 👩‍👩‍👧"
    say(str(EdgedsError("cannot open '\x1b[2J.mp4'")))
    assert capsys.readouterr().err == "cannot open '\\x1b[2J.mp4'\n"
