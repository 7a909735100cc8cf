"""Films with odd clocks, wrong headers, changing sizes, HDR, fields and mirrors: all good films."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeds.errors import SourceFailed
from edgeds.sources import SyntheticSource, VideoSource, open_live_source
from edgeds.sources.steady_clock import SteadyClock

MakeClip = Callable[..., Path]
RATE = 30


def _film(
    path: Path,
    pictures: Iterable[av.VideoFrame],
    *,
    codec: str = "ffv1",
    tags: tuple[int, int, int] = (2, 2, 2),
    encoder: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
) -> Path:
    """A film of pictures as they are, 30 a second; tags are (primaries, transfer, matrix)."""
    with av.open(str(path), "w", options=container or {}) as output:
        stream: av.VideoStream | None = None
        for index, picture in enumerate(pictures):
            if stream is None:
                stream = output.add_stream(codec, rate=RATE, options=encoder or {})
                stream.height, stream.width = picture.height, picture.width
                stream.pix_fmt = picture.format.name
                context = stream.codec_context
                context.color_primaries, context.color_trc, context.colorspace = tags
                context.color_range = 1
            picture.pts, picture.time_base = index, Fraction(1, RATE)
            output.mux(stream.encode(picture))
        assert stream is not None
        output.mux(stream.encode(None))
    return path


def _remuxed(clip: Path, name: str, shift: int = 0, **options: str) -> Path:
    """The packets of a clip in another container, `shift` frames later."""
    path = clip.with_name(name)
    with av.open(str(clip)) as source, av.open(str(path), "w", options=options) as output:
        stream = source.streams.video[0]
        target = output.add_stream_from_template(stream)
        ticks = round(shift / Fraction(RATE) / (stream.time_base or 1))
        for packet in source.demux(stream):
            if packet.dts is not None and packet.pts is not None:
                packet.dts, packet.pts = packet.dts + ticks, packet.pts + ticks
                packet.stream = target
                output.mux(packet)
    return path


def _joined(name: Path, *parts: Path) -> Path:
    name.write_bytes(b"".join(part.read_bytes() for part in parts))
    return name


def _times(source: VideoSource) -> list[float]:
    return [frame.pts_secs for frame in source]


def _steady(count: int) -> object:
    return pytest.approx([index / RATE for index in range(count)], abs=1e-3)


def _all_good(path: Path) -> tuple[int, str]:
    """Frames and notes of a film that must not fail."""
    with VideoSource(path) as source:
        return sum(1 for _ in source), " ".join(source.notes)


# --- times


@pytest.mark.parametrize("suffix", [".ts", ".vob"])
def test_joined_recordings_go_on_where_the_clock_restarts(
    make_clip: MakeClip, tmp_path: Path, suffix: str
) -> None:
    codec = "libx264" if suffix == ".ts" else "mpeg2video"
    part = make_clip(f"part{suffix}", frame_count=40, codec=codec, size=(96, 160))
    with VideoSource(_joined(tmp_path / f"all{suffix}", part, part, part)) as source:
        times = _times(source)
    steps = [b - a for a, b in pairwise(times)]
    assert len(times) in (118, 119, 120)  # MPEG-2's decoder may drop a frame at a joint
    assert max(steps) < 2.5 / RATE
    assert min(steps) > 0.5 / RATE
    assert [note.partition(": ")[2][:23] for note in source.notes] == ["its clock was restarted"]


@pytest.mark.parametrize("shift_secs", [36_000, 600])
@pytest.mark.parametrize("name", ["late.ts", "late.mkv"])
def test_a_film_whose_clock_starts_late_starts_at_0(
    make_clip: MakeClip, name: str, shift_secs: int
) -> None:
    late = _remuxed(make_clip(frame_count=20), name, shift_secs * RATE)
    with VideoSource(late) as source:
        assert float(source.info.start_secs) > shift_secs - 5
        assert _times(source) == _steady(20)
        assert not source.notes
        assert source.info.duration_secs == pytest.approx(20 / RATE, abs=0.1)
        if name == "late.mkv":  # in MPEG-TS FFmpeg lands beside the key frame
            source.seek(0.5)
            assert next(iter(source)).pts_secs == pytest.approx(0.4, abs=0.01)


def test_a_film_whose_clock_starts_below_0_starts_at_0(make_clip: MakeClip) -> None:
    # MPEG-TS counts modulo 2^33: FFmpeg takes the last minute before that as times below 0.
    shift = (2**33 - 396_000) // 3000
    with VideoSource(_remuxed(make_clip(frame_count=20), "early.ts", shift)) as source:
        assert source.info.start_secs < 0
        assert _times(source) == _steady(20)


@pytest.mark.parametrize("rate", [50, 24])
def test_a_raw_stream_has_the_rate_of_its_codec(make_clip: MakeClip, rate: int) -> None:
    with VideoSource(make_clip("raw.h264", frame_count=20, rate=Fraction(rate))) as source:
        assert source.info.rate == rate
        assert _times(source) == pytest.approx([index / rate for index in range(20)], abs=1e-4)


def test_b_frames_in_avi_come_at_their_times(make_clip: MakeClip) -> None:
    with VideoSource(make_clip("b.avi", frame_count=25)) as source:
        assert _times(source) == _steady(25)


def test_the_last_frames_duration_is_kept(tmp_path: Path) -> None:
    pictures = (
        av.VideoFrame.from_ndarray(frame.pixels, format="rgb24").reformat(format="rgb8")
        for frame in SyntheticSource(frame_count=5)
    )
    hold = _film(tmp_path / "hold.gif", pictures, codec="gif", container={"final_delay": "300"})
    last = list(VideoSource(hold))[-1]
    assert float(last.duration * last.time_base) == pytest.approx(3.0, abs=0.01)


@given(
    start=st.integers(-1000, 10**9),
    steps=st.lists(st.integers(1, 900), min_size=1, max_size=30),
)
def test_a_clock_that_runs_is_only_shifted(start: int, steps: list[int]) -> None:
    clock = SteadyClock(start=start, time_base=Fraction(1, 90), rate=Fraction(30), may_restart=True)
    own = [start]
    for step in steps:
        own.append(own[-1] + step)
    assert [clock(ticks) for ticks in own] == [ticks - start for ticks in own]
    assert clock.restarts == 0


@given(
    ticks=st.lists(st.one_of(st.none(), st.integers(-(10**6), 10**6)), min_size=1, max_size=40),
    may_restart=st.booleans(),
)
def test_times_always_rise(ticks: list[int | None], may_restart: bool) -> None:
    clock = SteadyClock(
        start=0, time_base=Fraction(1, 1000), rate=Fraction(30), may_restart=may_restart
    )
    times = [clock(time) for time in ticks]
    assert all(a < b for a, b in pairwise(times))


# --- what is truncated, and what is not


def test_dropped_frames_in_avi_are_no_damage(make_clip: MakeClip) -> None:
    kept = [0, 1, 2, 3, 9, 10, 11, 17, 18, 19]
    clip = make_clip("drop.avi", frame_count=10, pts=kept, codec="mpeg4")
    assert _all_good(clip) == (10, "")


def test_a_trimmed_film_is_whole(make_clip: MakeClip) -> None:
    # Players hide what lies before 0; so do phones' and editors' trims, by an edit list.
    whole = make_clip("whole.mp4", frame_count=48)
    trimmed = _remuxed(whole, "trimmed.mp4", -17, avoid_negative_ts="disabled")
    with av.open(str(trimmed)) as container:
        assert container.streams.video[0].frames == 48
    count, notes = _all_good(trimmed)
    assert 28 <= count <= 34
    assert not notes


def test_a_wrong_duration_in_the_header_is_noted_and_no_failure(make_clip: MakeClip) -> None:
    clip = make_clip("long.mkv", frame_count=30)
    data = clip.read_bytes()
    at = data.index(b"\x44\x89\x88") + 3
    clip.write_bytes(data[:at] + struct.pack(">d", 36_000_000.0) + data[at + 8 :])
    count, notes = _all_good(clip)
    assert count == 30
    assert "header promises 36000.0 s; it holds 1.0 s" in notes


@pytest.mark.parametrize("name", ["sound.mkv", "sound.flv", "sound.webm"])
def test_sound_that_is_longer_than_the_picture_is_no_damage(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    webm = name.endswith("webm")
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libvpx-vp9" if webm else "libx264", rate=RATE)
        stream.height, stream.width, stream.pix_fmt = 90, 160, "yuv420p"
        sound = output.add_stream("libopus" if webm else "aac", rate=48_000)
        for frame in SyntheticSource(frame_count=15):
            picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
            picture.pts, picture.time_base = frame.index, Fraction(1, RATE)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        for start in range(0, 5 * 48_000, 960):
            silence = av.AudioFrame.from_ndarray(
                np.zeros((2, 960), np.float32), format="fltp", layout="stereo"
            )
            silence.sample_rate, silence.pts = 48_000, start
            output.mux(sound.encode(silence))
        output.mux(sound.encode(None))
    assert _all_good(path) == (15, "")


def test_a_variable_rate_is_no_damage(make_clip: MakeClip) -> None:
    pts = [0, 40, 80, 120, 1200, 2400, 3000, 3040, 3080, 3120]
    for name in ("v.mkv", "v.mp4"):
        clip = make_clip(name, pts=pts, time_base=Fraction(1, 1000), frame_count=len(pts))
        assert _all_good(clip) == (10, "")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"movflags": "faststart"}),
        ("a.mov", {"movflags": "faststart"}),
        ("a.mp4", {"movflags": "frag_keyframe+empty_moov"}),
        ("a.mkv", {}),
        ("a.avi", {}),
        ("a.flv", {}),
    ],
)
def test_a_copy_that_broke_off_is_truncated(
    make_clip: MakeClip, name: str, options: dict[str, str]
) -> None:
    if name == "a.avi":
        clip = make_clip(name, frame_count=90, size=(180, 320), codec="mpeg4")
    else:
        clip = _remuxed(make_clip("whole.mp4", frame_count=90, size=(180, 320)), name, **options)
    count, notes = _all_good(clip)
    assert (count, notes) == (90, "")
    clip.write_bytes(clip.read_bytes()[: int(clip.stat().st_size * 0.55)])
    with pytest.raises(SourceFailed, match="ended early"):
        list(VideoSource(clip))


# --- pictures


def test_a_picture_that_changes_its_size_is_scaled_to_the_first(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    small = make_clip("small.ts", frame_count=12)
    large = make_clip("large.ts", frame_count=12, size=(180, 320))
    with VideoSource(_joined(tmp_path / "both.ts", small, large)) as source:
        frames = list(source)
    assert {frame.size for frame in frames} == {(90, 160)}
    assert len(frames) == 24
    assert [n for n in source.notes if "320x180" in n and "scaled to 160x90" in n]
    first, second = frames[0].pixels.mean(), frames[13].pixels.mean()
    assert second == pytest.approx(first, abs=12)


def _grey_10_bit(signals: list[float]) -> av.VideoFrame:
    """Vertical bands of grey, limited range, in the code values of a transfer curve."""
    height, width = 32, 32 * len(signals)
    luma = np.repeat([round(64 + 876 * s) for s in signals], 32).astype(np.uint16)
    planes = np.full((height * 3 // 2, width), 512, np.uint16)
    planes[:height] = luma
    return av.VideoFrame.from_ndarray(planes, format="yuv420p10le")


@pytest.mark.parametrize(
    ("transfer", "name", "signals"),
    # HLG's and PQ's signals of black, an 18 % grey card and reference white (BT.2408, table 1).
    [(18, "HLG", [0.0, 0.38, 0.75]), (16, "PQ", [0.0, 0.38, 0.58])],
)
def test_hdr_comes_out_as_sdr_and_says_so(
    tmp_path: Path, transfer: int, name: str, signals: list[float]
) -> None:
    clip = _film(tmp_path / "hdr.mkv", [_grey_10_bit(signals)] * 3, tags=(9, transfer, 9))
    with VideoSource(clip) as source:
        frame = next(iter(source))
    black, grey, white = (frame.pixels[16, 16 + 32 * band].astype(int) for band in range(3))
    assert black.max() <= 2
    # An 18 % card is 118 in sRGB; HLG's and PQ's video practice puts it a little lower.
    assert np.abs(grey - 108).max() <= 12
    assert white.min() >= 235
    assert name in source.notes[0]
    events: list[str] = []
    with open_live_source(f"file:{clip}?loop", on_event=events.append) as live:
        assert len(list(islice(live, 7))) == 7
    assert events == source.notes
    colour = source.info.colour
    assert (colour.primaries, colour.transfer, colour.matrix) == (1, 1, 1)


def _pq(srgb: np.ndarray) -> av.VideoFrame:  # type: ignore[type-arg]
    """SDR colours, uint8 (N, 3), as bands of a BT.2020 PQ film (BT.2100, BT.2087)."""
    light = np.where(
        srgb / 255 <= 0.04045, srgb / 255 / 12.92, ((srgb / 255 + 0.055) / 1.055) ** 2.4
    )
    to_2020 = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
    power = (light @ np.transpose(to_2020) * 203 / 10_000) ** 0.1593017578125
    signal = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    luma = signal @ [0.2627, 0.6780, 0.0593]
    blue, red = (signal[:, 2] - luma) / 1.8814, (signal[:, 0] - luma) / 1.4746
    bands = np.stack([64 + 876 * luma, 512 + 896 * blue, 512 + 896 * red]).round().astype("<u2")
    frame = av.VideoFrame(32 * len(srgb), 32, "yuv420p10le")
    for plane, values in zip(frame.planes, bands, strict=True):
        row = np.zeros(plane.line_size // 2, "<u2")
        row[: plane.width] = np.repeat(values, plane.width // len(srgb))
        plane.update(np.tile(row, plane.height).tobytes())
    return frame


def test_sdr_colours_inside_an_hdr_film_come_out_as_they_are(tmp_path: Path) -> None:
    colours = np.array(
        [(180, 40, 40), (40, 150, 60), (50, 60, 170), (128, 128, 128), (200, 170, 60), (10, 10, 10)]
    )
    clip = _film(tmp_path / "pq.mkv", [_pq(colours)], tags=(9, 16, 9))
    frame = next(iter(VideoSource(clip)))
    # 10 bits of PQ and 12 of light leave 2 levels in the dark.
    assert np.abs(frame.pixels[16, 16::32].astype(int) - colours).max() <= 3


def test_interlaced_pictures_are_deinterlaced_one_for_one_and_it_is_said(tmp_path: Path) -> None:
    height, width, count = 64, 128, 20
    rows = np.arange(height)[:, None] % 2
    pictures = []
    for index in range(count):
        # A bar that moves 8 px a frame: odd rows show it half a frame later.
        left = 8 + index * 4 + rows * 4
        bar = (np.arange(width)[None] >= left) & (np.arange(width)[None] < left + 16)
        rgb = np.repeat((bar * 200 + 20).astype(np.uint8)[..., None], 3, axis=2)
        pictures.append(av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p"))
    options = {"x264-params": "tff=1:bframes=0:crf=1"}
    clip = _film(tmp_path / "i.mp4", pictures, codec="libx264", encoder=options)
    with VideoSource(clip) as source:
        frames = list(source)
    assert len(frames) == count
    assert [f.pts_secs for f in frames] == _steady(count)
    assert "deinterlaced" in " ".join(source.notes)
    for frame in frames[2:-2]:
        grey = frame.pixels[..., 0].astype(int)
        combing = np.abs(2 * grey[1:-1] - grey[:-2] - grey[2:])[8:-8]
        assert (combing > 150).mean() < 0.01  # as they lie in the file: 0.06


def _with_matrix(clip: Path, a: int, b: int, c: int, d: int) -> Path:
    """Write a display matrix into the track header of an MP4."""
    data = bytearray(clip.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    struct.pack_into(">9i", data, at, a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path = clip.with_name("turned.mp4")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("matrix", "upright"),
    [
        ((-1, 0, 0, 1), lambda p: p[:, ::-1]),
        ((1, 0, 0, -1), lambda p: p[::-1]),
        ((0, 1, 1, 0), lambda p: p.transpose(1, 0, 2)),
        ((0, -1, -1, 0), lambda p: p.transpose(1, 0, 2)[::-1, ::-1]),
        ((0, 1, -1, 0), lambda p: np.rot90(p, -1)),
    ],
)
def test_a_mirrored_display_matrix_is_followed(
    make_clip: MakeClip,
    matrix: tuple[int, int, int, int],
    upright: Callable[[np.ndarray], np.ndarray],  # type: ignore[type-arg]
) -> None:
    clip = make_clip(frame_count=3)
    plain = next(iter(VideoSource(clip)))
    with VideoSource(_with_matrix(clip, *matrix)) as source:
        frame = next(iter(source))
    expected = upright(plain.pixels)
    assert source.info.size == expected.shape[:2]
    assert np.array_equal(frame.pixels, expected)


@pytest.mark.parametrize(("size", "matrix"), [((720, 1280), 1), ((480, 640), 5)])
def test_untagged_video_is_read_as_players_do_and_tagged(
    tmp_path: Path, size: tuple[int, int], matrix: int
) -> None:
    colour = np.full((*size, 3), (200, 60, 40), np.uint8)
    picture = av.VideoFrame.from_ndarray(colour, format="rgb24").reformat(
        format="yuv444p", dst_colorspace=matrix, dst_color_range=1
    )
    with VideoSource(_film(tmp_path / "u.mkv", [picture])) as source:
        assert source.info.colour.matrix == matrix
        frame = next(iter(source))
    assert np.abs(frame.pixels[5, 5].astype(int) - (200, 60, 40)).max() <= 2


def test_rgb_video_claims_no_matrix(tmp_path: Path) -> None:
    colour = np.full((64, 64, 3), (200, 60, 40), np.uint8)
    picture = av.VideoFrame.from_ndarray(colour, format="rgb24")
    clip = _film(tmp_path / "r.mov", [picture], codec="png", tags=(2, 2, 0))
    with VideoSource(clip) as source:
        assert source.info.colour.matrix == 2
        assert tuple(next(iter(source)).pixels[5, 5]) == (200, 60, 40)


@pytest.mark.parametrize("name", ["2024-05-01T12:30:00.mp4", "12:30.mp4", "file:a.mp4"])
def test_a_colon_in_a_name_is_no_protocol(
    make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    clip = make_clip(frame_count=3)
    clip.rename(clip.with_name(name))
    monkeypatch.chdir(clip.parent)
    assert len(list(VideoSource(name))) == 3


def test_a_still_picture_before_the_film_is_not_the_film(tmp_path: Path) -> None:
    path = tmp_path / "two.mp4"
    with av.open(str(path), "w") as output:
        streams = [output.add_stream("libx264", rate=RATE) for _ in range(2)]
        for stream in streams:
            stream.height, stream.width, stream.pix_fmt = 90, 160, "yuv420p"
        for stream, count in zip(streams, (1, 12), strict=True):
            for frame in SyntheticSource(frame_count=count):
                picture = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
                picture.pts, picture.time_base = frame.index, Fraction(1, RATE)
                output.mux(stream.encode(picture))
            output.mux(stream.encode(None))
    assert _all_good(path) == (12, "")
