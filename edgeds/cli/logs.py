"""What the library logs, on the terminal (-v) or in a file (--log-file).

The library logs with `logging.getLogger("edgeds...")` and never prints. `logged` gives a command
both options.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

_LOGGER = logging.getLogger("edgeds")

_Verbose = Annotated[
    int,
    typer.Option(
        "-v",
        "--verbose",
        count=True,
        show_default=False,
        metavar="",
        help="Print the log; -vv prints more of it.",
    ),
]
_LogFile = Annotated[
    Path | None,
    typer.Option("--log-file", metavar="FILE", help="Append the whole log to this file."),
]


def logged(command: Callable[..., None]) -> Callable[..., None]:
    """The command with -v and --log-file, which take effect before it begins."""

    @functools.wraps(command)
    def with_log(*arguments: Any, verbose: int = 0, log_file: Path | None, **options: Any) -> None:
        _show(verbose)
        _write(log_file)
        if _LOGGER.isEnabledFor(logging.INFO):
            _say_versions()
        command(*arguments, **options)

    # Typer reads a command's options from its signature.
    signature = inspect.signature(command, eval_str=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter("verbose", keyword, default=0, annotation=_Verbose),
        inspect.Parameter("log_file", keyword, default=None, annotation=_LogFile),
    ]
    signature = signature.replace(parameters=[*signature.parameters.values(), *added])
    with_log.__signature__ = signature  # type: ignore[attr-defined]
    with_log.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return with_log


def _say_versions() -> None:
    import platform
    from importlib.metadata import version

    _LOGGER.info("edgeds %s on %s", version("edgeds"), platform.platform())


def _show(count: int) -> None:
    if count:
        level = logging.INFO if count == 1 else logging.DEBUG
        _add(logging.StreamHandler(), level, "%(levelname)s %(name)s: %(message)s")


def _write(path: Path | None) -> None:
    """
    Raises:
        SinkError: the file cannot be written.
    """
    from edgeds.errors import SinkError
    from edgeds.sources.media_errors import reason_of

    if path is None:
        return
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise SinkError(
            f"cannot write the log to {str(path)!r}",
            why=reason_of(error).why,
            fix="give a file that you may write to with --log-file",
        ) from error
    _add(handler, logging.DEBUG, "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s")


def _add(handler: logging.Handler, level: int, line: str) -> None:
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(line))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(min(level, _LOGGER.level or level))
