"""`edgeds batch`: which clips and plates, what is done before, what fails alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path, PurePath
from typing import Any

import cv2
import numpy as np
import pytest

from edgeds.cli.batch.clips import Clip, find_clips
from edgeds.cli.batch.command import _jobs, _made_by
from edgeds.cli.batch.ends_with_parent import ORPHANED
from edgeds.cli.batch.journal import Record, key_of
from edgeds.cli.batch.plates import plates_for
from edgeds.cli.batch.processes import Command, Outcome
from edgeds.cli.batch.report import print_result, result
from edgeds.cli.batch.run import Job, run_jobs
from edgeds.errors import PlateError, RunError, SinkError, SourceError
from edgeds.sinks.layers.code_values import Coding, DepthCodes, LayerFrame
from edgeds.sinks.layers.earlier_layers import discard_layers
from edgeds.sinks.layers.layers_folder import LayersSink, LayersWanted
from edgeds.sinks.layers.names import LayerFormat
from edgeds.sources import SyntheticSource, open_source

MakeClip = Callable[..., Path]
Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cams(tmp_path: Path) -> Path:
    """A folder of two cameras; what is in the files does not matter."""
    for name in ("cam1/2.mp4", "cam1/10.mp4", "cam2/2.mp4", "cam2/2.mov", "cam2/notes.txt"):
        (tmp_path / "cams" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cams" / name).write_bytes(b"clip")
    return tmp_path / "cams"


def names(clips: list[Clip]) -> list[str]:
    return [clip.name.as_posix() for clip in clips]


def test_a_folder_is_searched_and_its_folders_are_kept(cams: Path, tmp_path: Path) -> None:
    (cams / "cam1/._2.mp4").write_bytes(b"what a Mac leaves")
    clips = find_clips([str(cams)], tmp_path / "out")
    assert names(clips) == ["cam1/2", "cam1/10", "cam2/2.mov", "cam2/2.mp4"]


def test_names_that_meet_get_their_folders(cams: Path, tmp_path: Path) -> None:
    arguments = [str(cams / "cam1/2.mp4"), str(cams / "cam2/2.mp4")]
    assert names(find_clips(arguments, tmp_path / "out")) == ["cam1/2", "cam2/2"]


def test_a_pattern_and_a_file_that_overlap_give_each_clip_once(cams: Path, tmp_path: Path) -> None:
    arguments = [str(cams / "*/*.mp4"), str(cams / "cam1/2.mp4")]
    assert names(find_clips(arguments, tmp_path / "out")) == ["cam1/2", "cam1/10", "cam2/2"]


def test_a_list_names_clips_and_their_plates(cams: Path, tmp_path: Path) -> None:
    (cams / "list.txt").write_text("# cameras\ncam1/2.mp4\tplate.png\n\ncam2/2.mov\n")
    clips = find_clips([str(cams / "list.txt")], tmp_path / "out")
    assert names(clips) == ["cam1/2", "cam2/2"]
    assert [clip.plate for clip in clips] == [cams / "plate.png", None]
    (cams / "list.txt").write_text("cam1/2.mp4\ncam3/2.mp4\n")
    with pytest.raises(SourceError, match=r"line 2 of list\.txt"):
        find_clips([str(cams / "list.txt")], tmp_path / "out")


def test_outputs_are_no_inputs(cams: Path) -> None:
    (cams / "out").mkdir()
    (cams / "out/1.mp4").write_bytes(b"result")
    assert "out/1" not in names(find_clips([str(cams)], cams / "out"))
    with pytest.raises(SinkError, match="holds the clips"):
        find_clips([str(cams)], cams)


@pytest.mark.parametrize(
    ("clip", "plate"),
    [("cam1/2", "cam1/2.png"), ("cam1/3", "cam1.npz"), ("cam2/door-7", "door.png"), ("x/y", None)],
)
def test_a_folder_of_plates_has_one_for_clip_camera_or_beginning(
    tmp_path: Path, clip: str, plate: str | None
) -> None:
    for name in ("cam1/2.png", "cam1.png", "cam1.npz", "door.png", "doo.png", "do.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    wanted = [Clip(tmp_path / f"{clip}.mp4", PurePath(clip))]
    if plate is None:
        with pytest.raises(PlateError, match="no plate in"):
            plates_for(wanted, tmp_path)
    else:
        assert plates_for(wanted, tmp_path) == [tmp_path / plate]


def test_a_clip_is_done_until_its_input_options_or_output_change(tmp_path: Path) -> None:
    clip, output = tmp_path / "clip.mp4", tmp_path / "out/clip.mp4"
    clip.write_bytes(b"clip")
    key = key_of(clip, ["--view=mask"], [])
    with Record(tmp_path / "out") as record:
        output.write_bytes(b"result")
        record.add("clip", key, output, {"status": "done"})
    with (tmp_path / "out/edgeds-batch.jsonl").open("a") as file:
        file.write('{"clip": "cl')  # a power cut
    with Record(tmp_path / "out") as record:
        assert record.done("clip", key, output)
        assert not record.done("clip", key_of(clip, ["--view=depth"], []), output)
        clip.write_bytes(b"another clip")
        assert not record.done("clip", key_of(clip, ["--view=mask"], []), output)
        record.add("clip", key, output, {"status": "failed"})
        assert not record.done("clip", key, output)
        record.add("clip", key, output, {"status": "done"})
        output.unlink()
        assert not record.done("clip", key, output)
    assert len((tmp_path / "out/edgeds-batch.jsonl").read_text().splitlines()) == 4


def test_layers_of_a_clip_are_a_folder_that_is_done_while_all_of_it_is_there(
    tmp_path: Path,
) -> None:
    clip = Clip(Path("a.mp4"), Path("cam/a"))
    for options, name in (
        (["--layers=alpha"], "a.layers"), (["--view=cutout"], "a.webm"), (["--view=mask"], "a.mp4"),
    ):  # fmt: skip
        (job,) = _jobs([clip], [None], tmp_path, options, _made_by(options), None, 1)
        assert job.output == tmp_path / "cam" / name
    picture = tmp_path / "a.layers/alpha/000000.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"png")
    with Record(tmp_path) as record:
        record.add("a", "key", tmp_path / "a.layers", {"status": "done"})
        assert record.done("a", "key", tmp_path / "a.layers")
        (tmp_path / "a.layers/.DS_Store").touch()
        (tmp_path / "a.layers/alpha/notes; mine.txt").touch()
        assert record.done("a", "key", tmp_path / "a.layers")
        picture.unlink()
        assert not record.done("a", "key", tmp_path / "a.layers")
        assert not record.changed("a", tmp_path / "a.layers")


def test_an_output_that_was_changed_is_known_until_it_is_made_anew(tmp_path: Path) -> None:
    film, layers = tmp_path / "a.mp4", tmp_path / "b.layers"
    layers.mkdir()
    files = {"a": film, "b": layers / "foreground.mov"}
    with Record(tmp_path) as record:
        for name, output in (("a", film), ("b", layers)):
            files[name].write_bytes(b"made")
            record.add(name, "key", output, {"status": "done"})
            assert not record.changed(name, output)
            files[name].write_bytes(b"made, and edited")
            assert record.changed(name, output) == files[name]
            assert not record.done(name, "key", output)
        record.begin("a")
        record.add("b", "key", layers, {"status": "failed"})
        assert not record.changed("a", film)
        assert not record.changed("b", layers)
    with Record(tmp_path) as record:
        assert not record.changed("a", film)
        assert not record.done("a", "key", film)


def test_a_batch_leaves_a_changed_layer_alone_and_fails_by_no_file_of_a_system(
    edgeds: Edgeds, make_clip: MakeClip
) -> None:
    clip = make_clip("in.mp4", frame_count=8)
    options = "--layers alpha --format png"
    command = ("batch", "in.mp4", "-o", "out", "--engine", "difference", "--jobs", "1", "--json",
               "--video-options")  # fmt: skip
    assert edgeds(*command, options).returncode == 0
    layers = clip.parent / "out/in.layers"
    (layers / ".DS_Store").touch()
    (layers / "alpha/._000000.png").touch()
    assert json.loads(edgeds(*command, options).stdout)["done_before"] == 1
    other = edgeds(*command, f"{options} --bits 8")
    assert json.loads(other.stdout)["done"] == 1, other.stderr

    edited = layers / "alpha/000001.png"
    edited.write_bytes(b"edited")
    for now in (f"{options} --bits 8", options):
        left = edgeds(*command, now)
        assert left.returncode == 0
        assert "000001.png was changed since it was written; use --again" in left.stderr
        report = json.loads(left.stdout)
        assert (report["changed"], report["done"], report["left"]) == (1, 0, 0)
        assert edited.read_bytes() == b"edited"
    assert json.loads(edgeds(*command, options, "--again").stdout)["done"] == 1
    assert edited.read_bytes() != b"edited"

    (layers / "notes.txt").write_text("mine")
    assert json.loads(edgeds(*command, options).stdout)["done_before"] == 1
    refused = edgeds(*command, options, "--again")
    assert refused.returncode == 1
    assert "'notes.txt' in it was not written by edgeds" in refused.stderr


@pytest.mark.parametrize("kind", ["png", "exr", "ffv1"])
def test_layers_of_a_killed_worker_are_written_anew(tmp_path: Path, kind: LayerFormat) -> None:
    left_behind = []

    class Killed(Scripted):
        """Its first worker is killed while it writes, its second finds an empty place."""

        def submit(self, command: Command) -> Future[Outcome]:
            folder = tmp_path / "a.layers"
            left_behind.append(sorted(path.name for path in folder.glob("*")))
            wanted = LayersWanted(layers=("alpha",), kind=kind)
            scene = SyntheticSource(size=(16, 16), frame_count=2)
            coding = Coding(depth=DepthCodes(near=1, far=0))
            sink = LayersSink(folder, scene.info, wanted, coding, {})
            for frame in scene:
                alpha = np.zeros(frame.size, np.float32)
                sink.write(LayerFrame(of=frame, alpha=alpha, values={"alpha": alpha}))
            sink.close()
            if self.ends["a"][0]:  # as a kill leaves it
                (folder / "layers.json").unlink()
                (folder / ".alpha.0123abcd.part.mkv").write_bytes(b"half")
            end = self.ends["a"].pop(0)
            future: Future[Outcome] = Future()
            future.set_result(Outcome(end, '{"frames": 2}', ""))
            return future

    job = Job(Clip(Path("a"), PurePath("a")), tmp_path / "a.layers", Command((), "", 1), "key")
    entries: list[dict[str, Any]] = []
    with Record(tmp_path) as record:
        run_jobs([job], Killed({"a": [-9, 0]}), record, retries=2, stop=threading.Event(),
                 on_end=lambda _, entry: entries.append(entry))  # fmt: skip
        assert record.done("a", "key", job.output)
    assert left_behind == [[], []]
    assert (entries[0]["status"], entries[0]["attempts"]) == ("done", 2)
    assert not (tmp_path / "a.layers/.alpha.0123abcd.part.mkv").exists()


def test_a_folder_with_anything_else_than_layers_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "a.layers/alpha/notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    (tmp_path / "a.layers/alpha/000000.png").write_bytes(b"png")
    discard_layers(tmp_path / "a.layers")
    assert mine.exists()
    assert (tmp_path / "a.layers/alpha/000000.png").exists()
    mine.unlink()
    discard_layers(tmp_path / "a.layers")
    assert not (tmp_path / "a.layers").exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no flock")
def test_two_batches_never_write_to_one_folder(tmp_path: Path) -> None:
    with Record(tmp_path), pytest.raises(SinkError, match="another batch"):
        Record(tmp_path)


class Scripted:
    """A pool whose commands end as they are told to: a list of ends for each clip."""

    slots, where = 1, "here"

    def __init__(self, ends: dict[str, list[int | Exception]]) -> None:
        self.ends, self.closed = ends, False

    def submit(self, command: Command) -> Future[Outcome]:
        end = self.ends[command.arguments[0]].pop(0)
        future: Future[Outcome] = Future()
        if isinstance(end, Exception):
            future.set_exception(end)
        else:
            Path(command.folder, command.arguments[0]).write_text(str(end))
            stderr = "plate: given\nedgeds: cannot open 'b'\n  why: it is damaged\n  fix: mend it\n"
            future.set_result(Outcome(end, '{"frames": 9, "fps": 5.0}', stderr if end else ""))
        return future

    def close(self) -> None:
        self.closed = True


def ended(tmp_path: Path, ends: dict[str, list[int | Exception]]) -> dict[str, dict[str, Any]]:
    pool, entries = Scripted(ends), {}
    jobs = [
        Job(Clip(Path(name), PurePath(name)), tmp_path / name,
            Command((name,), str(tmp_path), 1), "key")
        for name in ends
    ]  # fmt: skip

    def keep(job: Job, entry: dict[str, Any]) -> None:
        assert job.clip.name.name not in entries
        entries[job.clip.name.name] = entry

    with Record(tmp_path) as record:
        run_jobs(jobs, pool, record, retries=2, stop=threading.Event(), on_end=keep)
    assert pool.closed
    return entries


def test_a_clip_whose_worker_was_killed_is_tried_again(tmp_path: Path) -> None:
    entries = ended(tmp_path, {"a": [-9, -9, 0], "b": [0]})
    assert {name: e["attempts"] for name, e in entries.items()} == {"a": 3, "b": 1}
    assert {e["status"] for e in entries.values()} == {"done"}
    lines = (tmp_path / "edgeds-batch.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["clip"] for line in lines) == ["a", "b"]


def test_what_a_killed_batch_left_is_no_change_of_somebody(tmp_path: Path) -> None:
    ended(tmp_path, {"a": [0]})

    class Killed(Scripted):
        def submit(self, command: Command) -> Future[Outcome]:
            (tmp_path / "a").write_text("made with other options")
            raise KeyboardInterrupt

    job = Job(Clip(Path("a"), PurePath("a")), tmp_path / "a", Command((), "", 1), "other")
    with Record(tmp_path) as record, pytest.raises(KeyboardInterrupt):
        run_jobs([job], Killed({}), record, retries=0, stop=threading.Event(),
                 on_end=lambda *_: None)  # fmt: skip
    with Record(tmp_path) as record:
        assert record.changed("a", job.output) is None
        assert record.done("a", "other", job.output) is None


def test_a_clip_that_fails_fails_alone_and_only_once(tmp_path: Path) -> None:
    lost = RunError("the work was lost", why="its machine died")
    entries = ended(tmp_path, {"a": [-11] * 3, "b": [2], "c": [lost], "d": [0]})
    assert {name: e["status"] for name, e in entries.items()} == {
        "a": "failed", "b": "failed", "c": "failed", "d": "done",
    }  # fmt: skip
    assert "killed by SIGSEGV" in entries["a"]["why"]
    assert entries["b"]["why"] == "cannot open 'b': it is damaged"
    assert entries["b"]["fix"] == "mend it"
    assert entries["c"]["why"] == "the work was lost: its machine died"


def test_a_batch_of_real_clips_goes_on_where_it_ended(edgeds: Edgeds, make_clip: MakeClip) -> None:
    clip = make_clip("good.mp4", frame_count=8)
    folder = clip.parent / "clips"
    folder.mkdir()
    clip.rename(folder / "good.mp4")
    (folder / "bad.mp4").write_bytes(b"no video")
    command = ("batch", "clips", "-o", "out", "--engine", "difference", "--json", "--jobs", "2")
    first = edgeds(*command)
    assert first.returncode == 1, first.stderr
    report = json.loads(first.stdout)
    assert (report["status"], report["done"], report["failed"]) == ("failed", 1, 1)
    assert len(list(open_source(clip.parent / "out/good.mp4"))) == report["frames"] == 8
    bad = next(one for one in report["results"] if one["clip"] == "bad")
    assert "not a video" in bad["why"]
    (folder / "bad.mp4").unlink()
    second = edgeds(*command)
    assert second.returncode == 0, second.stderr
    assert json.loads(second.stdout)["done_before"] == 1
    assert "1 of them done before" in second.stderr
    assert sorted(path.name for path in (clip.parent / "out").iterdir()) == [
        "edgeds-batch.jsonl", "good.mp4",
    ]  # fmt: skip


def test_the_notes_of_a_clip_are_printed(edgeds: Edgeds, make_clip: MakeClip) -> None:
    clip = make_clip(frame_count=4)
    cv2.imwrite(str(clip.with_name("black.png")), np.zeros((90, 160, 3), np.uint8))
    done = edgeds("batch", clip.name, "-o", "out", "-b", "black.png", "--engine", "difference")
    assert done.returncode == 0, done.stderr
    assert "  note: the plate is black" in done.stderr
    assert "the plate is black" in clip.with_name("out").joinpath("edgeds-batch.jsonl").read_text()


def test_the_table_has_the_whole_reason(capsys: pytest.CaptureFixture[str]) -> None:
    why = "cannot use the plate 'a[/b].png': it is 640x360 and the frames 320x180 (width x height)"
    entry = {"status": "failed", "why": why, "attempts": 1}
    print_result(
        result({"one": entry}, clips=1, skipped=0, secs=1, folder="out", stopped=False),
        as_json=False,
    )
    *_, cells = zip(*(line.split("│") for line in _table(capsys.readouterr().out)), strict=True)
    assert " ".join(cell.strip() for cell in cells) == why


def _table(printed: str) -> list[str]:
    """The lines of its rows, which have at most 80 columns."""
    lines = [line for line in printed.splitlines() if "│" in line]
    assert max(map(len, lines)) <= 80
    return lines


def test_options_that_the_batch_sets_are_refused(edgeds: Edgeds, make_clip: MakeClip) -> None:
    make_clip("in.mp4", frame_count=2)
    done = edgeds("batch", "in.mp4", "-o", "out", "--video-options", "--output=x.mp4")
    assert done.returncode == 2
    assert "--video-options may not hold -o" in done.stderr


def test_a_worker_ends_with_the_process_that_started_it(make_clip: MakeClip) -> None:
    uri = f"file:{make_clip(frame_count=8)}?loop"
    arguments = ["live", uri, "--no-show", "--engine", "difference"]
    child = subprocess.Popen(
        [sys.executable, "-m", "edgeds.cli.batch.ends_with_parent", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    assert child.stdin is not None
    assert child.stderr is not None
    assert b"file:" in child.stderr.readline() or child.poll() is None  # it runs
    child.stdin.close()
    assert child.wait(30) == ORPHANED
    child.stderr.close()
