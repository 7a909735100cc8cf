"""How commands talk to people: progress and messages on stderr, results on stdout."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

import typer

from edgeds.cli.stop_signals import send_nowhere
from edgeds.cli.stop_signals import stop_on_signal as stop_on_signal

if TYPE_CHECKING:
    import threading

    from rich.progress import Progress

T = TypeVar("T")

# Control characters except tab and line feed, directions of writing, and the halves of surrogate
# pairs that stand for bytes that are not UTF-8.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def say(text: str) -> None:
    """Print a line for people on stderr; stdout stays clean for results.

    A terminal that is gone is no reason to end a run.
    """
    with suppress(OSError):
        typer.echo(printable(text), err=True)


def printable(text: str) -> str:
    """Text whose control characters are written out: names of files and cameras may hold some.

    A terminal would obey them: move its cursor, change its title, write from right to left.
    """
    return text if text.isprintable() else _CONTROLS.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def print_json(result: Mapping[str, object]) -> None:
    """Print the one JSON object of a --json run on stdout.

    Raises:
        SinkFailed: stdout takes nothing more, such as a full disk.
    """
    with _stdout():
        typer.echo(json.dumps(result, indent=2))


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table on stdout: the first column to the left, the others to the right.

    Raises:
        SinkFailed: stdout takes nothing more, such as a full disk.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    with _stdout():
        typer.echo(title)
        Console(highlight=False).print(table)
        sys.stdout.flush()


@contextmanager
def _stdout() -> Iterator[None]:
    """Turn a failing stdout into an error with its reason."""
    from edgeds.errors import SinkFailed
    from edgeds.sources.media_errors import reason_of

    try:
        yield
    except BrokenPipeError:  # the reader has seen enough, as `head` does; Click exits quietly
        raise
    except OSError as error:
        # Python writes what is left once more when it exits, and would fail once more.
        with suppress(OSError, ValueError):  # a stdout without a descriptor
            send_nowhere(sys.stdout.fileno())
        raise SinkFailed(
            "cannot print the result",
            why=f"stdout: {reason_of(error).why}",
            fix="make room where stdout goes; what the run wrote to other files is complete",
        ) from error


def progress(rate_unit: str = "fps", *, per_secs: float = 1.0) -> Progress:
    """A progress bar on stderr with rate and time left; use it in a `with`.

    The rate is that of so many seconds.
    """
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
            return Text(f"{speed * per_secs:.1f} {rate_unit}" if speed else "")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def until(stop: threading.Event, items: Iterable[T]) -> Iterator[T]:
    """Yield items until `stop` is set."""
    for item in items:
        if stop.is_set():
            return
        yield item
