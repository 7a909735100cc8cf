"""A composed set on disk: every cut-out over every background at N random places, in K zip parts.

This is the recipe of the course project from which edgeds grew (100 foregrounds x 100 backgrounds x
20 places, each also mirrored: 400,000 pictures). A part holds bg/, fg_bg/, mask/ and depth/;
`train.samples.zip_parts` owns that format and reads it.

One background is one unit of work: a small zip, which any process writes whole or not at all. A
stopped run continues with the missing units. A unit depends on the seed and its number alone. At
the end the units are joined to parts.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgeds.sinks.atomic_files import replacing
from train.samples.crop import cropped
from train.samples.material import read_background, read_cutout
from train.samples.place_cutouts import placed_cutout
from train.samples.zip_parts import DEPTH_SCALE
from train.sets.teacher import open_teacher
from train.sets.workers import open_workers

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to compose; equal plans write equal parts."""

    foregrounds: tuple[Path, ...]
    backgrounds: tuple[Path, ...]
    output: Path
    places: int = 20
    """Random places and sizes of each cut-out on each background; each is also written mirrored."""
    parts: int = 5
    size: tuple[int, int] = (192, 320)
    seed: int = 1
    teacher: Path | None = None
    """The depth network: an ONNX file or an engine folder; None writes no depth."""

    @property
    def pictures(self) -> int:
        return len(self.backgrounds) * self.pictures_a_background

    @property
    def pictures_a_background(self) -> int:
        return 2 * self.places * len(self.foregrounds)

    def part_of(self, background: int) -> int:
        """Consecutive backgrounds share a part."""
        return background * self.parts // len(self.backgrounds)


def composed(
    plan: Plan, *, processes: int, on_pictures: Callable[[int], None], ray: str | None = None
) -> list[Path]:
    """Write the parts and return the zip files; `on_pictures` gets the number of added pictures.

    Args:
        ray: address of a Ray cluster, which then does the work. All paths of the plan must be
            absolute, and the same on all its machines.

    Raises:
        FileNotFoundError: a picture cannot be read; finished units are kept for the next try.
    """
    units = plan.output / "units"
    units.mkdir(parents=True, exist_ok=True)
    done = [part_path(plan, part) for part in range(plan.parts) if part_path(plan, part).exists()]
    missing = []
    for background in range(len(plan.backgrounds)):
        finished = part_path(plan, plan.part_of(background)) in done
        if finished or unit_path(plan, background).exists():
            on_pictures(plan.pictures_a_background)
        else:
            missing.append(background)
    workers, _ = open_workers(processes, ray)
    with workers as pool:
        waiting = [pool.submit(write_unit, plan, background) for background in missing]
        for unit in as_completed(waiting):
            unit.result()
            on_pictures(plan.pictures_a_background)
    return [joined(plan, part) for part in range(plan.parts)]


def write_unit(plan: Plan, background: int) -> None:
    """All cut-outs over one background."""
    path = unit_path(plan, background)
    with replacing(path, durable=False) as part, zipfile.ZipFile(part, "w") as unit:
        for name, data in unit_members(plan, background):
            # a fixed date: equal plans give equal bytes
            unit.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def unit_members(plan: Plan, background: int) -> Iterator[tuple[str, bytes]]:
    """(name in the zip, file content) of every picture over one background."""
    rng = np.random.default_rng((plan.seed, background))
    scene = cropped(read_background(plan.backgrounds[background]), plan.size, rng)
    teacher = open_teacher(plan.teacher) if plan.teacher else None
    stem = f"{background:05d}"
    yield f"bg/{stem}.jpg", encoded(".jpg", in_bytes(scene))
    for number, path in enumerate(plan.foregrounds):
        cutout = read_cutout(path, Path("no depth"))
        for place in range(plan.places):
            share = float(np.exp(rng.uniform(np.log(0.12), np.log(1.2))))
            layer = placed_cutout(cutout.rgba, share, plan.size, rng, portrait=cutout.is_portrait)
            for mirrored in (False, True):
                laid = np.ascontiguousarray(layer[:, ::-1]) if mirrored else layer
                picture = in_bytes(laid[..., :3] + (1 - laid[..., 3:]) * scene)
                name = f"{stem}_{number:05d}_{place:03d}{'m' if mirrored else ''}"
                yield f"fg_bg/{name}.jpg", encoded(".jpg", picture)
                yield f"mask/{name}.png", encoded(".png", in_bytes(laid[..., 3]))
                if teacher is not None:
                    yield f"depth/{name}.png", encoded(".png", in_steps(teacher(picture)))


def joined(plan: Plan, part: int) -> Path:
    """Join a part from its units, then delete them."""
    path = part_path(plan, part)
    if path.exists():
        return path
    backgrounds = [b for b in range(len(plan.backgrounds)) if plan.part_of(b) == part]
    with replacing(path) as scratch, zipfile.ZipFile(scratch, "w") as whole:
        for background in backgrounds:
            with zipfile.ZipFile(unit_path(plan, background)) as unit:
                for member in unit.infolist():
                    whole.writestr(zipfile.ZipInfo(member.filename), unit.read(member))
    for background in backgrounds:
        unit_path(plan, background).unlink()
    return path


def unit_path(plan: Plan, background: int) -> Path:
    return plan.output / "units" / f"{background:05d}.zip"


def part_path(plan: Plan, part: int) -> Path:
    return plan.output / f"part_{part + 1}.zip"


def in_steps(inverse_depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Inverse depth as 16-bit steps of its largest value; its scale has no meaning."""
    scale = DEPTH_SCALE / max(float(inverse_depth.max()), 1e-6)
    return np.asarray(np.rint(np.clip(inverse_depth * scale, 0, DEPTH_SCALE)), np.uint16)


def in_bytes(picture: NDArray[np.float32]) -> Pixels:
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def encoded(kind: str, image: NDArray[np.generic]) -> bytes:
    """JPEG at quality 92, or PNG; RGB or one channel."""
    ordered = image[..., ::-1] if image.ndim == 3 else image
    settings = [cv2.IMWRITE_JPEG_QUALITY, 92] if kind == ".jpg" else []  # others warn, each time
    _, packet = cv2.imencode(kind, np.ascontiguousarray(ordered), settings)
    return packet.tobytes()
