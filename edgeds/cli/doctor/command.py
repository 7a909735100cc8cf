"""`edgeds doctor`: prints what is installed and which engines can run here."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING

from edgeds.cli.console import print_json, print_line
from edgeds.cli.shared_options import JsonOption
from edgeds.estimate.settings import Preset

if TYPE_CHECKING:
    from edgeds.cli.doctor.diagnosis import Diagnosis, Library


_GOOD_FOR: dict[Preset, str] = {
    "fast": "two thirds of the network's work; thin things get lost",
    "balanced": "the default",
    "fine": "thin things and small people; 2.5 times the work",
}
"""`--preset` of live, video, batch, eval, bench and build-engine -> what it is good for."""


def doctor_command(as_json: JsonOption = False) -> None:
    """Show what is installed and which engine runs."""
    from edgeds.cli.doctor.diagnosis import diagnose
    from edgeds.engine.choose_engine import preset_sizes
    from edgeds.sources.scaling import text_from_size

    diagnosis = diagnose()
    if as_json:
        print_json({**diagnosis.to_json(), "presets": preset_sizes()})
        return
    _print("machine", _machine(diagnosis))
    libraries = [
        [one.name, one.version or "-", one.used_for if one.version else _missing(one)]
        for one in diagnosis.libraries
    ]
    _print("libraries", libraries)
    _print("engines (* is the default)", _engines(diagnosis))
    _print("presets", [[n, text_from_size(s), _GOOD_FOR[n]] for n, s in preset_sizes().items()])
    cameras = [[one.device, one.name, one.problem or "ready"] for one in diagnosis.cameras]
    _print("cameras", cameras or [["none found"]])
    encoders = [
        [one.name, one.hardware or "CPU", one.problem or "ready"] for one in diagnosis.encoders
    ]
    _print("video encoders", encoders)
    for line in diagnosis.advice:
        print_line(line)


def _print(title: str, rows: list[list[str]]) -> None:
    """Columns are as wide as their text, and nothing is cut. In a terminal, the last one is wrapped
    in its place; a file or a program that searches the lines gets them whole.
    """
    columns = max(map(len, rows))
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(columns)]
    room = get_terminal_size().columns if sys.stdout.isatty() else None
    print_line(title)
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        line = f"  {'  '.join(cells)}".rstrip()
        print_line(line if room is None else _wrapped(line, room, sum(widths[:-1]) + 2 * columns))


def _wrapped(line: str, room: int, column: int) -> str:
    """A line in several, of `room` columns; the later ones begin at `column`."""
    if column > 2 * room // 3:  # a narrow terminal has no room for columns
        column = 4
    return fill(line, room, subsequent_indent=column * " ", break_on_hyphens=False)


def _machine(diagnosis: Diagnosis) -> list[list[str]]:
    flags = [flag for flag, there in diagnosis.cpu_flags.items() if there]
    rows = [
        ["edgeds", f"{diagnosis.edgeds} on Python {diagnosis.python}, {diagnosis.system}"],
        ["processor", f"{diagnosis.cpu}, {diagnosis.cores} cores"],
        ["fast instructions", ", ".join(flags) or "not known"],
    ]
    cuda = diagnosis.cuda
    for gpu in cuda.gpus:
        memory = f"{gpu.memory_bytes / 2**30:.0f} GiB"
        rows.append([f"cuda:{gpu.index}", f"{gpu.name}, {gpu.sm}, {memory}"])
    driver = f"{diagnosis.kernel_driver or 'of unknown version'}, up to CUDA {cuda.driver_cuda}"
    rows.append(["NVIDIA driver", driver if cuda.gpus else cuda.problem])
    rows.append(["display", diagnosis.display_problem or "ready"])
    return rows


def _missing(library: Library) -> str:
    return f"{library.used_for}: {library.install}"


def _engines(diagnosis: Diagnosis) -> list[list[str]]:
    rows = []
    for one in diagnosis.engines:
        mark = "*" if one is diagnosis.chosen else " "
        fix = "" if "edgeds doctor" in one.fix else f"; fix: {one.fix}"
        state = one.runs_on or f"cannot run: {one.problem}{fix}"
        rows.append([mark, one.card.name, one.card.precision, state])
    return rows
