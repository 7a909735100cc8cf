"""The training loop: takes batches, makes steps. Knows nothing about files or pictures."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import torch
from torch import nn

from train.run.recipe import Phase
from train.run.run_state import Run, freeze, update_ema
from train.run.task import Batch, Task
from train.samples.batches import batches


def fit(task: Task, run: Run) -> Iterator[dict[str, float]]:
    """Train to the end and yield one record per step; the caller logs and saves."""
    for phase in run.recipe.phases:
        freeze(run.network, below=phase.trained_from)
        while run.progress < phase.until:
            yield from part_of_phase(task, run, phase)


def part_of_phase(task: Task, run: Run, phase: Phase) -> Iterator[dict[str, float]]:
    """Train to the end of the phase, or until it is time to ask the task for its samples again."""
    feed = batches(
        task.samples(phase.size),
        first=run.drawn,
        batch_size=phase.batch_size,
        workers=run.recipe.workers,
        rank=run.among.rank,
        world=run.among.world,
    )
    started = began = time.monotonic()
    for batch in feed:
        waited_secs = time.monotonic() - began
        record = trained_step(task, run, batch) | {"waited_secs": waited_secs}
        # while a process is stopped, its time does not run
        run.secs = run.among.agreed(run.secs + min(time.monotonic() - began, 10.0))
        began = time.monotonic()
        run.step += 1
        run.drawn += phase.batch_size * run.among.world
        yield record | {"step": run.step, "secs": run.secs, "size": phase.size[0]}
        if run.progress >= phase.until:
            return
        due = task.reread_secs is not None and time.monotonic() - started > task.reread_secs
        if run.among.agreed(float(due)):
            return


def trained_step(task: Task, run: Run, batch: Batch) -> dict[str, float]:
    """One step: forward, backward, update, EMA."""
    recipe = run.recipe
    factor = rate_factor(run.step, run.progress, recipe.warmup_steps)
    for group in run.optimizer.param_groups:
        group["lr"] = group["rate"] * factor
    run.network.train()
    losses = task.losses(run.network, batch, device=run.among.device)
    run.optimizer.zero_grad(set_to_none=True)
    losses["loss"].backward()  # type: ignore[no-untyped-call]
    run.among.average_gradients(run.network.parameters())
    norm = nn.utils.clip_grad_norm_(run.network.parameters(), 5.0)
    if bool(torch.isfinite(norm)):
        run.optimizer.step()
    update_ema(run.ema, run.network, min(recipe.ema, (1 + run.step) / (20 + run.step)))
    return {name: float(loss.detach()) for name, loss in losses.items()} | {"norm": float(norm)}


def rate_factor(step: int, progress: float, warmup_steps: int) -> float:
    """Linear warm-up, then a cosine down to 1 %."""
    warm = min(1.0, (step + 1) / warmup_steps)
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
