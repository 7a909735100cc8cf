"""A picture of the items on which an engine is worst: frame, plate, true alpha, alpha, inverse
depth.

Knows nothing about training. The model card shows the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgeds.estimate.estimator import Estimator
from edgeds.evaluation.dataset import Dataset
from edgeds.evaluation.evaluate import alpha_scores
from edgeds.evaluation.sample import load
from edgeds.plate.plate import Plate
from edgeds.sources.scaling import resized
from edgeds.types import Engine, Frame, Pixels
from edgeds.views.depth import depth_picture
from edgeds.views.mask import mask_picture
from train.sets.shown_licences import LICENCES, Shown, nothing_to_show

_SIZE = (180, 320)
_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Failure:
    """One item, its maps and its score."""

    iou: float
    row: Pixels


def worst(
    engine: Engine, datasets: list[Dataset], count: int, shown: Shown | None = None
) -> list[Failure]:
    """The items with the lowest alpha IoU, at most one per scene, the worst first. Those that show
    a cut-out or photograph under the GPL, or of unknown licence, are left out.

    Raises:
        edgeds.errors.DatasetError: a file is bad.
    """
    shown, of_scene = shown or Shown(), dict[str, Failure]()
    for dataset in datasets:
        licences = Path(str(dataset.manifest.parent)).parent / LICENCES
        for item in dataset.items:
            if not shown.item(item, licences):
                continue
            sample = load(item)
            if sample.alpha is None or item.empty or item.plate_is_frame:
                continue
            estimate = Estimator(engine, Plate(sample.plate, origin="file"))
            maps = estimate(Frame(sample.frame))
            iou = alpha_scores(maps.alpha, sample, ("iou",))["iou"]
            if iou is None or (item.scene in of_scene and of_scene[item.scene].iou <= iou):
                continue
            pictures = [
                sample.frame,
                sample.plate,
                mask_picture(sample.alpha),
                mask_picture(maps.alpha),
                depth_picture(maps.inverse_depth, estimate.depth_range),
            ]
            row = np.hstack([resized(picture, _SIZE) for picture in pictures])
            of_scene[item.scene] = Failure(iou, row)
    return sorted(of_scene.values(), key=lambda failure: failure.iou)[:count]


def write_failures(failures: list[Failure], path: Path) -> None:
    """Write a JPEG with one row per item.

    Raises:
        InputError: there is none.
        OSError: it cannot be written.
    """
    if not failures:
        raise nothing_to_show()
    sheet = np.vstack([failure.row for failure in failures])
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), quality)
    path.write_bytes(data.tobytes())
