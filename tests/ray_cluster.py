"""`edgeds batch --ray` on two nodes in one machine, one of which is killed on the way.

python tests/ray_cluster.py          needs the extra `ray`; not part of the test suite, Ray is heavy
python tests/ray_cluster.py --compare    also measures one node against two

Every clip must be done, once in the record, with all its frames.
"""

from __future__ import annotations

import argparse
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
CLIPS, FRAMES = 6, 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--engine", default="difference")
    wanted = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)  # workers find edgeds there
    os.environ.setdefault("EDGEDS_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        clips = made_clips(Path(folder))
        if wanted.compare:
            compare(clips, wanted.engine)
        kill_one(clips, wanted.engine)


def made_clips(folder: Path) -> Path:
    """Links to one small clip under many names."""
    clips = folder / "clips"
    clips.mkdir()
    scene = SyntheticSource(size=(180, 320), frame_count=FRAMES)
    with open_sink(folder / "scene.mp4", scene.info) as sink:
        for frame in scene:
            sink.write(frame)
    for number in range(CLIPS):
        (clips / f"{number}.mp4").symlink_to(folder / "scene.mp4")
    return clips


def kill_one(clips: Path, engine: str) -> None:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    other = cluster.add_node(num_cpus=1)
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
    for nodes in (1, 2, 1, 2):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        for _ in range(nodes - 1):
            cluster.add_node(num_cpus=1)
        out = clips.parent / f"{nodes}-{time.monotonic_ns()}"
        report = finished(start(clips, out, cluster.address, engine))
        print(f"{nodes} nodes: {report['secs']:.1f} s")
        cluster.shutdown()


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
