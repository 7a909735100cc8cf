"""Runs commands of edgeds, each in its own process, so that a crash ends only that one.

Knows nothing about clips.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

from edgeds.types import Closing

_POLL_SECS = 0.2


@dataclass(frozen=True, slots=True)
class Command:
    """Arguments of `edgeds`, and where and how to run it."""

    arguments: tuple[str, ...]
    folder: str
    """The current folder, to which names in the arguments are relative."""
    threads: int
    """For the network, unless EDGEDS_THREADS is set already."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    code: int
    """Its exit code; negative is the signal that killed it, as `subprocess` has it."""
    stdout: str
    stderr: str
    host: str = ""
    """The machine it ran on."""

    @property
    def is_lost(self) -> bool:
        """Whether the process was killed (out of memory, a crash of a library) and did not end."""
        return self.code < 0


def run_command(command: Command, stop: threading.Event | None = None) -> Outcome:
    """Run a command of edgeds in a new process, and wait for it.

    `stop` kills it. It is killed too when this process dies.
    """
    import platform

    environment = {"EDGEDS_THREADS": str(command.threads), **os.environ, "COLUMNS": "200"}
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "edgeds.cli.batch.ends_with_parent", *command.arguments],
            cwd=command.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C is for the batch: it decides what becomes of its clips
        )
        try:
            code = _wait(process, stop)
        finally:
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()
        return Outcome(code, _text(stdout), _text(stderr), platform.node())


class LocalPool(Closing):
    """Runs a limited number of commands at a time on this machine."""

    def __init__(self, jobs: int) -> None:
        self.slots = jobs
        self.where = f"{jobs} at a time on this machine"
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="edgeds-batch")

    def submit(self, command: Command) -> Future[Outcome]:
        return self._threads.submit(run_command, command, self._stop)

    def close(self) -> None:
        """Kill the commands that still run."""
        self._stop.set()
        self._threads.shutdown(cancel_futures=True)


def _wait(process: subprocess.Popen[bytes], stop: threading.Event | None) -> int:
    while True:
        try:
            return process.wait(_POLL_SECS)
        except subprocess.TimeoutExpired:
            if stop is not None and stop.is_set():
                process.kill()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
