"""Writes a set: JPEG frames and plates, PNG truth, manifest.jsonl. Knows nothing about where the
pictures come from.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgeds.errors import DatasetError
from edgeds.evaluation.dataset import MANIFEST
from edgeds.sinks.atomic_files import replace_file
from edgeds.types import FloatMap, Pixels


class SetWriter:
    """Writes one item after the other; equal plates are stored once.

    The manifest is written last, so that an interrupted set does not count as a set.
    """

    def __init__(self, folder: Path, *, quality: int = 92) -> None:
        """
        Raises:
            DatasetError: the folder holds something already.
        """
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
            raise DatasetError(
                f"cannot write a set to {str(folder)!r}",
                why="it exists already, and a set needs a new or empty folder",
                fix="give a new folder, or delete that one",
            )
        self._folder, self._quality = folder, quality
        self._lines: list[str] = []
        self._plates: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def add(
        self,
        frame: Pixels,
        plate: Pixels,
        *,
        scene: str,
        empty: bool = False,
        clip: str | None = None,
        index: int | None = None,
        alpha: FloatMap | None = None,
        depth_m: FloatMap | None = None,
    ) -> None:
        """Take an item; `alpha` and `depth_m` are the truth where it is known."""
        stem = f"{len(self._lines):04d}"
        item: dict[str, Any] = {
            "frame": self._jpeg(f"frame/{stem}.jpg", frame),
            "plate": self._plate(stem, plate),
            "alpha": None,
        }
        if alpha is not None:
            item["alpha"] = self._png(f"alpha/{stem}.png", np.rint(alpha * 255).astype(np.uint8))
        if depth_m is not None:
            millimetres = np.rint(np.where(depth_m > 60, 0, depth_m) * 1000).astype(np.uint16)
            item["depth_mm"] = self._png(f"depth/{stem}.png", millimetres)
        item |= {"scene": scene, "empty": empty, "clip": clip, "index": index}
        self._lines.append(json.dumps(item))

    def finish(self) -> Path:
        """Write the manifest, which completes the set."""
        path = self._folder / MANIFEST
        replace_file(path, "".join(line + "\n" for line in self._lines).encode())
        return path

    def _plate(self, stem: str, plate: Pixels) -> str:
        key = hashlib.sha256(plate.tobytes()).hexdigest()
        if key not in self._plates:
            self._plates[key] = self._jpeg(f"plate/{stem}.jpg", plate)
        return self._plates[key]

    def _jpeg(self, name: str, pixels: Pixels) -> str:
        bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        return self._write(name, ".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self._quality])

    def _png(self, name: str, values: NDArray[Any]) -> str:
        return self._write(name, ".png", values, [cv2.IMWRITE_PNG_COMPRESSION, 9])

    def _write(self, name: str, suffix: str, image: NDArray[Any], how: list[int]) -> str:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _, data = cv2.imencode(suffix, image, how)
        path.write_bytes(data.tobytes())
        return name
