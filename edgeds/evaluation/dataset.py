"""A labelled set on disk: a folder with `manifest.jsonl`, or a .zip of one, read into items.

One JSON object per line; paths are relative to the manifest's folder:

    {"frame": "frame/0001.jpg", "plate": "plate/0001.jpg", "alpha": "alpha/0001.png",
     "ignore": null, "depth_mm": "depth/0001.png", "scene": "kitchen", "empty": false,
     "clip": null, "index": null}

Knows nothing about pixels (`edgeds.evaluation.sample` loads them), engines, metrics or training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from edgeds.errors import DatasetError
from edgeds.evaluation.set_files import SetFile, file_in_set
from edgeds.sources.media_errors import reason_of

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a manifest. Its files were there when the set was read; none is open."""

    frame: SetFile
    plate: SetFile
    """May be the frame itself: then the item is about depth, or about an empty scene."""
    alpha: SetFile | None = None
    ignore: SetFile | None = None
    depth_mm: SetFile | None = None
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
    manifest: SetFile
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
                fix="give a set with the depth of empty scenes",
            )
        return replace(self, items=kept)

    def first(self, count: int) -> Dataset:
        return replace(self, items=self.items[:count])


def read_set(path: Path) -> Dataset:
    """Read a set's manifest and check that every file it names is there. Loads no pixels.

    Args:
        path: a folder with `manifest.jsonl`, a .zip of one, or a manifest (`val.jsonl`).

    Raises:
        DatasetError: no manifest, no items, a bad line, or a missing file; it names the line.
    """
    try:
        manifest = file_in_set(path, MANIFEST)
        lines = manifest.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"cannot read the set {str(path)!r}",
            why=_reason_without_manifest(path, error),
            fix=f"give a folder with a {MANIFEST}, a .zip of one, or such a file itself",
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
            fix="write one JSON object per line, with at least `frame` and `plate`",
        )
    _check_clips(items)
    folder = manifest.parent
    name = folder.resolve().name if isinstance(folder, Path) else folder.name
    return Dataset(
        name=name if manifest.name == MANIFEST else f"{name}/{manifest.name}",
        manifest=manifest,
        items=items,
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
    if isinstance(error, UnicodeDecodeError):
        return "it is no text, and so no manifest of a set"
    # those of our own readers of a .zip have no number
    return str(error) if getattr(error, "errno", None) is None else reason_of(error).why


def _item_from_line(line: str, manifest: SetFile, number: int) -> Item:
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


def _path(fields: dict[str, Any], key: str, folder: SetFile, where: str) -> SetFile | None:
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


def _bad_line(where: str, why: str) -> DatasetError:
    return DatasetError(
        f"{where} is not an item of a set", why=why, fix="correct the line, or take it out"
    )
