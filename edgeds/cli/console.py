"""How commands talk to people: progress and messages on stderr, results on stdout."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

import typer

from edgeds.cli.stop_signals import send_nowhere
from edgeds.cli.stop_signals import stop_on_signal as stop_on_signal

if TYPE_CHECKING:
    import threading

    from rich.console import Console
    from rich.progress import Progress

T = TypeVar("T")

_BARS_HZ = 4  # a bar whose length is not known yet moves, and is drawn each time

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
    print_line(json.dumps(result, indent=2))


def print_line(text: str) -> None:
    """Print a result on stdout. A reader that has seen enough, as `head` has, is no failure.

    Raises:
        SinkFailed: stdout takes nothing more, such as a full disk.
    """
    with _stdout():
        typer.echo(text)


def print_table(
    title: str, columns: list[str], rows: list[list[str]], *, ends_in_words: bool = False
) -> None:
    """Print a table on stdout: the first column to the left, the others to the right.

    `ends_in_words`: the last column is to the left, too, and whole: it takes several lines.

    Raises:
        SinkFailed: stdout takes nothing more, such as a full disk.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        is_words = ends_in_words and index == len(columns) - 1
        table.add_column(
            column,
            justify="left" if is_words or not index else "right",
            overflow="fold" if is_words else "ellipsis",
        )
    for row in rows:
        table.add_row(*map(printable, row))
    console = Console(highlight=False, markup=False)  # a file's name may have brackets
    with console.capture() as lines:  # printed by us: Rich would end the program at a broken pipe
        console.print(table)
    print_line(f"{title}\n{lines.get()}".removesuffix("\n"))


@contextmanager
def _stdout() -> Iterator[None]:
    """Turn a failing stdout into an error with its reason; one that nobody reads is quiet then."""
    from edgeds.errors import SinkFailed
    from edgeds.sources.media_errors import reason_of

    try:
        yield
    except OSError as error:
        # Python writes what is left once more when it exits, and would fail once more.
        with suppress(OSError, ValueError):  # a stdout without a descriptor
            send_nowhere(sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return
        raise SinkFailed(
            "cannot print the result",
            why=f"stdout: {reason_of(error).why}",
            fix="make room where stdout goes; what the run wrote to other files is complete",
        ) from error


def console_of_people() -> Console:
    """Rich's console on stderr, for what is renewed in its place.

    Where a pipe has lost its reader, Rich ends the program; a run goes on.
    """
    from rich.console import Console

    class Lasting(Console):
        def on_broken_pipe(self) -> None:
            self.quiet = True
            with suppress(OSError, ValueError):  # a stderr without a descriptor
                send_nowhere(sys.stderr.fileno())

    return Lasting(file=cast("IO[str]", _Unrepeated(sys.stderr)))


class _Unrepeated:
    """A stream that leaves out a line that is drawn as it stands there already.

    Rich draws a bar again many times a second, also where nothing has changed: a log of a terminal
    would fill with it.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._last = stream, ""

    def write(self, text: str) -> int:
        if text == self._last and text.startswith("\r") and "\n" not in text:
            return len(text)
        self._last = text
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def progress(rate_unit: str = "fps", *, per_secs: float = 1.0) -> Progress:
    """A progress bar on stderr with rate and time left; use it in a `with`.

    The rate is that of so many seconds.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column
    from rich.text import Text

    def one_line() -> Column:  # in a narrow terminal, too
        return Column(no_wrap=True)

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed * per_secs:.1f} {rate_unit}" if speed else "")

    return Progress(
        TextColumn("{task.description}", table_column=one_line()),
        BarColumn(table_column=one_line()),
        MofNCompleteColumn(table_column=one_line()),
        Rate(one_line()),
        TimeRemainingColumn(table_column=one_line()),
        console=console_of_people(),
        refresh_per_second=_BARS_HZ,
    )


def until(stop: threading.Event, items: Iterable[T]) -> Iterator[T]:
    """Yield items until `stop` is set."""
    for item in items:
        if stop.is_set():
            return
        yield item
