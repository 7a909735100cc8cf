"""The loop of a batch: gives clips to a pool of workers, retries lost ones, records each result.

Knows nothing about how a worker runs a command, or where.
"""

from __future__ import annotations

import json
import signal
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from edgeds.cli.batch.clips import Clip
from edgeds.cli.batch.journal import Record
from edgeds.cli.batch.processes import Command, Outcome
from edgeds.errors import EdgedsError, RunError
from edgeds.sinks.atomic_files import discard_leftovers
from edgeds.sinks.layers.earlier_layers import discard_layers

_POLL_SECS = 0.2
_QUEUED = 4
"""Clips handed to a pool for each that it runs at a time: a cluster that may grow sees demand."""
_KEPT = ("frames", "fps", "secs", "audio", "damaged_packets", "notes", "output")
"""The keys of the report of `edgeds video` that a batch keeps."""


@dataclass(frozen=True, slots=True)
class Job:
    """A clip, and everything that its result depends on."""

    clip: Clip
    output: Path
    command: Command
    key: str
    plate: Path | None = None


class Pool(Protocol):
    """Runs commands, some at a time."""

    @property
    def slots(self) -> int:
        """How many at a time."""
        ...

    @property
    def where(self) -> str:
        """For people."""
        ...

    def submit(self, command: Command) -> Future[Outcome]: ...

    def close(self) -> None: ...


def run_jobs(
    jobs: Iterable[Job],
    pool: Pool,
    record: Record,
    *,
    retries: int,
    stop: Event,
    on_end: Callable[[Job, dict[str, Any]], None],
) -> None:
    """Run every job until it is done or has failed, or until `stop` is set.

    A job whose process was killed runs again, at most `retries` times. A failure of one job is
    that job's alone. `on_end` gets the entry of each that ended, in the order of their ends.
    A folder of layers from an earlier attempt or an earlier batch is removed before the clip runs.

    Raises:
        OSError: the record cannot be written.
    """
    waiting = deque((job, 1) for job in jobs)
    running: dict[Future[Outcome], tuple[Job, int]] = {}
    try:
        while (waiting or running) and not stop.is_set():
            while waiting and len(running) < _QUEUED * pool.slots:
                job, attempt = waiting.popleft()
                record.begin(str(job.clip.name))
                discard_layers(job.output)
                running[pool.submit(job.command)] = job, attempt
            ended, _ = wait(running, timeout=_POLL_SECS, return_when=FIRST_COMPLETED)
            for future in ended:
                job, attempt = running.pop(future)
                outcome = _outcome(future)
                discard_leftovers(job.output)
                if isinstance(outcome, Outcome) and outcome.is_lost and attempt <= retries:
                    waiting.appendleft((job, attempt + 1))
                    continue
                entry = {**_entry(outcome), "attempts": attempt}
                record.add(str(job.clip.name), job.key, job.output, entry)
                on_end(job, entry)
    finally:
        pool.close()
        for job, _attempt in running.values():
            discard_leftovers(job.output)


def _outcome(future: Future[Outcome]) -> Outcome | EdgedsError:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, EdgedsError):
        return error
    return RunError("the worker failed", why=f"{type(error).__name__}: {error}")


def _entry(outcome: Outcome | EdgedsError) -> dict[str, Any]:
    """How a clip ended, as the record and the report have it."""
    if isinstance(outcome, EdgedsError):
        return {"status": "failed", "why": f"{outcome.what}: {outcome.why}", "fix": outcome.fix}
    report = _report(outcome.stdout)
    entry = {"status": "done" if outcome.code == 0 else "failed"}
    entry |= {name: report[name] for name in _KEPT if name in report}
    entry["host"] = outcome.host
    if outcome.code != 0:
        entry |= _failure(outcome)
    return entry


def _report(stdout: str) -> dict[str, Any]:
    try:
        report = json.loads(stdout)
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def _failure(outcome: Outcome) -> dict[str, str]:
    """Why and fix, from what the command printed."""
    if outcome.is_lost:
        number = -outcome.code
        names = {member.value: member.name for member in signal.Signals}
        return {
            "why": f"its process was killed by {names.get(number, number)} on every attempt",
            "fix": "often there is too little memory: use fewer --jobs",
        }
    _, found, message = f"\n{outcome.stderr}".rpartition("\nedgeds: ")
    lines = [line.strip() for line in message.splitlines() if line.strip()] if found else []
    if not lines:
        lines = [f"it ended with exit code {outcome.code}"]
        if outcome.stderr.strip():
            lines.append(f"why: {outcome.stderr.strip().splitlines()[-1]}")
    said = {"why: ": "", "fix: ": ""}
    for line in lines[1:]:
        if line[:5] in said:
            said[line[:5]] = line[5:]
    why = f"{lines[0]}: {said['why: ']}" if said["why: "] else lines[0]
    return {"why": why, "fix": said["fix: "]}
