"""A clip that takes so long that a signal comes before its end, on any machine."""

from __future__ import annotations

from pathlib import Path

import av


def repeated(clip: Path, times: int = 10) -> Path:
    """The clip's packets again and again, as long.mp4 beside it; nothing is encoded anew."""
    path = clip.with_name("long.mp4")
    with av.open(str(path), "w") as container:
        stream, later = None, 0
        for _ in range(times):
            with av.open(str(clip)) as given:
                video = given.streams.video[0]
                stream = stream or container.add_stream_from_template(video)
                for packet in given.demux(video):
                    if packet.dts is None or packet.pts is None:
                        continue  # the last one, which is empty
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    packet.stream = stream
                    container.mux(packet)
                assert video.duration is not None
                later += video.duration
    return path
