"""The commands: parse, build, run. The only place that prints, and the only one that exits.

Each command's work is in a file of its own here, imported when it is called.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from edgeds.cli.batch.command import batch_command
from edgeds.cli.bench.command import bench_command
from edgeds.cli.build_engine import build_engine_command
from edgeds.cli.calibrate import calibrate_command
from edgeds.cli.capture import capture_command
from edgeds.cli.doctor.command import doctor_command
from edgeds.cli.eval import evaluate_command
from edgeds.cli.examples import EXAMPLES
from edgeds.cli.exit_codes import exit_code_of
from edgeds.cli.live import live_command
from edgeds.cli.logs import logged
from edgeds.cli.option_groups import SectionedCommand
from edgeds.cli.stop_signals import stop_signals
from edgeds.cli.video import video_command

app = typer.Typer(
    name="edgeds",
    help="Foreground mask and depth for fixed cameras, from an empty background (the plate).",
    no_args_is_help=True,
    rich_markup_mode=None,  # its tables cut the names of options and split their values
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "live": live_command,
    "video": video_command,
    "batch": batch_command,
    "capture": capture_command,
    "calibrate": calibrate_command,
    "build-engine": build_engine_command,
    "eval": evaluate_command,
    "bench": bench_command,
    "doctor": doctor_command,
}
for _name, _command in _COMMANDS.items():
    _add = app.command(_name, cls=SectionedCommand, epilog=EXAMPLES[_name].strip())
    _add(logged(_command))


def main() -> None:
    """Run a command and exit with its code."""
    with stop_signals() as signals:
        sys.exit(exit_code_of(app, signals))


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"edgeds {version('edgeds')}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass
