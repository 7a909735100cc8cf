"""Where the clips are that pictures are made from, and where pictures go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs/images"
DATA = ROOT / "tests/data"
PEOPLE = DATA / "people_walking.mp4"
PERSON = DATA / "moving_person.mp4"
PERSON_PLATE = DATA / "moving_person_plate.jpg"


def write_jpeg(name: str, picture: np.ndarray) -> None:
    """Write a BGR picture (H, W, 3) as JPEG into the folder of images."""
    cv2.imwrite(str(IMAGES / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    print(f"docs/images/{name}: {(IMAGES / name).stat().st_size / 1000:.0f} kB")


def edgeds(*arguments: str) -> None:
    """Run the command in a process of its own.

    Raises:
        CalledProcessError: it failed.
    """
    subprocess.run([sys.executable, "-m", "edgeds", *arguments], check=True, cwd=ROOT)
