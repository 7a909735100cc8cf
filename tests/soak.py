"""A live run for a long time: does memory stay flat, latency low, and do the counts add up?

    python tests/soak.py --secs 600             the shipped network on the bundled clip, looped

Views change, plates are retaken, recordings begin and end, and viewers of the page come and go in
a process of their own, so that what grows here is the run's. Prints a JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np

from edgeds import Plate, open_engine, plate_at_size, plate_from_file
from edgeds.errors import SinkError
from edgeds.live.run import LiveReport, LiveRun
from edgeds.live.web.web_sink import WebSink
from edgeds.sources import WatchedSource, open_live_source
from edgeds.sources.process_memory import return_large_arrays
from edgeds.views.settings import VIEWS

DATA = Path(__file__).parent / "data"
VIEW_SECS = 60 / len(VIEWS)  # every minute has all of them, so minutes can be compared


@dataclass
class Soaked:
    """What a soak found. Minutes count from 0; the first one is for warming up."""

    report: LiveReport
    rss_mb: list[float] = field(default_factory=list)
    """Resident memory: the median of each minute."""
    p95_ms: list[float] = field(default_factory=list)
    """Latency: the median over each minute of the p95 of the last seconds."""
    fps: list[float] = field(default_factory=list)
    recordings: int = 0
    plates: int = 0
    snapshots: int = 0
    viewers: int = 0
    """Most at once."""

    @property
    def growth_mb(self) -> float:
        """From after the first minute to the end."""
        warm = self.rss_mb[1:] or self.rss_mb
        return warm[-1] - warm[0]


def soak(
    secs: float,
    source: WatchedSource,
    plate: Plate,
    *,
    engine: str | None,
    folder: Path,
    viewers: int,
    minute: float = 60,
) -> Soaked:
    """Run so long; `minute` is how many seconds count as one."""
    with open_engine(engine) as network:
        run = LiveRun(source, network, plate, folder=folder)
        page = WebSink("0", run)
        run.add_output("page", page)
        crowd = _crowd(page.link, viewers, secs) if viewers else None
        samples: list[tuple[float, float, float, float]] = []
        counts = {"recordings": 0, "plates": 0, "snapshots": 0, "viewers": 0}
        over = threading.Event()
        watch = threading.Thread(
            target=_watch, args=(run, page, over, samples, counts, minute / 60)
        )
        watch.start()
        try:
            report = run.run(duration_secs=secs)
        finally:
            over.set()
            watch.join()
            if crowd is not None:
                crowd.wait()
    soaked = Soaked(report, **counts)
    for number in range(int(samples[-1][0] // minute) + 1):
        of = np.array([s[1:] for s in samples if s[0] // minute == number])
        if len(of):
            rss, p95, fps = np.median(of, axis=0).round(1).tolist()
            soaked.rss_mb.append(rss)
            soaked.p95_ms.append(p95)
            soaked.fps.append(fps)
    return soaked


def _watch(
    run: LiveRun,
    page: WebSink,
    over: threading.Event,
    samples: list[tuple[float, float, float, float]],
    counts: dict[str, int],
    pace: float,
) -> None:
    """Sample every second, and ask for everything that can be asked for. `pace` 1 is real time."""
    began = time.monotonic()
    step = 0
    while not over.wait(pace):
        status = run.status()
        samples.append((time.monotonic() - began, _rss_mb(), status.latency_p95_ms, status.fps))
        counts["viewers"] = max(counts["viewers"], page.viewers)
        step += 1
        run.set_view(VIEWS[int(step // VIEW_SECS) % len(VIEWS)])
        if step % 20 == 10:
            try:
                run.start_recording()
            except SinkError:
                if not over.wait(10):
                    raise
                return  # the run has just ended
        if step % 20 == 15 and (path := run.stop_recording()) is not None:
            counts["recordings"] += 1
            path.unlink()
        if step % 60 == 40:
            counts["plates"] += 1
            run.take_plate()
        if step % 30 == 5 and (picture := run.snapshot()) is not None:
            counts["snapshots"] += 1
            picture.unlink()


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _crowd(url: str, viewers: int, secs: float) -> subprocess.Popen[bytes]:
    arguments = ["--look-at", url, "--viewers", str(viewers), "--secs", str(secs)]
    return subprocess.Popen([sys.executable, __file__, *arguments])


def come_and_go(url: str, viewers: int, secs: float) -> None:
    """So many viewers of a page, each for a few seconds at a time."""
    end = time.monotonic() + secs
    threads = [
        threading.Thread(target=_visit, args=(url, end, random.Random(seed)))
        for seed in range(viewers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _visit(url: str, end: float, chance: random.Random) -> None:
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    address = f"ws://{url.split('/')[2]}/live"
    while time.monotonic() < end:
        leave = min(end, time.monotonic() + chance.uniform(1, 8))
        try:
            with connect(address, origin=url.rstrip("/"), proxy=None, compression=None) as page:
                while time.monotonic() < leave:
                    message = page.recv(timeout=5)
                    if isinstance(message, bytes):
                        number = int.from_bytes(message[:4], "big")
                        page.send(json.dumps({"do": "ack", "number": number}))
        except (OSError, TimeoutError, WebSocketException):
            time.sleep(0.2)  # the page may have closed
        time.sleep(chance.uniform(0, 2))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--secs", type=float, default=600)
    options.add_argument("--engine")
    options.add_argument("--viewers", type=int, default=10)
    options.add_argument("--look-at", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.look_at:
        come_and_go(given.look_at, given.viewers, given.secs)
        return
    cv2.setNumThreads(1)
    return_large_arrays()
    source = open_live_source(f"file:{DATA / 'moving_person.mp4'}?loop")
    plate = plate_at_size(plate_from_file(DATA / "moving_person_plate.jpg"), source.info.size)
    with tempfile.TemporaryDirectory() as name:
        crowd, folder = given.viewers, Path(name)
        soaked = soak(given.secs, source, plate, engine=given.engine, folder=folder, viewers=crowd)
    print(json.dumps({"growth_mb": round(soaked.growth_mb, 1), **asdict(soaked)}, indent=1))


if __name__ == "__main__":
    main()
