"""A coloured surface as a file: PLY (Stanford), or GLB (binary glTF 2.0). Knows no frames."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeds.errors import SinkError, SinkFailed
from edgeds.sinks.atomic_files import check_writable, replace_file
from edgeds.sinks.images import check_folder, check_pattern
from edgeds.sources.media_errors import translated

MESH_SUFFIXES = (".ply", ".glb")
_NUMBER = re.compile(r"%0?\d*d")
_FLOAT, _UINT = 5126, 5125  # component types of glTF
_VERTEX_BUFFER, _INDEX_BUFFER = 34962, 34963


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Mesh:
    """Triangles with a colour at each corner."""

    points: npt.NDArray[np.float32]
    """(n, 3): x to the right, y up, z towards the viewer."""
    colours: npt.NDArray[np.uint8]
    """(n, 3), RGB."""
    triangles: npt.NDArray[np.int32]
    """(m, 3), numbers of points, counter-clockwise from the front."""


def is_mesh_pattern(path: Path) -> bool:
    """Whether a name stands for a file per frame, such as `mesh/%05d.glb`."""
    return "%" in path.name


def mesh_file(pattern: Path, number: int | None) -> Path:
    """The file of a frame, or with None that of the plate: mesh/%05d.glb -> mesh/plate.glb."""
    if number is not None:
        return pattern.with_name(pattern.name % number)
    return pattern.with_name(_NUMBER.sub("plate", pattern.name))


def check_mesh_target(path: Path) -> None:
    """
    Raises:
        SinkError: it cannot be written, has another suffix, or is a pattern without one number, or
            one by which files are there already.
    """
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise SinkError(
            f"cannot write the mesh {str(path)!r}",
            why="its suffix says what kind of file it is",
            fix=f"give a path that ends in {' or '.join(MESH_SUFFIXES)}",
        )
    if is_mesh_pattern(path):
        if len(_NUMBER.findall(path.name)) != 1 or path.name.count("%") != 1:
            raise SinkError(
                f"cannot write meshes to {str(path)!r}",
                why="a pattern has one place for the number of the frame",
                fix="give a pattern such as mesh/%05d.glb",
            )
        check_folder(path.parent, must_be_empty=False, what="meshes")
        check_pattern(path, what="meshes")
        return
    if _NUMBER.search(str(path.parent)) and not path.parent.is_dir():
        raise SinkError(
            f"cannot write meshes to {str(path)!r}",
            why="the number of the frame belongs into the file's name, not into the folder's",
            fix=f"give a pattern such as mesh/%05d{path.suffix}",
        )
    check_writable(path, "the mesh")


def mesh_to_file(mesh: Mesh, path: Path) -> None:
    """Write a mesh whole, as its suffix says. The folder of a pattern is made with its first file.

    Raises:
        SinkFailed: the disk does not take it.
    """
    data = ply_bytes(mesh) if path.suffix.lower() == ".ply" else glb_bytes(mesh)
    with translated(SinkFailed, f"cannot write the mesh {str(path)!r}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)


def ply_bytes(mesh: Mesh) -> bytes:
    """Binary PLY 1.0, little-endian."""
    vertex = np.dtype([("point", "<f4", 3), ("colour", "u1", 3)])
    face = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
    vertices = np.empty(len(mesh.points), vertex)
    vertices["point"], vertices["colour"] = mesh.points, mesh.colours
    faces = np.empty(len(mesh.triangles), face)
    faces["count"], faces["corners"] = 3, mesh.triangles
    header = "\n".join(
        [
            "ply",
            "format binary_little_endian 1.0",
            f"element vertex {len(vertices)}",
            *(f"property float {axis}" for axis in "xyz"),
            *(f"property uchar {channel}" for channel in ("red", "green", "blue")),
            f"element face {len(faces)}",
            "property list uchar int vertex_indices",
            "end_header\n",
        ]
    )
    return header.encode() + vertices.tobytes() + faces.tobytes()


def glb_bytes(mesh: Mesh) -> bytes:
    """Binary glTF 2.0. Colours become linear by the curve of sRGB, as the format has them."""
    signal = mesh.colours / np.float32(255)
    light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    chunks = [
        mesh.points.astype("<f4").tobytes(),
        light.astype("<f4").tobytes(),
        mesh.triangles.astype("<u4").tobytes(),
    ]
    offsets = np.cumsum([0, *map(len, chunks)])
    views = [
        {"buffer": 0, "byteOffset": int(start), "byteLength": len(chunk), "target": target}
        for start, chunk, target in zip(
            offsets[:-1], chunks, (_VERTEX_BUFFER, _VERTEX_BUFFER, _INDEX_BUFFER), strict=True
        )
    ]
    count = len(mesh.points)
    bounds = {
        "min": mesh.points.min(axis=0).tolist() if count else [0, 0, 0],
        "max": mesh.points.max(axis=0).tolist() if count else [0, 0, 0],
    }
    scene = {
        "asset": {"version": "2.0", "generator": "edgeds"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "COLOR_0": 1}, "indices": 2}]}],
        "accessors": [
            {"bufferView": 0, "componentType": _FLOAT, "count": count, "type": "VEC3", **bounds},
            {"bufferView": 1, "componentType": _FLOAT, "count": count, "type": "VEC3"},
            {
                "bufferView": 2, "componentType": _UINT, "count": mesh.triangles.size,
                "type": "SCALAR",
            },
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": int(offsets[-1])}],
    }  # fmt: skip
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    binary = b"".join(chunks)
    total = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join(
        [
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<I4s", len(text), b"JSON"),
            text,
            struct.pack("<I4s", len(binary), b"BIN\0"),
            binary,
        ]
    )
