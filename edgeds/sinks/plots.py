"""Figures of Matplotlib as files. Knows nothing about what they show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.errors import SinkFailed
from edgeds.sinks.atomic_files import replacing
from edgeds.sources.media_errors import reason_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_plot(figure: Figure, path: Path, *, kinds: str) -> None:
    """Write a figure to a file that becomes visible when it is whole.

    Args:
        kinds: the endings that its option takes, for people.

    Raises:
        SinkFailed: the file cannot be written.
    """
    try:
        with replacing(path) as part:
            figure.savefig(part, dpi=110)
    except (OSError, ValueError) as error:
        raise SinkFailed(
            f"cannot write the plot {str(path)!r}",
            why=reason_of(error).why if isinstance(error, OSError) else str(error),
            fix=f"give the name of a {kinds} file in a folder that is there",
        ) from error
