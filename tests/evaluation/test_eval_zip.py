"""A set in a .zip is the same set, and a .zip that is not a set is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tiny_set import MakeSet

from calib.pack import packed
from edgeds.engine.build.calibration_set import hash_of
from edgeds.errors import DatasetError
from edgeds.evaluation.dataset import read_set
from edgeds.evaluation.sample import load


@pytest.fixture
def folder(make_set: MakeSet) -> Path:
    return make_set({}, {"empty": True}, {"alpha": None})


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "packed.zip"
    packed(folder, path)
    return path


def test_a_zip_has_the_items_and_arrays_of_its_folder(folder: Path, archive: Path) -> None:
    of_folder, of_zip = read_set(folder), read_set(archive)
    assert of_zip.name == "packed"
    assert len(of_zip.items) == 3
    for one, other in zip(of_folder.items, of_zip.items, strict=True):
        assert (one.stem, one.scene, one.empty) == (other.stem, other.scene, other.empty)
        for field in ("frame", "plate", "alpha", "depth_m"):
            assert np.array_equal(getattr(load(one), field), getattr(load(other), field)), field
    assert hash_of(of_folder.items) == hash_of(of_zip.items)


def test_a_zip_may_hold_the_folder_itself(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "with_folder.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for each in folder.rglob("*.*"):
            opened.write(each, f"inner/{each.relative_to(folder).as_posix()}")
    found = read_set(path)
    assert found.name == "inner"
    assert load(found.items[0]).frame.ndim == 3


def test_plates_of_a_zip_are_equal_where_they_are_one_file(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    first, second = (json.loads(line) for line in lines[:2])
    second["plate"] = f"./{first['plate']}"
    (folder / "manifest.jsonl").write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n")
    packed(folder, tmp_path / "shared.zip")
    one, other = read_set(tmp_path / "shared.zip").items
    assert one.plate == other.plate
    assert hash(one.plate) == hash(other.plate)


def test_packing_is_the_same_to_the_byte_and_replaces_nothing(
    folder: Path, archive: Path, tmp_path: Path
) -> None:
    (folder / "manifest.jsonl").touch()
    packed(folder, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    with pytest.raises(DatasetError, match="cannot pack"):
        packed(folder, archive)


def test_a_changed_zip_is_read_anew(folder: Path, archive: Path) -> None:
    assert len(read_set(archive).items) == 3
    (folder / "manifest.jsonl").write_text((folder / "manifest.jsonl").read_text().split("\n")[0])
    archive.unlink()
    packed(folder, archive)
    assert len(read_set(archive).items) == 1


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.zip"
    path.write_text("not a zip")
    with pytest.raises(DatasetError, match="cannot read the set") as caught:
        read_set(path)
    assert "not a .zip" in caught.value.why
    with pytest.raises(DatasetError, match="no such"):
        read_set(tmp_path / "nowhere.zip")


def test_a_zip_without_a_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("readme.txt", "nothing here")
    with pytest.raises(DatasetError, match="cannot read the set") as caught:
        read_set(path)
    assert "manifest.jsonl" in caught.value.why


def test_a_file_that_is_missing_from_a_zip_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "alpha/0000.png").unlink()
    packed(folder, tmp_path / "hole.zip")
    with pytest.raises(DatasetError, match=r"line 1: cannot open 'alpha/0000.png'"):
        read_set(tmp_path / "hole.zip")


def test_a_damaged_file_in_a_zip_is_named(archive: Path) -> None:
    items = read_set(archive).items
    data = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        info = opened.getinfo("frame/0000.png")
    data[info.header_offset + 60] ^= 255
    archive.write_bytes(data)
    with pytest.raises(DatasetError, match=r"line 1: cannot read '0000.png'") as caught:
        load(items[0])
    assert "damaged" in caught.value.why
    with pytest.raises(DatasetError, match="cannot read"):
        hash_of(items)


def test_a_file_with_a_password_is_named(archive: Path) -> None:
    items = read_set(archive).items
    data = bytearray(archive.read_bytes())
    start = data.find(b"PK\x01\x02")
    while start >= 0:  # the flag of every file in the list at the end
        data[start + 8] |= 1
        start = data.find(b"PK\x01\x02", start + 4)
    archive.write_bytes(data)
    with pytest.raises(DatasetError, match="cannot read") as caught:
        load(items[0])
    assert "packed.zip" in caught.value.why
