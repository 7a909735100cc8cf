"""A short soak in every run; `python tests/soak.py --secs 600` is the long one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason='the extra "web" is not installed')

from soak import soak

from edgeds import Plate
from edgeds.sources import RealTimeSource, SyntheticSource


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_a_run_with_all_that_can_be_asked_of_it_keeps_its_counts_and_its_memory(
    tmp_path: Path,
) -> None:
    def open_clip() -> SyntheticSource:
        return SyntheticSource(empty=30, frame_count=60)

    source, plate = RealTimeSource(open_clip, loop=True), Plate(SyntheticSource().plate)
    # A minute is 3 s here: all views, recordings, plates and snapshots come by three times.
    soaked = soak(9, source, plate, engine="difference", folder=tmp_path, viewers=2, minute=3)
    report = soaked.report
    assert report.grabbed == report.delivered + report.dropped
    assert report.frames > 3
    assert soaked.recordings > 0
    assert soaked.plates > 0
    assert all(output.message == "" for output in report.outputs)
    assert soaked.snapshots > 0
    assert soaked.growth_mb < 60  # of code and encoders that come late; a leak takes the long one
    assert list(tmp_path.iterdir()) == []
