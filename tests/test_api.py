"""What `import edgeds` gives."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgeds
from edgeds.engine import DifferenceEngine


@pytest.mark.parametrize("name", edgeds.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(edgeds, name).__doc__


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(edgeds.__file__).read_text(encoding="utf-8"))
    imports = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    seen = {
        name.asname: f"{one.module}"
        for one in imports
        for name in one.names
        if str(one.module).startswith("edgeds.")
    }
    assert seen == {name: f"edgeds.{home}" for name, home in edgeds._HOMES.items()}


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'open_sauce'"):
        edgeds.open_sauce  # noqa: B018


def test_importing_edgeds_loads_nothing_heavy() -> None:
    code = "import edgeds, sys; print({'cv2', 'av', 'openvino', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_dir_lists_the_public_names() -> None:
    assert set(edgeds.__all__) <= set(dir(edgeds))


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((90, 160), np.uint8),
        np.zeros((90, 160, 4), np.uint8),
        np.zeros((90, 160, 3), np.float32),
    ],
    ids=["grey", "RGBA", "float"],
)
def test_pixels_that_are_no_rgb_are_refused(pixels: Any) -> None:
    plate = edgeds.Plate(np.zeros((90, 160, 3), np.uint8))
    estimate = edgeds.Estimator(DifferenceEngine(size=(90, 160)), plate)
    with pytest.raises(edgeds.EdgedsError, match=re.escape(str(pixels.shape))) as refused:
        estimate(edgeds.Frame(pixels))
    assert refused.value.why
    assert refused.value.fix
    with pytest.raises(edgeds.EdgedsError, match=re.escape(str(pixels.shape))):
        edgeds.Plate(pixels)


def test_a_plate_of_a_list_is_refused() -> None:
    nested: Any = [[1, 2]]
    with pytest.raises(edgeds.EdgedsError, match="the plate's pixels are a list"):
        edgeds.Plate(nested)


def test_an_unknown_view_is_refused() -> None:
    pixels, depth = np.zeros((90, 160, 3), np.uint8), np.zeros((90, 160), np.float32)
    view: Any = "nothing"
    with pytest.raises(edgeds.EdgedsError, match=r"no view 'nothing'\n.*overlay, mask"):
        edgeds.composer(view, plate=pixels, plate_depth=depth, depth_range=(0.0, 1.0))


def test_an_output_like_no_stream_is_refused(tmp_path: Path) -> None:
    like: Any = None
    with pytest.raises(edgeds.EdgedsError, match=r"source\.info"):
        edgeds.open_sink(tmp_path / "out.mp4", like)
