"""Opening a media file for reading, the same with every PyAV. Knows nothing about streams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av
    from av.codec.hwaccel import HWAccel


def open_container(path: Path, decoder: HWAccel | None = None) -> av.container.InputContainer:
    """A file's container, even where its titles are not UTF-8.

    Args:
        decoder: that of a GPU; None is the CPU.

    Raises:
        OSError, ValueError: FFmpeg cannot read it.
    """
    import av

    # Before PyAV 19, titles in another encoding were an error unless asked not to be.
    lenient: dict[str, Any] = (
        {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "ignore"}
    )
    if decoder is not None:
        lenient["hwaccel"] = decoder
    container: av.container.InputContainer = av.open(local_name(path), "r", **lenient)
    return container


def packets_of(
    container: av.container.InputContainer, *streams: av.stream.Stream
) -> Iterator[av.Packet[Any]]:
    """The packets of streams, even if another stream begins in the middle of the file.

    That happens in FLV and MPEG-TS, and damage looks like it. PyAV raises an IndexError there.

    Raises:
        FFmpegError, OSError, ValueError: the file cannot be read further.
    """
    packets = container.demux(*streams)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except IndexError:
            packets = container.demux(*streams)
            continue
        yield packet


def local_name(path: Path) -> str:
    """A file's name for FFmpeg.

    It is absolute: FFmpeg would take the part before the colon in `12:30.mp4` for a protocol.
    """
    return str(path.absolute())
