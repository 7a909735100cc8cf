"""Refuses command lines on which two names mean one file, before a file is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def not_stdout(path: Path | None) -> Path | None:
    """For Typer's `callback`: refuse `-`, which would become a folder of that name.

    Raises:
        SinkError: it is `-`.
    """
    from edgeds.errors import SinkError

    if path is not None and path.name == "-":
        raise SinkError(
            "cannot write to '-'",
            why="a result is not written to standard output",
            fix="give the name of a folder",
        )
    return path


def check_clashes(
    inputs: Mapping[str, str | Path | Sequence[Path] | None], outputs: Mapping[str, Path | None]
) -> None:
    """Check that no output is an input, nor another output.

    Args:
        inputs, outputs: what people call it ("the plate") -> its path or paths; None is not given.

    Raises:
        SinkError: two of them are one file.
    """
    from edgeds.errors import SinkError
    from edgeds.sinks.output_files import same_file

    known = {
        name: [Path(paths)] if isinstance(paths, (str, Path)) else list(paths or ())
        for name, paths in inputs.items()
    }
    for name, path in outputs.items():
        if path is None:
            continue
        for other, paths in known.items():
            if any(same_file(path, one) for one in paths):
                raise SinkError(
                    f"{name} {str(path)!r} is {other} itself",
                    why=f"{other} would be overwritten",
                    fix=f"give {name} another name",
                )
        known[name] = [path]
