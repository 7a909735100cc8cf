"""A command of edgeds in a process that ends with the process that started it.

Its standard input is a pipe that only its parent holds: when the parent ends, even if it is
killed, the pipe closes, and this process ends at once. So no orphan writes an output that another
worker writes again. Run as `python -m edgeds.cli.batch.ends_with_parent ARGUMENTS`.
Knows nothing about batches.
"""

from __future__ import annotations

import os
import threading

ORPHANED = 125
"""The exit code after the parent's end."""


def main() -> None:
    threading.Thread(target=_end_with_parent, name="edgeds-parent", daemon=True).start()
    from edgeds.cli import main as edgeds

    edgeds()


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
