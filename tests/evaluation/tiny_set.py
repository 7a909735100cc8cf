"""A tiny labelled set: bright squares on dark plates, with alpha and depth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

SIZE = 24, 32

MakeSet = Callable[..., Path]


def written_item(folder: Path, number: int, changes: dict[str, Any]) -> dict[str, Any]:
    rng = np.random.default_rng(number)
    empty = bool(changes.get("empty"))
    plate = cv2.resize(rng.integers(40, 120, (6, 8, 3), np.uint8), SIZE[::-1])
    inside = np.zeros(SIZE, bool)
    if not empty:
        top, left = 6 + number % 3, 8 + number % 5
        inside[top : top + 10, left : left + 12] = True
    frame = np.where(inside[..., None], 230, plate).astype(np.uint8)
    ramp = np.linspace(4000, 6000, SIZE[1])[None].repeat(SIZE[0], axis=0)
    stem = f"{number:04d}"
    write(folder / f"plate/{stem}.png", plate)
    write(folder / f"frame/{stem}.png", frame)
    write(folder / f"alpha/{stem}.png", inside.astype(np.uint8) * 255)
    write(folder / f"depth/{stem}.png", np.where(inside, 2000, ramp).astype(np.uint16))
    line: dict[str, Any] = {
        "frame": f"frame/{stem}.png",
        "plate": f"plate/{stem}.png",
        "alpha": f"alpha/{stem}.png",
        "ignore": None,
        "depth_mm": f"depth/{stem}.png",
        "scene": f"scene{number}",
        "empty": empty,
        "clip": None,
        "index": None,
    }
    return {**line, **changes}


def write(path: Path, image: npt.NDArray[Any]) -> None:
    assert cv2.imwrite(str(path), image)
