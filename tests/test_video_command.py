"""`edgeds video` as a process: what people type, and what they get."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edgeds.errors import SourceFailed
from edgeds.sources import SyntheticSource, open_source
from tests.long_clip import repeated

MakeClip = Callable[..., Path]
Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]

FAST = ("--engine", "difference")


def _audio_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]


def _leftovers(folder: Path, *expected: str) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.name not in expected)


def test_a_clip_gives_a_video_beside_it_and_a_report(edgeds: Edgeds, make_clip: MakeClip) -> None:
    clip = make_clip(frame_count=24)
    done = edgeds("video", clip, "--json", "--sheet", "sheet.png")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["status"] == "done"
    assert report["frames"] == 24
    assert report["plate"]["origin"] == "clip"
    assert set(report["stages"]) == {"decode", "estimate", "compose", "encode"}
    assert all(0 < s["p50_ms"] <= s["p95_ms"] for s in report["stages"].values())
    assert report["fps"] > 0
    output = clip.with_name("clip.edgeds.mp4")
    assert report["output"] == str(output)
    assert len(list(open_source(output))) == 24
    assert cv2.imread(str(clip.with_name("sheet.png"))).shape[1] > 1000


def test_people_get_a_table_and_the_places(edgeds: Edgeds, make_clip: MakeClip) -> None:
    done = edgeds("video", make_clip(), *FAST)
    assert done.returncode == 0, done.stderr
    assert "30 frames in" in done.stdout
    assert "s: the first after " in done.stdout
    for stage in ("decode", "estimate", "compose", "encode"):
        assert stage in done.stdout
    assert "clip.edgeds.mp4" in done.stderr
    assert "plate: estimated from" in done.stderr
    assert "engine: plate difference" in done.stderr


def test_times_colour_tags_and_audio_are_kept(edgeds: Edgeds, make_clip: MakeClip) -> None:
    pts = [0, 40, 80, 500, 510, 900, 1000, 1033, 1400, 1440]
    clip = make_clip(
        pts=pts, time_base=Fraction(1, 1000), frame_count=10, audio=True, matrix=1, full_range=True
    )
    done = edgeds("video", clip, *FAST, "-o", "out.mp4")
    assert done.returncode == 0, done.stderr
    output = clip.with_name("out.mp4")
    before, after = open_source(clip), open_source(output)
    assert after.info.colour == before.info.colour
    assert after.info.colour.full_range
    assert [f.pts_secs for f in after] == pytest.approx([p / 1000 for p in pts], abs=1e-3)
    assert _audio_packets(output) == _audio_packets(clip) != []


def test_audio_that_the_container_cannot_hold_is_encoded(
    edgeds: Edgeds, make_clip: MakeClip
) -> None:
    clip = make_clip(audio=True)
    done = edgeds("video", clip, *FAST, "-o", "out.webm", "--json")
    assert json.loads(done.stdout)["audio"] == "encoded as opus"
    with av.open(str(clip.with_name("out.webm"))) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "opus"
        assert float(sum(f.samples for f in container.decode(stream))) / 48000 == pytest.approx(
            1.0, abs=0.1
        )


def test_broadcast_audio_is_unpacked_for_mp4(edgeds: Edgeds, make_clip: MakeClip) -> None:
    # In a transport stream every AAC packet has a header of its own, which MP4 does not take.
    clip = make_clip("clip.ts", audio=True)
    done = edgeds("video", clip, *FAST, "-o", "out.mp4", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["audio"] == "copied"
    before, after = (_audio_after_video(path) for path in (clip, clip.with_name("out.mp4")))
    assert after == pytest.approx(before, abs=2e-3)
    assert len(before) > 40


def _audio_after_video(path: Path) -> list[float]:
    """Times of the sound from the first picture on, wherever the file's clock starts."""
    with av.open(str(path)) as container:
        frames = list(container.decode())
    first = next(f.pts * f.time_base for f in frames if isinstance(f, av.VideoFrame))
    return [float(f.pts * f.time_base - first) for f in frames if isinstance(f, av.AudioFrame)]


def test_a_turned_video_comes_out_upright(edgeds: Edgeds, make_clip: MakeClip) -> None:
    clip = make_clip(rotation=90)
    assert edgeds("video", clip, *FAST).returncode == 0
    output = open_source(clip.with_name("clip.edgeds.mp4"))
    assert output.info.size == open_source(clip).info.size == (160, 90)


@pytest.mark.parametrize(
    ("view", "size"),
    [("overlay", (90, 160)), ("mask", (90, 160)), ("depth", (90, 160)), ("replace", (90, 160)),
     ("side-by-side", (90, 320)), ("blur", (90, 160))],
)  # fmt: skip
def test_every_view_keeps_every_frame(
    edgeds: Edgeds, make_clip: MakeClip, view: str, size: tuple[int, int]
) -> None:
    clip = make_clip(frame_count=12)
    done = edgeds("video", clip, *FAST, "--view", view, "-o", "out.mkv")
    assert done.returncode == 0, done.stderr
    frames = list(open_source(clip.with_name("out.mkv")))
    assert len(frames) == 12
    assert {frame.size for frame in frames} == {size}


def test_odd_sides_are_padded_to_even_ones(edgeds: Edgeds, tmp_path: Path) -> None:
    shots = tmp_path / "shots"
    shots.mkdir()
    for frame in SyntheticSource(size=(91, 161), frame_count=8):
        cv2.imwrite(str(shots / f"{frame.index}.png"), frame.pixels[..., ::-1])
    done = edgeds("video", "shots", *FAST)
    assert done.returncode == 0, done.stderr
    assert open_source(tmp_path / "shots.edgeds.mp4").info.size == (92, 162)


def test_a_cutout_keeps_its_alpha_in_webm(edgeds: Edgeds, make_clip: MakeClip) -> None:
    clip = make_clip(frame_count=20)
    done = edgeds("video", clip, *FAST, "--view", "cutout")
    assert done.returncode == 0, done.stderr
    alpha = _webm_alpha(clip.with_name("clip.edgeds.webm"))[12]
    truth = SyntheticSource(size=(90, 160), frame_count=20).alpha(12)
    assert np.abs(alpha / 255 - truth).mean() < 0.02


def test_a_cutout_as_images_keeps_names_and_alpha(edgeds: Edgeds, tmp_path: Path) -> None:
    shots = tmp_path / "shots"
    shots.mkdir()
    source = SyntheticSource(frame_count=9)
    for frame in source:
        cv2.imwrite(str(shots / f"shot_{frame.index}.png"), frame.pixels[..., ::-1])
    done = edgeds("video", "shots", *FAST, "--view", "cutout", "-o", "cut")
    assert done.returncode == 0, done.stderr
    picture = cv2.imread(str(tmp_path / "cut" / "shot_5.png"), cv2.IMREAD_UNCHANGED)
    assert np.abs(picture[..., 3] / 255 - source.alpha(5)).mean() < 0.02


def _webm_alpha(path: Path) -> list[np.ndarray]:  # type: ignore[type-arg]
    """The alpha plane of every frame. FFmpeg's own VP9 decoder drops it, libvpx's does not."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        packets = list(container.demux(stream))
        frames = [frame for packet in packets if packet.size for frame in decoder.decode(packet)]
    return [frame.to_ndarray(format="rgba")[..., 3] for frame in frames]


def test_replace_takes_a_colour_an_image_or_a_video(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = make_clip(frame_count=12)
    cv2.imwrite(str(tmp_path / "sea.png"), np.full((50, 50, 3), (250, 0, 0), np.uint8))
    short = make_clip("short.mp4", frame_count=5)  # shorter than the clip: it plays again
    for backdrop in ("#0000fa", "sea.png", short):
        done = edgeds(
            "video", clip, *FAST, "--view", "replace", "--backdrop", backdrop, "-o", "out.mp4"
        )
        assert done.returncode == 0, done.stderr
        frames = list(open_source(tmp_path / "out.mp4"))
        assert len(frames) == 12
        if backdrop != short:
            assert np.abs(frames[0].pixels.mean(axis=(0, 1)) - (0, 0, 250)).max() < 6


@pytest.mark.parametrize(("name", "origin"), [("plate.npz", "clip"), ("plate.png", "file")])
def test_the_plate_of_a_clip_can_be_kept_and_used_again(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path, name: str, origin: str
) -> None:
    clip = make_clip()
    first = edgeds("video", clip, *FAST, "--save-plate", name, "-o", "first")
    assert first.returncode == 0, first.stderr
    again = edgeds("video", clip, *FAST, "-b", name, "-o", "again", "--json")
    plate = json.loads(again.stdout)["plate"]
    assert (plate["file"], plate["origin"]) == (name, origin)
    assert f"plate: {name}" in again.stderr
    # As PNG: x264 under load may decide a block otherwise, by a few levels.
    pairs = zip(open_source(tmp_path / "first"), open_source(tmp_path / "again"), strict=True)
    assert all((one.pixels == other.pixels).all() for one, other in pairs)


def test_a_foreign_plate_is_noted_also_by_a_look_at_the_last_frame(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = make_clip(frame_count=16, rate=Fraction(10))  # a plate is known to be foreign at 1.5 s
    noise = np.random.default_rng(0).integers(0, 256, (9, 16, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "other.png"), cv2.resize(noise, (160, 90)))
    done = edgeds("video", clip, "-b", "other.png", *FAST, "--json")
    assert done.returncode == 0, done.stderr
    (note,) = json.loads(done.stdout)["notes"]
    assert note.startswith("the plate shows another scene")
    assert note in done.stderr


@pytest.mark.parametrize(
    ("level", "says"), [(3, "the plate is black"), (255, "100% of the plate is clipped to white")]
)
def test_a_plate_that_shows_nothing_is_noted(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path, level: int, says: str
) -> None:
    cv2.imwrite(str(tmp_path / "plate.png"), np.full((90, 160, 3), level, np.uint8))
    done = edgeds("video", make_clip(frame_count=5), "-b", "plate.png", *FAST, "--json")
    assert done.returncode == 0, done.stderr
    assert [note for note in json.loads(done.stdout)["notes"] if note.startswith(says)]


def test_a_plate_of_the_same_view_at_another_size_is_taken(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path
) -> None:
    notes = {}
    for width, height in ((320, 180), (80, 45)):
        plate = cv2.resize(SyntheticSource(size=(90, 160)).plate, (width, height))
        cv2.imwrite(str(tmp_path / "plate.png"), plate[..., ::-1])
        done = edgeds("video", make_clip(), *FAST, "-b", "plate.png", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["plate"]["origin"] == "file"
        notes[width] = " ".join(json.loads(done.stdout)["notes"])
    assert "as coarse as the plate" not in notes[320]
    assert "the plate is 80x45 and the frames are 160x90" in notes[80]


# Bad input: what, why and how to mend it; exit code 2; nothing left behind.


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("nowhere.mp4",),
            ("cannot open 'nowhere.mp4'", "no such file", "path; give a video file"),
        ),
        (("notes.txt",), ("cannot open 'notes.txt'", "it is text", "give a video file")),
        (("empty.mp4",), ("cannot open 'empty.mp4'", "fix:")),
        (("folder",), ("no images in 'folder'", "fix:")),
        (("clip.mp4", "-b", "nowhere.png"), ("cannot use the plate", "no such file")),
        (
            ("clip.mp4", "-b", "notes.txt"),
            ("cannot use the plate", "not an image", "avif, bmp, jpeg, jpg, npz, png"),
        ),
        (
            ("clip.mp4", "-b", "square.png"),
            ("plate is 80x80", "aspect ratios differ", "own settings"),
        ),
        (
            ("clip.mp4", "-o", "nowhere/out.mp4"),
            ("cannot write", "there is no folder", "give a place"),
        ),
        (("clip.mp4", "-o", "out.xyz"), ("cannot write a '.xyz' file", ".mp4")),
        (("clip.mp4", "-o", "clip.mp4"), ("is the input itself", "give the output another name")),
        (("clip.mp4", "--view", "cutout", "-o", "o.mp4"), ("cannot keep alpha", ".webm")),
        (("clip.mp4", "--backdrop", "#fff"), ("--backdrop", "--view replace")),
        (("clip.mp4", "--view", "replace", "--backdrop", "no.png"), ("cannot use the backdrop",)),
        (("clip.mp4", "--engine", "folder"), ("no engine in 'folder'", "--engine")),
        (("clip.mp4", "--device", "cuda:0"), ("cuda:0", "--device auto")),
        (("clip.mp4", "--view", "hologram"), ("hologram", "overlay")),
        (("clip.mp4", "--sheet", "nowhere/sheet.png"), ("contact sheet",)),
        (("clip.mp4", "--save-plate", "nowhere/plate.png"), ("cannot write the plate",)),
        (("clip.mp4", "--save-plate", "plate.jpg"), ("cannot write the plate", ".npz or .png")),
        (("clip.mp4", "-b", "broken.npz"), ("cannot use the plate", "not a plate file")),
        (("two.mp4",), ("cannot estimate the plate from 2 frames", "-b")),
    ],
)
def test_bad_input_is_refused_with_the_fix_and_leaves_nothing(
    edgeds: Edgeds,
    make_clip: MakeClip,
    tmp_path: Path,
    arguments: tuple[str, ...],
    says: tuple[str, ...],
) -> None:
    make_clip()
    make_clip("two.mp4", frame_count=2)
    (tmp_path / "notes.txt").write_text("shopping list\n" * 50)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "broken.npz").write_bytes(b"PK not really")
    (tmp_path / "folder").mkdir()
    cv2.imwrite(str(tmp_path / "square.png"), np.zeros((80, 80, 3), np.uint8))
    before = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    # The plain difference unless the case is about the engine: all these end before it runs.
    engine = () if "--engine" in arguments or "--device" in arguments else FAST
    done = edgeds("video", *arguments, *engine)
    assert done.returncode == 2
    for words in says:
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == before


def test_an_output_that_may_not_be_written_is_refused(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path
) -> None:
    # A file where a folder should be: refused for root too, whom permissions do not stop.
    (tmp_path / "file").write_text("")
    done = edgeds("video", make_clip(), *FAST, "-o", "file/out.mp4")
    assert done.returncode == 2
    assert "cannot write" in done.stderr


def test_a_folder_with_something_in_it_is_not_written_to(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path
) -> None:
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "precious.png").write_text("")
    done = edgeds("video", make_clip(), *FAST, "--view", "cutout", "-o", "cut")
    assert done.returncode == 2
    assert "not empty" in done.stderr


def test_a_moving_camera_is_refused(edgeds: Edgeds, tmp_path: Path) -> None:
    wide = np.random.default_rng(0).integers(0, 256, (12, 200, 3)).astype(np.uint8)
    wide = np.kron(wide, np.ones((8, 8, 1), np.uint8))
    (tmp_path / "pan").mkdir()
    for index in range(30):
        shot = wide[:, 48 * index : 48 * index + 160]
        cv2.imwrite(str(tmp_path / "pan" / f"{index}.png"), shot)
    done = edgeds("video", "pan", *FAST)
    assert done.returncode == 2
    assert "no believable plate" in done.stderr
    assert "the camera moves" in done.stderr


# A run that fails half way: what was written plays, the message says what happened.


def test_a_truncated_input_keeps_what_it_had_and_says_so(
    edgeds: Edgeds, make_clip: MakeClip
) -> None:
    clip = make_clip("whole.mkv", frame_count=90, size=(180, 320))
    short = clip.with_name("short.mkv")
    short.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    plate = SyntheticSource(size=(180, 320)).plate
    cv2.imwrite(str(clip.with_name("plate.png")), plate[..., ::-1])
    done = edgeds("video", short, *FAST, "-b", "plate.png", "--json")
    assert done.returncode == 1, done.stderr
    assert "ended early" in done.stderr
    report = json.loads(done.stdout)
    assert report["status"] == "failed"
    output = short.with_name("short.edgeds.mp4")
    assert len(list(open_source(output))) == report["frames"] > 20


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit to stand for a full disk")
def test_a_full_disk_leaves_a_file_that_plays(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path
) -> None:
    import resource  # not on Windows

    clip = make_clip(frame_count=150, size=(180, 320))
    limit = 60_000  # whole, the output would have more than twice that

    def fill_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = edgeds("video", clip, *FAST, "-o", "out.mp4", "--json", preexec=fill_disk)
    assert done.returncode == 1
    # The last of a small file leaves its buffer only when it is completed.
    assert re.search("cannot (write on to|complete) out.mp4", done.stderr)
    assert "make room on the disk" in done.stderr
    assert _leftovers(tmp_path, "clip.mp4") == ["out.mp4"]
    playable = 0
    with suppress(SourceFailed):  # its last fragment may be cut off
        for _ in open_source(tmp_path / "out.mp4"):
            playable += 1
    assert json.loads(done.stdout)["frames"] == playable > 10


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit to stand for a full disk")
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.webm"])
def test_a_disk_that_is_full_from_the_start_leaves_no_file_without_frames(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path, name: str
) -> None:
    import resource  # not on Windows

    done = edgeds(
        "video", make_clip(frame_count=60), *FAST, "-o", name, "--json",
        preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "make room on the disk" in done.stderr
    if done.stdout:  # else it could not even be begun
        report = json.loads(done.stdout)
        assert (report["frames"], report["output"]) == (0, None)
    assert _leftovers(tmp_path, "clip.mp4") == []


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit to stand for a full disk")
@pytest.mark.parametrize("short_of", [0.6, 0.01])  # while frames come; while it is completed
def test_a_full_disk_never_replaces_an_earlier_result(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path, short_of: float
) -> None:
    import resource  # not on Windows

    clip = make_clip(frame_count=60, size=(180, 320))
    done = edgeds("video", clip, *FAST, "-o", "out.mp4")
    assert done.returncode == 0, done.stderr
    earlier = (tmp_path / "out.mp4").read_bytes()
    limit = int(len(earlier) * (1 - short_of))
    done = edgeds(
        "video", clip, *FAST, "-o", "out.mp4", "--json",
        preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "make room on the disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out.mp4").read_bytes() == earlier
    assert json.loads(done.stdout)["output"].endswith("out.partial.mp4")
    assert _leftovers(tmp_path, "clip.mp4", "out.mp4") == ["out.partial.mp4"]


def test_ctrl_c_leaves_a_whole_file(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = repeated(make_clip(frame_count=400, size=(180, 320)))
    code, stdout, stderr = _asked_to_stop(
        signal.SIGINT, "video", clip, *FAST, "-o", "out.mp4", cwd=tmp_path
    )
    assert code == 130, stderr
    assert "stopped before the end" in stderr
    count = len(list(open_source(tmp_path / "out.mp4")))
    assert f"{count} frames in" in stdout
    assert 0 < count < 4000
    assert _leftovers(tmp_path, "clip.mp4", "long.mp4") == ["out.mp4"]


def test_an_interrupted_run_does_not_replace_an_earlier_result(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = repeated(make_clip(frame_count=400, size=(180, 320)))
    (tmp_path / "out.mp4").write_text("yesterday's work")
    _asked_to_stop(signal.SIGTERM, "video", clip, *FAST, "-o", "out.mp4", cwd=tmp_path)
    assert (tmp_path / "out.mp4").read_text() == "yesterday's work"
    assert 0 < len(list(open_source(tmp_path / "out.partial.mp4"))) < 4000


def _asked_to_stop(number: int, *arguments: str | Path, cwd: Path) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a run that gets a signal once it has begun to write."""
    process = subprocess.Popen(
        [sys.executable, "-m", "edgeds", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            while not any(part.stat().st_size for part in cwd.glob(".out.*.part.mp4")):
                assert process.poll() is None, "it ended before it wrote anything"
                time.sleep(0.02)
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, stdout, stderr


def _cpu_secs(*arguments: str) -> float:
    """Of the processor, the best of three: what else the machine does costs wall time alone."""
    resource = pytest.importorskip("resource", reason="processor time of children is POSIX")
    secs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *arguments], capture_output=True, check=True,
            cwd=Path(__file__).parents[1],
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        secs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(secs)


def test_help_answers_at_once() -> None:
    # .2 s against .1 s; with av, cv2 and openvino it would be .6 s.
    assert _cpu_secs("-m", "edgeds", "--help") < 4 * _cpu_secs("-c", "import numpy")


@pytest.mark.parametrize(
    ("command", "headings"),
    [
        (
            "video",
            {
                "Plate": "--plate-fixed",
                "Output": "--sheet",
                "Engine": "--preset",
                "Depth": "--metric",
                "Objects and events": "--webhook",
                "Layers for editors": "--premultiplied",
                "Effects with depth": "--mesh",
                "Other options": "--json",
            },
        ),
        ("live", {"Camera": "--pixel-format", "Output": "--token-file", "Depth": "--depth-from"}),
    ],
)
def test_the_help_lists_each_option_under_its_topic(
    edgeds: Edgeds, command: str, headings: dict[str, str]
) -> None:
    shown = edgeds(command, "--help").stdout
    sections = {part.partition(":\n")[0]: part for part in shown.split("\n\n")}
    for heading, option in headings.items():
        assert f"  {option} " in sections[heading]
        assert shown.count(f"  {option} ") == 1


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['edgeds', 'video', '--help']\n"
        "from edgeds.cli import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print(sorted({'cv2', 'av', 'openvino', 'torch', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
