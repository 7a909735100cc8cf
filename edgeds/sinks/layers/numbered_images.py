"""Numbered images of a layer: their names, and how one is written, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from edgeds.sinks.atomic_files import replace_file
from edgeds.sinks.images import image_write_errors

NUMBER = "%06d"


def write_image(path: Path, data: bytes) -> None:
    """Write an image and the folder it belongs to.

    Raises:
        SinkFailed: the disk refuses it, or the file exists already.
    """
    with image_write_errors(path, "layers to the same folder", elsewhere="folder"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise FileExistsError
        replace_file(path, data, durable=False)
