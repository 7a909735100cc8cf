"""Training of the plate's network: its material, its samples, its loss, its run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install edgeds[train]")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from edgeds.engine.network.export import SizeError  # noqa: E402
from edgeds.engine.network.frame_network import DualHead  # noqa: E402
from edgeds.engine.network.plate_depth_network import Config, PlateDepth  # noqa: E402
from edgeds.engine.network.weights_file import (  # noqa: E402
    WeightsError,
    load_plate_depth,
    made_of_weights,
    save_weights,
)
from edgeds.errors import DatasetError  # noqa: E402
from train.export.average_weights import average_weights  # noqa: E402
from train.plate_depth.grow_plate_network import plate_depth_from_frame_network  # noqa: E402
from train.plate_depth.plate_engine import torch_depth  # noqa: E402
from train.plate_depth.plate_losses import plate_depth_loss  # noqa: E402
from train.plate_depth.plate_pictures import (  # noqa: E402
    PlatePicture,
    Plates,
    empty_pictures_of_set,
    pictures_of_set,
    plates_from_folder,
)
from train.plate_depth.plate_sample import PlateMix, drawn_plate_sample  # noqa: E402
from train.plate_depth.plate_task import PlateTask  # noqa: E402
from train.run.recipe import Phase, Recipe, RecipeError, recipe_from_json  # noqa: E402
from train.run.run_state import Run  # noqa: E402
from train.run.training_log import train_and_log  # noqa: E402
from train.run.training_loop import fit  # noqa: E402

SIZE = (64, 64)
NEVER, ALWAYS = torch.tensor([False]), torch.tensor([True])


def recipe(steps: int, *, bfloat16: bool = False) -> Recipe:
    phase = Phase(until=1.0, size=SIZE, batch_size=2, trained_from=2)
    return Recipe(
        network="plate-depth",
        steps=steps,
        phases=(phase,),
        bfloat16=bfloat16,
        workers=0,
        warmup_steps=2,
    )


@pytest.fixture(scope="module")
def plates(data: Path) -> Plates:
    return plates_from_folder(data)


def drawn_set(folder: Path, names: list[str]) -> Path:
    """A set with a picture, half of it sky, for each name."""
    for part in ("plate", "depth"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    picture = np.random.default_rng(1).integers(0, 256, (96, 128, 3), np.uint8)
    depth = np.zeros((96, 128), np.uint16)
    depth[48:] = 4000
    lines = []
    for name in names:
        cv2.imwrite(str(folder / "plate" / f"{name}.png"), picture)
        cv2.imwrite(str(folder / "depth" / f"{name}.png"), depth)
        item = {"frame": f"plate/{name}.png", "plate": f"plate/{name}.png", "scene": name}
        item |= {"depth_mm": f"depth/{name}.png", "empty": True, "sky": True}
        lines.append(json.dumps(item) + "\n")
    (folder / "manifest.jsonl").write_text("".join(lines))
    return folder


def test_validation_rooms_are_judged_by_and_never_trained_on(data: Path, plates: Plates) -> None:
    assert len(plates.rooms) == 1
    judged_by = list(empty_pictures_of_set(data / "rooms" / "manifest.jsonl", "val"))
    assert len(judged_by) == 1


def test_a_set_that_grows_is_read_again_without_its_unfinished_line(
    data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "streets"
    plates = plates_from_folder(data, (folder,))
    assert plates.worlds == [], "it is not there yet"
    drawn_set(folder, ["s1", "s2", "s7"])
    with (folder / "manifest.jsonl").open("a") as file:
        file.write('{"frame": "plate/s3')
    plates.refresh()
    assert [picture.picture.stem for picture in plates.worlds] == ["s1", "s2"]


def test_sky_is_infinitely_far_and_other_gaps_are_unknown(tmp_path: Path) -> None:
    folder = drawn_set(tmp_path, ["s1"])
    paths = folder / "plate" / "s1.png", folder / "depth" / "s1.png"
    _, of_sky = PlatePicture(*paths, sky=True).read()
    _, unknown = PlatePicture(*paths).read()
    assert set(np.unique(of_sky)) == {0, 0.25}
    assert set(np.unique(unknown)) == {-1, 0.25}


def test_a_sample_is_a_function_of_its_number(plates: Plates) -> None:
    first, again, other = (
        drawn_plate_sample(plates, number, SIZE, seed=3, mix=PlateMix()) for number in (5, 5, 6)
    )
    assert np.array_equal(first.picture, again.picture)
    assert np.array_equal(first.inverse_depth, again.inverse_depth)
    assert not np.array_equal(first.picture, other.picture)
    assert first.picture.shape == (*SIZE, 3)
    assert 0.2 < np.median(first.inverse_depth) < 0.6, "metres are kept: the room is 2 to 4 m deep"


def test_the_loss_all_but_ignores_scale() -> None:
    torch.manual_seed(0)
    target = torch.rand(1, 1, 32, 32) + 0.1
    assert float(plate_depth_loss(target, target, NEVER)) == pytest.approx(0, abs=1e-3)
    assert float(plate_depth_loss(3 * target, target, NEVER)) < 0.06  # 0.05 log 3
    assert float(plate_depth_loss(torch.rand_like(target), target, NEVER)) > 0.5


def test_a_guess_may_be_shifted_and_counts_little() -> None:
    torch.manual_seed(0)
    target = torch.rand(2, 1, 32, 32) + 0.1
    one_guess = torch.tensor([True, False])
    prediction = target.clone()
    prediction[0] = 0.5 * target[0] + 0.3
    shifted_guess = plate_depth_loss(prediction, target, one_guess)
    shifted_truth = plate_depth_loss(prediction, target, torch.tensor([False, False]))
    assert float(shifted_guess) < 0.01
    assert float(shifted_truth) > 0.1


def test_unknown_pixels_count_nowhere() -> None:
    torch.manual_seed(0)
    target = torch.rand(1, 1, 32, 32) + 0.1
    prediction, other = torch.rand(2, 1, 1, 32, 32)
    target[..., :8, :] = -1
    other = prediction.clone()
    other[..., :8, :] = 9.0
    losses = [float(plate_depth_loss(x, target, NEVER)) for x in (prediction, other)]
    assert losses[0] == pytest.approx(losses[1])


def test_depth_turned_around_is_pulled_back() -> None:
    torch.manual_seed(0)
    target = torch.rand(1, 1, 16, 16) + 0.1
    for is_guess in (NEVER, ALWAYS):
        prediction = (1.2 - target).requires_grad_()
        plate_depth_loss(prediction, target, is_guess).backward()
        assert float((prediction.grad * target).sum()) < 0, "a step down the gradient adds target"


@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_run_of_the_plates_network_goes_on_as_if_it_had_not_stopped(
    plates: Plates, tmp_path: Path, bfloat16: bool
) -> None:
    a_recipe = recipe(4, bfloat16=bfloat16)
    task = PlateTask(plates, a_recipe)
    whole = Run(a_recipe, tmp_path, build=task.build)
    wanted = [record["loss"] for record in fit(task, whole)]
    first = Run(a_recipe, tmp_path, build=task.build)
    got = []
    for record in fit(task, first):
        got.append(record["loss"])
        if len(got) == 2:
            break
    first.save()
    second = Run(a_recipe, tmp_path, build=task.build)
    second.load()
    got += [record["loss"] for record in fit(task, second)]
    assert got == wanted


def test_it_leaves_weights_pictures_and_scores(data: Path, plates: Plates, tmp_path: Path) -> None:
    judged_by = list(empty_pictures_of_set(data / "rooms" / "manifest.jsonl", "val"))
    task = PlateTask(plates, recipe(2), judged_by=judged_by)
    train_and_log(task, Run(recipe(2), tmp_path, build=task.build), threads=1)
    load_plate_depth(tmp_path / "weights.safetensors")
    (line,) = (tmp_path / "validation.jsonl").read_text().splitlines()
    scores = json.loads(line)
    assert scores["step"] == 2
    assert 0 <= scores["delta1"] <= 1
    assert (tmp_path / "predictions.png").exists()
    assert (tmp_path / "loss.png").exists()


def test_a_run_can_start_from_the_frame_networks_weights(tmp_path: Path, plates: Plates) -> None:
    save_weights(DualHead(), tmp_path / "frame.safetensors")
    task = PlateTask(plates, recipe(2))
    run = Run(recipe(2), tmp_path, build=task.build)
    run.start_from_weights(tmp_path / "frame.safetensors")
    known = load_frame(tmp_path / "frame.safetensors").state_dict()["encoder.stem.weight"]
    assert torch.equal(run.ema.state_dict()["encoder.stem.weight"], known)


def test_weights_that_are_not_finite_leave_the_checkpoint_of_before(
    plates: Plates, tmp_path: Path
) -> None:
    run = Run(recipe(2), tmp_path, build=PlateTask(plates, recipe(2)).build)
    run.save()
    before = (tmp_path / "run.pt").read_bytes()
    with torch.no_grad():
        run.ema.context.weight[0, 0] = float("nan")
    with pytest.raises(WeightsError, match="context"):
        run.save()
    assert (tmp_path / "run.pt").read_bytes() == before


def test_a_plate_recipe_comes_back_from_its_file() -> None:
    wanted = recipe(6)
    assert recipe_from_json(json.dumps(asdict(wanted))) == wanted


def load_frame(path: Path) -> DualHead:
    from edgeds.engine.network.weights_file import load_weights

    return load_weights(path)


def test_plate_weights_are_put_beside_an_engine_and_scored_on_plates(
    data: Path, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from edgeds.engine import open_engine, read_card
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from train.__main__ import app
    from train.export.engine_folder import engine_from_weights

    engine, of_plate = tmp_path / "mine", tmp_path / "plate.safetensors"
    save_weights(DualHead(), tmp_path / "frame.safetensors")
    save_weights(PlateDepth().eval(), of_plate, made={"steps": 4})
    before = engine_from_weights(tmp_path / "frame.safetensors", engine, size=SIZE)
    assert open_plate_depth(engine) is None
    size = ["--height=64", "--width=128"]
    run = CliRunner().invoke(app, ["export", str(of_plate), "-o", str(engine), *size])
    assert run.exit_code == 0, run.output
    card = read_card(engine)
    assert set(card.files) == {*before.files, "plate_depth.onnx"}
    assert card.made["plate_depth"]["steps"] == 4
    open_engine(engine).close()
    graph = open_plate_depth(engine)
    assert graph is not None
    assert graph.size == (64, 128)
    run = CliRunner().invoke(app, ["evaluate", str(of_plate), str(data / "rooms"), *size])
    assert run.exit_code == 0, run.output
    report = json.loads(run.stdout)
    assert report["items"] == 2
    assert report["depth"]["delta1"] is not None
    sheet = tmp_path / "sheet.png"
    rooms = str(data / "rooms" / "frame")
    arguments = ["depths", rooms, "--weights", str(of_plate), "-o", str(sheet), *size]
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 0, run.output
    assert cv2.imread(str(sheet)).shape[0] >= 120


def test_the_best_share_of_trained_weights_is_chosen_and_outlives_another_export(
    data: Path, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from edgeds.engine.card import check_files, read_card
    from train.__main__ import app
    from train.export.engine_folder import engine_from_weights

    torch.manual_seed(0)
    begun, trained, engine = (tmp_path / name for name in ("f.safetensors", "p.safetensors", "e"))
    network = DualHead()
    save_weights(network, begun)
    grown = plate_depth_from_frame_network(network.eval())
    with torch.no_grad():
        grown.coarse[1].weight *= -1  # what was near is far: the less of it, the better
    save_weights(grown, trained, made={"steps": 4})
    engine_from_weights(begun, engine, size=SIZE)
    arguments = ["ship-depth", str(trained), str(data / "rooms"), "-o", str(engine)]
    arguments += ["--start", str(begun), "--keep", str(tmp_path / "kept.safetensors")]
    arguments += ["--share", "0.2", "--share", "1", "--height=64", "--width=128"]
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 0, run.output
    scores = [float(line.split()[-1]) for line in run.output.splitlines() if "AbsRel" in line]
    best = (0.2, 1.0)[scores.index(min(scores))]
    assert len(set(scores)) == 2
    card = read_card(engine)
    assert card.made["plate_depth"]["share"] == best
    assert card.metrics["plate_depth"]["rooms"]["abs_rel"] == pytest.approx(min(scores), abs=1e-4)
    load_plate_depth(tmp_path / "kept.safetensors")

    card = engine_from_weights(begun, engine, size=SIZE)
    assert "plate_depth.onnx" in card.files
    assert card.made["plate_depth"]["share"] == best
    check_files(card, engine)


def test_a_damaged_plate_graph_is_refused(tmp_path: Path) -> None:
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from edgeds.errors import EngineError
    from train.export.engine_folder import engine_from_weights
    from train.plate_depth.plate_engine import add_plate_depth

    save_weights(DualHead(), tmp_path / "frame.safetensors")
    save_weights(PlateDepth().eval(), tmp_path / "plate.safetensors")
    engine = tmp_path / "mine"
    engine_from_weights(tmp_path / "frame.safetensors", engine, size=SIZE)
    add_plate_depth(tmp_path / "plate.safetensors", engine, size=(64, 128))
    graph = engine / "plate_depth.onnx"
    graph.write_bytes(graph.read_bytes()[:-10])
    with pytest.raises(EngineError, match=r"plate_depth\.onnx is not the file"):
        open_plate_depth(engine)


def test_engines_of_other_networks_have_no_plate_graph() -> None:
    from edgeds.engine.plate_depth_engine import open_plate_depth

    for engine in ("difference", "mine.safetensors", "torch:mine.safetensors"):
        assert open_plate_depth(engine) is None


def test_a_run_of_another_network_is_not_gone_on_with(plates: Plates, tmp_path: Path) -> None:
    wide = Run(recipe(2), tmp_path, build=lambda: PlateDepth(Config(widths=(8, 16, 16, 16, 32))))
    wide.save()
    with pytest.raises(WeightsError, match="another folder"):
        Run(recipe(2), tmp_path, build=PlateTask(plates, recipe(2)).build).load()


def test_a_checkpoint_that_was_cut_short_is_told(plates: Plates, tmp_path: Path) -> None:
    run = Run(recipe(2), tmp_path, build=PlateTask(plates, recipe(2)).build)
    run.save()
    checkpoint = tmp_path / "run.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="cannot continue the run"):
        run.load()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"steps": 3', "cannot be read"),
        ('{"colour": 3}', "colour"),
        ("[1]", "cannot be read"),
        ('{"phases": [{"until": 1}]}', "size"),
        ('{"network": "depth"}', "plate-depth"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_told(text: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        recipe_from_json(text)


def test_a_broken_line_of_a_drawn_set_is_named(tmp_path: Path) -> None:
    manifest = drawn_set(tmp_path, ["s1", "s2"]) / "manifest.jsonl"
    manifest.write_text(manifest.read_text() + '{"frame": 3}\n')
    with pytest.raises(DatasetError) as caught:
        list(pictures_of_set(manifest, "train"))
    assert "line 3" in caught.value.why


def test_a_size_that_the_network_cannot_halve_is_told(tmp_path: Path) -> None:
    save_weights(PlateDepth(), tmp_path / "plate.safetensors")
    with pytest.raises(SizeError, match="multiples of 64"):
        torch_depth(tmp_path / "plate.safetensors", (96, 128))


def test_the_mean_with_the_network_it_was_begun_as_goes_from_one_to_the_other(
    tmp_path: Path,
) -> None:
    torch.manual_seed(2)
    begun, trained = tmp_path / "frame.safetensors", tmp_path / "plate.safetensors"
    save_weights(DualHead().eval(), begun, made={"steps": 3})
    save_weights(PlateDepth().eval(), trained, made={"steps": 4})
    plate = torch.randint(0, 256, (1, 3, *SIZE)).float()
    ends = [plate_depth_from_frame_network(load_frame(begun)).eval(), load_plate_depth(trained)]
    for share, end in zip((0.0, 1.0), ends, strict=True):
        average_weights(begun, trained, tmp_path / "mean.safetensors", share=share)
        with torch.no_grad():
            found = load_plate_depth(tmp_path / "mean.safetensors")(plate)
            torch.testing.assert_close(found, end(plate), atol=5e-3, rtol=5e-3)
    assert made_of_weights(tmp_path / "mean.safetensors")["steps"] == 7


def test_networks_that_have_nothing_in_common_have_no_mean(tmp_path: Path) -> None:
    frame, plate = tmp_path / "frame.safetensors", tmp_path / "plate.safetensors"
    save_weights(DualHead(), frame)
    save_weights(PlateDepth(Config(widths=(8, 24, 32, 48, 64))), plate)
    for pair in ((frame, plate), (plate, frame)):
        with pytest.raises(WeightsError):
            average_weights(*pair, tmp_path / "mean.safetensors")
