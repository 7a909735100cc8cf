"""Live in ten lines of Python: the newest frame and its maps, or the whole run, from a script."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from edgeds.sources import SyntheticSource

ROOT = Path(__file__).parents[1]

MAPS = """
import time
from edgeds import Estimator, latest, open_engine, open_live_source, plate_at_size, plate_from_file

with open_live_source("file:clip.mp4") as camera, open_engine() as engine:
    plate = plate_at_size(plate_from_file("empty.png"), camera.info.size)
    estimate = Estimator(engine, plate)
    for frame in latest(camera):  # always the newest; older ones are dropped
        maps = estimate(frame)
        age_ms = 1e3 * (time.monotonic() - frame.grabbed_secs)
        print(f"{maps.alpha.mean():.0%} foreground, {age_ms:.0f} ms after the grab")
"""

RUN = """
from edgeds import LiveRun, open_engine, open_live_source, open_sink, plate_at_size, plate_from_file

with open_live_source("file:clip.mp4") as camera, open_engine() as engine:
    plate = plate_at_size(plate_from_file("empty.png"), camera.info.size)
    run = LiveRun(camera, engine, plate, view="depth")
    run.add_output("video", open_sink("out.mp4", camera.info))
    report = run.run(duration_secs=60)
    print(report.grabbed == report.delivered + report.dropped)
"""


@pytest.mark.parametrize(("script", "printed"), [(MAPS, "% foreground, "), (RUN, "True")])
def test_a_script_of_ten_lines_runs(
    tmp_path: Path, make_clip: Callable[..., Path], script: str, printed: str
) -> None:
    assert len([line for line in script.splitlines() if line]) <= 10
    make_clip(frame_count=8)
    cv2.imwrite(str(tmp_path / "empty.png"), SyntheticSource(size=(90, 160)).plate[..., ::-1])
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout
