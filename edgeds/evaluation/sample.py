"""An item of a set as arrays: reads its files and refuses bad ones.

Knows nothing about manifests, engines or metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.errors import DatasetError
from edgeds.evaluation.dataset import Item
from edgeds.evaluation.set_files import SetFile
from edgeds.types import FloatMap, Pixels, Size

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """An item's arrays, all of the frame's (H, W). They belong to whoever loaded them."""

    item: Item
    frame: Pixels
    """uint8 RGB (H, W, 3)."""
    plate: Pixels
    """uint8 RGB (H, W, 3)."""
    alpha: FloatMap | None
    """float32 0..1; zeros on an empty item without a file; None where nothing is known."""
    depth_m: FloatMap | None
    """float32 metres along the optical axis; 0 is unknown or beyond 60 m."""
    ignore: Mask | None
    """True where nothing may be scored."""

    @property
    def size(self) -> Size:
        return self.frame.shape[0], self.frame.shape[1]


def load(item: Item) -> Sample:
    """Read an item's files.

    Raises:
        DatasetError: a file is not an image, has the wrong type, or another size than the frame.
    """
    frame = _pixels(item.frame, item)
    plate = frame if item.plate_is_frame else _pixels(item.plate, item)
    size = frame.shape[0], frame.shape[1]
    if plate.shape != frame.shape:
        raise _wrong_size(item, item.plate, plate.shape, size)
    alpha = _grey(item.alpha, item, size, np.uint8)
    depth_mm = _grey(item.depth_mm, item, size, np.uint16)
    ignore = _grey(item.ignore, item, size, np.uint8)
    if alpha is not None:
        known_alpha: FloatMap | None = alpha.astype(np.float32) / np.float32(255)
    else:
        known_alpha = np.zeros(size, np.float32) if item.empty else None
    return Sample(
        item=item,
        frame=frame,
        plate=plate,
        alpha=known_alpha,
        depth_m=None if depth_mm is None else depth_mm.astype(np.float32) / np.float32(1000),
        ignore=None if ignore is None else ignore > 0,
    )


def bytes_of(path: SetFile, item: Item) -> bytes:
    """What a file of an item holds.

    Raises:
        DatasetError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{item.where}: cannot read {path.name!r}",
            why=f"{type(error).__name__}: {error}",
            fix="check the file and its permissions",
        ) from error


def _pixels(path: SetFile, item: Item) -> Pixels:
    bgr = _decoded(path, item, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if bgr.dtype != np.uint8:
        raise _wrong_type(item, path, bgr, "8-bit RGB")
    pixels: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return pixels


def _grey(
    path: SetFile | None, item: Item, size: Size, dtype: type[np.uint8] | type[np.uint16]
) -> npt.NDArray[Any] | None:
    if path is None:
        return None
    values = _decoded(path, item, cv2.IMREAD_UNCHANGED)
    if values.dtype != dtype or values.ndim != 2:
        raise _wrong_type(item, path, values, f"{8 * np.dtype(dtype).itemsize}-bit grey")
    if values.shape != size:
        raise _wrong_size(item, path, values.shape, size)
    return values


def _decoded(path: SetFile, item: Item, flags: int) -> npt.NDArray[Any]:
    # By way of bytes: cv2.imread cannot open every file name on Windows, and nothing in a .zip.
    data = np.frombuffer(bytes_of(path, item), np.uint8)
    image: npt.NDArray[Any] | None = cv2.imdecode(data, flags) if data.size else None
    if image is None:
        raise DatasetError(
            f"{item.where}: cannot read {path.name!r}",
            why="it is not an image, or it is damaged",
            fix="replace the file, or take the line out",
        )
    return image


def _wrong_type(item: Item, path: SetFile, found: npt.NDArray[Any], wanted: str) -> DatasetError:
    channels = 1 if found.ndim == 2 else found.shape[2]
    return DatasetError(
        f"{item.where}: {path.name!r} is not {wanted}",
        why=f"it has {channels} channel{'s' * (channels > 1)} of {found.dtype}",
        fix=f"save it as {wanted}",
    )


def _wrong_size(item: Item, path: SetFile, found: tuple[int, ...], wanted: Size) -> DatasetError:
    return DatasetError(
        f"{item.where}: {path.name!r} has another size than its frame",
        why=f"it is {found[1]}x{found[0]}, the frame is {wanted[1]}x{wanted[0]}",
        fix="make all files of an item one size",
    )
