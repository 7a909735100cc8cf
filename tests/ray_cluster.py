"""`edgeds batch --ray` on two nodes in one machine, one of which is killed on the way.

python tests/ray_cluster.py          needs the extra `ray`; not part of the test suite, Ray is heavy
python tests/ray_cluster.py --compare    also measures one node against two

Every clip must be done, once in the record, with all its frames. Each node has one core of this
machine to itself, as a machine with one core would: a clip's threads may use no other.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ray.cluster_utils import Cluster

from edgeds.sinks import open_sink
from edgeds.sources import SyntheticSource, open_source

ROOT = Path(__file__).parents[1]
CLIPS, FRAMES = 8, 40
MORE_FRAMES = 240
"""Of each clip that is compared: its work takes some seconds, and a process a second to start."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--engine", default="difference")
    wanted = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)  # workers find edgeds there
    os.environ.setdefault("EDGEDS_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        if wanted.compare:
            compare(made_clips(Path(folder) / "compared", MORE_FRAMES), wanted.engine)
        kill_one(made_clips(Path(folder) / "killed", FRAMES), wanted.engine)


def made_clips(folder: Path, frames: int) -> Path:
    """Links to one small clip under many names."""
    clips = folder / "clips"
    clips.mkdir(parents=True)
    scene = SyntheticSource(size=(180, 320), frame_count=frames)
    with open_sink(folder / "scene.mp4", scene.info) as sink:
        for frame in scene:
            sink.write(frame)
    for number in range(CLIPS):
        (clips / f"{number}.mp4").symlink_to(folder / "scene.mp4")
    return clips


def started(nodes: int) -> tuple[Cluster, list[Any]]:
    """A cluster whose nodes have one core each. Its processes inherit it from this one."""
    cluster, all_cores = Cluster(), os.sched_getaffinity(0)
    try:
        made = []
        for core in itertools.islice(itertools.cycle(sorted(all_cores)), nodes):
            os.sched_setaffinity(0, {core})
            made.append(cluster.add_node(num_cpus=1))
    finally:
        os.sched_setaffinity(0, all_cores)
    return cluster, made


def kill_one(clips: Path, engine: str) -> None:
    cluster, (_, other) = started(2)
    out = clips.parent / "killed"
    batch = start(clips, out, cluster.address, engine)
    while not (out / "edgeds-batch.jsonl").exists() or not ended(out):
        assert batch.poll() is None, batch.communicate()
        time.sleep(0.5)
    print(f"{len(ended(out))} clips are done; a node is killed")
    cluster.remove_node(other, allow_graceful=False)
    report = finished(batch)
    cluster.shutdown()
    names = [entry["clip"] for entry in ended(out)]
    assert sorted(names) == sorted(str(number) for number in range(CLIPS)), names
    assert report["done"] == CLIPS, report
    for number in range(CLIPS):
        with open_source(out / f"{number}.mp4") as source:
            assert sum(1 for _ in source) == FRAMES
    left = sorted(path.name for path in out.iterdir() if path.name[:1] == ".")
    assert not left, left
    print(f"all {CLIPS} clips are done, each once; {report['secs']:.0f} s")


def compare(clips: Path, engine: str) -> None:
    """One node and two, in turns."""
    secs: dict[int, list[float]] = {1: [], 2: []}
    for nodes in (1, 2, 1, 2):
        cluster, _ = started(nodes)
        out = clips.parent / f"{nodes}-{time.monotonic_ns()}"
        report = finished(start(clips, out, cluster.address, engine))
        assert report["done"] == CLIPS, report
        secs[nodes].append(report["secs"])
        print(f"{nodes} nodes: {report['secs']:.1f} s", flush=True)
        cluster.shutdown()
    one, two = min(secs[1]), min(secs[2])
    print(f"two nodes are {one / two:.2f} times as fast ({one:.1f} s, {two:.1f} s)")


def start(clips: Path, out: Path, address: str, engine: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "edgeds", "batch", str(clips), "-o", str(out), "--json"]
    command += ["--ray", address, "--cpus", "1", "--engine", engine]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished(batch: subprocess.Popen[str]) -> dict[str, Any]:
    stdout, _ = batch.communicate()
    assert batch.returncode == 0, stdout
    report: dict[str, Any] = json.loads(stdout)
    return report


def ended(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "edgeds-batch.jsonl").read_text().splitlines()]


if __name__ == "__main__":
    main()
