"""Video files: what libavformat hides is kept."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources import SyntheticSource, VideoSource, open_source
from edgeds.sources.cut_short import lacks_index
from edgeds.sources.sampling import spread_frames
from edgeds.sources.video import _ended_early
from edgeds.sources.yuv_planes import YuvPicture
from edgeds.types import Frame

MakeClip = Callable[..., Path]


def test_every_frame_comes_out_the_last_ones_too(make_clip: MakeClip) -> None:
    # With B frames the decoder holds the last ones back until it is flushed.
    frames = list(open_source(make_clip(frame_count=31)))
    assert [frame.index for frame in frames] == list(range(31))
    truth = SyntheticSource(size=(90, 160), frame_count=31)
    last = next(f for f in truth if f.index == 30)
    assert np.abs(frames[-1].pixels.astype(int) - last.pixels).mean() < 4


def test_2997_fps_is_not_truncated(make_clip: MakeClip) -> None:
    source = open_source(make_clip(rate=Fraction(30000, 1001), frame_count=20))
    assert source.info.rate == Fraction(30000, 1001)
    assert [frame.pts_secs for frame in source][19] == pytest.approx(19 * 1001 / 30000, abs=1e-4)


def test_variable_frame_times_are_kept(make_clip: MakeClip) -> None:
    pts = [0, 40, 80, 500, 510, 900, 1000, 1033, 2000, 2040]
    clip = make_clip(pts=pts, time_base=Fraction(1, 1000), frame_count=len(pts))
    times = [frame.pts_secs for frame in open_source(clip)]
    assert times == pytest.approx([p / 1000 for p in pts], abs=1e-3)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_video_comes_out_upright(make_clip: MakeClip, rotation: int) -> None:
    plain = next(iter(open_source(make_clip("plain.mp4"))))
    source = open_source(make_clip("turned.mp4", rotation=rotation))
    turned = next(iter(source))
    assert source.info.size == turned.size == ((90, 160) if rotation == 180 else (160, 90))
    expected = np.rot90(plain.pixels, rotation // 90)
    assert np.abs(turned.pixels.astype(int) - expected).mean() < 1
    assert turned.picture.layout == "yuv420p"
    for plane, upright in zip(turned.picture.planes, plain.picture.planes, strict=True):
        off = np.abs(plane.astype(int) - np.rot90(upright, rotation // 90))
        assert off.max() <= 3  # two clips: x264 encodes one picture a level or two differently
        assert off.mean() < 0.1
        assert not plane.flags.writeable


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", [1, 2, 5])
def test_colours_come_out_as_they_went_in(
    make_clip: MakeClip, full_range: bool, matrix: int
) -> None:
    source = open_source(make_clip(full_range=full_range, matrix=matrix))
    assert source.info.colour.full_range is full_range
    truth = next(iter(SyntheticSource(size=(90, 160), frame_count=30)))
    means = next(iter(source)).pixels.reshape(-1, 3).mean(axis=0)
    # A wrong matrix shifts a channel by 3 levels and more here, a wrong range by 8 and more;
    # swscale rounds full-range chroma down, which takes up to 2 levels from blue.
    tolerance = 2.0 if full_range else 1.0
    assert means == pytest.approx(truth.pixels.reshape(-1, 3).mean(axis=0), abs=tolerance)


def test_a_truncated_file_gives_its_frames_and_then_says_so(make_clip: MakeClip) -> None:
    clip = make_clip("whole.mkv", frame_count=90, size=(180, 320))
    short = clip.with_name("short.mkv")
    short.write_bytes(clip.read_bytes()[: int(clip.stat().st_size * 0.5)])
    frames = []
    with pytest.raises(SourceFailed, match=r"ended early: \d+ of 90 frames"):
        for frame in open_source(short):
            frames.append(frame)
    assert 20 < len(frames) < 70


@pytest.mark.parametrize(
    ("damaged", "says"),
    [(0, "damaged"), (1, "damaged, 1 packet was damaged"), (2, "damaged, 2 packets were damaged")],
)
def test_damaged_packets_are_counted_in_words(damaged: int, says: str) -> None:
    assert _ended_early(Path("a.mkv"), 1, 9, damaged).why == f"the file is truncated or {says}"


def test_an_unfinished_recording_and_an_empty_file_are_called_so(make_clip: MakeClip) -> None:
    clip = make_clip("whole.mp4", frame_count=30)
    data = clip.read_bytes()
    assert data.index(b"mdat") < data.index(b"moov")
    mdat = data.index(b"mdat") - 4
    open_ended = data[:mdat] + bytes(4) + data[mdat + 4 : data.index(b"moov") - 4]
    for content, says in (
        (data[: len(data) // 2], "the recording was not finished: its index is missing"),
        (open_ended, "the recording was not finished: its index is missing"),
        (b"", "the file is empty"),
    ):
        clip.write_bytes(content)
        with pytest.raises(SourceError) as caught:
            open_source(clip)
        assert caught.value.why == says
    clip.write_bytes(data)
    assert not lacks_index(clip)


def test_damage_in_the_middle_is_skipped_and_counted(make_clip: MakeClip) -> None:
    clip = make_clip("whole.mp4", frame_count=60, size=(180, 320))
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = b"\xff" * 400
    clip.write_bytes(data)
    source = VideoSource(clip)
    count = sum(1 for _ in source)
    assert 50 <= count <= 60


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot open") as caught:
        open_source(tmp_path / "nowhere.mp4")
    assert "no such file" in caught.value.why


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_bytes(bytes(range(256)) * 100)
    with pytest.raises(SourceError) as caught:
        open_source(path)
    assert "not a video" in caught.value.why


def test_text_is_no_film_of_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping list\n" * 100)
    with pytest.raises(SourceError) as caught:
        open_source(path)
    assert "it is text" in caught.value.why


def test_sound_without_pictures_is_refused(tmp_path: Path) -> None:
    import av

    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000)
        silence = av.AudioFrame.from_ndarray(
            np.zeros((1, 4096), np.float32), format="fltp", layout="mono"
        )
        silence.sample_rate = 48000
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))
    with pytest.raises(SourceError, match="no video in"):
        open_source(path)


def test_a_video_of_no_frames_is_refused(make_clip: MakeClip) -> None:
    with pytest.raises(SourceError):
        open_source(make_clip(frame_count=0))


@pytest.mark.parametrize("frame_count", [60, 1100])
def test_samples_are_spread_over_the_whole_clip(make_clip: MakeClip, frame_count: int) -> None:
    # 1,100 frames are sought through, 60 are read from end to end.
    clip = make_clip(frame_count=frame_count, size=(36, 64))
    frames = spread_frames(clip, 12)
    times = np.array([frame.pts_secs for frame in frames]) * 30 / frame_count
    assert 10 <= len(frames) <= 12
    assert times[0] < 0.1
    assert times[-1] > 0.9
    assert np.diff(times).max() < 0.2


@pytest.mark.parametrize("frame_count", [400, 1100])
def test_samples_are_key_frames_where_the_clip_has_enough_of_them(
    make_clip: MakeClip, frame_count: int
) -> None:
    clip = make_clip(frame_count=frame_count, size=(36, 64))
    frames = spread_frames(clip, 12)
    assert {_kind(frame) for frame in frames} == {"I"}
    with open_source(clip) as source:
        every = {frame.pts: frame.pixels for frame in source}
    for frame in frames:
        np.testing.assert_array_equal(frame.pixels, every[frame.pts])


def test_frames_that_no_other_refers_to_are_not_decoded_between_samples(
    make_clip: MakeClip,
) -> None:
    clip = make_clip(frame_count=60)
    with open_source(clip) as source:
        pixels = [frame.pixels for frame in source]
    with open_source(clip) as source:
        assert isinstance(source, VideoSource)
        fifths = list(source.every(5))
    assert [frame.index // 5 for frame in fifths] == list(range(12))
    assert any(frame.index % 5 for frame in fifths)  # that one was not decoded
    for frame in fifths:
        np.testing.assert_array_equal(frame.pixels, pixels[frame.index])


def _kind(frame: Frame) -> str:
    picture = frame.picture
    assert isinstance(picture, YuvPicture)
    return "?IPB"[picture.video.pict_type]


def test_large_frames_get_fewer_samples(make_clip: MakeClip) -> None:
    clip = make_clip(frame_count=40)
    assert len(spread_frames(clip, 48, memory_bytes=90 * 160 * 3 * 7)) == 7


def test_a_closed_video_is_freed_at_once(make_clip) -> None:  # type: ignore[no-untyped-def]
    # Looped for hours, decoders that wait for the garbage collector fill the memory.
    gc.disable()
    try:
        source = open_source(make_clip())
        next(iter(source))
        freed = weakref.ref(source)
        source.close()
        del source
        assert freed() is None
    finally:
        gc.enable()


def test_a_frame_is_freed_with_its_last_user(make_clip: MakeClip) -> None:
    # Frames that wait for the garbage collector were 500 MB at 4K.
    gc.collect()
    gc.disable()
    try:
        with open_source(make_clip(frame_count=30)) as source:
            for _ in source:
                pass
            # of any object, __class__ may be a property that warns
            alive = sum(issubclass(type(one), av.VideoFrame) for one in gc.get_objects())
        assert alive < 8
    finally:
        gc.enable()


def test_sampling_ends_at_once_where_it_is_cancelled(make_clip: MakeClip) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) == 3

    with pytest.raises(CancelledError):
        spread_frames(make_clip(frame_count=40), 12, cancelled=cancelled)
    assert len(asked) == 3


def test_a_video_that_is_left_open_ends_with_the_program_in_silence(make_clip: MakeClip) -> None:
    code = (
        "import sys; from edgeds.sources import open_source\n"
        "frames = iter(open_source(sys.argv[1])); next(frames)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(make_clip())],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stream_that_begins_in_the_middle_disturbs_nobody(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    clip, late = make_clip(frame_count=400, audio=True), tmp_path / "late.flv"
    with av.open(str(clip)) as source, av.open(str(late), "w") as container:
        streams = {s.index: container.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                container.mux(packet)
    late.write_bytes(_silent_until(late.read_bytes(), 11_000))
    with open_source(late) as film:
        assert sum(1 for _ in film) == 400


def _silent_until(flv: bytes, ms: int) -> bytes:
    """An FLV file whose header promises pictures alone, and whose sound begins later."""
    kept, at = bytearray(flv[:4] + b"\x01" + flv[5:13]), 13
    while at < len(flv):
        kind, end = flv[at], at + 15 + int.from_bytes(flv[at + 1 : at + 4], "big")
        time_ms = int.from_bytes(flv[at + 4 : at + 7], "big")
        if kind == 9 or (kind == 8 and time_ms >= ms):
            kept += flv[at:end]
        at = end
    return bytes(kept)
