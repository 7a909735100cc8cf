"""Reading sets: what a good one gives, and what is refused, with the line's number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tiny_set import SIZE, MakeSet, write

from edgeds.errors import DatasetError
from edgeds.evaluation.dataset import check_stems_differ, in_clip_order, read_set
from edgeds.evaluation.sample import load


def test_an_item_loads_as_rgb_alpha_and_metres(make_set: MakeSet) -> None:
    folder = make_set({})
    red = np.zeros((*SIZE, 3), np.uint8)
    red[..., 2] = 200  # OpenCV writes blue, green, red
    write(folder / "plate/0000.png", red)
    alpha = np.zeros(SIZE, np.uint8)
    alpha[0, :2] = 255, 51
    write(folder / "alpha/0000.png", alpha)
    depth = np.full(SIZE, 2500, np.uint16)
    depth[0, 0] = 0
    write(folder / "depth/0000.png", depth)
    sample = load(read_set(folder).items[0])
    assert sample.size == SIZE
    assert sample.plate[3, 4].tolist() == [200, 0, 0]
    assert sample.alpha is not None
    assert sample.alpha.dtype == np.float32
    assert sample.alpha[0, :3] == pytest.approx([1, 0.2, 0])
    assert sample.depth_m is not None
    assert sample.depth_m[0, :2] == pytest.approx([0, 2.5])
    assert sample.ignore is None


def test_pixels_over_zero_are_ignored(make_set: MakeSet) -> None:
    folder = make_set({"ignore": "alpha/ignore.png"}, {})
    write(folder / "alpha/ignore.png", np.eye(*SIZE, dtype=np.uint8))
    one, other = read_set(folder).items
    ignore = load(one).ignore
    assert ignore is not None
    assert np.array_equal(ignore, np.eye(*SIZE, dtype=bool))
    assert load(other).ignore is None


def test_an_empty_item_without_alpha_is_background_everywhere(make_set: MakeSet) -> None:
    folder = make_set({"empty": True, "alpha": None}, {"alpha": None})
    empty, unknown = read_set(folder).items
    alpha = load(empty).alpha
    assert alpha is not None
    assert not alpha.any()
    assert load(unknown).alpha is None


def test_a_line_needs_only_frame_and_plate(make_set: MakeSet) -> None:
    folder = make_set({})
    line = {"frame": "frame/0000.png", "plate": "frame/0000.png", "light": "north"}
    (folder / "manifest.jsonl").write_text("\n" + json.dumps(line) + "\n\n")
    (item,) = read_set(folder).items
    assert (item.scene, item.empty, item.clip, item.alpha) == ("frame/0000.png", False, None, None)
    assert item.plate_is_frame
    assert item.more == {"light": "north"}
    assert item.where == "manifest.jsonl line 2"


def test_a_set_can_be_named_by_its_manifest(make_set: MakeSet) -> None:
    folder = make_set({}, {})
    first = (folder / "manifest.jsonl").read_text().splitlines()[0]
    (folder / "val.jsonl").write_text(first)
    assert (read_set(folder).name, len(read_set(folder).items)) == ("tiny", 2)
    part = read_set(folder / "val.jsonl")
    assert (part.name, len(part.items)) == ("tiny/val.jsonl", 1)
    assert load(part.items[0]).size == SIZE


def test_scenes_can_be_chosen_by_a_pattern(make_set: MakeSet) -> None:
    dataset = read_set(make_set({"scene": "r7"}, {"scene": "r71"}, {"scene": "k7"}))
    assert [item.scene for item in dataset.of_scenes("*7").items] == ["r7", "k7"]
    with pytest.raises(DatasetError, match="no scene"):
        dataset.of_scenes("x*")


def test_the_frames_of_a_clip_come_together_and_by_index(make_set: MakeSet) -> None:
    clip = [{"clip": "c", "index": index} for index in (10, 2, 9)]
    dataset = read_set(make_set({}, clip[0], {}, clip[1], clip[2]))
    ordered = in_clip_order(dataset.items)
    assert [item.index for item in ordered] == [None, 2, 9, 10, None]
    assert sorted(item.stem for item in ordered) == [item.stem for item in dataset.items]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frame": None}, "no 'frame'"),
        ({"plate": 3}, "not a path"),
        ({"alpha": "alpha/gone.png"}, "no such file"),
        ({"depth_mm": "depth"}, "no such file"),
        ({"empty": "no"}, "not true or false"),
        ({"clip": "c", "index": None}, "whole number"),
        ({"clip": "c", "index": 1.5}, "whole number"),
    ],
)
def test_a_bad_line_is_refused_before_anything_is_loaded(
    make_set: MakeSet, change: dict[str, Any], message: str
) -> None:
    folder = make_set({}, change)
    with pytest.raises(DatasetError, match=r"manifest\.jsonl line 2") as refused:
        read_set(folder)
    assert message in str(refused.value)
    assert refused.value.fix


@pytest.mark.parametrize("line", ['{"frame": ', "[1, 2]", "frame.png plate.png"])
def test_a_line_that_is_no_json_object_is_refused(make_set: MakeSet, line: str) -> None:
    folder = make_set({})
    with (folder / "manifest.jsonl").open("a") as manifest:
        manifest.write(line)
    with pytest.raises(DatasetError, match="line 2"):
        read_set(folder)


def test_two_frames_of_a_clip_cannot_have_one_index(make_set: MakeSet) -> None:
    folder = make_set({"clip": "c", "index": 1}, {"clip": "c", "index": 1})
    with pytest.raises(DatasetError, match="line 1 is frame 1"):
        read_set(folder)


@pytest.mark.parametrize("key", ["plate", "alpha", "depth_mm", "ignore"])
def test_a_file_of_another_size_is_refused(make_set: MakeSet, key: str) -> None:
    folder = make_set({}, {"ignore": "alpha/ignore.png"})
    write(folder / "alpha/ignore.png", np.zeros(SIZE, np.uint8))
    shape = (SIZE[0], SIZE[1] - 1)
    image = {
        "plate": np.zeros((*shape, 3), np.uint8),
        "depth_mm": np.zeros(shape, np.uint16),
    }.get(key, np.zeros(shape, np.uint8))
    name = {"depth_mm": "depth/0001.png", "ignore": "alpha/ignore.png"}.get(key, f"{key}/0001.png")
    write(folder / name, image)
    with pytest.raises(DatasetError, match=r"line 2.*another size") as refused:
        load(read_set(folder).items[1])
    assert refused.value.why == "it is 31x24, the frame is 32x24"


@pytest.mark.parametrize(
    ("name", "image", "wanted"),
    [
        ("frame/0000.png", np.zeros((*SIZE, 3), np.uint16), "8-bit RGB"),
        ("alpha/0000.png", np.zeros(SIZE, np.uint16), "8-bit grey"),
        ("alpha/0000.png", np.zeros((*SIZE, 3), np.uint8), "8-bit grey"),
        ("depth/0000.png", np.zeros(SIZE, np.uint8), "16-bit grey"),
    ],
)
def test_a_file_of_another_type_is_refused(
    make_set: MakeSet, name: str, image: npt.NDArray[Any], wanted: str
) -> None:
    folder = make_set({})
    write(folder / name, image)
    with pytest.raises(DatasetError, match=f"line 1.*not {wanted}"):
        load(read_set(folder).items[0])


@pytest.mark.parametrize("content", [b"", b"not an image"])
def test_a_file_that_is_no_image_is_refused(make_set: MakeSet, content: bytes) -> None:
    folder = make_set({})
    (folder / "plate/0000.png").write_bytes(content)
    with pytest.raises(DatasetError, match=r"line 1.*cannot read '0000\.png'"):
        load(read_set(folder).items[0])


def test_a_set_without_manifest_or_items_is_refused(make_set: MakeSet, tmp_path: Path) -> None:
    folder = make_set({})
    with pytest.raises(DatasetError, match="no such folder"):
        read_set(tmp_path / "gone")
    with pytest.raises(DatasetError, match=r"has no manifest\.jsonl"):
        read_set(folder / "frame")
    (folder / "manifest.jsonl").write_text("\n")
    with pytest.raises(DatasetError, match="is empty"):
        read_set(folder)


def test_frames_of_one_stem_cannot_be_saved(make_set: MakeSet) -> None:
    folder = make_set({}, {"frame": "plate/0000.png"}, {})
    items = read_set(folder).items
    check_stems_differ(items[1:])
    with pytest.raises(DatasetError, match=r"line 1 and manifest\.jsonl line 2"):
        check_stems_differ(items)


def test_a_video_in_place_of_a_set_is_refused_in_plain_words(data: Path) -> None:
    with pytest.raises(DatasetError) as refused:
        read_set(data / "moving_person.mp4")
    assert refused.value.why == "it is no text, and so no manifest of a set"
