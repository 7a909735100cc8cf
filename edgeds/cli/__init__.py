"""The commands: parse, build, run. The only place that prints, and the only one that exits.

Each command's work is in a file of its own here, imported when it is called.
"""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from edgeds.cli.batch.command import batch_command
from edgeds.cli.bench.command import bench_command
from edgeds.cli.build_engine import build_engine_command
from edgeds.cli.calibrate import calibrate_command
from edgeds.cli.capture import capture_command
from edgeds.cli.console import say
from edgeds.cli.doctor.command import doctor_command
from edgeds.cli.eval import evaluate_command
from edgeds.cli.live import live_command
from edgeds.cli.logs import logged
from edgeds.cli.option_groups import SectionedCommand
from edgeds.cli.stop_signals import StopSignals, stop_signals
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
app.command("batch")(logged(batch_command))
app.command("capture")(logged(capture_command))
app.command("calibrate")(logged(calibrate_command))
app.command("build-engine")(logged(build_engine_command))
app.command("eval")(logged(evaluate_command))
app.command("bench", cls=SectionedCommand)(logged(bench_command))
app.command("doctor")(logged(doctor_command))


def main() -> None:
    """Run a command and exit: 0 done, 1 failed while running, 2 bad input, 128 + a stop signal."""
    with stop_signals() as signals:
        sys.exit(_exit_code(signals))


def _exit_code(signals: StopSignals) -> int:
    from edgeds.errors import EdgedsError

    try:
        app()
    except EdgedsError as error:
        say(f"edgeds: {error}")
        return error.exit_code
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "edgeds":
            raise  # a bug of ours
        logging.getLogger(__name__).debug("a library does not load", exc_info=True)
        missing = EdgedsError(
            "cannot load a library that edgeds needs",
            why=f"{type(error).__name__}: {error}",
            fix="edgeds doctor prints what is installed, and what to do",
        )
        say(f"edgeds: {missing}")
        return missing.exit_code
    except (OSError, MemoryError) as error:  # one that no boundary has translated
        say(f"edgeds: {_in_words(error)}")
        return 1
    except KeyboardInterrupt:
        say("edgeds: stopped")
        return signals.exit_code
    except SystemExit as end:  # how Typer ends; it makes 130 of a KeyboardInterrupt
        if end.code == 130:
            return signals.exit_code
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _in_words(error: OSError | MemoryError) -> str:
    """What, why and fix of an error of the operating system; never its own text with its URLs."""
    from edgeds.errors import RunError
    from edgeds.sources.media_errors import reason_of
    from edgeds.sources.url import masked

    logging.getLogger(__name__).debug("not translated", exc_info=error)
    name = getattr(error, "filename", None)
    reason = reason_of(error)
    what = f"cannot go on with {masked(str(name))!r}" if name else "cannot go on"
    return str(RunError(what, why=reason.why, fix=reason.fix))


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
