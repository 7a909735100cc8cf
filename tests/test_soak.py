"""A short soak in every run; `python tests/soak.py --secs 600` is the long one."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason='the extra "web" is not installed')

from soak import soak

from edgeds import Plate
from edgeds.sources import RealTimeSource, SyntheticSource, open_source


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
    # The run may end while it records; then that recording is complete, and the only file left.
    left = list(tmp_path.iterdir())
    assert len(left) <= 1
    for path in left:
        with open_source(path) as recording:
            assert len(list(recording)) > 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")
def test_large_arrays_go_back_to_the_system_however_large_ones_were_freed_before() -> None:
    """By themselves a freed 30 MB would take all of up to 30 MB to the heap."""
    script = """
import ctypes, sys
import numpy as np
from edgeds.sources.process_memory import return_large_arrays

if sys.argv[1] == "told":
    return_large_arrays()
np.ones(30_000_000, np.uint8)
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
kept, large = [], [np.ones(20_000_000, np.uint8) for _ in range(4)]
kept.append(np.ones(100_000, np.uint8))  # stays, above them in the heap
peak = resident()
del large
print((peak - resident()) // 1_000_000)
"""
    freed = {}
    for told in ("told", "untold"):
        done = subprocess.run(
            [sys.executable, "-c", script, told], capture_output=True, text=True, check=True
        )
        freed[told] = int(done.stdout)
    assert freed["told"] > 70
    assert freed["untold"] < 70, "glibc no longer keeps it: edgeds.sources.process_memory can go"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")
def test_smaller_arrays_of_every_frame_do_not() -> None:
    """Each time the system would have to make a thousand pages anew: a fifth of a 4K run."""
    script = """
import resource
import numpy as np
from edgeds.sources.process_memory import return_large_arrays

return_large_arrays()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(4_000_000, np.uint8)
before = faults()
for _ in range(50):
    np.ones(4_000_000, np.uint8)
print(faults() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 5_000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")
@pytest.mark.parametrize(
    "kept",
    [["--view", "cutout"], ["--view", "replace", "--backdrop", "#00b140"], ["--layers", "alpha"]],
)
def test_the_arrays_of_layers_do_not_either_in_the_threads_that_make_them(kept: list[str]) -> None:
    script = """
import contextlib, resource, sys, threading
import numpy as np
from edgeds.__main__ import main

with contextlib.suppress(SystemExit):
    main()
def layers():
    [np.ones(6_000_000, np.uint8) for _ in range(7)]
    [np.ones(9_000_000, np.uint8) for _ in range(3)]
def frames():
    layers()
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(10):
        layers()
    print(resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before)
thread = threading.Thread(target=frames)
thread.start()
thread.join()
"""
    made_anew = {}
    for way, options in (("kept", kept), ("returned", ["--view", "overlay"])):
        done = subprocess.run(
            [sys.executable, "-c", script, "video", "missing.mp4", *options],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        made_anew[way] = int(done.stdout.split()[-1])
    assert made_anew["kept"] < 5_000
    few = max(made_anew["kept"], 1_000)
    assert made_anew["returned"] > 2 * few, "glibc keeps them: keep_arrays_of_layers can go"
