"""The sound beside the pictures: it keeps what it has, stays in time, and may fail alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from edgeds.sinks import VideoSink, open_sink
from edgeds.sources import open_source
from edgeds.types import Source

MakeClip = Callable[..., Path]


def _copied(source: Source, path: Path) -> VideoSink:
    """All frames of a source written to `path`, with its sound."""
    sink = open_sink(path, source.info)
    assert isinstance(sink, VideoSink)
    with source, sink:
        for frame in source:
            sink.write(frame)
    return sink


def _audio_times(path: Path, track: int = 0) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.pts * frame.time_base) for frame in container.decode(audio=track)]


def _video_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]


def _with_sound(
    clip: Path, path: Path, codec: str, layout: str = "stereo", *, tracks: tuple[str, ...] = ("",)
) -> Path:
    """The clip's pictures with a second of sound in a codec; a track for each language."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as container:
        video = container.add_stream_from_template(source.streams.video[0])
        sounds = [container.add_stream(codec, rate=48000) for _ in tracks]
        for sound, language in zip(sounds, tracks, strict=True):
            sound.codec_context.layout = layout
            if language:
                sound.metadata["language"] = language
                sound.metadata["title"] = f"in {language}"
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                container.mux(packet)
        for sound in sounds:
            context = sound.codec_context
            wave = np.zeros((1, 1024 * context.layout.nb_channels), np.int16)
            for start in range(0, 48000, 1024):
                wave[:] = np.random.default_rng(start).integers(-9000, 9000, wave.shape)
                frame = av.AudioFrame.from_ndarray(wave, format="s16", layout=layout)
                frame.sample_rate, frame.pts = 48000, start
                frame.time_base = Fraction(1, 48000)
                container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return path


def _remuxed(clip: Path, path: Path, edit: Callable[[list[av.Packet]], None]) -> Path:  # type: ignore[type-arg]
    """The clip in another container, its audio packets edited."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as container:
        streams = {s.index: container.add_stream_from_template(s) for s in source.streams}
        packets = [p for p in source.demux() if p.size]
        edit([p for p in packets if p.stream.type == "audio"])
        for packet in packets:
            packet.stream = streams[packet.stream.index]
            container.mux(packet)
    return path


def test_two_packets_of_one_time_are_mended(make_clip: MakeClip, tmp_path: Path) -> None:
    def repeat_a_time(packets: list[av.Packet]) -> None:  # type: ignore[type-arg]
        packets[20].pts, packets[20].dts = packets[19].pts, packets[19].dts

    clip = _remuxed(make_clip(audio=True), tmp_path / "twice.mkv", repeat_a_time)
    sink = _copied(open_source(clip), tmp_path / "out.mp4")
    assert sink.audio == "copied"
    assert len(_audio_times(tmp_path / "out.mp4")) == len(_audio_times(clip))
    assert len(_video_times(tmp_path / "out.mp4")) == 30


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_the_sound_of_joined_recordings_stays_with_the_pictures(
    make_clip: MakeClip, tmp_path: Path, suffix: str
) -> None:
    part = make_clip("part.ts", frame_count=60, audio=True)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(part.read_bytes() * 4)
    _copied(open_source(joined), tmp_path / f"out{suffix}")
    video, audio = _video_times(tmp_path / f"out{suffix}"), _audio_times(tmp_path / f"out{suffix}")
    assert len(video) == 240
    assert video[-1] == pytest.approx(8.0, abs=0.1)
    # The last part's sound lies beside the last part's pictures: nothing has added up.
    assert audio[-1] == pytest.approx(8.0, abs=0.1)
    assert np.diff(audio).max() < 0.1


def test_sound_that_changes_its_format_ends_alone_and_says_so(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    stereo = make_clip("stereo.ts", audio=True)
    mono = _with_sound(make_clip(), tmp_path / "mono.ts", "aac", "mono")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(stereo.read_bytes() + mono.read_bytes())
    sink = _copied(open_source(joined), tmp_path / "out.mp4")
    assert "copied (ended after 1.0 s: its rate or channels change here)" in sink.audio
    assert len(_video_times(tmp_path / "out.mp4")) == 60


@pytest.mark.parametrize("codec", ["aac", "flac", "mp2"])
def test_damaged_sound_never_ends_the_pictures(
    make_clip: MakeClip, tmp_path: Path, codec: str
) -> None:
    rng = np.random.default_rng(0)

    def damage(packets: list[av.Packet]) -> None:  # type: ignore[type-arg]
        for packet in packets[10:30]:
            noise = rng.integers(0, 256, packet.size).astype(np.uint8).tobytes()
            memoryview(packet).cast("B")[:] = noise

    clean = _with_sound(make_clip(), tmp_path / f"{codec}.mkv", codec)
    try:
        clip = _remuxed(clean, tmp_path / f"{codec}-damaged.mkv", damage)
    except TypeError:
        pytest.skip("this PyAV's packets are read-only")
    for suffix in (".mp4", ".webm", ".mkv"):
        _copied(open_source(clip), tmp_path / f"out{suffix}")
        assert len(_video_times(tmp_path / f"out{suffix}")) == 30


def test_sound_that_has_gone_is_said_to_be(make_clip: MakeClip, tmp_path: Path) -> None:
    source = open_source(make_clip(audio=True))
    like = replace(source.info, path=tmp_path / "gone.mp4", files=())
    with VideoSink(tmp_path / "out.mp4", like) as sink:
        for frame in source:
            sink.write(frame)
    assert sink.audio == "none (it cannot be read: there is no such file)"
    assert len(_video_times(tmp_path / "out.mp4")) == 30


@pytest.mark.parametrize(
    ("layout", "suffix", "kept"),
    [
        ("mono", ".mp4", "mono"),
        ("5.1", ".mp4", "5.1"),
        ("5.1(side)", ".webm", "5.1"),
        ("quad", ".webm", "quad"),
        ("2.1", ".webm", "3.0"),
    ],
)
def test_channels_are_kept_where_sound_is_encoded_anew(
    make_clip: MakeClip, tmp_path: Path, layout: str, suffix: str, kept: str
) -> None:
    codec = "flac" if suffix == ".mp4" else "pcm_s16le"
    clip = _with_sound(make_clip(), tmp_path / "clip.mkv", codec, layout)
    sink = _copied(open_source(clip), tmp_path / f"out{suffix}")
    assert "mixed" not in sink.audio
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        assert container.streams.audio[0].codec_context.layout.name == kept


@pytest.mark.parametrize(("codec", "suffix"), [("flac", ".mp4"), ("aac", ".mkv"), ("mp2", ".webm")])
def test_languages_and_titles_are_kept(
    make_clip: MakeClip, tmp_path: Path, codec: str, suffix: str
) -> None:
    clip = _with_sound(make_clip(), tmp_path / "clip.mkv", codec, tracks=("eng", "deu"))
    _copied(open_source(clip), tmp_path / f"out{suffix}")
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        tracks = container.streams.audio
        assert [track.metadata["language"] for track in tracks] == ["eng", "deu"]
        if suffix != ".mp4":  # which has a name for handlers only
            assert [track.metadata["title"] for track in tracks] == ["in eng", "in deu"]
    assert len(_audio_times(tmp_path / f"out{suffix}", track=1)) > 40


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_the_sound_of_a_stopped_film_ends_with_its_pictures(
    make_clip: MakeClip, tmp_path: Path, suffix: str
) -> None:
    clip = make_clip(frame_count=150, audio=True)
    source, path = open_source(clip), tmp_path / f"out{suffix}"
    with pytest.raises(KeyboardInterrupt), open_sink(path, source.info) as sink:
        for frame in source:
            if frame.index == 30:
                raise KeyboardInterrupt
            sink.write(frame)
    assert 0.8 < _audio_times(path)[-1] < 1.05
    whole = _copied(open_source(clip), tmp_path / f"whole{suffix}")
    assert _audio_times(Path(whole.location))[-1] > 4.9
