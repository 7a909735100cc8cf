"""Numbered images of a layer: their names, and how one is written, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from edgeds.errors import SinkFailed
from edgeds.sinks.replacing import replace_file
from edgeds.sources.media_errors import reason_of

NUMBER = "%06d"


def write_image(path: Path, data: bytes) -> None:
    """Write an image and the folder it belongs to.

    Raises:
        SinkFailed: the disk refuses it, or the file exists already.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise FileExistsError
        replace_file(path, data, durable=False)
    except FileExistsError as error:
        raise SinkFailed(
            f"cannot write {path.name}",
            why="another run is writing layers to the same folder",
            fix="give another folder",
        ) from error
    except (OSError, MemoryError) as error:
        reason = reason_of(error)
        raise SinkFailed(
            f"cannot write {path.name}",
            why=reason.why,
            fix=reason.fix or "make room on the disk, or write elsewhere",
        ) from error
