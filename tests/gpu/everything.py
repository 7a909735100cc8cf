"""Runs all that a machine with an NVIDIA GPU can show, and keeps what it printed.

    python tests/gpu/everything.py REPORT            # 8 to 12 minutes; sends nothing anywhere
    python tests/gpu/everything.py REPORT --quick    # 3 to 5 minutes
    python tests/gpu/everything.py REPORT --device cpu --quick    # to try the script without a GPU

Needs the checkout, torch for this GPU, PyAV 18.1 and pytest; nothing is installed, no network is
used. Each part has a time limit, and one that fails stops no other. REPORT/report.md is the report.
Exit codes: 0, all parts went well; 1, one failed; 2, there is no such GPU.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from this_gpu import ROOT, lacks


@dataclass(frozen=True)
class Part:
    """One program."""

    name: str
    secs: int
    """At most."""
    command: list[str]


def parts(folder: Path, device: str, *, quick: bool) -> list[Part]:
    """In the order of how much they tell."""
    python, clip = sys.executable, str(ROOT / "tests" / "data" / "people_walking.mp4")
    edgeds = [python, "-m", "edgeds"]
    fast = ["--quick"] if quick else []
    out = str(folder / "out.mp4")
    return [
        Part("doctor", 60, [*edgeds, "doctor"]),
        Part(
            "report", 340, [python, "-u", "tests/gpu/gpu_report.py", "--device", device, *fast],
        ),
        Part("video", 60, [*edgeds, "video", clip, "-o", out, "--device", device]),
        Part(
            "tests", 240,
            [
                python, "-m", "pytest", "-p", "no:cacheprovider", "-W", "default", "-rs", "-q",
                "tests/gpu",
            ],
        ),
        Part(
            "bench", 200,
            [
                *edgeds, "bench", "--device", device, "--at", "1280x720", "--frames", "60",
                "-o", str(folder / "bench.json"), *fast,
            ],
        ),
    ]  # fmt: skip


def ran(part: Part, folder: Path) -> str:
    """Run a part; its section of the report."""
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "110"}
    log = folder / f"{part.name}.log"
    with log.open("w", encoding="utf-8") as output:
        try:
            code: int | str = subprocess.run(
                part.command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
                timeout=part.secs, check=False,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            code = f"stopped after {part.secs} s"
    secs = time.perf_counter() - began
    sys.stderr.write(f"{part.name}: {code} ({secs:.0f} s)\n")
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    end = "\n".join(text.splitlines()[-60:])
    return f"## {part.name}\n\nexit {code}, {secs:.0f} s\n\n```\n{end}\n```\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--quick", action="store_true", help="fewer frames")
    asked = parser.parse_args()
    if problem := lacks(asked.device):
        sys.stderr.write(f"nothing to measure on {asked.device}: {problem}\n")
        return 2
    asked.folder.mkdir(parents=True, exist_ok=True)
    folder = asked.folder.resolve()
    report = folder / "report.md"
    sections: list[str] = []
    for part in parts(folder, asked.device, quick=asked.quick):
        sections.append(ran(part, folder))
        report.write_text("\n".join(sections), encoding="utf-8")  # what there is survives a crash
    sys.stdout.write(f"{report}\n")
    return 0 if all("\nexit 0," in section for section in sections) else 1


if __name__ == "__main__":
    sys.exit(main())
