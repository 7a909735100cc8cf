"""The log of a training run: log.jsonl, loss.png, predictions.png, a progress bar, checkpoints, and
TensorBoard's files where TensorBoard is installed.
"""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from edgeds.cli.stop_signals import stop_on_signal
from edgeds.sinks.atomic_files import replace_file
from train.run.cpu_sharing import SharedCores
from train.run.run_pictures import write_curve
from train.run.run_state import Run
from train.run.task import Task
from train.run.training_loop import fit


def train_and_log(
    task: Task, run: Run, *, threads: int = 2, save_every_secs: float = 300.0
) -> None:
    """Train to the end. A stop signal saves the run and returns. Only the first process writes."""
    from rich.progress import Progress

    saved = time.monotonic()
    recipe, writes = run.recipe, run.among.is_first
    log_path = run.folder / ("log.jsonl" if writes else f"log-{run.among.rank}.jsonl")
    forget_after(log_path, run.step)
    cores = SharedCores(threads)
    with (
        stop_on_signal() as stop,
        log_path.open("a", buffering=1) as log,
        tensorboard(run.folder, run.step, wanted=writes) as show,
        Progress(disable=not writes) as bar,
    ):
        row = bar.add_task("fit", total=1.0)
        for record in fit(task, run):
            record["threads"] = cores.adjust()
            log.write(json.dumps(record) + "\n")
            show(record)
            bar.update(row, completed=run.progress, description=f"loss {record['loss']:.3f}")
            due = stop.is_set() or time.monotonic() - saved > save_every_secs
            if run.among.agreed(float(due)) or run.progress >= 1:
                run.save()
                saved = time.monotonic()
                if writes:
                    (run.folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1))
                    task.write_predictions(run.ema, run.folder / "predictions.png")
                    write_curve(log_path, run.folder / "loss.png", task.loss_names)
                    write_scores(task, run)
            if run.among.agreed(float(stop.is_set())):
                return


def write_scores(task: Task, run: Run) -> None:
    """Add a line to validation.jsonl, for tasks that judge every checkpoint."""
    size = run.phase.size
    scores = task.validation(run.ema, size)
    if scores:
        with (run.folder / "validation.jsonl").open("a") as file:
            file.write(json.dumps({"step": run.step, "size": size} | scores) + "\n")


@contextmanager
def tensorboard(
    folder: Path, step: int, *, wanted: bool = True
) -> Iterator[Callable[[dict[str, float]], None]]:
    """A function to call with each record; it does nothing if TensorBoard is not installed."""
    if not wanted or importlib.util.find_spec("tensorboard") is None:
        yield lambda _record: None
        return
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder), purge_step=step + 1) as writer:

        def show(record: dict[str, float]) -> None:
            for name in ("loss", "alpha", "depth", "norm"):
                if name in record:
                    writer.add_scalar(name, record[name], int(record["step"]))

        yield show


def forget_after(log: Path, step: int) -> None:
    """Delete the lines that a killed run logged after its last checkpoint."""
    if log.exists():
        kept = [x for x in log.read_text().splitlines() if json.loads(x)["step"] <= step]
        replace_file(log, "".join(x + "\n" for x in kept).encode())
