"""Trains each variant of the network for the same steps on the same samples, and scores it with the
code of `edgeds eval`. Knows no variant by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from edgeds.engine.cuda_stream import CpuStream
from edgeds.engine.network.frame_network import DualHead
from edgeds.engine.torch_cuda import TorchEngine
from edgeds.estimate.estimator import Estimator
from edgeds.evaluation.dataset import Dataset
from edgeds.evaluation.evaluate import evaluate
from edgeds.plate.plate import Plate
from train.run.frame_task import FrameTask
from train.run.recipe import Phase, Recipe
from train.run.run_state import Run
from train.run.training_log import train_and_log
from train.samples.material import Material
from train.variants.cost import frame_gmac

SIZE = (128, 224)
SHIPPED_SIZE = (192, 320)
METRICS = ("mad", "iou", "boundary_f", "delta1", "abs_rel")


def compared(
    build: Callable[[], DualHead],
    material: Material,
    sets: list[Dataset],
    folder: Path,
    *,
    imagenet: dict[str, torch.Tensor],
    steps: int,
    threads: int,
    plate_gradients: bool = False,
) -> Iterator[dict[str, Any]]:
    """Train one variant in `folder`, or continue it there; yield one record per set."""
    phase = Phase(until=1.0, size=SIZE, batch_size=16, trained_from=2)
    recipe = Recipe(
        phases=(phase,),
        steps=steps,
        warmup_steps=max(1, steps // 10),
        workers=1,
        plate_gradients=plate_gradients,
    )
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(recipe, folder, build=build)
    if (folder / "run.pt").exists():
        run.load()
    else:
        run.start_from_imagenet(imagenet)
    train_and_log(
        FrameTask(material, recipe, build=build), run, threads=threads, save_every_secs=120.0
    )
    torch.set_num_threads(threads)
    network = run.ema.eval()
    assert isinstance(network, DualHead)
    gmac = round(frame_gmac(network, SHIPPED_SIZE), 3)
    engine = TorchEngine(network, CpuStream(), size=SIZE, name=folder.name, dtype=torch.float32)
    for dataset in sets:
        report = evaluate(dataset, lambda plate: Estimator(engine, Plate(plate, origin="file")))
        means = {name: report.means[name] for name in METRICS}
        found = {name: mean and round(mean.value, 5) for name, mean in means.items()}
        trained = {"variant": folder.name, "gmac": gmac, "steps": run.step, "set": dataset.name}
        yield trained | found
