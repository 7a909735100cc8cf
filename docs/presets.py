"""Measure the quality of the presets for docs/speed.md, with `edgeds eval`.

python docs/presets.py DATA [-o docs/presets.json]

DATA holds composites_val_exact, composites_val_wrong, rooms and clips/moving_person. What the file
has of the shipped network is not measured again, so that an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

from edgeds.engine import default_engine, read_card
from edgeds.estimate.settings import Preset

SETS = {
    "moving_person": ["clips/moving_person"],
    "exact": ["composites_val_exact"],
    "wrong": ["composites_val_wrong"],
    "rooms": ["rooms", "--scenes", "*7"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).with_suffix(".json"))
    asked = parser.parse_args()
    network = read_card(default_engine()).network_hash
    told: dict[str, Any] = {"network_hash": network, "presets": {}}
    if asked.output.exists():
        before = json.loads(asked.output.read_text())
        told = before if before["network_hash"] == network else told
    for name, (folder, *options) in SETS.items():
        for preset in get_args(Preset):
            scores = told["presets"].setdefault(preset, {})
            if name not in scores:
                scores[name] = scored(asked.data / folder, options, preset)
                asked.output.write_text(json.dumps(told, indent=2) + "\n")
                print(name, preset, scores[name])


def scored(path: Path, options: list[str], preset: Preset) -> dict[str, float | None]:
    command = ["-m", "edgeds", "eval", str(path), *options, "--preset", preset, "--json"]
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, check=True)
    report = json.loads(done.stdout)
    figures = {**report["alpha"], "delta1": report["depth"]["delta1"]}
    wanted = ("mad", "iou", "boundary_f", "delta1")
    return {key: None if figures[key] is None else round(figures[key], 5) for key in wanted}


if __name__ == "__main__":
    main()
