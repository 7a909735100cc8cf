"""result.jpg: contact sheets of the two bundled clips, as `edgeds video --sheet` writes them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np

from figures.files import PEOPLE, PERSON, PERSON_PLATE, edgeds, write_jpeg

WIDTH = 1600
CLIPS = ((PEOPLE, ()), (PERSON, ("-b", str(PERSON_PLATE))))


def make() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        sheet, video = Path(folder) / "sheet.png", Path(folder) / "out.mp4"
        for clip, options in CLIPS:
            edgeds("video", str(clip), *options, "-o", str(video), "--sheet", str(sheet))
            picture = cv2.imread(str(sheet))
            height = round(WIDTH * picture.shape[0] / picture.shape[1])
            rows.append(cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA))
    write_jpeg("result.jpg", np.vstack(rows))
