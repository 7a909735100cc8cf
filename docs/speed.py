"""Write docs/speed.md from what `edgeds bench --all -o docs/speed.json` measured.

python docs/speed.py docs/speed.json [-o docs/speed.md]

docs/quality.json, of `python docs/quality.py`, has the quality of the presets.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from quality_pages import measured  # noqa: E402

from edgeds.cli.bench.settings import BENCH  # noqa: E402
from edgeds.engine.settings import PRESET_SIZES  # noqa: E402

PLOT = "images/speed.png"
SETS = {
    "exact": "composites, exact plate",
    "wrong": "composites, wrong plate",
    "rooms": "rooms",
    "moving_person": "moving_person",
}
CLIPS = {"people_walking.avi": "OpenCV's samples/data/vtest.avi, 768x576"}
"""Clips that are not in the repository, and what they are."""
INTRO = """# Speed

`edgeds bench` compares edgeds with a plain transcode: the same file decoded and encoded again, with the same encoder settings and nothing in
between. No program that decodes and encodes can be faster. All ways take turns (A B A B), each in its own process. Libraries are loaded
before the clock starts: [Start](#start) has that time. The ratio of their CPU times shows how much edgeds adds, and depends little on the
machine. Two numbers are the least and the most of the turns.

edgeds adds to a transcode: the network, whose time is the same for every size; the border of the foreground and the drawing, which grow with the
foreground's share of the picture; and the copy of the planes, which is the only work on every pixel. The plate's file keeps its depth, as
`edgeds capture` writes it.
"""
BUSY = (
    "\n**Other programs ran beside: the load was {load:.1f} before, and figures are valid up to {most:g}. Compare ways within a table, "
    "not with other machines.**\n"
)
QUICK = "\n**A trial in a few frames: these figures are not valid.**\n"
SIZES = """
## Sizes

The view `overlay`, file to file. *x plain* is the CPU time divided by the transcode's; *of plain* is the frames per second divided by the
transcode's. *Wall* is the elapsed time divided by the CPU time of one core's share: 1 means that no core waits.
So *of plain* is the transcode's *wall*, divided by the way's *wall* and its *x plain*: at 2.4 *x plain* a way that never waits has half of the
transcode's frames per second only if the transcode itself leaves a sixth of the cores unused.
"""
PRESETS = """
## Presets

One network at three sizes: `--preset fast`, `balanced` (the default) or `fine`. There is no second set of weights. *Network* is its time alone
in float; beside it in bfloat16, which edgeds uses where the processor has it, and in INT8; on {threads} of {cores} cores.
"""
QUALITY = """
What the presets cost in quality (`edgeds eval`, [Measuring quality](measuring.md); composites and rooms of the validation split):
"""
COMPARE = """
## Compared with others

A mask of each frame, file to file, with the same decoder and encoder. MOG2 and KNN are OpenCV's background subtractors with their own defaults.
MediaPipe is its selfie segmentation, the model for landscape pictures; it knows people only. The others give neither a soft border nor depth.
*Speed* is edgeds' frames per second (balanced) divided by theirs.
"""
SCENES = """
## How much happens

Clips made from the same material: *static* is the plate with noise, *sparse* shows something in a quarter of the frames, *busy* is the clip,
*close* enlarges the part with most foreground threefold. Where nothing changes beyond noise, edgeds keeps the maps of the frame before.
"""
STREAMS = """
## Streams

Streams of the same clip in one process, which share one engine.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "speed.md")
    asked = parser.parse_args()
    quality = json.loads((HERE / "quality.json").read_text())
    asked.output.write_text(page(json.loads(asked.report.read_text()), quality))


def page(report: dict[str, Any], quality: dict[str, Any]) -> str:
    machine = report["machine"]
    cores = machine["cores"]
    parts = [INTRO, QUICK if report["quick"] else "", _how(report)]
    if report["load"] is not None and report["load"] > BENCH.most_load:
        parts.append(BUSY.format(load=report["load"], most=BENCH.most_load))
    parts += [SIZES, _sizes(report["sizes"], cores), _stages(report["sizes"])]
    if report["networks"]:
        threads = max(1, cores // 2)
        parts += [
            PRESETS.format(threads=threads, cores=cores),
            _presets(report),
            QUALITY,
            _quality(quality),
        ]
    if report["compare"]:
        parts += [COMPARE, _compare(report)]
    if report["scenes"]:
        parts += [SCENES, _scenes(report["scenes"])]
    if report["streams"]:
        parts += [STREAMS, _streams(report)]
    if report["start_secs"]:
        parts.append(
            f"\n## Start\n\n`edgeds video -b plate.npz` on a clip of one frame takes "
            f"{median(report['start_kept_secs']):.2f} s, from the start of the process to its end, with a "
            "plate that keeps its depth, as `edgeds capture` and `--save-plate` write it. With a picture "
            f"as the plate its depth is computed first: {median(report['start_secs']):.2f} s.\n"
        )
    return "".join(parts)


def _how(report: dict[str, Any]) -> str:
    machine = report["machine"]
    flags = ", ".join(machine["cpu_flags"]) or "not known"
    known = f" ({CLIPS[report['clip']]})" if report["clip"] in CLIPS else ""
    load = "not known" if report["load"] is None else f"{report['load']:.1f}"
    drawn = f"\n![the figures of this page as curves]({PLOT})\n" if (HERE / PLOT).exists() else ""
    return (
        f"\nMeasured on {report['day']}: {machine['cpu']}, {machine['cores']} cores "
        f"({flags}); {report['engine']}; clip {report['clip']}{known}. Load of the system before: {load}.\n\n"
        f"    {report['command']}\n    python docs/speed.py docs/speed.json\n{drawn}"
    )


def _sizes(rows: list[dict[str, Any]], cores: int) -> str:
    cells = []
    for row in rows:
        floor = row["ways"]["transcode"]
        plain = median(fps(floor))
        for way, turns in row["ways"].items():
            wall = [t["secs"] * cores / t["cpu_secs"] for t in turns]
            own = way != "transcode"
            cells.append([
                row["name"], way, span(fps(turns)), f"{median(fps(turns)) / plain:.2f}",
                span(cpu_ms(turns)), span(ratios(floor, turns), 2) if own else "1",
                f"{median(wall):.2f}", megabytes(turns),
            ])  # fmt: skip
    names = ["frames", "way", "fps", "of plain", "CPU ms", "x plain", "wall", "memory"]
    return table(names, cells)


def _stages(rows: list[dict[str, Any]]) -> str:
    cells = []
    for row in rows:
        stages = own(row["ways"])[-1]["stages"]
        cells.append([
            row["name"],
            *(" / ".join(f"{s[n]:.0f}" for n in ("p50_ms", "p95_ms", "p99_ms")) for s in stages.values()),
        ])  # fmt: skip
    text = "\nWorking time of the stages, milliseconds a frame (p50 / p95 / p99); they run at the same time:\n"
    return text + table(["frames", "decode", "estimate", "compose", "encode"], cells)


def _presets(report: dict[str, Any]) -> str:
    base = next((r for r in report["sizes"] if r["size"] == [720, 1280]), report["sizes"][0])
    floor, cells = base["ways"]["transcode"], []
    for preset, turns in base["ways"].items():
        if preset == "transcode":
            continue
        times = {
            arithmetic: next(
                (
                    f"{one['p50_ms']:.1f} ms"
                    for one in report["networks"]
                    if one["preset"] == preset and _arithmetic(one["engine"]) == arithmetic
                ),
                "not measured",
            )
            for arithmetic in ("float", "bfloat16", "INT8")
        }
        size = report["preset_sizes"][preset]
        cells.append([
            f"`{preset}`", f"{size[1]}x{size[0]}", *times.values(),
            span(fps(turns)), span(ratios(floor, turns), 2),
        ])  # fmt: skip
    where = base["name"]
    names = ["preset", "size", "network", "bfloat16", "INT8", f"fps, {where}", "x plain"]
    return table(names, cells)


def _arithmetic(engine: str) -> str:
    """By an engine's name."""
    if "-int8" in engine:
        return "INT8"
    return "bfloat16" if "in bfloat16" in engine else "float"


def _quality(quality: dict[str, Any]) -> str:
    cells = []
    scores = quality["presets"]["figures"]
    for preset in PRESET_SIZES:
        row = [f"`{preset}`"]
        for name in SETS:
            one = scores[f"{preset} {name}"]
            row.append(f"{one['iou']:.3f} / {one['boundary_f']:.3f}")
        cells.append([*row, f"{scores[f'{preset} rooms']['delta1']:.3f}"])
    text = table(["IoU / boundary F", *SETS.values(), "depth delta1, rooms"], cells)
    masks = max(PRESET_SIZES, key=lambda preset: sum(scores[f"{preset} {n}"]["iou"] for n in SETS))
    depth = max(PRESET_SIZES, key=lambda preset: scores[f"{preset} rooms"]["delta1"])
    return f"\n{measured(quality, 'presets')}\n{text}\n`{masks}` has the best masks, `{depth}` the best depth.\n"


def _compare(report: dict[str, Any]) -> str:
    ways, cells = report["compare"]["ways"], []
    mine = median(fps(own(ways)))
    for way, turns in ways.items():
        shown = way if way in ("transcode", "MediaPipe", "MOG2", "KNN") else f"edgeds, `{way}`"
        speed = f"{mine / median(fps(turns)):.2f}"
        cells.append([shown, span(fps(turns)), span(cpu_ms(turns)), megabytes(turns), speed])
    lost = [f"\n{name} was not measured: {why}.\n" for name, why in report["missing"].items()]
    return table(["way", "fps", "CPU ms", "memory", "speed"], cells) + "".join(lost)


def _scenes(rows: list[dict[str, Any]]) -> str:
    busy = next(median(cpu_ms(own(r["ways"]))) for r in rows if r["name"] == "busy")
    cells = []
    for row in rows:
        turns, floor = own(row["ways"]), row["ways"]["transcode"]
        cells.append([
            row["name"], f"{row['foreground']:.1%}", span(fps(turns)), span(cpu_ms(turns)),
            span(ratios(floor, turns), 2), f"{median(cpu_ms(turns)) / busy:.2f}",
        ])  # fmt: skip
    return table(["scene", "foreground", "fps", "CPU ms", "x plain", "CPU over busy"], cells)


def _streams(report: dict[str, Any]) -> str:
    cells = []
    for row in report["streams"]:
        turns = own(row["ways"])
        each = median(fps(turns)) / row["streams"]
        cells.append([
            str(row["streams"]), span(fps(turns)), f"{each:.1f}", span(cpu_ms(turns)), megabytes(turns),
        ])  # fmt: skip
    text = table(["streams", "fps, all", "fps, each", "CPU ms", "memory"], cells)
    if report["batches"]:
        one, *more = report["batches"]
        each = ", ".join(f"{b['cpu_ms']:.1f} ms in batches of {b['frames']}" for b in more)
        best = min(b["cpu_ms"] for b in more)
        verdict = "pays" if best < 0.95 * one["cpu_ms"] else "does not pay on this CPU"
        text += (
            f"\nThe network's CPU time a frame is {one['cpu_ms']:.1f} ms alone, {each}: "
            f"a batch {verdict}. edgeds runs the frames of streams one by one.\n"
        )
    return text


def own(ways: dict[str, Any]) -> list[dict[str, Any]]:
    """The turns of the default preset, or of the only one."""
    return ways.get("balanced") or next(t for way, t in ways.items() if way != "transcode")


def fps(turns: list[dict[str, Any]]) -> list[float]:
    return [turn["frames"] / turn["secs"] for turn in turns]


def cpu_ms(turns: list[dict[str, Any]]) -> list[float]:
    return [1e3 * turn["cpu_secs"] / turn["frames"] for turn in turns]


def ratios(floor: list[dict[str, Any]], turns: list[dict[str, Any]]) -> list[float]:
    return [b / a for a, b in zip(cpu_ms(floor), cpu_ms(turns), strict=True)]


def megabytes(turns: list[dict[str, Any]]) -> str:
    peaks = [turn["peak_bytes"] for turn in turns if turn["peak_bytes"]]
    return f"{max(peaks) / 1e6:.0f} MB" if peaks else "not known"


def span(values: list[float], digits: int = 0) -> str:
    digits = max(digits, 1) if max(values) < 10 else digits
    return " to ".join(dict.fromkeys(f"{v:.{digits}f}" for v in (min(values), max(values))))


def table(names: list[str], rows: list[list[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
