"""Checks a video from a stranger: its type by content, and its size before much is decoded.

Accepts MP4 or MOV (ISO/IEC 14496-12) and WebM or Matroska (RFC 9559), and no playlists, so that
only the file itself is read. Knows nothing about requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgeds.errors import EdgedsError, InputError
from edgeds.live.web.settings import PAGE, Page

_DEMUXERS = {".mp4": "mov,mp4,m4a,3gp,3g2,mj2", ".webm": "matroska,webm"}


def video_suffix(head: bytes) -> str:
    """The suffix for a video that begins with these bytes.

    Raises:
        InputError: it is none of the two types.
    """
    if head[4:8] == b"ftyp":
        return ".mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return ".webm"
    raise _refused("it is not an MP4, MOV, WebM or MKV video", "choose a video file, or convert it")


def check_video(path: Path, settings: Page = PAGE) -> None:
    """Read its header and decode one frame.

    Raises:
        InputError: it is damaged, has no picture, or its pictures are too large.
    """
    import av

    try:
        with av.open(str(path), format=_DEMUXERS[path.suffix].split(",")[0]) as container:
            _check(container, settings)
    except (av.FFmpegError, OSError, ValueError, EOFError, StopIteration) as error:
        raise _refused("it is damaged, or not what its name says", "convert it to MP4") from error


def _check(container: Any, settings: Page) -> None:
    if not container.streams.video:
        raise _refused("it has no picture", "choose a video file")
    stream = container.streams.video[0]
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > settings.video_pixels:
        raise _refused(f"its pictures are {width}x{height} pixels", "make it 4K or smaller")
    next(container.decode(stream))


def _refused(why: str, fix: str) -> EdgedsError:
    return InputError("this file cannot be the backdrop", why=why, fix=fix)
