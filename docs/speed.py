"""Print the table of docs/speed.md from what `edgeds bench -o FILE.json` wrote.

python docs/speed.py bench.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    report = json.loads(Path(sys.argv[1]).read_text())
    machine = report["machine"]
    print(f"{machine['cpu']}, {machine['cores']} cores; {report['engine']}; {report['day']};")
    print(f"clip {report['clip']}.\n")
    print("| frames | CPU ms, transcode | CPU ms, edgeds | ratio | fps | memory |")
    print("| --- " * 6 + "|")
    for row in report["rows"]:
        print(f"| {' | '.join(cells(row))} |")


def cells(row: dict[str, Any]) -> list[str]:
    height, width = row["size"]
    floor, own = (
        [1e3 * turn["cpu_secs"] / turn["frames"] for turn in row[way]]
        for way in ("transcode", "edgeds")
    )
    ratios = [b / a for a, b in zip(floor, own, strict=True)]
    fps = [turn["frames"] / turn["secs"] for turn in row["edgeds"]]
    peak = max(turn["peak_bytes"] or 0 for turn in row["edgeds"]) / 1e6
    spans = [span(floor, 0), span(own, 0), span(ratios, 2), span(fps, 0)]
    return [f"{width}x{height}", *spans, f"{peak:.0f} MB"]


def span(values: list[float], digits: int) -> str:
    return " to ".join(dict.fromkeys(f"{v:.{digits}f}" for v in (min(values), max(values))))


if __name__ == "__main__":
    main()
