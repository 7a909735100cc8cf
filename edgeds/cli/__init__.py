"""The commands: parse, build, run. The only place that prints, and the only one that exits.

Each command's work is in a file of its own here, imported when it is called.
"""

from __future__ import annotations

import atexit
import importlib
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from edgeds.cli.examples import EXAMPLES
from edgeds.cli.exit_codes import exit_code_of
from edgeds.cli.logs import logged
from edgeds.cli.option_groups import SectionedCommand
from edgeds.cli.stop_signals import stop_signals

_COMMANDS = {
    "live": "edgeds.cli.live:live_command",
    "video": "edgeds.cli.video:video_command",
    "batch": "edgeds.cli.batch.command:batch_command",
    "capture": "edgeds.cli.capture:capture_command",
    "calibrate": "edgeds.cli.calibrate:calibrate_command",
    "build-engine": "edgeds.cli.build_engine:build_engine_command",
    "eval": "edgeds.cli.eval:evaluate_command",
    "bench": "edgeds.cli.bench.command:bench_command",
    "doctor": "edgeds.cli.doctor.command:doctor_command",
}
"""Name -> where it is. A run imports the one that it was called with: all of them take .15 s."""


def main() -> None:
    """Run a command and exit with its code."""
    called = sys.argv[1:2]
    with stop_signals() as signals:
        try:
            atexit.register(signals.ignore)  # the first that is registered runs last
            app = app_of(called if set(called) & set(_COMMANDS) else _COMMANDS)
            code = exit_code_of(app, signals)
            signals.end()
        except KeyboardInterrupt:  # before the command or after it; no second one is raised
            code = signals.exit_code
            signals.end()
    sys.exit(code)


def app_of(names: Iterable[str]) -> typer.Typer:
    """The program with these of its commands."""
    app = typer.Typer(
        name="edgeds",
        help="Foreground mask and depth for fixed cameras, from an empty background (the plate).",
        no_args_is_help=True,
        rich_markup_mode=None,  # its tables cut the names of options and split their values
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in names:
        module, function = _COMMANDS[name].split(":")
        command = getattr(importlib.import_module(module), function)
        add = app.command(name, cls=SectionedCommand, epilog=EXAMPLES[name].strip())
        add(logged(command))
    return app


def __getattr__(name: str) -> Any:
    """`app`, the program with all of its commands, for tests and documentation."""
    if name == "app":
        return app_of(_COMMANDS)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"edgeds {version('edgeds')}")  # noqa: T201
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass
