"""Images as a stream."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources import open_source
from edgeds.sources.images import pixels_from_image


def _write(path: Path, level: int, size: tuple[int, int] = (20, 30)) -> None:
    cv2.imwrite(str(path), np.full((*size, 3), level, np.uint8))


def test_numbers_in_names_count_as_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        _write(tmp_path / f"shot{number}.png", number)
    frames = list(open_source(tmp_path))
    assert [frame.name for frame in frames] == ["shot1", "shot2", "shot10"]
    assert [int(frame.pixels[0, 0, 0]) for frame in frames] == [1, 2, 10]


def test_a_glob_takes_what_it_matches(tmp_path: Path) -> None:
    for name in ("a1.png", "a2.png", "b1.png"):
        _write(tmp_path / name, 5)
    assert [frame.name for frame in open_source(str(tmp_path / "a*.png"))] == ["a1", "a2"]


def test_red_stays_red(tmp_path: Path) -> None:
    bgr = np.zeros((8, 8, 3), np.uint8)
    bgr[..., 2] = 200
    cv2.imwrite(str(tmp_path / "red.png"), bgr)
    assert tuple(pixels_from_image(tmp_path / "red.png")[0, 0]) == (200, 0, 0)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no images in"):
        open_source(tmp_path)


def test_an_image_of_another_size_ends_the_stream_and_is_named(tmp_path: Path) -> None:
    _write(tmp_path / "1.png", 5)
    _write(tmp_path / "2.png", 5, size=(21, 30))
    with pytest.raises(SourceFailed, match=r"2\.png is 30x21"):
        list(open_source(tmp_path))


def test_a_damaged_image_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"not a picture")
    with pytest.raises(SourceError, match=r"1\.png"):
        open_source(tmp_path)
