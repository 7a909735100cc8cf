"""`edgeds batch`: runs `edgeds video` on many clips, and records which are done."""

from __future__ import annotations

import functools
import os
import shlex
import time
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from edgeds.cli.batch.options import (
    AgainOption,
    ClipsArgument,
    CpusOption,
    FolderOption,
    JobsOption,
    PlatesOption,
    RayOption,
    RetriesOption,
    VideoOptionsOption,
)
from edgeds.cli.console import progress, stop_on_signal
from edgeds.cli.option_groups import SectionedCommand, gathered
from edgeds.cli.shared_options import (
    BackdropOption,
    DeviceOption,
    EngineOption,
    JsonOption,
    OpacityOption,
    PresetOption,
    ViewOption,
)
from edgeds.views.settings import STYLE

if TYPE_CHECKING:
    from edgeds.cli.batch.clips import Clip
    from edgeds.cli.batch.journal import Record
    from edgeds.cli.batch.run import Job, Pool
    from edgeds.cli.video_checks import Wanted

_CPUS = 2
"""A clip keeps about two cores busy: one for the network, one for decoder, views and encoder."""


def batch_command(
    clips: ClipsArgument,
    output: FolderOption,
    plate: PlatesOption = None,
    view: ViewOption = "overlay",
    backdrop: BackdropOption = None,
    opacity: OpacityOption = STYLE.opacity,
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    preset: PresetOption = "balanced",
    video_options: VideoOptionsOption = "",
    jobs: JobsOption = None,
    cpus: CpusOption = _CPUS,
    ray: RayOption = None,
    retries: RetriesOption = 2,
    again: AgainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Process many clips, on this machine or on a Ray cluster.

    After an interruption, run the same command again to continue.
    """
    shared = [f"--view={view}", f"--opacity={opacity}", f"--device={device}"]
    shared += [f"--{name}={value}" for name, value in
               (("backdrop", backdrop), ("engine", engine)) if value is not None]  # fmt: skip
    # Not the default: what was made before this option existed is still the same.
    shared += [] if preset == "balanced" else [f"--preset={preset}"]
    shared += shlex.split(video_options)
    made = _made_by(shared)
    with ExitStack() as stack, stop_on_signal() as stop:
        from edgeds.cli.batch.journal import Record
        from edgeds.sinks.images import check_folder

        check_folder(output, must_be_empty=False, what="results")
        _check_inputs(made, plate)
        found, plates = _found(clips, output, plate)
        threads = cpus if ray is not None or jobs is None else max(1, _cores() // jobs)
        _check_places(made, len(found))
        all_jobs = _jobs(found, plates, output, shared, made, backdrop, threads)
        pool = _pool(ray, jobs, cpus, retries, gpus=float(device.startswith("cuda")))
        stack.callback(pool.close)
        record = stack.enter_context(Record(output))
        report = _run(all_jobs, pool, record, output, retries, again=again, stop=stop)
    from edgeds.cli.batch.report import print_result

    print_result(report, as_json=as_json)
    if report["status"] == "stopped":
        raise typer.Exit(130)
    if report["failed"]:
        raise typer.Exit(1)


def _run(
    all_jobs: list[Job],
    pool: Pool,
    record: Record,
    folder: Path,
    retries: int,
    *,
    again: bool,
    stop: Any,
) -> dict[str, Any]:
    """Run what is not done yet, with a progress bar. Returns the report."""
    from edgeds.cli.batch.report import lines_of, result, say_jobs
    from edgeds.cli.batch.run import run_jobs

    began_secs = time.monotonic()
    entries: dict[str, dict[str, Any]] = {}
    waiting = list(all_jobs) if again else _not_done(all_jobs, record, entries)
    skipped = sum(entry["status"] == "done" for entry in entries.values())
    say_jobs(waiting, entries, pool.where, str(folder))
    with progress("clips/min", per_secs=60) as bar:
        task = bar.add_task("batch", total=len(all_jobs), completed=len(entries))

        def ended(job: Job, entry: dict[str, Any]) -> None:
            entries[str(job.clip.name)] = entry
            bar.console.print(lines_of(job, entry), markup=False, highlight=False, soft_wrap=True)
            bar.advance(task)

        run_jobs(waiting, pool, record, retries=retries, stop=stop, on_end=ended)
    return result(
        entries,
        clips=len(all_jobs),
        skipped=skipped,
        secs=time.monotonic() - began_secs,
        folder=str(folder),
        stopped=stop.is_set(),
    )


def _not_done(jobs: list[Job], record: Record, entries: dict[str, dict[str, Any]]) -> list[Job]:
    """The jobs that are to run. `entries` gets those that are done, or that somebody changed."""
    waiting = []
    for job in jobs:
        name = str(job.clip.name)
        if changed := record.changed(name, job.output):
            why = f"{changed} was changed since it was written; use --again to make it anew"
            entries[name] = {"status": "changed", "attempts": 0, "why": why}
        elif before := record.done(name, job.key, job.output):
            entries[name] = before
        else:
            waiting.append(job)
    return waiting


def _made_by(options: list[str]) -> Wanted:
    """What `edgeds video` makes with these options, which are checked.

    Raises:
        click.UsageError: there is no such option, or no such value.
        InputError: it is an option that the batch sets itself, or options contradict each other.
    """
    from edgeds.cli.video import video_command
    from edgeds.cli.video_checks import Wanted, check_contradictions
    from edgeds.errors import InputError

    app = typer.Typer(add_completion=False)

    @app.command(cls=SectionedCommand)
    @functools.wraps(video_command)
    def options_given(**given: Any) -> dict[str, Any]:
        return gathered(video_command, given)

    command = typer.main.get_command(app)
    given = command.main(["IN", *options], prog_name="edgeds video", standalone_mode=False)
    for name, option in (("output", "-o"), ("plate", "-b"), ("as_json", "--json")):
        if given[name]:
            raise InputError(
                f"--video-options may not hold {option}",
                why="`edgeds batch` sets it for each clip",
                fix=f"give {option} to `edgeds batch` itself",
            )
    given["depth"] = given["depth"].wanted()
    wanted = Wanted(**{field.name: given[field.name] for field in fields(Wanted)})
    check_contradictions(wanted)
    return wanted


def _check_inputs(wanted: Wanted, plate: Path | None) -> None:
    """Find out once what would fail every clip.

    Raises:
        InputError, PlateError: a plate, a backdrop, a picture or rules for all clips cannot be.
    """
    from edgeds.cli.rules_and_events import read_rules
    from edgeds.plate.file import plate_from_file
    from edgeds.views.backdrop import check_backdrop

    if plate is not None and plate.is_file():
        plate_from_file(plate)
    check_backdrop(wanted.backdrop)
    wanted.effects.check_pictures()
    read_rules(wanted.signals)


def _check_places(wanted: Wanted, clips: int) -> None:
    """
    Raises:
        InputError: several clips would write one file.
    """
    from edgeds.errors import InputError

    places = {
        "--sheet": wanted.sheet,
        "--save-plate": wanted.save_plate,
        "--mesh": wanted.mesh.mesh,
        "--events": wanted.signals.events,
    }
    for option, path in places.items():
        if path is not None and clips > 1 and "{out}" not in str(path):
            raise InputError(
                f"{option} {path} is one file for {clips} clips",
                why="each clip would replace what the one before wrote",
                fix=f"write the clip's name into it: {option} {{out}}{path.suffix}",
            )


def _found(
    arguments: list[str], output: Path, plate: Path | None
) -> tuple[list[Clip], list[Path | None]]:
    from edgeds.cli.batch.clips import find_clips
    from edgeds.cli.batch.plates import plates_for

    clips = find_clips(arguments, output)
    return clips, plates_for(clips, plate)


def _jobs(
    clips: list[Clip],
    plates: list[Path | None],
    output: Path,
    options: list[str],
    made: Wanted,
    backdrop: str | None,
    threads: int,
) -> list[Job]:
    """A command of `edgeds video` for each clip."""
    from edgeds.cli.batch.journal import key_of
    from edgeds.cli.batch.processes import Command
    from edgeds.cli.batch.run import Job

    jobs, folder = [], str(Path.cwd())
    for clip, plate in zip(clips, plates, strict=True):
        stem = output / clip.name
        target = stem.with_name(f"{stem.name}{_suffix(made)}")
        more = [option.replace("{out}", str(stem)) for option in options]
        if plate is not None:
            more.append(f"--plate={plate}")
        files = [Path(name) for name in (plate, backdrop) if name is not None]
        arguments = ("video", f"--output={target}", "--json", *more, "--", str(clip.path))
        command = Command(arguments, folder, threads)
        jobs.append(Job(clip, target, command, key_of(clip.path, more, files), plate))
        target.parent.mkdir(parents=True, exist_ok=True)
    return jobs


def _suffix(made: Wanted) -> str:
    """The suffix of the outputs: MP4 has no alpha, and layers are a folder."""
    if made.layers.layers is not None:
        return ".layers"
    return ".webm" if made.view == "cutout" else ".mp4"


def _pool(address: str | None, jobs: int | None, cpus: int, retries: int, *, gpus: float) -> Pool:
    from edgeds.cli.batch.processes import LocalPool

    if address is None:
        return LocalPool(jobs or max(1, _cores() // cpus))
    from edgeds.cli.batch.cluster_pool import ClusterPool

    return ClusterPool(address, cpus=cpus, gpus=gpus, retries=retries)


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
