"""Sets for `edgeds eval`, drawn from the material of one side of the split.

    exact    cut-outs before their plate as it is
    wrong    plates that are off, shadows, other light
    moving   leaves, water, curtains and screens (in turn) that move by themselves, in the light of
             the plate; with somebody in view in every third
    holes    foregrounds painted like the plate behind them
    walks    clips of 40 frames: people walk, sway and come nearer

Choose on train sets, report val sets. Equal arguments draw equal pictures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgeds.sinks.atomic_files import replace_file
from train.samples.finishing import Sample, finished
from train.samples.frame_sample import composite_sample, photograph
from train.samples.material import Material, material_from_folder
from train.samples.mix import Mix
from train.samples.moving import KINDS as MOVING
from train.samples.moving import moving
from train.samples.place_cutouts import drawn_layer
from train.sets.walks import walks

SIZE = (360, 640)
_QUALITY = 92
KINDS = {
    "exact": Mix(exact_plate=1, empty=0.1, ghost=0, small=0.15),
    "wrong": Mix(exact_plate=0, empty=0.1, ghost=0, small=0.15),
    "holes": Mix(exact_plate=0.6, empty=0, ghost=0, holes=1, in_rooms=0.1),
}
NAMES = ("moving", *KINDS, "walks")
CLIP_FRAMES = 40


def draw_set(
    kind: str, data: Path, output: Path, count: int, *, seed: int = 1, split: str = "val"
) -> Iterator[int]:
    """Write a set of `count` items to `output`; yields the number of items so far.

    Raises:
        FileNotFoundError: material that splits.json names is missing.
    """
    material = material_from_folder(data, split=split)
    for folder in ("frame", "plate", "alpha"):
        (output / folder).mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    if kind == "walks":
        for item in _walks(material, output, count, seed, split):
            lines.append(json.dumps(item) + "\n")
            yield len(lines)
    for number in range(count if kind != "walks" else 0):
        rng = np.random.default_rng((seed, NAMES.index(kind), number))
        if kind == "moving":
            sample = _moving_sample(material, number, rng)
        else:
            sample = composite_sample(material, SIZE, rng, KINDS[kind])
        lines.append(json.dumps(_written(sample, output, f"{number:04d}", split)) + "\n")
        yield number + 1
    replace_file(output / "manifest.jsonl", "".join(lines).encode())


def _moving_sample(material: Material, number: int, rng: np.random.Generator) -> Sample:
    scene, other = (photograph(material, SIZE, rng) for _ in range(2))
    moved = moving(scene, other, rng, list(MOVING)[number % len(MOVING)])
    frame, alpha = moved.frame, np.zeros(SIZE, np.float32)
    if number % 3 == 2:
        layer, _ = drawn_layer(material.cutouts, SIZE, rng)
        alpha = layer[..., 3]
        frame = layer[..., :3] + (1 - alpha[..., None]) * frame
    unknown = np.zeros(SIZE, np.float32)
    return finished(np.asarray(frame, np.float32), moved.plate, alpha, unknown, rng, exact=True)


def _walks(
    material: Material, folder: Path, count: int, seed: int, split: str
) -> Iterator[dict[str, object]]:
    for clip, begin in enumerate(range(0, count, CLIP_FRAMES)):
        rng = np.random.default_rng((seed, NAMES.index("walks"), clip))
        plate, frames = walks(material, SIZE, min(CLIP_FRAMES, count - begin), rng)
        name = f"{clip:03d}{'7' if split == 'val' else '0'}"
        _write(folder / f"plate/{name}.jpg", _bytes(plate))
        for index, (frame, alpha) in enumerate(frames):
            stem = f"{name}_{index:02d}"
            levels = np.rint(alpha * 255).astype(np.uint8)
            _write(folder / f"frame/{stem}.jpg", _bytes(frame))
            _write(folder / f"alpha/{stem}.png", levels)
            yield {
                "frame": f"frame/{stem}.jpg", "plate": f"plate/{name}.jpg",
                "alpha": f"alpha/{stem}.png", "depth_mm": None, "scene": name,
                "empty": not levels.any(), "clip": name, "index": index,
            }  # fmt: skip


def _bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(picture * 255).astype(np.uint8)


def _written(sample: Sample, folder: Path, stem: str, split: str) -> dict[str, object]:
    alpha = np.rint(np.clip(sample.alpha, 0, 1) * 255).astype(np.uint8)
    names = {"frame": f"frame/{stem}.jpg", "plate": f"plate/{stem}.jpg"}
    _write(folder / names["frame"], sample.frame)
    _write(folder / names["plate"], sample.plate)
    _write(folder / f"alpha/{stem}.png", alpha)
    scene = f"{stem}{'7' if split == 'val' else '0'}"
    return {
        **names, "alpha": f"alpha/{stem}.png", "depth_mm": None, "scene": scene,
        "empty": not alpha.any(),
    }  # fmt: skip


def _write(path: Path, picture: NDArray[np.uint8]) -> None:
    if picture.ndim == 3:
        picture = np.ascontiguousarray(picture[..., ::-1])
    settings = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY] if path.suffix == ".jpg" else []
    _, data = cv2.imencode(path.suffix, picture, settings)
    replace_file(path, data.tobytes(), durable=False)
