"""How commands talk: progress on stderr, results on stdout, Ctrl-C as a polite request."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")


def say(text: str) -> None:
    """A line for people, on stderr, so that stdout stays clean for results."""
    typer.echo(text, err=True)


def print_json(result: Mapping[str, object]) -> None:
    """The one JSON object of a --json run, on stdout."""
    typer.echo(json.dumps(result, indent=2))


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table on stdout: first column to the left, the others to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    typer.echo(title)
    Console(highlight=False).print(table)


def progress(rate_unit: str = "fps") -> Progress:
    """A progress bar on stderr with rate and time left; use it in a `with`."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.1f} {rate_unit}" if speed else "")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets; a second Ctrl-C interrupts at once."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def until(stop: threading.Event, items: Iterable[T]) -> Iterator[T]:
    """Items until somebody asks to stop."""
    for item in items:
        if stop.is_set():
            return
        yield item
