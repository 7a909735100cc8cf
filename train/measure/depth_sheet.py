"""Pictures beside the inverse depth that networks estimate for them, for a look."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edgeds.estimate.depth_fit import depth_range
from edgeds.estimate.plate_depth import DepthNetwork, plate_depth_of
from edgeds.plate.open_plate import plate_from_clip
from edgeds.sources.settings import IMAGE_SUFFIXES
from edgeds.types import Pixels
from edgeds.views.depth import depth_picture
from train.samples.material import read_rgb

HEIGHT = 120
COLUMNS = 2
QUALITY = 80


def write_depth_sheet(
    pictures: Sequence[Path], networks: Sequence[DepthNetwork], path: Path
) -> None:
    """One cell per picture: the picture, and each network's inverse depth in its own scale.

    Of a clip, the picture is the plate that is estimated from it.

    Raises:
        FileNotFoundError: a picture cannot be read.
        PlateError: a clip does not show its background.
    """
    cells = [cell(picture_of(path), networks) for path in pictures]
    wide = max(c.shape[1] for c in cells)
    cells = [
        cv2.copyMakeBorder(c, 2, 2, 0, wide - c.shape[1] + 8, cv2.BORDER_CONSTANT) for c in cells
    ]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % COLUMNS)
    rows = [np.hstack(cells[i : i + COLUMNS]) for i in range(0, len(cells), COLUMNS)]
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    settings = [] if path.suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    cv2.imwrite(str(path), sheet, settings)


def picture_of(path: Path) -> Pixels:
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return read_rgb(path)
    return plate_from_clip(path).pixels


def cell(picture: Pixels, networks: Sequence[DepthNetwork]) -> Pixels:
    parts = [picture]
    for network in networks:
        depth = plate_depth_of(network, picture)
        parts.append(depth_picture(depth, depth_range(depth)))
    width = round(HEIGHT * picture.shape[1] / picture.shape[0])
    small = [cv2.resize(x, (width, HEIGHT), interpolation=cv2.INTER_AREA) for x in parts]
    return np.asarray(np.hstack(small), np.uint8)
