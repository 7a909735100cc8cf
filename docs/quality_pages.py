"""Write the figures of docs/quality.json, docs/speed.json and the engines' cards into the pages.

python docs/quality_pages.py

In a page, `<!-- figures: NAME -->` and `<!-- /figures -->` enclose what this script writes; edit it
here. Figures of weights that no longer ship are marked with the day they were measured.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean
from typing import Any, TypeAlias

ROOT = Path(__file__).parents[1]
FLOAT, INT8 = (
    ROOT / "engines" / f"edgeds-192x320-{kind}" / "card.json" for kind in ("fp32", "int8")
)
BORDER = ROOT / "edgeds" / "estimate" / "border_weights.npz"
REGRESSIONS = {
    "border regression, frames over 640x480": "border_weights_finer.npz",
    "regression of the border's colours": "colour_weights.npz",
}
"""Weights that ship, on which no figure of docs/quality.json depends: the sets are smaller, and alpha
does not depend on colours."""
_BLOCK = re.compile(r"(<!-- figures: ([\w-]+) -->)(.*?)(<!-- /figures -->)", re.DOTALL)
NAMES = {"network": "network", "border": "border regression", "plate_depth": "plate network"}

Figures: TypeAlias = dict[str, Any]
"""What docs/quality.json has."""


def main() -> None:
    write_pages()


def write_pages() -> None:
    figures = json.loads((ROOT / "docs" / "quality.json").read_text())
    for page in PAGES:
        path = ROOT / page
        text = path.read_text(encoding="utf-8")
        if (new := with_figures(text, page, figures)) != text:
            path.write_text(new, encoding="utf-8")
            print(f"{page} is new")


def with_figures(text: str, page: str, figures: Figures) -> str:
    """The page's text with every block of figures written anew.

    Raises:
        KeyError: the page has a block that nothing writes.
    """
    writers = PAGES[page]
    return _BLOCK.sub(lambda found: f"{found[1]}{writers[found[2]](figures)}{found[4]}", text)


def shipped_hashes() -> dict[str, str]:
    """SHA-256 of what the figures depend on."""
    card = json.loads(FLOAT.read_text())
    return {
        "network": card["network_hash"],
        "border": hashlib.sha256(BORDER.read_bytes()).hexdigest(),
        "plate_depth": card["files"]["plate_depth.onnx"],
    }


def stale(group: Figures | None) -> list[str]:
    """What has changed since a group was measured."""
    if group is None:
        return ["it was never measured"]
    shipped = shipped_hashes()
    return [
        f"another {NAMES[key]}" for key, value in group["with"].items() if value != shipped[key]
    ]


def measured(figures: Figures, name: str) -> str:
    """The sentence before a group's figures."""
    group = figures[name]
    how = f"`python docs/quality.py DATA --only {name}`"
    if changed := stale(group):
        return (
            f"**Measured on {group['day']}, with {' and '.join(changed)} than the shipped "
            f"one{'s' if len(changed) > 1 else ''}** ({how})."
        )
    return f"Measured on {group['day']} ({how})."


def results(figures: Figures) -> str:
    """MODEL.md's first table. A figure that reaches its goal is bold."""
    found, rows = figures["presets"]["figures"], []
    for name, lines in RESULTS.items():
        scores = found[f"balanced {name}"]
        for place, (key, goal) in enumerate(lines):
            value = scores[key]
            worse = key in ("mad", "abs_rel", "dtssd")
            reached = goal is not None and (value <= goal if worse else value >= goal)
            ends = scores["interval95"].get(key)
            rows.append([
                "" if place else name,
                METRICS[key][0],
                f"**{shown(key, value)}**" if reached else shown(key, value),
                " to ".join(shown(key, end) for end in ends) if ends else "",
                "" if goal is None else shown(key, goal),
            ])  # fmt: skip
    false = found["balanced wrong"]["empty_false_alarm"]
    return (
        f"\n\n{measured(figures, 'presets')}\n\n"
        + table(["set", "metric", "measured", "95 %", "goal"], rows)
        + f"\nIn the 12 empty frames of *wrong*, {percent(false)} of the pixels are over .5.\n\n"
    )


def border_once(figures: Figures) -> str:
    rows = [
        [
            name,
            shown("mad", one["mad"]),
            shown("iou", one["iou"]),
            shown("boundary_f", one["boundary_f"]),
        ]
        for name, one in figures["border_once"]["figures"].items()
    ]
    head = ["border drawn once", "alpha MAD", "IoU", "boundary F"]
    return f"\n\n{measured(figures, 'border_once')}\n\n{table(head, rows)}\n"


def moving_backgrounds(figures: Figures) -> str:
    lines = figures["moving_backgrounds"]["figures"]["noise"]
    empty = {
        line["plate"]: line["false"]
        for line in lines
        if (line["background"], line["frame"]) == ("moving", "empty")
    }
    before, now = (" / ".join(percent(empty[p][i]) for p in ("captured", "clip")) for i in (0, 1))
    return (
        f" {measured(figures, 'moving_backgrounds')}\nIn empty frames, {now} of the pixels are over .5 (captured plate / "
        f"plate from the clip); {before} if the network is\nnot given the plate's noise. The goal is .2 %."
    )


def plate_depth(_figures: Figures) -> str:
    """MODEL.md's table of the plate network, from the engine's card."""
    scores = json.loads(FLOAT.read_text())["metrics"]["plate_depth"]
    rows = [
        [
            "rendered rooms, validation" if name == "rooms" else name.replace("_", " "),
            str(one["plates"]),
            *(shown(key, one[key]) for key in ("delta1", "abs_rel", "depth_boundary_recall")),
        ]
        for name, one in scores.items()
    ]
    rows.append(["mean", "", *(
        shown(key, mean(one[key] for one in scores.values()))
        for key in ("delta1", "abs_rel", "depth_boundary_recall")
    )])  # fmt: skip
    return f"\n\n{table(['set', 'plates', 'delta1', 'AbsRel', 'boundary recall'], rows)}\n"


def near_floor(figures: Figures) -> str:
    one = figures["near_floor"]["figures"]["rgbd_aims"]
    return (
        f" {measured(figures, 'near_floor')} On the registered set,\n"
        f"delta1 is **{shown('delta1', one['delta1'])}** and AbsRel **{shown('abs_rel', one['abs_rel'])}**; the goals are .70 and .24."
    )


def depth(figures: Figures) -> str:
    """README's sentence about depth."""
    rooms = figures["presets"]["figures"]["balanced rooms"]["delta1"]
    streets = json.loads(FLOAT.read_text())["metrics"]["plate_depth"]["drawn_streets"]["delta1"]
    floor = figures["near_floor"]["figures"]["rgbd_aims"]["delta1"]
    days = {figures[name]["day"] for name in ("presets", "near_floor") if stale(figures[name])}
    of_before = f" (measured on {min(days)}, with earlier weights)" if days else ""
    return (
        f"{rooms:.0%} of the pixels are\n  within a factor of 1.25 of the true depth, after a fit of scale and shift; "
        f"in drawn streets {streets:.0%},\n  before a real camera near the floor {floor:.0%}{of_before}."
    ).replace("%", " %")


def wrong_plates(figures: Figures) -> str:
    points = figures["wrong_plates"]["figures"]["sweep"]
    found = {
        (p["error"], p["strength"]): f"{shown('mad', p['mad'])} / {shown('iou', p['iou'])}"
        for p in points
    }
    rows = [["none", found["none", None], ""]]
    rows += [
        [label, found[name, middle], found[name, most]]
        for name, (middle, most, label) in ERRORS.items()
    ]
    rows.append(
        ["**all together at middle strength** (goal: 14e-3 / .93)", f"**{found['all', None]}**", ""]
    )
    false = max((p["empty_false_alarm"], p["error"], p["strength"]) for p in points)
    alarms = (
        f"At most {false[0]:.1e} of the pixels of empty frames are over .5 ({false[1]} {number(false[2])})."
        if false[0]
        else "No pixel of an empty frame is over .5."
    )
    head = ["error of the plate", "middle strength", "largest strength"]
    return f"\n\n{measured(figures, 'wrong_plates')} Alpha MAD / IoU:\n\n{table(head, rows)}\n{alarms}\n\n"


def arithmetic(figures: Figures) -> str:
    """Of bfloat16 and INT8: on held-out calibration frames, against float."""
    gate = json.loads(INT8.read_text())["metrics"]["gate"]
    half = figures["bfloat16"]["figures"]["bfloat16"]
    rows = [["`edgeds-192x320-fp32`", "float", "1", "", "", ""]]
    for name, kind, ratio, rise in (
        ("`bf16`", "bfloat16", half["ratio"], half["rise"]),
        (
            "`edgeds-192x320-int8`",
            "INT8, with VNNI",
            gate["latency"]["ratio"],
            gate["comparison"]["rise"],
        ),
    ):
        rows.append([
            name, kind, bare(f"{ratio:.2f}"), signed(1e3 * rise["alpha_mad"], 2, "e-3"),
            signed(-rise["iou_loss"], 4), signed(100 * rise["depth_abs_rel"], 1, " %"),
        ])  # fmt: skip
    head = [
        "`--engine`",
        "computes in",
        "time of a frame's network",
        "alpha MAD",
        "IoU",
        "depth AbsRel",
    ]
    return f"\n\n{table(head, rows)}\nbfloat16: {lower(measured(figures, 'bfloat16'))} INT8: from its card, of the day it was built.\n\n"


def protocol(figures: Figures) -> str:
    found = figures["protocol"]["figures"]
    rows = [
        ["mask, exact composites", *root(found["exact"]["mask_rms"], 0.035)],
        [
            "mask, wrong composites (the course project had exact plates only)",
            root(found["wrong"]["mask_rms"])[0],
            "",
        ],
        [
            "depth against the true inverse depth, 0 to 1, rooms",
            *root(found["rooms"]["depth_rms"], 0.09),
        ],
    ]
    return f"\n\n{measured(figures, 'protocol')}\n\n{table(['', 'measured', 'goal'], rows)}\n"


def root(value: float, goal: float | None = None) -> list[str]:
    text = bare(f"{value:.4f}")
    if goal is None:
        return [text]
    return [f"**{text}**" if value <= goal else text, bare(f"{goal:g}")]


def drift(figures: Figures) -> str:
    parts = figures["drift"]["figures"]
    of_clip, of_rooms = (
        [case for name, cases in parts.items() if name.startswith(kind) for case in cases]
        for kind in ("moving_person", "rooms")
    )
    rows = []
    for clip, rooms in zip(of_clip, of_rooms, strict=True):
        wrong = Counter(t["verdict"] for case in (clip, rooms) for t in case["missed"])
        missed = ", ".join(f"{verdict}: {count}" for verdict, count in wrong.items())
        rows.append(
            [f"{clip['case']} {clip['setting']}".strip(), *means(clip), *means(rooms), missed]
        )
    head = ["drift", "moving_person", "ratio", "prompts", "rooms", "ratio", "prompts", "missed"]
    return (
        f"\n\n{measured(figures, 'drift')}\n\n{table(head, rows)}\n{_verdicts(of_clip, of_rooms)}\n"
    )


def means(case: dict[str, Any]) -> list[str]:
    """Alpha's errors, their ratio, and prompts."""
    whole, off, on = (1000 * case[key] for key in ("undisturbed", "off", "on"))
    prompts = f"{case['prompts']} of {case['clips']}"
    return [f"{whole:.1f} / {off:.1f} / {on:.1f}", f"{case['ratio']:.2f}", prompts]


def _verdicts(of_clip: list[dict[str, Any]], of_rooms: list[dict[str, Any]]) -> str:
    words = []
    for name, cases in (("`moving_person`", of_clip), ("the rooms", of_rooms)):
        played = sum(case["clips"] for case in cases)
        words.append(f"{name} passes" if cases is of_clip else f"{name} pass")
        words[-1] += f" in {played - sum(len(case['missed']) for case in cases)} of {played} cases"
    both = of_clip + of_rooms
    bumps = [case for case in both if case["case"] == "bump"]
    secs = [one for case in bumps for one in case["prompt_secs"]]
    lines = [
        f"Clip by clip, {', '.join(words)}. After a bump, edgeds asks for a new plate in {len(secs)} of "
        f"{sum(case['clips'] for case in bumps)} clips, {span(secs)} s later."
    ]
    missed = [
        f"- {' '.join((t['case'], t['setting'])).strip()}, {t['clip']}: "
        f"{' / '.join(f'{1000 * t[key]:.1f}' for key in ('undisturbed', 'off', 'on'))}, "
        f"ratio {t['ratio']:.2f}, {t['verdict']}"
        for case in both
        for t in case["missed"]
    ]
    return "\n".join([*lines, *(["These miss the goal:", "", *missed] if missed else []), ""])


def in_use(_figures: Figures) -> str:
    """The hashes at the head of train/NOTES.md."""
    hashes = shipped_hashes()
    rows = [
        [NAMES[key], f"`{file}`", f"`{hashes[key][:16]}`"]
        for key, file in (
            ("network", "engines/edgeds.safetensors"),
            ("plate_depth", "engines/edgeds-192x320-fp32/plate_depth.onnx"),
            ("border", "edgeds/estimate/border_weights.npz"),
        )
    ]
    for name, file in REGRESSIONS.items():
        digest = hashlib.sha256((BORDER.parent / file).read_bytes()).hexdigest()
        rows.append([name, f"`edgeds/estimate/{file}`", f"`{digest[:16]}`"])
    return f"\n\n{table(['what', 'file', 'SHA-256 begins'], rows)}\n"


METRICS = {
    "mad": ("alpha MAD",),
    "iou": ("alpha IoU",),
    "boundary_f": ("boundary F, 2 px",),
    "delta1": ("inverse depth, scale and shift fitted: delta1",),
    "abs_rel": ("AbsRel",),
    "depth_boundary_recall": ("depth boundary recall",),
    "dtssd": ("alpha dtSSD",),
}
RESULTS: dict[str, list[tuple[str, float | None]]] = {
    "exact": [("mad", 2.3e-3), ("iou", 0.98), ("boundary_f", 0.97)],
    "wrong": [("mad", 4e-3), ("iou", 0.96), ("boundary_f", 0.93)],
    "rooms": [
        ("mad", 6e-3), ("iou", 0.97), ("delta1", 0.93), ("abs_rel", 0.1),
        ("depth_boundary_recall", 0.7),
    ],
    "moving_person": [("mad", 4.8e-3), ("dtssd", 3.2e-2), ("delta1", None), ("abs_rel", None)],
}  # fmt: skip
ERRORS: dict[str, tuple[float, float, str]] = {
    "exposure": (0.3, 1.2, "exposure .3 / 1.2 EV"),
    "white balance": (0.02, 0.08, "white balance 2 / 8 %"),
    "shift": (1, 4, "shift 1 / 4 px of 640"),
    "rotation": (0.2, 0.8, "rotation .2 / .8 degrees"),
    "shadow": (0.35, 0.7, "shadow .35 / .7"),
    "noise": (6, 24, "noise 6 / 24 levels"),
    "JPEG": (55, 15, "JPEG quality 55 / 15"),
}
"""Error of a plate -> middle strength, largest strength, both in words."""


def shown(key: str, value: float) -> str:
    if key == "mad":
        return f"{1e3 * value:.1f}e-3"
    if key == "dtssd":
        return f"{1e2 * value:.2f}e-2"
    return bare(f"{value:.{2 if key == 'depth_boundary_recall' else 3}f}")


def bare(text: str) -> str:
    """Without the zero before the point."""
    return text[1:] if text.startswith("0.") else text


def signed(value: float, digits: int, unit: str = "") -> str:
    text = f"{value:+.{digits}f}"
    return f"{text[0]}{bare(text[1:])}{unit}" if float(text) else "0"


def number(value: float | None) -> str:
    return "" if value is None else bare(f"{value:g}")


def percent(value: float) -> str:
    return f"{bare(f'{100 * value:.2g}')} %"


def lower(text: str) -> str:
    return text.replace("Measured", "measured", 1)


def span(values: Iterable[float]) -> str:
    ends = sorted(values)
    return " to ".join(dict.fromkeys(f"{v:.1f}" for v in (ends[0], ends[-1])))


def table(names: list[str], rows: list[list[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


PAGES: dict[str, dict[str, Callable[[Figures], str]]] = {
    "README.md": {"depth": depth},
    "MODEL.md": {
        "results": results,
        "border-once": border_once,
        "moving-backgrounds": moving_backgrounds,
        "plate-depth": plate_depth,
        "near-floor": near_floor,
        "wrong-plates": wrong_plates,
        "arithmetic": arithmetic,
        "protocol": protocol,
    },
    "docs/drift.md": {"drift": drift},
    "docs/engines.md": {"arithmetic": arithmetic},
    "train/NOTES.md": {"in-use": in_use},
}
"""Page -> its blocks."""


if __name__ == "__main__":
    main()
