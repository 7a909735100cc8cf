"""Composed sets: the same from a seed, whole after a stop, refused when damaged."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from train.samples.frame_sample import drawn_sample
from train.samples.material import Material
from train.samples.mix import Mix
from train.samples.zip_parts import Part, PartError, open_parts
from train.sets.compose import Plan, composed, write_unit

SIZE = (48, 80)


@pytest.fixture(scope="session")
def plan(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    plan = Plan(
        foregrounds=tuple(sorted((data / "foregrounds").iterdir())),
        backgrounds=tuple(sorted((data / "backgrounds").iterdir())),
        output=tmp_path_factory.mktemp("parts"),
        places=2,
        parts=2,
        size=SIZE,
    )
    composed(plan, processes=1, on_pictures=lambda _: None)
    return plan


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_every_cutout_is_over_every_background_at_every_place_and_mirrored(plan: Plan) -> None:
    parts = open_parts(plan.output)
    assert sum(len(part) for part in parts) == plan.pictures == 2 * 2 * 2 * 2


def test_the_mask_is_where_the_picture_differs_from_its_background(plan: Plan) -> None:
    frame, plate, mask, _ = open_parts(plan.output)[0].read(0)
    assert frame.shape == plate.shape == (*SIZE, 3)
    difference = np.abs(frame.astype(int) - plate).mean(2)
    assert difference[mask == 0].mean() < 5  # JPEG alone
    assert difference[mask > 200].mean() > 20


def test_a_stopped_composition_goes_on_and_ends_the_same(plan: Plan, tmp_path: Path) -> None:
    again = replace(plan, output=tmp_path)
    (tmp_path / "units").mkdir()
    write_unit(again, 0)
    (tmp_path / "units" / "00001.part").write_bytes(b"cut short")  # what a kill leaves
    told: list[int] = []
    composed(again, processes=1, on_pictures=told.append)
    assert sum(told) == plan.pictures
    for part in ("part_1.zip", "part_2.zip"):
        assert contents(tmp_path / part) == contents(plan.output / part)


def test_composing_says_nothing_by_itself(
    plan: Plan, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """OpenCV warned on stderr, once a picture, of a JPEG setting given to a PNG."""
    (tmp_path / "units").mkdir()
    write_unit(replace(plan, output=tmp_path), 0)
    assert capfd.readouterr() == ("", "")


def test_a_damaged_part_is_named_and_refused(plan: Plan, tmp_path: Path) -> None:
    whole = (plan.output / "part_1.zip").read_bytes()
    (tmp_path / "part_1.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PartError, match=r"part_1\.zip"):
        open_parts(tmp_path)


def test_a_missing_part_is_refused_before_training(plan: Plan) -> None:
    with pytest.raises(PartError, match="5 were wanted"):
        open_parts(plan.output, first=5)


def test_a_picture_without_its_mask_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "part_1.zip", "w") as file:
        file.writestr("fg_bg/00000_00000_000.jpg", b"")
        file.writestr("bg/00000.jpg", b"")
    with pytest.raises(PartError, match="not mask/00000_00000_000"):
        Part(tmp_path / "part_1.zip")


def test_parts_are_trained_on_in_place(plan: Plan, material: Material) -> None:
    parts = open_parts(plan.output, first=1)
    with_parts = replace(material, parts=parts)
    only_parts = Mix(rooms=0, rooms_with_people=0, parts=1, exact_plate=1)
    sample = drawn_sample(with_parts, 3, (64, 96), seed=1, mix=only_parts)
    assert sample.frame.shape == (64, 96, 3)
    assert sample.alpha.max() > 0.9
    assert (sample.inverse_depth == 0).all(), "no teacher, no depth"


def test_a_teacher_adds_depth(plan: Plan, tmp_path: Path) -> None:
    """Any ONNX file from a picture to a map; this one says that bright is near."""
    onnx = pytest.importorskip("onnx", reason="makes a small ONNX teacher")
    pytest.importorskip("onnxruntime", reason="runs the teacher")
    picture = onnx.helper.make_tensor_value_info("picture", 1, [1, 3, 32, 64])
    near = onnx.helper.make_tensor_value_info("near", 1, [1, 1, 32, 64])
    node = onnx.helper.make_node("ReduceMean", ["picture"], ["near"], axes=[1])
    graph = onnx.helper.make_graph([node], "teacher", [picture], [near])
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "t.onnx")
    taught = replace(plan, output=tmp_path / "out", teacher=tmp_path / "t.onnx", places=1)
    composed(taught, processes=1, on_pictures=lambda _: None)
    part = open_parts(taught.output)[0]
    frame, _, _, inverse_depth = part.read(0)
    assert part.has_depth
    bright = frame.mean(2)
    assert np.corrcoef(bright.ravel(), inverse_depth.ravel())[0, 1] > 0.7
