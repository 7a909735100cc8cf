"""Print the table of docs/drift.md from what `edgeds eval SET --drift --json` printed.

python docs/drift.py moving_person.json rooms.json [more_rooms.json ...]
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

Trials = list[dict[str, Any]]


def main() -> None:
    of_clip, *of_rooms = (json.loads(Path(name).read_text())["drift"] for name in sys.argv[1:])
    rooms = [trial for trials in of_rooms for trial in trials]
    print("| drift | moving_person | ratio | prompts | rooms | ratio | prompts | missed |")
    print("| --- " * 8 + "|")
    for name, setting in dict.fromkeys((t["case"], t["setting"]) for t in of_clip):
        columns = [f"{name} {setting}".strip()]
        for trials in (of_clip, rooms):
            columns += means([t for t in trials if (t["case"], t["setting"]) == (name, setting)])
        wrong = Counter(t["verdict"] for t in rooms if (t["case"], t["setting"]) == (name, setting))
        del wrong["ok"]
        columns.append(", ".join(f"{verdict}: {count}" for verdict, count in wrong.items()))
        print(f"| {' | '.join(columns)} |")
    for trials in (of_clip, rooms):
        right = sum(t["verdict"] == "ok" for t in trials)
        print(f"\n{right} of {len(trials)} pass.")
        for t in trials:
            if t["verdict"] != "ok":
                print(missed(t))
    bumps = sorted(t["prompt_secs"] for t in of_clip + rooms if t["case"] == "bump")
    print("\nA bump was reported after", ", ".join(f"{secs} s" for secs in bumps))


def means(trials: Trials) -> list[str]:
    """Means over clips, their ratio, and prompts."""
    undisturbed, off, on = (
        1000 * sum(t[name] for t in trials) / len(trials) for name in ("undisturbed", "off", "on")
    )
    prompts = sum(bool(t["prompt"]) for t in trials)
    ratio = max(on, 1) / max(undisturbed, 1)
    maps = f"{undisturbed:.1f} / {off:.1f} / {on:.1f}"
    return [maps, f"{ratio:.2f}", f"{prompts} of {len(trials)}"]


def missed(trial: dict[str, Any]) -> str:
    maps = " / ".join(f"{1000 * trial[name]:.1f}" for name in ("undisturbed", "off", "on"))
    prompt = f'; "{trial["prompt"]}" after {trial["prompt_secs"]} s' if trial["prompt"] else ""
    name = f"{trial['case']} {trial['setting']}".strip()
    return f"- {name}, {trial['clip']}: {maps}, ratio {trial['ratio']:.2f}{prompt}"


if __name__ == "__main__":
    main()
