"""Reads zip parts of a composed set in place: bg/, fg_bg/, mask/, depth/.

    part_1.zip   bg/BBBBB.jpg   fg_bg/BBBBB_FFFFF_PPP[m].jpg   mask/SAME.png   depth/SAME.png

The stem up to the first underscore names the background. depth/ may be missing: 16-bit PNG, inverse
depth in steps of the largest value, 0 unknown. Knows nothing about how parts are made.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

DEPTH_SCALE = 65535


class PartError(ValueError):
    """A part that cannot be trained on; the message names it and says why."""


class Part:
    """One zip part, checked when it is opened."""

    def __init__(self, path: Path) -> None:
        """Read the part's table of contents.

        Raises:
            PartError: it is missing, damaged or incomplete.
        """
        self.path = path
        self._open: dict[int, zipfile.ZipFile] = {}
        if not path.exists():
            raise PartError(f"{path} is missing")
        try:
            with zipfile.ZipFile(path) as file:
                names = set(file.namelist())
        except zipfile.BadZipFile as error:
            raise PartError(
                f"{path} is not a complete zip file ({error}): compose or copy it again"
            ) from error
        self.stems = sorted(Path(n).stem for n in names if n.startswith("fg_bg/"))
        if not self.stems:
            raise PartError(f"{path} has no pictures in fg_bg/")
        for stem in self.stems:
            wanted = (f"mask/{stem}.png", f"bg/{background_of(stem)}.jpg")
            if lost := [name for name in wanted if name not in names]:
                raise PartError(f"{path} has fg_bg/{stem}.jpg, but not {lost[0]}")
        self.has_depth = f"depth/{self.stems[0]}.png" in names

    def __len__(self) -> int:
        return len(self.stems)

    def read(
        self, number: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
        """Frame, plate, mask (H, W) and inverse depth (H, W), 0 where unknown, of one picture.

        Raises:
            PartError: the picture is damaged.
        """
        stem = self.stems[number]
        frame = self._image(f"fg_bg/{stem}.jpg", cv2.IMREAD_COLOR)[..., ::-1]
        plate = self._image(f"bg/{background_of(stem)}.jpg", cv2.IMREAD_COLOR)[..., ::-1]
        mask = self._image(f"mask/{stem}.png", cv2.IMREAD_GRAYSCALE)
        inverse_depth = np.zeros(mask.shape, np.float32)
        if self.has_depth:
            steps = self._image(f"depth/{stem}.png", cv2.IMREAD_UNCHANGED)
            inverse_depth = steps.astype(np.float32) / np.float32(DEPTH_SCALE)
        return frame, plate, mask, inverse_depth

    def _image(self, name: str, how: int) -> Any:
        # a zip handle has one file position: every process needs its own
        file = self._open.get(os.getpid())
        if file is None:
            file = self._open[os.getpid()] = zipfile.ZipFile(self.path)
        try:
            image = cv2.imdecode(np.frombuffer(file.read(name), np.uint8), how)
        except (zipfile.BadZipFile, KeyError, cv2.error) as error:
            raise PartError(f"{self.path}: {name} cannot be read ({error})") from error
        if image is None:
            raise PartError(f"{self.path}: {name} is not a picture")
        return image


def background_of(stem: str) -> str:
    return stem.split("_", 1)[0]


def open_parts(folder: Path, first: int | None = None) -> list[Part]:
    """The first N parts of a folder, in the order of their numbers.

    Raises:
        PartError: there are fewer, or one is damaged or incomplete.
    """
    paths = sorted(folder.glob("part_*.zip"), key=lambda path: int(path.stem.split("_")[1]))
    if not paths or (first is not None and len(paths) < first):
        raise PartError(
            f"{folder} has {len(paths)} part_N.zip files, {first or 'some'} were wanted"
        )
    return [Part(path) for path in paths[:first]]
