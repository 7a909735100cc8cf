"""Video files: what their tags say, how long the last frame lasts, what a crash leaves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from edgeds.errors import SinkError, SinkFailed
from edgeds.sinks import VideoSink, open_sink
from edgeds.sinks.encoding import add_video_stream, container_options, encodable, format_of
from edgeds.sinks.live_recording import RecordingSink
from edgeds.sources import SyntheticSource, open_source
from edgeds.sources.yuv_planes import YuvPicture
from edgeds.types import ColourTags, Frame, Pixels, StreamInfo

MakeClip = Callable[..., Path]
INFO = StreamInfo(name="a", size=(90, 160), rate=None, time_base=Fraction(1, 1000))
STILL: Pixels = np.full((90, 160, 3), (200, 150, 120), np.uint8)


def _write(
    path: Path, like: StreamInfo, *, rgba: bool = False, size: tuple[int, int] = (90, 160)
) -> None:
    pixels = np.full((*size, 4 if rgba else 3), (200, 150, 120, 255)[: 4 if rgba else 3], np.uint8)
    with open_sink(path, like, alpha=rgba) as sink:
        for index in range(5):
            sink.write(Frame(pixels, index, 40 * index, Fraction(1, 1000)))


def _context(path: Path) -> av.VideoCodecContext:
    with av.open(str(path)) as container:
        return container.streams.video[0].codec_context


@pytest.mark.parametrize(
    ("read", "size", "written"),
    [
        (ColourTags(matrix=0, full_range=True), (90, 160), (5, 1)),  # an RGB recording
        (ColourTags(matrix=2), (90, 160), (5, 1)),  # images
        (ColourTags(matrix=2), (720, 1280), (1, 1)),
        (ColourTags(matrix=10), (90, 160), (9, 1)),  # constant luminance, which nobody writes
        (ColourTags(matrix=1, full_range=True), (90, 160), (1, 2)),
        (ColourTags(matrix=6), (90, 160), (6, 1)),
    ],
)
def test_the_matrix_tag_is_that_of_the_yuv_that_was_written(
    tmp_path: Path, read: ColourTags, size: tuple[int, int], written: tuple[int, int]
) -> None:
    like = StreamInfo(name="a", size=size, time_base=Fraction(1, 1000), colour=read)
    _write(tmp_path / "out.mp4", like, size=size)
    context = _context(tmp_path / "out.mp4")
    assert (int(context.colorspace), int(context.color_range)) == written
    pixels = next(iter(open_source(tmp_path / "out.mp4"))).pixels
    assert np.abs(pixels.astype(int) - (200, 150, 120)).max() <= 3


@pytest.mark.parametrize("name", ["out.webm", "out.mov", "out.mkv"])
@pytest.mark.parametrize("rgba", [False, True])
def test_an_rgb_recording_can_become_every_kind_of_file(
    tmp_path: Path, name: str, rgba: bool
) -> None:
    like = StreamInfo(name="a", size=(90, 160), colour=ColourTags(matrix=0, full_range=True))
    _write(tmp_path / name, like, rgba=rgba)
    assert len(list(open_source(tmp_path / name))) == 5


@pytest.mark.parametrize(("size", "ahead"), [((2160, 3840), "3"), ((1440, 2560), None)])
def test_the_encoder_looks_less_far_ahead_where_frames_are_large(
    tmp_path: Path, size: tuple[int, int], ahead: str | None
) -> None:
    with av.open(str(tmp_path / "out.mp4"), "w") as container:
        stream = add_video_stream(container, format_of(Path("out.mp4"), alpha=False), INFO, size)
        options = stream.codec_context.options
    assert options.get("rc-lookahead") == ahead
    assert options["preset"] == "veryfast"


def test_a_stream_without_a_rate_gets_a_level_that_players_take(tmp_path: Path) -> None:
    with RecordingSink(tmp_path / "out.mp4", INFO) as sink:
        for index in range(8):
            sink.write(Frame(STILL, index, 40 * index, INFO.time_base))
    with av.open(str(tmp_path / "out.mp4")) as container:
        # avcC: version, profile, compatibility, level in tenths
        extradata = container.streams.video[0].codec_context.extradata
        times = [float(f.pts * f.time_base) for f in container.decode(video=0)]
    assert extradata is not None
    assert extradata[3] <= 31
    assert np.diff(times) == pytest.approx([0.04] * 7, abs=2e-3)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_the_last_frame_is_held_as_long_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    with VideoSink(path, INFO) as sink:
        for index in range(10):
            lasts = 3000 if index == 9 else 40
            sink.write(Frame(STILL, index, 40 * index, INFO.time_base, duration=lasts))
    with av.open(str(path)) as container:
        assert container.duration / 1e6 == pytest.approx(3.36, abs=0.05)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_what_a_kill_leaves_plays_but_for_the_last_seconds(tmp_path: Path, suffix: str) -> None:
    with VideoSink(tmp_path / f"out{suffix}", INFO) as sink:
        for index in range(150):  # ten seconds of a scene in which nothing moves
            sink.write(Frame(STILL, index, 67 * index, INFO.time_base))
        (part,) = tmp_path.glob(".out.*")
        shutil.copy(part, tmp_path / f"killed{suffix}")
    with av.open(str(tmp_path / f"killed{suffix}")) as container:
        times = [float(f.pts * f.time_base) for f in container.decode(video=0)]
    assert times[-1] > 7


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_an_older_ffmpeg_does_not_get_options_that_empty_its_files(
    tmp_path: Path, suffix: str
) -> None:
    kind = format_of(tmp_path / f"out{suffix}", alpha=False)
    assert "delay_moov" not in container_options(kind, (62, 3, 100))["movflags"]
    assert "delay_moov" in container_options(kind, (62, 12, 101))["movflags"]


def test_a_second_recording_of_one_file_is_refused(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "out.mp4", INFO) as first:
        first.write(Frame(STILL, 0, 0, INFO.time_base))
        with pytest.raises(SinkError, match="another run is writing it"):
            RecordingSink(tmp_path / "out.mp4", INFO)
    assert len(list(open_source(tmp_path / "out.mp4"))) == 1


@pytest.mark.parametrize("name", ["x.avi", "x.xyz", "x"])
def test_an_unknown_suffix_is_said_to_be_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError) as caught:
        RecordingSink(tmp_path / name, INFO)
    assert "alpha" not in str(caught.value)
    assert ".mp4" in caught.value.fix


def test_images_of_one_name_are_all_kept(tmp_path: Path) -> None:
    names = ["a", "A", "a", "a-2", "b"]
    with open_sink(tmp_path / "out", INFO) as sink:
        for index, name in enumerate(names):
            sink.write(Frame(STILL, index, index, INFO.time_base, name))
    found = {path.name.casefold() for path in (tmp_path / "out").iterdir()}
    assert len(found) == len(names)


def test_an_image_folder_that_another_run_filled_meanwhile_is_left_alone(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "out", INFO)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "000000.png").write_text("the other run's")
    with pytest.raises(SinkFailed, match="cannot write 000000"), sink:
        for frame in SyntheticSource(frame_count=2):
            sink.write(frame)
    assert (tmp_path / "out" / "000000.png").read_text() == "the other run's"


@pytest.mark.parametrize(("full_range", "matrix"), [(False, 1), (True, 5), (False, 6)])
def test_decoded_planes_reach_the_encoder_bit_for_bit(
    make_clip: MakeClip, full_range: bool, matrix: int
) -> None:
    clip = make_clip(frame_count=3, full_range=full_range, matrix=matrix)
    with open_source(clip) as source:
        kind = format_of(Path("out.mp4"), alpha=False)
        for frame in source:
            given = encodable(frame, kind, source.info.colour)
            assert given.format.name == "yuv420p"
            for plane, before in zip(
                YuvPicture(given, ColourTags()).planes, frame.picture.planes, strict=True
            ):
                assert np.array_equal(plane, before)
            assert int(given.pict_type) == 0  # the decoder's key frames are not forced on it
            assert given.pts == frame.pts
            assert given is not frame.picture.video  # type: ignore[attr-defined]
            assert encodable(frame, kind, source.info.colour) is not given  # one for each sink


def test_planes_of_another_matrix_are_converted_to_the_files(make_clip: MakeClip) -> None:
    with open_source(make_clip(frame_count=1, matrix=5)) as source:
        frame = next(iter(source))
    kind, other = format_of(Path("out.mp4"), alpha=False), ColourTags(matrix=1)
    given = YuvPicture(encodable(frame, kind, other), other)
    assert not np.array_equal(given.planes[0], frame.picture.planes[0])
    assert np.abs(given.rgb().astype(int) - frame.pixels).mean() < 2
