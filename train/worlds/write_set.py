"""Writes drawn worlds as a set: pictures, depth, and a manifest that gets a line per item.

Each line has the keys of every set (frame, plate, alpha, depth_mm, scene, empty), and:

- world: the kind that was drawn.
- sky: true if the depth is known everywhere: 0 is then the sky or anything beyond 60 m (inverse
  depth 0), never unknown.
- clip, index: for kinds whose worlds are clips of one camera.
- foreground, people: the guests; height_m, feet_px, head_px, depth_m of those who stand upright.
- plate_depth_mm: where frame and plate differ, the depth of the plate; depth_mm is the frame's.
- camera: at_m, yaw, pitch, roll, fov (degrees), bend (train.worlds.camera).

An item's line is written after all its files, so that an early reader of the manifest finds
complete items.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgeds.sinks.atomic_files import replace_file
from train.worlds.camera import Camera
from train.worlds.film import Pixels

Depth = NDArray[np.float32]
FARTHEST_M = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One item: a plate, and perhaps the same place with guests."""

    plate: Pixels
    plate_depth_m: Depth
    """(H, W), 0 where nothing is hit."""
    camera: Camera
    frame: Pixels | None = None
    """None: there are no guests."""
    frame_depth_m: Depth | None = None
    alpha: NDArray[np.float32] | None = None
    """(H, W), 0 to 1."""
    notes: dict[str, Any] | None = None
    """Further keys for the manifest."""


Draw = Callable[[np.random.Generator], Iterable[Drawing]]
"""Draws a world, as seen by several cameras."""


def write_worlds(
    folder: Path,
    count: int,
    draw: Draw,
    *,
    world: str,
    seed: int = 1,
    val: bool = False,
    share: tuple[int, int] = (0, 1),
) -> Iterator[int]:
    """Write a set of `count` worlds, or continue one, and yield the number of each added world.

    Args:
        draw: draws one world; it depends on the generator alone, which depends on seed and number.
        val: for validation: other drawings than for training, and other names.
        share: (i, n): only numbers that are i modulo n, for several processes on one folder.
    """
    for name in ("plate", "frame", "alpha", "depth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    manifest = folder / "manifest.jsonl"
    if share[0] == 0:
        _mended(manifest)
    written = scenes_written(manifest)
    for number in range(share[0], count, share[1]):
        scene = scene_name(world, seed, number, val=val)
        if scene in written:
            continue
        views = enumerate(draw(np.random.default_rng((seed, number, val))))
        items = [_kept(folder, scene, view, one) | {"world": world} for view, one in views]
        if world == "walks":
            items = [item | {"clip": scene, "index": i} for i, item in enumerate(items)]
        with manifest.open("a") as lines:  # at once, when all its files are there
            lines.write("".join(json.dumps(item) + "\n" for item in items))
        yield number


def scene_name(world: str, seed: int, number: int, *, val: bool = False) -> str:
    """A scene's name. Those for validation end in 7; an x at the end keeps the others apart."""
    return f"{world}_{seed}_{number:05d}{'v7' if val else 'x'}"


def scenes_written(manifest: Path) -> set[str]:
    """The scenes in a manifest."""
    if not manifest.exists():
        return set()
    whole = [line for line in manifest.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return {json.loads(line)["scene"] for line in whole}


def _mended(manifest: Path) -> None:
    """Remove an incomplete last line."""
    text = manifest.read_bytes() if manifest.exists() else b""
    if text and not text.endswith(b"\n"):
        replace_file(manifest, text[: text.rfind(b"\n") + 1])


def _kept(folder: Path, scene: str, view: int, drawing: Drawing) -> dict[str, Any]:
    """Write an item's files; return its line."""
    stem = f"{scene}_{view}"
    plate, depth = f"plate/{stem}.webp", f"depth/{stem}.png"
    _write(folder / plate, drawing.plate[..., ::-1])
    item: dict[str, Any] = {"frame": plate, "plate": plate, "alpha": None, "depth_mm": depth}
    if drawing.frame is None:
        _write(folder / depth, millimetres(drawing.plate_depth_m))
    else:
        assert drawing.frame_depth_m is not None
        assert drawing.alpha is not None
        of_plate = f"depth/{stem}_plate.png"
        item |= {"frame": f"frame/{stem}.webp", "alpha": f"alpha/{stem}.png"}
        item["plate_depth_mm"] = of_plate
        _write(folder / item["frame"], drawing.frame[..., ::-1])
        _write(folder / item["alpha"], np.rint(drawing.alpha * 255).astype(np.uint8))
        _write(folder / of_plate, millimetres(drawing.plate_depth_m))
        _write(folder / depth, millimetres(drawing.frame_depth_m))
    camera = drawing.camera
    angles = {name: getattr(camera, name) for name in ("yaw", "pitch", "roll", "fov")}
    place: dict[str, Any] = {
        "at_m": [round(x, 3) for x in camera.at],
        "bend": round(camera.bend, 4),
    }
    place |= {name: round(float(np.degrees(angle)), 2) for name, angle in angles.items()}
    item |= {"scene": scene, "empty": drawing.frame is None, "sky": True, "camera": place}
    return item | (drawing.notes or {})


def millimetres(depth_m: Depth) -> NDArray[np.uint16]:
    """Depth as a set stores it: 0 is nothing, or beyond 60 m."""
    near = (depth_m > 0) & (depth_m <= FARTHEST_M)
    return np.where(near, np.rint(depth_m * 1000), 0).astype(np.uint16)


def _write(path: Path, picture: NDArray[Any]) -> None:
    """Write a picture whole or not at all."""
    quality = [cv2.IMWRITE_WEBP_QUALITY, 92] if path.suffix == ".webp" else []
    done, data = cv2.imencode(path.suffix, picture, quality)
    if not done:
        raise OSError(f"cannot write {path}")
    replace_file(path, data.tobytes(), durable=False)
