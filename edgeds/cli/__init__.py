"""The commands: parse, build, run. The only place that prints, and the only one that exits.

Each command's work is in a file of its own here, imported when it is called.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from edgeds.cli.batch.command import batch_command
from edgeds.cli.bench.command import bench_command
from edgeds.cli.build_engine import build_engine_command
from edgeds.cli.calibrate import calibrate_command
from edgeds.cli.capture import capture_command
from edgeds.cli.doctor.command import doctor_command
from edgeds.cli.eval import evaluate_command
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
app.command("live", cls=SectionedCommand)(logged(live_command))
app.command("video", cls=SectionedCommand)(logged(video_command))
app.command("batch", cls=SectionedCommand)(logged(batch_command))
app.command("capture", cls=SectionedCommand)(logged(capture_command))
app.command("calibrate", cls=SectionedCommand)(logged(calibrate_command))
app.command("build-engine", cls=SectionedCommand)(logged(build_engine_command))
app.command("eval", cls=SectionedCommand)(logged(evaluate_command))
app.command("bench", cls=SectionedCommand)(logged(bench_command))
app.command("doctor", cls=SectionedCommand)(logged(doctor_command))


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
