"""Documents show no picture that is under the GPL, or whose licence nobody knows."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install --group train")

from edgeds.engine import DifferenceEngine
from edgeds.errors import InputError
from edgeds.evaluation.dataset import read_set
from train.measure.failures import worst, write_failures
from train.sets.shown_licences import Shown

LICENCES = """file\tsource\tauthor\tlicence
foregrounds/free.webp\tx\ty\tCC0-1.0
foregrounds/frog.webp\tx\ty\tGPL-2 (many derive from public-domain photos)
foregrounds/valid_walker_00.webp\tx\ty\tMIT (avatars)
backgrounds/hall.jpg\tx\ty\tMIT
tiles/*\tx\ty\tCC0-1.0
scans/small_house_*, scans/list.json\tx\ty\tMIT-0
backgrounds/maybe.jpg\tx\ty\tper package (CC0/CC-BY-SA) - not verified per file
"""


@pytest.mark.parametrize(
    ("foreground", "background", "count"),
    [
        ("free.webp", "hall.jpg", 1),
        ("frog.webp", "hall.jpg", 0),
        ("free.webp", "maybe.jpg", 0),
        ("nobody.webp", "hall.jpg", 0),
        ("walker", "hall.jpg", 1),  # a model: its renders have the licence
        ("stranger", "hall.jpg", 0),
        ("free.webp", "small_house_2.glb", 1),  # a line for some by a pattern
        ("Asian_F_1_Milit", "hall.jpg", 1),  # an avatar that was never rendered alone
        ("Sink", "hall.jpg", 1),
        ("Chair", "hall.jpg", 0),  # of one library, by its licence
    ],
)
def test_failures_leave_out_what_may_not_be_shown(
    tmp_path: Path, foreground: str, background: str, count: int
) -> None:
    (tmp_path / "LICENSES.tsv").write_text(LICENCES, encoding="utf-8")
    folder = tmp_path / "set"
    folder.mkdir()
    alpha = np.zeros((180, 320), np.uint8)
    alpha[60:120, 100:220] = 255
    plate = np.full((180, 320, 3), 90, np.uint8)
    for name, picture in (("plate", plate), ("frame", plate + alpha[..., None] // 2)):
        cv2.imwrite(str(folder / f"{name}.png"), picture)
    cv2.imwrite(str(folder / "alpha.png"), alpha)
    item = {"frame": "frame.png", "plate": "plate.png", "alpha": "alpha.png", "scene": "one"}
    named = {"foreground": [foreground], "background": background}
    (folder / "manifest.jsonl").write_text(json.dumps({**item, **named}) + "\n")
    found = worst(DifferenceEngine(), [read_set(folder)], 5, Shown(_libraries(tmp_path)))
    assert Shown(tmp_path / "libraries").file(folder / "plate.png") == bool(count)
    assert len(found) == count
    if not found:
        with pytest.raises(InputError, match="no picture is left"):
            write_failures(found, tmp_path / "failures.jpg")


def _libraries(folder: Path) -> Path:
    """Of two libraries both have a chair."""
    for name, licence, models in (
        ("a", "Creative Commons Attribution 3.0", ("Sink", "Chair")),
        ("b", "unknown", ("Chair",)),
    ):
        catalogue = folder / "libraries" / name / "PluginFurnitureCatalog.properties"
        catalogue.parent.mkdir(parents=True)
        lines = [f"license={licence}"]
        lines += [f"name#{number}={model}" for number, model in enumerate(models)]
        catalogue.write_text("\n".join(lines))
    return folder / "libraries"


def test_photographs_of_folders_are_shown_by_their_licence(tmp_path: Path) -> None:
    own = tmp_path / "own.jpg"
    shown = Shown()
    assert shown.file(own)
    (tmp_path / "LICENSES.tsv").write_text(LICENCES, encoding="utf-8")
    assert not shown.file(own)
    assert shown.file(tmp_path / "backgrounds" / "hall.jpg")
    assert not shown.file(tmp_path / "backgrounds" / "maybe.jpg")
    assert shown.file(tmp_path / "tiles" / "wood" / "a.png"), "by a pattern"
