"""Checks whether a video file ends before the length that its own structure states, or its index.

FFmpeg reads an incomplete copy as a shorter film, without an error. Header fields for durations and
frame counts are no sign of it: they are wrong in many good files. Knows nothing about decoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_BOXES = frozenset(
    {b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"mfra", b"sidx"}
)
_SEGMENT = 0x18538067


def is_cut_short(path: Path) -> bool:
    """Whether a part of an MP4, MOV, MKV, WebM or AVI file is larger than what is left of it."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(12)
            if head[4:8] in _BOXES:
                return _iso_is_short(file, size)
            if head[:4] == b"\x1a\x45\xdf\xa3":
                return _matroska_is_short(file, size)
            if head[:4] == b"RIFF":
                return 8 + int.from_bytes(head[4:8], "little") > size
    except OSError:
        return False
    return False


def lacks_index(path: Path) -> bool:
    """Whether an MP4 or MOV file has pictures but no index (moov), which recorders write last."""
    try:
        with path.open("rb") as file:
            kinds = {kind for kind, _ in _boxes(file, path.stat().st_size)}
    except OSError:
        return False
    return b"mdat" in kinds and not kinds & {b"moov", b"meta"}  # meta: a still picture's


def _iso_is_short(file: BinaryIO, size: int) -> bool:
    at = 0
    for kind, length in _boxes(file, size):
        if kind not in _BOXES or length < 8:  # something else after the film; or "to the end"
            return False
        at += length
    return at > size


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """ISO/IEC 14496-12: boxes one after the other, each with its kind and its length.

    The last one may have the length 0, "to the end", or none that is possible.
    """
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        yield kind, length
        if length < 8:
            return
        at += length


def _matroska_is_short(file: BinaryIO, size: int) -> bool:
    """RFC 8794: the EBML header, then one segment, whose length may be unknown (all ones)."""
    file.seek(4)
    header, _ = _ebml_number(file)
    file.seek(header, 1)
    if int.from_bytes(file.read(4), "big") != _SEGMENT:
        return False
    length, unknown = _ebml_number(file)
    return not unknown and file.tell() + length > size


def _ebml_number(file: BinaryIO) -> tuple[int, bool]:
    """(value, whether it stands for "unknown")."""
    first = file.read(1)[0]
    width = 8 - first.bit_length() + 1
    value = int.from_bytes(bytes([first & ((1 << (8 - width)) - 1)]) + file.read(width - 1), "big")
    return value, value == (1 << (7 * width)) - 1
