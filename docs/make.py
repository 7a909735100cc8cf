"""Make README's picture: python docs/make.py. Runs `edgeds video` on the two bundled clips."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[1]
WIDTH = 1600
CLIPS = (
    ("people_walking.mp4", ()),
    ("moving_person.mp4", ("-b", str(ROOT / "tests/data/moving_person_plate.jpg"))),
)


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for clip, options in CLIPS:
            sheet = Path(folder) / "sheet.png"
            command = [sys.executable, "-m", "edgeds", "video", str(ROOT / "tests/data" / clip)]
            command += [*options, "-o", str(Path(folder) / "out.mp4"), "--sheet", str(sheet)]
            subprocess.run(command, check=True, cwd=ROOT)
            picture = cv2.imread(str(sheet))
            height = round(WIDTH * picture.shape[0] / picture.shape[1])
            rows.append(cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA))
    cv2.imwrite(str(ROOT / "docs/result.jpg"), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
