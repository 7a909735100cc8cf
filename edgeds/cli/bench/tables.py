"""Prints the benchmark's report as tables of 80 columns. Measures nothing."""

from __future__ import annotations

from statistics import median
from typing import Any

from edgeds.cli.bench.report import FLOOR, BenchReport, NetworkTimes, Row, Turn
from edgeds.cli.bench.settings import BENCH
from edgeds.cli.console import print_line, print_table
from edgeds.sources.scaling import text_from_size

_STAGES = ("decode", "estimate", "compose", "encode")


def print_report(report: BenchReport, machine: dict[str, Any]) -> None:
    """Print every part of the report that was measured."""
    gpus = ", ".join(machine["gpus"]) or "no GPU"
    print_table(
        f"{report.engine}\n{machine['cpu']}, {machine['cores']} cores; {gpus}; {report.day}\n"
        f"file to file, {report.clip} clip, overlay; CPU ms a frame; least-most of the turns",
        ["frames", "way", "fps", "CPU ms", "x plain", "memory MB"],
        [[row.name, *cells] for row in report.sizes for cells in _ways(row)],
    )
    print_table(
        "working time of the stages, ms a frame (p50/p95/p99); they run side by side",
        ["frames", *_STAGES],
        [_stage_cells(row) for row in report.sizes],
    )
    turns = (turn for row in report.sizes for way in row.ways.values() for turn in way)
    for note in dict.fromkeys(note for turn in turns for note in turn.notes):
        print_line(note)
    if report.load is not None and report.load > BENCH.most_load:
        print_line(f"the system's load was {report.load:.1f} before: other programs disturb this")
    if report.quick:
        print_line("--quick: a trial; these figures are not valid")
    _print_compare(report)
    _print_scenes(report)
    _print_streams(report)
    if report.networks:
        print_table(
            "network alone, every engine and preset",
            ["engine", "preset", "p50 ms", "p95 ms", "x yardstick"],
            [_network_cells(one) for one in report.networks],
        )
    _print_gpu(report)
    network = report.network
    print_line(
        f"network alone: {network.p50_ms:.1f} ms p50, {network.p95_ms:.1f} ms p95 "
        f"({network.runs} runs), {network.ratio:.2f} x the {network.yardstick} "
        f"({network.yardstick_p50_ms:.1f} ms, in turns)\n"
        f"first frame: {report.first_frame_secs:.2f} s after asking for the engine"
    )
    if report.start_secs:
        print_line(
            f"edgeds video -b on one frame, whole process: {median(report.start_kept_secs):.2f} s, "
            f"{median(report.start_secs):.2f} s without kept depth"
        )


def _print_gpu(report: BenchReport) -> None:
    gpu = report.gpu
    if gpu is None:
        return
    counts = sorted({count for one in gpu.frames for count in one.streams})
    print_table(
        f"a frame on {gpu.device}, network to overlay, no codecs; ms a frame, fps of all streams\n"
        f"network alone {gpu.network_ms:.2f} ms",
        ["frames", "copy", "kernels", "wait", *(f"{n} at once" for n in counts)],
        [
            [
                text_from_size(one.size),
                *(f"{ms:.2f}" for ms in (one.copy_ms, one.kernels_ms, one.wait_ms)),
                *(f"{one.streams[n]:.0f}" if n in one.streams else "no memory" for n in counts),
            ]
            for one in gpu.frames
        ],
    )


def _print_compare(report: BenchReport) -> None:
    row = report.compare
    if row is None:
        return
    print_table(
        f"a mask of each frame, {text_from_size(row.size)}; speed is that of edgeds over theirs",
        ["way", "fps", "CPU ms", "x plain", "memory MB", "speed"],
        [[*cells, f"{row.speed_ratio(_first_own(row), cells[0]):.2f}"] for cells in _ways(row)],
    )
    for name, why in report.missing.items():
        print_line(f"{name}: did not run: {why}")


def _print_scenes(report: BenchReport) -> None:
    if not report.scenes:
        return
    busy = next(row for row in report.scenes if row.name == "busy")
    whole = median(turn.cpu_ms for turn in _own(busy))
    rows = []
    for row in report.scenes:
        _, fps, cpu_ms, ratio, _ = list(_ways(row))[-1]
        share = "-" if row.foreground is None else f"{row.foreground:.1%}"
        of_busy = median(turn.cpu_ms for turn in _own(row)) / whole
        rows.append([row.name, share, fps, cpu_ms, ratio, f"{of_busy:.2f}"])
    print_table(
        f"by how much happens, {text_from_size(busy.size)}",
        ["scene", "foreground", "fps", "CPU ms", "x plain", "x busy"],
        rows,
    )


def _print_streams(report: BenchReport) -> None:
    if not report.streams:
        return
    rows = []
    for row in report.streams:
        ((_, fps, cpu_ms, _, memory),) = _ways(row)
        each = median(turn.fps for turn in _own(row)) / row.streams
        rows.append([row.name, fps, _short(each), cpu_ms, memory])
    print_table(
        f"streams in one process, one engine, {text_from_size(report.streams[0].size)}",
        ["streams", "fps", "fps each", "CPU ms", "memory MB"],
        rows,
    )
    if report.batches:
        times = ", ".join(f"{one.cpu_ms:.1f} ms in {one.frames}s" for one in report.batches)
        print_line(f"network's CPU time a frame in batches: {times}")


def _ways(row: Row) -> list[list[str]]:
    """Way, fps, CPU ms, ratio to the plain transcode, peak memory."""
    cells = []
    for way, turns in row.ways.items():
        peaks = [turn.peak_bytes for turn in turns if turn.peak_bytes is not None]
        ratios = row.ratios(way)
        cells.append(
            [
                way,
                span([turn.fps for turn in turns]),
                span([turn.cpu_ms for turn in turns]),
                "1" if way == FLOOR else span(ratios, "{:.2f}") if ratios else "-",
                f"{max(peaks) / 1e6:.0f}" if peaks else "-",
            ]
        )
    return cells


def _own(row: Row) -> tuple[Turn, ...]:
    return row.ways[_first_own(row)]


def _first_own(row: Row) -> str:
    """The preset in use, or balanced where there are several."""
    own = [way for way, turns in row.ways.items() if turns[0].stages]
    return "balanced" if "balanced" in own else own[0]


def _stage_cells(row: Row) -> list[str]:
    last = _own(row)[-1].stages
    names = ("p50_ms", "p95_ms", "p99_ms")
    return [row.name, *("/".join(_short(last[one][n]) for n in names) for one in _STAGES)]


def _network_cells(one: NetworkTimes) -> list[str]:
    name = one.engine.split(" at ")[0].split(" on ")[0]
    return [name, one.preset or "-", _short(one.p50_ms), _short(one.p95_ms), f"{one.ratio:.2f}"]


def span(values: list[float], form: str = "") -> str:
    """The least and the most of a few turns; one number where they look the same."""
    texts = [form.format(v) if form else _short(v) for v in (min(values), max(values))]
    return "-".join(dict.fromkeys(texts))


def _short(ms: float) -> str:
    return f"{ms:.1f}" if ms < 10 else f"{ms:.0f}"
