"""The page of speed is what its script writes from what was measured."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SPEED = runpy.run_path(str(DOCS / "speed.py"))
QUALITY = json.loads((DOCS / "quality.json").read_text())


def _turn(fps: float, cpu_ms: float) -> dict[str, Any]:
    stage = {"p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0}
    stages = dict.fromkeys(("decode", "estimate", "compose", "encode"), stage)
    return {
        "frames": 100, "secs": 100 / fps, "cpu_secs": cpu_ms / 10, "peak_bytes": 5e8,
        "stages": stages,
    }  # fmt: skip


@pytest.fixture
def report() -> dict[str, Any]:
    ways = {"transcode": [_turn(100, 10), _turn(80, 12)], "balanced": [_turn(25, 40)] * 2}
    row = {"name": "1280x720", "size": [720, 1280], "ways": ways, "foreground": 0.05, "streams": 1}
    still = {**ways, "balanced": [_turn(90, 12)] * 2}
    times = {"preset": "balanced", "engine": "edgeds-192x320-fp32 on OpenVINO CPU", "p50_ms": 9.5}
    bfloat = {**times, "engine": "edgeds-192x320-fp32 in bfloat16 on OpenVINO CPU", "p50_ms": 6.1}
    return {
        "day": "2026-01-02", "engine": "it", "clip": "in.mp4", "command": "edgeds bench --all",
        "quick": False, "load": 0.24, "sizes": [row], "networks": [times, bfloat],
        "preset_sizes": {"balanced": [192, 320]},
        "compare": {**row, "ways": {**ways, "MOG2": [_turn(50, 20)] * 2}},
        "missing": {"MediaPipe": "not installed"},
        "scenes": [{**row, "name": "static", "ways": still}, {**row, "name": "busy"}],
        "streams": [{**row, "streams": 2, "ways": {"balanced": [_turn(30, 40)]}}],
        "batches": [{"frames": 1, "cpu_ms": 10.0}, {"frames": 4, "cpu_ms": 10.4}],
        "start_secs": [1.0, 3.0, 1.1], "start_kept_secs": [0.8, 0.9, 0.7],
        "machine": {"cpu": "Some CPU", "cores": 2, "cpu_flags": ["avx2"]},
    }  # fmt: skip


def test_the_page_has_every_part_and_its_ratios(report: dict[str, Any]) -> None:
    page = SPEED["page"](report, QUALITY)
    for words in (
        "2026-01-02: Some CPU, 2 cores (avx2); it; clip in.mp4. Load of the system before: 0.2.",
        "    edgeds bench --all\n",
        "| 1280x720 | balanced | 25 | 0.28 | 40 | 3.33 to 4.00 | 2.00 | 500 MB |",
        "| `balanced` | 320x192 | 9.5 ms | 6.1 ms | not measured | 25 | 3.33 to 4.00 |",
        "| MOG2 | 50 | 20 | 500 MB | 0.50 |",
        "MediaPipe was not measured: not installed.",
        "| static | 5.0% | 90 | 12 | 1.00 to 1.20 | 0.30 |",
        "| 2 | 30 | 15.0 | 40 | 500 MB |",
        "10.4 ms in batches of 4: a batch does not pay on this CPU",
        "takes 0.80 s",
        "its depth is computed first: 1.10 s",
    ):
        assert words in page, words
    assert "not valid" not in page
    assert "not valid" in SPEED["page"]({**report, "quick": True}, QUALITY)


def test_a_busy_machine_is_on_the_page(report: dict[str, Any]) -> None:
    assert "Other programs" not in SPEED["page"](report, QUALITY)
    page = SPEED["page"]({**report, "load": 1.05}, QUALITY)
    assert "the load was 1.1 before, and figures are valid up to 0.5" in page
    assert "Other programs" not in SPEED["page"]({**report, "load": None}, QUALITY)


def test_the_page_is_what_the_script_writes() -> None:
    measured = DOCS / "speed.json"
    if not measured.exists():
        pytest.skip("docs/speed.json is not there: edgeds bench --all -o docs/speed.json")
    page = SPEED["page"](json.loads(measured.read_text()), QUALITY)
    assert (DOCS / "speed.md").read_text(encoding="utf-8") == page
