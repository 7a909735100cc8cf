"""Files with alpha hold nothing of the room: neither in their alpha nor in the colours under it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edgeds.sinks import open_sink
from edgeds.sinks.live_recording import RecordingSink
from edgeds.sources import SyntheticSource
from edgeds.types import Frame, Maps, Pixels, Sink
from edgeds.views.compose import composer

SCENE = SyntheticSource(size=(120, 200), frame_count=6)
FLAT = np.full((120, 200), 0.5, np.float32)


def _cutouts() -> list[Frame]:
    compose = composer("cutout", plate=SCENE.plate, plate_depth=FLAT, depth_range=(0.1, 2.0))
    source = SyntheticSource(size=(120, 200), frame_count=6)
    return [compose(frame, Maps(SCENE.alpha(frame.index), FLAT)) for frame in source]


def _rgba(path: Path) -> Pixels:
    """The last picture of a file, with its alpha."""
    if path.is_dir():
        return _rgba(max(path.iterdir()))
    if path.suffix in (".png", ".webp", ".tiff"):
        read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        return np.asarray(cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA), np.uint8)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = stream.codec_context
        if path.suffix != ".mov":  # FFmpeg's own VP9 decoder drops alpha, libvpx's does not
            decoder = av.CodecContext.create("libvpx-vp9", "r")
        packets = [packet for packet in container.demux(stream) if packet.size]
        frames = [frame for packet in packets for frame in decoder.decode(packet)]
        frames += decoder.decode(None)
    # swscale's threads leave a few wrong pixels between their slices where there is alpha
    return np.asarray(frames[-1].reformat(format="rgba", threads=1).to_ndarray(), np.uint8)


def _sink(name: str, tmp_path: Path) -> Sink:
    if name.startswith("recorded"):
        return RecordingSink(tmp_path / name, SCENE.info, alpha=True)
    count = 1 if name.startswith("one.") else SCENE.info.frame_count
    return open_sink(tmp_path / name, replace(SCENE.info, frame_count=count), alpha=True)


@pytest.mark.parametrize(
    "name",
    ["shots", "one.png", "one.webp", "one.tiff", "c.webm", "c.mov", "c.mkv",
     "recorded.webm", "recorded.mov", "recorded.mkv"],
)  # fmt: skip
def test_no_writer_of_alpha_lets_the_room_out(tmp_path: Path, name: str) -> None:
    frames = _cutouts()
    with _sink(name, tmp_path) as sink:
        for frame in frames[-1:] if name.startswith("one") else frames:
            sink.write(frame)
    rgba = _rgba(tmp_path / name)
    truth = SCENE.alpha(5)
    assert np.abs(rgba[..., 3] / 255 - truth).mean() < 0.02
    # Lossy codecs ring for a block beyond the foreground's colours, which go on for 8 px.
    near = cv2.dilate((truth > 0).astype(np.uint8), np.ones((49, 49), np.uint8)) > 0
    assert (~near).mean() > 0.2
    assert rgba[..., :3][~near].max() <= 12
    room = SCENE.plate[~near].astype(int)
    assert np.abs(rgba[..., :3][~near] - room).mean() > 40


def test_a_recording_without_alpha_takes_other_views_as_opaque(tmp_path: Path) -> None:
    with RecordingSink(tmp_path / "r.webm", SCENE.info, alpha=True) as sink:
        for frame in SyntheticSource(size=(120, 200), frame_count=6):
            sink.write(frame)
    assert (_rgba(tmp_path / "r.webm")[..., 3] >= 250).all()
