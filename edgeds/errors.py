"""Every error that edgeds raises on purpose.

EdgedsError                what happened, why, and how to fix it
├── InputError             the user gave something that cannot work (exit code 2)
│   ├── SourceError        a video, folder or camera that cannot be read
│   ├── PlateError         a plate that is missing, of another size, or not to be trusted
│   ├── EngineError        an engine that is missing, damaged or made for another machine
│   ├── SinkError          an output that cannot be written
│   ├── DatasetError       a set whose manifest or files are wrong
│   └── ShapeError         arrays whose sizes do not fit together
└── RunError               a run that started and then failed (exit code 1)
    ├── SourceFailed       the input ended or broke before its end
    └── SinkFailed         the output could not take more (full disk, encoder)
"""

from __future__ import annotations


class EdgedsError(Exception):
    """What happened, why, and what to do about it; `str()` gives all three."""

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class InputError(EdgedsError):
    """The user gave something that cannot work; nothing was written."""

    exit_code = 2


class SourceError(InputError):
    """A video, folder or camera that cannot be read."""


class PlateError(InputError):
    """A plate that is missing, of another size, or not to be trusted."""


class EngineError(InputError):
    """An engine that is missing, damaged or made for another machine."""


class SinkError(InputError):
    """An output that cannot be written."""


class DatasetError(InputError):
    """A set whose manifest or files are wrong; the message names the line."""


class ShapeError(InputError):
    """Arrays whose sizes do not fit together."""


class RunError(EdgedsError):
    """A run that started and then failed; what was written before is kept."""


class SourceFailed(RunError):  # noqa: N818 (it names an event, like SinkFailed)
    """The input ended or broke before its end."""


class SinkFailed(RunError):  # noqa: N818
    """The output could not take more: a full disk, an encoder that gave up."""


def counted(count: int, noun: str) -> str:
    """`1 frame`, `2 frames`, for messages."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
