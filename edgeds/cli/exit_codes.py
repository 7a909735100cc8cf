"""The exit codes of every command.

0    done
1    failed while running (`RunError`, a library that does not load, an error of the system)
2    bad input (`InputError`, an option that does not exist); nothing was written
128+ a stop signal arrived: 130 for Ctrl-C
"""

from __future__ import annotations

import logging
import select
import sys
from collections.abc import Callable

from edgeds.cli.console import say
from edgeds.cli.stop_signals import StopSignals


def exit_code_of(command: Callable[[], object], signals: StopSignals) -> int:
    """Run a command, print what made it fail, and return its exit code."""
    from edgeds.errors import EdgedsError

    try:
        command()
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
        # While Click printed an option's error, to a stderr that nobody reads: the option's code.
        return int(getattr(error.__context__, "exit_code", 1))
    except KeyboardInterrupt:
        say("edgeds: stopped")
        return signals.exit_code
    except SystemExit as end:  # how Typer ends; it makes 130 of a KeyboardInterrupt
        if end.code == 130:
            return signals.exit_code
        if isinstance(end.__context__, BrokenPipeError) and _reader_is_gone():
            return 0  # Click makes 1 of it
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _reader_is_gone() -> bool:
    """Whether nobody reads stdout any more: `head` has seen enough of a --help."""
    if not hasattr(select, "poll"):  # Windows
        return False
    stdout = select.poll()
    try:
        stdout.register(sys.__stdout__ or 1, select.POLLOUT)
    except (OSError, ValueError):  # it was closed from the start
        return False
    return any(found & select.POLLERR for _, found in stdout.poll(0))


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
