"""A labelled set on disk: a folder with `manifest.jsonl`, read into items that load on demand.

One JSON object a line; paths are relative to the manifest's folder:

    {"frame": "frame/0001.jpg", "plate": "plate/0001.jpg", "alpha": "alpha/0001.png",
     "ignore": null, "depth_mm": "depth/0001.png", "scene": "kitchen", "empty": false,
     "clip": null, "index": null}

Knows nothing about engines, metrics or training: it turns files into arrays and refuses bad ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.errors import DatasetError
from edgeds.types import FloatMap, Pixels, Size

MANIFEST = "manifest.jsonl"

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a manifest. Its files were there when the set was read; none is open."""

    frame: Path
    plate: Path
    """May be the frame itself: then the item is about depth, or about an empty scene."""
    alpha: Path | None = None
    ignore: Path | None = None
    depth_mm: Path | None = None
    scene: str
    """Items of one scene are not independent. Where the manifest names none: the frame's path."""
    empty: bool = False
    clip: str | None = None
    index: int | None = None
    """Position in the clip; set where `clip` is."""
    where: str
    """The manifest's line, for messages: "manifest.jsonl line 3"."""
    more: Mapping[str, Any]
    """The keys this version does not know, as they stand in the manifest."""

    @property
    def stem(self) -> str:
        return self.frame.stem

    @property
    def plate_is_frame(self) -> bool:
        return self.plate == self.frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A set: its items in the manifest's order. Never empty."""

    name: str
    manifest: Path
    items: tuple[Item, ...]

    def of_scenes(self, pattern: str) -> Dataset:
        """The items whose scene matches a shell pattern, such as `*7`.

        Raises:
            DatasetError: none does.
        """
        kept = tuple(item for item in self.items if fnmatchcase(item.scene, pattern))
        if not kept:
            raise DatasetError(
                f"no scene of {self.name!r} matches {pattern!r}",
                why=f"its scenes are called {self.items[0].scene!r}, for example",
                fix="give a pattern such as '*7', in quotes",
            )
        return replace(self, items=kept)

    def of_plates(self) -> Dataset:
        """The items that are plates with known depth and nothing before them.

        Raises:
            DatasetError: there are none.
        """
        kept = tuple(item for item in self.items if item.plate_is_frame and item.depth_mm)
        if not kept:
            raise DatasetError(
                f"the set {self.name!r} has no plate with depth",
                why="none of its items has depth_mm and names one picture as frame and plate",
                fix="give a set that says how far an empty scene is",
            )
        return replace(self, items=kept)

    def first(self, count: int) -> Dataset:
        return replace(self, items=self.items[:count])


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


def read_set(path: Path) -> Dataset:
    """Read a set's manifest and check that every file it names is there. Loads no pixels.

    Args:
        path: a folder with `manifest.jsonl`, or a manifest of any name (`val.jsonl`).

    Raises:
        DatasetError: no manifest, no items, a bad line, or a missing file; it names the line.
    """
    manifest = path / MANIFEST if path.is_dir() else path
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"cannot read the set {str(path)!r}",
            why=_reason_without_manifest(path, error),
            fix=f"give a folder with a {MANIFEST}, or such a file itself",
        ) from error
    items = tuple(
        _item_from_line(line, manifest, number)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
    if not items:
        raise DatasetError(
            f"the set {str(path)!r} is empty",
            why=f"{manifest.name} has no line with an item",
            fix="write one JSON object a line, with at least `frame` and `plate`",
        )
    _check_clips(items)
    name = manifest.parent.resolve().name
    return Dataset(
        name=name if manifest.name == MANIFEST else f"{name}/{manifest.name}",
        manifest=manifest,
        items=items,
    )


def load(item: Item) -> Sample:
    """Read an item's files.

    Raises:
        DatasetError: a file is no image, has the wrong type, or another size than the frame.
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


def in_clip_order(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items with each clip's frames together, by index, where its first one stands."""
    clips: dict[str, list[Item]] = {}
    for item in items:
        if item.clip is not None:
            clips.setdefault(item.clip, []).append(item)
    ordered: list[Item] = []
    for item in items:
        if item.clip is None:
            ordered.append(item)
        else:
            ordered += sorted(clips.pop(item.clip, []), key=lambda frame: frame.index or 0)
    return tuple(ordered)


def check_stems_differ(items: tuple[Item, ...]) -> None:
    """Check that predictions saved under the frames' stems would not overwrite each other.

    Raises:
        DatasetError: two items have frames of one stem.
    """
    seen: dict[str, Item] = {}
    for item in items:
        if item.stem in seen:
            raise DatasetError(
                f"cannot save the predictions: two frames are called {item.stem!r}",
                why=f"{seen[item.stem].where} and {item.where} would be one file",
                fix="rename one of the frames, or save the set in parts (--scenes)",
            )
        seen[item.stem] = item


def _reason_without_manifest(path: Path, error: Exception) -> str:
    if not path.exists():
        return "there is no such folder or file"
    if path.is_dir() and not (path / MANIFEST).is_file():
        return f"the folder has no {MANIFEST}"
    return f"{type(error).__name__}: {error}"


def _item_from_line(line: str, manifest: Path, number: int) -> Item:
    where = f"{manifest.name} line {number}"
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise _bad_line(where, f"it is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise _bad_line(where, f"it is a JSON {type(fields).__name__}, not an object")
    folder = manifest.parent
    scene = fields.pop("scene", None)
    if scene is None:
        scene = fields.get("frame")
    frame = _path(fields, "frame", folder, where)
    plate = _path(fields, "plate", folder, where)
    if frame is None or plate is None:
        raise _bad_line(where, f"it has no {'frame' if frame is None else 'plate'!r}")
    clip, index = fields.pop("clip", None), fields.pop("index", None)
    empty = fields.pop("empty", None)
    if not isinstance(empty, bool | None):
        raise _bad_line(where, f"`empty` is {empty!r}, not true or false")
    if clip is not None and (not isinstance(index, int) or isinstance(index, bool)):
        raise _bad_line(where, f"`index` is {index!r}, and a frame of a clip needs a whole number")
    return Item(
        frame=frame,
        plate=plate,
        alpha=_path(fields, "alpha", folder, where),
        ignore=_path(fields, "ignore", folder, where),
        depth_mm=_path(fields, "depth_mm", folder, where),
        scene=str(scene),
        empty=bool(empty),
        clip=None if clip is None else str(clip),
        index=None if clip is None else index,
        where=where,
        more=fields,
    )


def _path(fields: dict[str, Any], key: str, folder: Path, where: str) -> Path | None:
    """Take a path out of a line's fields; None where it is null or not there."""
    value = fields.pop(key, None)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise _bad_line(where, f"`{key}` is {value!r}, not a path")
    path = folder / value
    if not path.is_file():
        raise DatasetError(
            f"{where}: cannot open {value!r}",
            why=f"there is no such file in {str(folder)!r}",
            fix=f"put the file there, correct `{key}`, or take the line out",
        )
    return path


def _check_clips(items: tuple[Item, ...]) -> None:
    seen: dict[tuple[str, int | None], Item] = {}
    for item in items:
        if item.clip is None:
            continue
        before = seen.setdefault((item.clip, item.index), item)
        if before is not item:
            why = f"{before.where} is frame {item.index} of the clip {item.clip!r}, too"
            raise _bad_line(item.where, why)


def _pixels(path: Path, item: Item) -> Pixels:
    bgr = _decoded(path, item, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if bgr.dtype != np.uint8:
        raise _wrong_type(item, path, bgr, "8-bit RGB")
    pixels: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return pixels


def _grey(
    path: Path | None, item: Item, size: Size, dtype: type[np.uint8] | type[np.uint16]
) -> npt.NDArray[Any] | None:
    if path is None:
        return None
    values = _decoded(path, item, cv2.IMREAD_UNCHANGED)
    if values.dtype != dtype or values.ndim != 2:
        raise _wrong_type(item, path, values, f"{8 * np.dtype(dtype).itemsize}-bit grey")
    if values.shape != size:
        raise _wrong_size(item, path, values.shape, size)
    return values


def _decoded(path: Path, item: Item, flags: int) -> npt.NDArray[Any]:
    try:
        # By way of bytes: cv2.imread cannot open every file name on Windows.
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DatasetError(
            f"{item.where}: cannot read {path.name!r}",
            why=f"{type(error).__name__}: {error}",
            fix="check the file and its permissions",
        ) from error
    image: npt.NDArray[Any] | None = cv2.imdecode(data, flags) if data.size else None
    if image is None:
        raise DatasetError(
            f"{item.where}: cannot read {path.name!r}",
            why="it is not an image, or it is damaged",
            fix="replace the file, or take the line out",
        )
    return image


def _bad_line(where: str, why: str) -> DatasetError:
    return DatasetError(
        f"{where} is no item of a set", why=why, fix="correct the line, or take it out"
    )


def _wrong_type(item: Item, path: Path, found: npt.NDArray[Any], wanted: str) -> DatasetError:
    channels = 1 if found.ndim == 2 else found.shape[2]
    return DatasetError(
        f"{item.where}: {path.name!r} is not {wanted}",
        why=f"it has {channels} channel{'s' * (channels > 1)} of {found.dtype}",
        fix=f"save it as {wanted}",
    )


def _wrong_size(item: Item, path: Path, found: tuple[int, ...], wanted: Size) -> DatasetError:
    return DatasetError(
        f"{item.where}: {path.name!r} has another size than its frame",
        why=f"it is {found[1]}x{found[0]}, the frame is {wanted[1]}x{wanted[0]}",
        fix="make all files of an item one size",
    )
