"""The commands: parse, build, run. The only place that prints, and the only one that exits.

Each command's work is in a file of its own here, imported when it is called.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from edgeds.cli.bench.command import bench_command
from edgeds.cli.build_engine import build_engine_command
from edgeds.cli.calibrate import calibrate_command
from edgeds.cli.capture import capture_command
from edgeds.cli.doctor.command import doctor_command
from edgeds.cli.eval import evaluate_command
from edgeds.cli.live import live_command
from edgeds.cli.video import video_command

app = typer.Typer(
    name="edgeds",
    help="Foreground mask and depth for fixed cameras, from an empty background (the plate).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("live")(live_command)
app.command("video")(video_command)
app.command("capture")(capture_command)
app.command("calibrate")(calibrate_command)
app.command("build-engine")(build_engine_command)
app.command("eval")(evaluate_command)
app.command("bench")(bench_command)
app.command("doctor")(doctor_command)


def main() -> None:
    """Run a command; exit 0 done, 1 failed while running, 2 bad input, 130 stopped by Ctrl-C."""
    from edgeds.errors import EdgedsError

    try:
        app()
    except EdgedsError as error:
        print(f"edgeds: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("edgeds: stopped", file=sys.stderr)  # noqa: T201
        sys.exit(130)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"edgeds {version('edgeds')}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    pass
