"""The folder of a recorded set; a new run continues an earlier one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgeds.errors import DatasetError, SinkFailed
from edgeds.evaluation.dataset import MANIFEST
from edgeds.sinks.atomic_files import replace_file
from edgeds.sinks.images import check_folder, image_bytes
from edgeds.sources.images import pixels_from_image
from edgeds.sources.media_errors import reason_of
from edgeds.types import Pixels


def check_set_target(folder: Path) -> None:
    """Check, before any work, that a set can be written there.

    Raises:
        DatasetError: the folder holds something else.
        SinkError: it may not be written.
    """
    if folder.exists() and not folder.is_dir():
        raise _foreign(folder, "it is a file")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise _foreign(folder, f"it is not empty, and has no {MANIFEST}")
    check_folder(folder, must_be_empty=False, what="a set")


class SetFolder:
    """The files of a set; each file that the manifest names exists at every moment."""

    def __init__(self, folder: Path) -> None:
        check_set_target(folder)
        self._folder, self._manifest = folder, folder / MANIFEST

    def read(self) -> list[tuple[dict[str, Any], Pixels]]:
        """The manifest lines of an earlier run, with their frames."""
        if not self._manifest.is_file():
            return []
        text = self._manifest.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]  # an incomplete line does not count
        try:
            lines = [json.loads(line) for line in whole.splitlines()]
            if any(set(line) != _KEYS for line in lines):
                raise ValueError("its lines have other keys")
            found = [(line, pixels_from_image(self._folder / line["frame"])) for line in lines]
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise _foreign(self._folder, f"its set was not made by this: {error}") from error
        if whole != text:
            self._replace_manifest(lines)
        return found

    def free_clip(self, name: str) -> str:
        """A name for a new clip: letters and digits of the source's, and a number."""
        stem = "".join(sign if sign.isalnum() else "_" for sign in name)[:40]
        number = 1
        while any(self._folder.glob(f"plate/{stem}_{number}.png")):
            number += 1
        return f"{stem}_{number}"

    def write_plate(self, pixels: Pixels, clip: str) -> str:
        """The path of the plate; the same picture is stored once."""
        data = image_bytes(pixels)
        for path in sorted(self._folder.glob("plate/*.png")):
            if path.read_bytes() == data:
                return f"plate/{path.name}"
        return self._write(f"plate/{clip}.png", data)

    def write_image(self, name: str, pixels: Pixels) -> str:
        return self._write(name, image_bytes(pixels, Path(name).suffix))

    def append(self, line: dict[str, Any]) -> None:
        try:
            with self._manifest.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise _full(self._manifest, error) from error

    def rewrite(self, lines: list[dict[str, Any]], dropped: list[dict[str, Any]]) -> None:
        self._replace_manifest(lines)
        needed = {line[key] for line in lines for key in ("frame", "plate")}
        for line in dropped:
            if line["frame"] not in needed:
                (self._folder / line["frame"]).unlink(missing_ok=True)

    def _replace_manifest(self, lines: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        try:
            replace_file(self._manifest, text.encode())
        except OSError as error:
            raise _full(self._manifest, error) from error

    def _write(self, name: str, data: bytes) -> str:
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, data, durable=False)
        except OSError as error:
            raise _full(path, error) from error
        return name


_KEYS = {"frame", "plate", "alpha", "ignore", "depth_mm", "scene", "empty", "clip", "index"}


def _foreign(folder: Path, why: str) -> DatasetError:
    return DatasetError(
        f"cannot record to {str(folder)!r}",
        why=why,
        fix="give a new folder, or one that this command made, to continue it",
    )


def _full(path: Path, error: OSError) -> SinkFailed:
    return SinkFailed(
        f"cannot write {path.name}",
        why=reason_of(error).why,
        fix="make room on the disk; the same command goes on with what is there",
    )
