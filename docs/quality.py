"""Measure the figures of quality that the pages quote, to docs/quality.json.

python docs/quality.py DATA                    measure what is stale, then write the pages
python docs/quality.py DATA --only presets     one group; several: --only presets --only drift
python docs/quality.py DATA --again            measure it although it is not stale
python docs/quality.py --list                  print what is stale, measure nothing

DATA holds composites_val_exact, composites_val_wrong, rooms, rgbd_aims, clips/moving_person, and
for `moving_backgrounds` also foregrounds, backgrounds and splits.json.

A group of figures keeps the hashes of what it was measured with. It is stale when edgeds ships
another network, border or plate network. The hashes do not cover the code: after a change of code
that moves figures, give --again. An interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any, TypeAlias, get_args

HERE = Path(__file__).parent
FILE = HERE / "quality.json"
UNFINISHED = HERE / "quality.unfinished.json"
sys.path.insert(0, str(HERE))

from quality_pages import shipped_hashes, stale, write_pages  # noqa: E402

from edgeds.estimate.settings import Preset  # noqa: E402

Part: TypeAlias = Callable[[], Any]
"""Measures a part of a group; gives what JSON can hold."""
SETS = {
    "moving_person": ["clips/moving_person"],
    "exact": ["composites_val_exact"],
    "wrong": ["composites_val_wrong"],
    "rooms": ["rooms", "--scenes", "*7"],
}


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that are measured together."""

    needs: tuple[str, ...]
    """The names of the hashes that its figures depend on."""
    parts: Callable[[Path], Mapping[str, Part]]
    """From DATA: name of a part -> how to measure it. The slowest takes some minutes."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--only", action="append", choices=GROUPS, metavar="GROUP")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    figures = json.loads(FILE.read_text())
    if asked.list:
        for name in GROUPS:
            print(f"{name}: {', '.join(stale(figures.get(name))) or 'is current'}")
        return
    if asked.data is None:
        parser.error("give DATA, the folder with the sets")
    for name in asked.only or GROUPS:
        if asked.again or stale(figures.get(name)):
            print(f"== {name}", flush=True)
            group = GROUPS[name]
            hashes = {key: shipped_hashes()[key] for key in group.needs}
            found = measured(name, group, asked.data, UNFINISHED)
            keep(name, {"day": datetime.date.today().isoformat(), "with": hashes, "figures": found})
            forget(name, UNFINISHED)
    write_pages()


def keep(name: str, group: dict[str, Any]) -> None:
    """Put a group into the file as it is by now: another run may have measured another group."""
    figures = json.loads(FILE.read_text()) | {name: group}
    FILE.write_text(json.dumps(figures, indent=1) + "\n")


def measured(name: str, group: Group, data: Path, unfinished: Path) -> dict[str, Any]:
    """Measure every part that the unfinished file does not have of the same hashes."""
    hashes = {key: shipped_hashes()[key] for key in group.needs}
    begun = json.loads(unfinished.read_text()) if unfinished.exists() else {}
    if begun.get(name, {}).get("with") != hashes:
        begun[name] = {"with": hashes, "parts": {}}
    done: dict[str, Any] = begun[name]["parts"]
    for part, measure in group.parts(data).items():
        if part not in done:
            done[part] = measure()
            unfinished.write_text(json.dumps(begun))
            print(part, json.dumps(done[part])[:150], flush=True)
    return done


def forget(name: str, unfinished: Path) -> None:
    """The group is kept: what was measured of it in between is not needed any more."""
    begun = json.loads(unfinished.read_text())
    del begun[name]
    unfinished.write_text(json.dumps(begun)) if begun else unfinished.unlink()


def printed(*arguments: str | Path) -> list[dict[str, Any]]:
    """The lines of JSON that `python -m ...` prints."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        stdout=subprocess.PIPE, text=True, check=True, cwd=HERE.parent,
    )  # fmt: skip
    lines = done.stdout.strip()
    return (
        [json.loads(lines)] if lines.startswith("{\n") else list(map(json.loads, lines.split("\n")))
    )


def evaluated(data: Path, name: str, *options: str) -> dict[str, Any]:
    """What `edgeds eval --json` prints of a set."""
    folder, *scenes = SETS[name]
    (report,) = printed("edgeds", "eval", data / folder, *scenes, *options, "--json")
    return report


def scores(report: dict[str, Any]) -> dict[str, Any]:
    """The metrics that a set has, with their intervals."""
    found = {**report["alpha"], **report["depth"], **report["more"]}
    found["dtssd"] = report["video"]["dtssd"]
    wanted = (
        "mad", "iou", "boundary_f", "empty_false_alarm", "delta1", "abs_rel",
        "depth_boundary_recall", "dtssd",
    )  # fmt: skip
    kept: dict[str, Any] = {key: round(found[key], 6) for key in wanted if found[key] is not None}
    intervals = {key: report["interval95"].get(key) for key in kept}
    kept["interval95"] = {
        key: [round(v, 5) for v in ends] for key, ends in intervals.items() if ends
    }
    return kept


def presets(data: Path) -> dict[str, Part]:
    return {
        f"{preset} {name}": partial(preset_scores, data, name, preset)
        for name in SETS
        for preset in get_args(Preset)
    }


def preset_scores(data: Path, name: str, preset: Preset) -> dict[str, Any]:
    return scores(evaluated(data, name, "--preset", preset))


def border_once(data: Path) -> dict[str, Part]:
    return {name: partial(border_once_scores, data, name) for name in SETS}


def border_once_scores(data: Path, name: str) -> dict[str, Any]:
    """A set's scores where the border is not drawn again, as with `--preset fast`."""
    from edgeds.engine import open_engine
    from edgeds.engine.engine_folders import default_engine
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained_estimator import MaintainedEstimator
    from edgeds.estimate.settings import DRAWN_ONCE
    from edgeds.evaluation.dataset import read_set
    from edgeds.evaluation.evaluate import evaluate
    from edgeds.plate.plate import Plate
    from edgeds.types import Pixels

    folder, *scenes = SETS[name]
    dataset = read_set(data / folder)
    dataset = dataset.of_scenes(scenes[1]) if scenes else dataset
    deep = open_plate_depth() if any(item.depth_mm for item in dataset.items) else None
    with open_engine(default_engine()) as engine:

        def for_plate(pixels: Pixels) -> MaintainedEstimator:
            plate = Plate(pixels, origin="file")
            estimate = Estimator(engine, plate, depth_network=deep, matte=DRAWN_ONCE)
            return MaintainedEstimator(estimate)

        return scores(json.loads(json.dumps(evaluate(dataset, for_plate).to_json())))


def wrong_plates(data: Path) -> dict[str, Part]:
    return {"sweep": lambda: evaluated(data, "exact", "--sweep")["sweep"]}


def drift(data: Path) -> dict[str, Part]:
    from edgeds.evaluation.drift_cases import CASES

    names = dict.fromkeys(case.name for case in CASES)
    return {
        f"{name}, {case}": partial(drift_cases, data, name, case)
        for case in names
        for name in ("moving_person", "rooms")
    }


def drift_cases(data: Path, name: str, case: str) -> list[dict[str, Any]]:
    """Means over a set's clips for each setting of a case, and the clips that miss the goal."""
    found: dict[str, list[dict[str, Any]]] = {}
    for trial in evaluated(data, name, "--drift", "--cases", case)["drift"]:
        found.setdefault(trial["setting"], []).append(trial)
    means = []
    for setting, trials in found.items():
        mads = {key: mean(t[key] for t in trials) for key in ("undisturbed", "off", "on")}
        means.append({
            "case": case,
            "setting": setting,
            "clips": len(trials),
            **{key: round(value, 6) for key, value in mads.items()},
            "ratio": round(max(mads["on"], 1e-3) / max(mads["undisturbed"], 1e-3), 3),
            "prompts": sum(bool(t["prompt"]) for t in trials),
            "prompt_secs": [t["prompt_secs"] for t in trials if t["prompt"]],
            "missed": [t for t in trials if t["verdict"] != "ok"],
        })  # fmt: skip
    return means


def bfloat16(_data: Path) -> dict[str, Part]:
    return {"bfloat16": compared_with_float}


def compared_with_float() -> dict[str, Any]:
    """Judge bfloat16 as an INT8 engine is judged: on held-out calibration frames."""
    from edgeds.engine import open_engine
    from edgeds.engine.build.accuracy_gate import held_out_by, measured_latency
    from edgeds.engine.build.calibration_set import read_calibration_set
    from edgeds.engine.engine_folders import default_engine, shipped_calibration_set

    path = shipped_calibration_set()
    assert path is not None
    items = read_calibration_set(path).held_out
    with open_engine(default_engine()) as plain, open_engine("bf16") as candidate:
        found = held_out_by(items, plain).compare(candidate)
        latency = measured_latency(plain, candidate)
    return {"rise": asdict(found.rise), "frames": found.frames, "ratio": latency.ratio}


def near_floor(data: Path) -> dict[str, Part]:
    return {"rgbd_aims": partial(registered_scores, data)}


def registered_scores(data: Path) -> dict[str, Any]:
    """Scores of the plate network where no training material comes from: a camera near the floor,
    whose depth is brought to its pictures first.
    """
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from edgeds.evaluation.dataset import read_set
    from train.plate_depth.plate_engine import evaluated_on_plates

    network = open_plate_depth()
    assert network is not None
    with tempfile.TemporaryDirectory() as folder:
        printed("train", "register", data / "rgbd_aims", "-o", folder)
        report = evaluated_on_plates(network, read_set(Path(folder)))
    return scores(json.loads(json.dumps(report.to_json())))


def moving_backgrounds(data: Path) -> dict[str, Part]:
    command = ("train", "noise", "engines/edgeds.safetensors", data, "--val")
    return {"noise": lambda: printed(*command)}


def protocol(data: Path) -> dict[str, Part]:
    def one(name: str) -> dict[str, Any]:
        folder, *scenes = SETS[name]
        weights = "engines/edgeds.safetensors"
        return printed("train", "protocol", weights, data / folder, *scenes)[0]

    return {name: partial(one, name) for name in ("exact", "wrong", "rooms")}


ALL = ("network", "border", "plate_depth")
GROUPS = {
    "presets": Group(ALL, presets),
    "border_once": Group(("network", "plate_depth"), border_once),
    "near_floor": Group(("plate_depth",), near_floor),
    "bfloat16": Group(("network",), bfloat16),
    "protocol": Group(("network",), protocol),
    "moving_backgrounds": Group(("network",), moving_backgrounds),
    "wrong_plates": Group(("network", "border"), wrong_plates),
    "drift": Group(("network", "border"), drift),
}
"""From the fastest to the slowest."""


if __name__ == "__main__":
    main()
