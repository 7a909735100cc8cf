"""Reads SuperTuxKart's models (.spm, version 1): triangles, names of textures, their coordinates.

The format, little-endian: `SP`; a byte (version in the upper five bits, kind in the lower three: 1
is skinned); a byte of flags (1 normals, 2 colours, 4 tangents); a box of six floats; the number of
materials (uint16), two names each (a byte of length, then letters); the number of sectors (uint16),
and per sector the number of its buffers (uint16). A buffer: numbers of vertices and of indices
(uint32), number of its material (uint16), vertices, indices (as narrow as their number allows). A
vertex: three floats; a packed normal; a colour (128 alone is white, any other byte is followed by
three); two half floats per named texture; a packed tangent; 16 bytes of bones.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeds.errors import InputError
from train.worlds.raycast import Vectors

_WHITE = 128


@dataclass(frozen=True, slots=True)
class Surface:
    """Triangles of one material, in the file's left-handed coordinates (z is forward)."""

    texture: str
    """Name of a picture; empty if there is none."""
    corners: Vectors
    uv: NDArray[np.float32]
    """(N, 3, 2); v is upwards."""
    other_uv: NDArray[np.float32] | None
    """As `uv`, for a second texture, which says where which layer lies."""


@lru_cache(maxsize=800)
def surfaces_of(path: Path) -> tuple[Surface, ...]:
    """Everything in a file.

    Raises:
        InputError: the file is no such model.
    """
    data = path.read_bytes()
    if len(data) < 32 or data[:2] != b"SP" or data[2] >> 3 != 1:
        raise InputError(
            f"cannot read the model {path.name!r}",
            why="it is no SPM file of version 1",
            fix="install SuperTuxKart's data again (Debian: supertuxkart-data)",
        )
    try:
        return tuple(_read(data))
    except (struct.error, IndexError, ValueError) as error:
        raise InputError(
            f"cannot read the model {path.name!r}",
            why="the file is damaged or incomplete",
            fix="install SuperTuxKart's data again (Debian: supertuxkart-data)",
        ) from error


def _read(data: bytes) -> list[Surface]:
    skinned, flags = data[2] & 7 == 1, data[3]
    (count,), at = struct.unpack_from("<H", data, 28), 30
    names: list[tuple[str, str]] = []
    for _ in range(count):
        both = []
        for _ in range(2):
            end = at + 1 + data[at]
            both.append(data[at + 1 : end].decode("utf-8", "replace"))
            at = end
        names.append((both[0], both[1]))
    (sectors,), at = struct.unpack_from("<H", data, at), at + 2
    found = []
    for _ in range(sectors):
        (buffers,), at = struct.unpack_from("<H", data, at), at + 2
        for _ in range(buffers):
            vertices, indices, material = struct.unpack_from("<IIH", data, at)
            surface, at = _buffer(
                data, at + 10, (vertices, indices), names[material], flags, skinned=skinned
            )
            found.append(surface)
        at += 24 if data[2] & 7 == 0 else 0  # the sector's own box
    return found


def _buffer(
    data: bytes,
    at: int,
    counts: tuple[int, int],
    names: tuple[str, str],
    flags: int,
    *,
    skinned: bool,
) -> tuple[Surface, int]:
    """A buffer's triangles, and where it ends."""
    vertices, indices = counts
    head = 12 + (4 if flags & 1 else 0)
    sets = 2 if names[0] and names[1] else 1 if names[0] else 0
    tail = 4 * sets + (4 if flags & 4 and sets else 0) + (16 if skinned else 0)
    raw = np.frombuffer(data, np.uint8)
    starts, tails, at = _places(data, at, vertices, (head, tail), coloured=bool(flags & 2))
    points = raw[starts[:, None] + np.arange(12)].view("<f4").astype(np.float32)
    uvs = []
    for number in range(sets):
        halves = raw[tails[:, None] + np.arange(4 * number, 4 * number + 4)].view("<f2")
        uvs.append(np.asarray(halves, np.float32) * (1, -1) + (0, 1))
    kind = "<u4" if vertices > 65535 else "<u2" if vertices > 255 else "u1"
    order = np.frombuffer(data, kind, indices, at).astype(np.int64)
    corners = order[: indices // 3 * 3].reshape(-1, 3)
    flat = np.zeros((len(corners), 3, 2), np.float32)
    uv, other = (np.asarray(uvs[i][corners], np.float32) if i < sets else None for i in range(2))
    surface = Surface(names[0], points[corners], flat if uv is None else uv, other)
    return surface, at + indices * np.dtype(kind).itemsize


def _places(
    data: bytes, at: int, count: int, sizes: tuple[int, int], *, coloured: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Where each vertex starts, where what follows its colour starts, and where the last ends."""
    head, tail = sizes
    if not coloured:
        starts = at + np.arange(count, dtype=np.int64) * (head + tail)
        return starts, starts + head, at + count * (head + tail)
    starts, tails = np.empty(count, np.int64), np.empty(count, np.int64)
    for number in range(count):
        starts[number] = at
        at += head + (1 if data[at + head] == _WHITE else 4)
        tails[number] = at
        at += tail
    return starts, tails, at
