"""Packs a set into one .zip, with the same bytes on every machine and at every time."""

from __future__ import annotations

import zipfile
from pathlib import Path

from edgeds.errors import DatasetError

_STORED = frozenset({".jpg", ".png"})
"""Files that are compressed already: compressing them again saves nothing and slows reading."""


def packed(folder: Path, output: Path) -> None:
    """Write all files of a set's folder to a .zip, which appears when it is complete.

    Raises:
        DatasetError: the output has another suffix, or exists already.
    """
    if output.suffix != ".zip" or output.exists():
        raise DatasetError(
            f"cannot pack a set to {str(output)!r}",
            why="it is there already" if output.exists() else "its name does not end in .zip",
            fix="give a new name that ends in .zip",
        )
    part = output.with_suffix(".zip.part")
    with zipfile.ZipFile(part, "w") as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            # Without the file's time and permissions, which differ between machines.
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix())
            info.external_attr = 0o644 << 16
            stored = path.suffix in _STORED
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())
    part.replace(output)
