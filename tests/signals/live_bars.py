"""What live runs cost, and how late events are. Each command prints one JSON object.

    python -m tests.signals.live_bars latency            frame grab -> subscriber of a local broker
    python -m tests.signals.live_bars consumers          broker and webhook down, slow, flapping
    python -m tests.signals.live_bars cameras --count 4  cameras of 640x360 at 10 fps, mostly still

Run it on an idle machine. The first two need mosquitto; --engine difference leaves the network out.
"""

from __future__ import annotations

import argparse
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from edgeds.engine import open_engine
from edgeds.live.run import LiveRun
from edgeds.live.signals.delivery.mqtt import Mqtt, broker_from_url
from edgeds.live.signals.delivery.retry_queue import Delivery, Outbox
from edgeds.live.signals.delivery.webhook import Webhook
from edgeds.live.signals.rules.kinds import Rules, Zone
from edgeds.live.signals.signals import FrameSignals, Signals
from edgeds.plate.plate import Plate
from edgeds.sinks import open_sink
from edgeds.sources import RealTimeSource, SyntheticSource
from edgeds.sources.process_memory import peak_bytes
from edgeds.types import Closing, Frame

from .test_mqtt import Mosquitto, Subscriber

SIZE = (360, 640)
_HALVES = tuple(
    Zone(name=f"zone {n}", points=((n / 8, 0), ((n + 1) / 8, 0), ((n + 1) / 8, 1), (n / 8, 1)))
    for n in range(8)
)
"""Whoever walks through the picture makes many events."""
_STILL_SHARE = 5
"""Of so many loops of a camera's clip, one has somebody in it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("latency", "consumers", "cameras"))
    parser.add_argument("--secs", type=float, default=15.0, help="length of each run")
    parser.add_argument("--count", type=int, default=4, help="number of cameras")
    parser.add_argument("--together", action="store_true", help="somebody is before all at once")
    parser.add_argument("--engine", help="default: the shipped one")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if wanted.command == "cameras":
            result = cameras(Path(folder), wanted)
        else:
            made = {"latency": latency, "consumers": consumers}[wanted.command]
            result = made(Path(folder), wanted)
    print(json.dumps(result))


class _Timed(Signals):
    """Also keeps the time at which the objects of a frame were known, by the events' numbers."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.made: dict[int, tuple[float, float]] = {}
        """{number: (frame was grabbed, event was made)}, on `time.monotonic`'s clock."""

    def __call__(self, frame: Any, maps: Any, **named: Any) -> FrameSignals:
        seen = super().__call__(frame, maps, **named)
        for event in seen.events:
            self.made[event.number] = (frame.grabbed_secs or 0.0, time.monotonic())
        return seen


class _Nowhere(Closing):
    """A sink that keeps nothing, so that what grows is the run."""

    location = "nowhere"
    lost = 0

    def write(self, frame: Frame) -> None:
        pass

    def close(self) -> None:
        pass


def _live(
    outboxes: tuple[Outbox, ...], wanted: argparse.Namespace, *, rate: int = 15
) -> tuple[_Timed, float]:
    """A run with somebody in the picture. Returns (signals, frames a second)."""
    rules = Rules(zones=_HALVES)
    signals = _Timed(rules, SIZE, source="live", listeners=outboxes)
    source = RealTimeSource(
        lambda: SyntheticSource(size=SIZE, frame_count=10 * rate, rate=Fraction(rate)), loop=True
    )
    with open_engine(wanted.engine, device="cpu") as engine, source:
        plate = Plate(SyntheticSource(size=SIZE).plate)
        with LiveRun(source, engine, plate, signals=signals) as run:
            run.add_output("nowhere", _Nowhere())
            report = run.run(duration_secs=wanted.secs)
    return signals, report.fps


def latency(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """From the grab of a frame to the subscriber, less what the frame itself took."""
    broker = Mosquitto(folder)
    subscriber = Subscriber(broker.port)
    with Outbox(Mqtt(_place(broker.port), discovery=None)) as outbox:
        signals, fps = _live((outbox,), wanted)
    arrived = {
        json.loads(body)["number"]: at
        for topic, body, at in subscriber.got
        if topic.endswith("/event")
    }
    subscriber.close()
    broker.stop()
    numbers = sorted(signals.made.keys() & arrived.keys())
    if not numbers:
        return {"events": 0, "missing": len(signals.made), "fps": round(fps, 2)}
    whole = np.array([arrived[n] - signals.made[n][0] for n in numbers]) * 1e3
    above = np.array([arrived[n] - signals.made[n][1] for n in numbers]) * 1e3
    return {
        "events": len(numbers),
        "missing": len(signals.made) - len(numbers),
        "fps": round(fps, 2),
        "grab to subscriber, p95 ms": round(float(np.percentile(whole, 95)), 1),
        "above the frame's own, p50 ms": round(float(np.percentile(above, 50)), 2),
        "above the frame's own, p95 ms": round(float(np.percentile(above, 95)), 2),
    }


def consumers(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """The rate of the picture with consumers in trouble, beside the rate without any."""
    _, alone = _live((), wanted)
    rows = {}
    for trouble in ("down", "slow", "flapping"):
        with ExitStack() as stack:
            broker = Mosquitto(folder)
            stack.callback(broker.stop)
            web = stack.enter_context(_webhook(0.5 if trouble == "slow" else 0.0))
            if trouble != "slow":
                stack.enter_context(_troubled(broker, web, flaps=trouble == "flapping"))
            settings = Delivery(
                max_waiting=50, first_wait_secs=0.1, longest_wait_secs=1, close_secs=2
            )
            outboxes = (
                Outbox(Mqtt(_place(broker.port), discovery=None), settings=settings),
                Outbox(Webhook(f"http://127.0.0.1:{web.server_port}/"), settings=settings),
            )
            before = peak_bytes()
            _, fps = _live(outboxes, wanted)
            grown = peak_bytes() - before
            for outbox in outboxes:
                outbox.close()
        counts = [outbox.counts for outbox in outboxes]
        rows[trouble] = {
            "fps ratio": round(fps / alone, 3),
            "peak memory grew by, MB": round(grown / 1e6, 1),
            "produced": [one.produced for one in counts],
            "delivered": [one.delivered for one in counts],
            "lost": [one.lost for one in counts],
            "add up": all(
                one.produced == one.delivered + one.lost + one.replaced for one in counts
            ),
        }
    return {"fps alone": round(alone, 2), **rows}


def _place(port: int) -> Any:
    return broker_from_url(f"mqtt://127.0.0.1:{port}/bars", source="live")


class _Web(http.server.ThreadingHTTPServer):
    daemon_threads = True
    is_up = True


@contextmanager
def _webhook(secs: float) -> Iterator[_Web]:
    """A server that takes so long for each event, and answers 503 while it is not up."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(secs)
            self.send_response(204 if web.is_up else 503)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    web = _Web(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    yield web
    web.shutdown()
    thread.join()
    web.server_close()


@contextmanager
def _troubled(broker: Mosquitto, web: _Web, *, flaps: bool) -> Iterator[None]:
    """Broker and webhook are away; or away for a second in every two."""
    over = threading.Event()

    def flap() -> None:
        while not over.wait(1.0):
            broker.stop() if web.is_up else broker.start()
            web.is_up = not web.is_up

    broker.stop()
    web.is_up = False
    thread = threading.Thread(target=flap, daemon=True)
    if flaps:
        thread.start()
    yield
    over.set()
    if flaps:
        thread.join()


def cameras(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """`edgeds live cameras.toml` on clips in which somebody is there for a fifth of the time.

    One camera after the other sees somebody; with --together, all do at once.
    """
    scene = SyntheticSource(size=SIZE, frame_count=40, rate=Fraction(10))
    frames = [*scene, *(_empty(scene, 40 + index) for index in range(40 * (_STILL_SHARE - 1)))]
    for number in range(wanted.count):
        later = 0 if wanted.together else len(frames) * number // wanted.count
        with open_sink(folder / f"{number}.mp4", scene.info) as sink:
            for index in range(len(frames)):
                frame = frames[(index - later) % len(frames)]
                sink.write(Frame(frame.pixels, index, index, Fraction(1, 10)))
    import cv2

    cv2.imwrite(str(folder / "plate.png"), scene.plate[..., ::-1])
    text = 'plate = "plate.png"\nfps = 10\n'
    for number in range(wanted.count):
        text += f'[[camera]]\nname = "c{number}"\nsource = "file:{number}.mp4?loop"\n'
    (folder / "cameras.toml").write_text(text)
    command = [sys.executable, "-m", "edgeds", "live", str(folder / "cameras.toml"), "--json"]
    command += ["--duration", str(wanted.secs), "--no-show"]
    command += [] if wanted.engine is None else ["--engine", wanted.engine]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    settled = _cores(run.pid, wanted.secs / 2, wanted.secs * 0.9)
    stdout, _ = run.communicate()
    assert run.returncode == 0, stdout
    report = json.loads(stdout)
    rates = [round(run["fps"], 2) for one in report["cameras"] for run in one["runs"]]
    rest = {key: value for key, value in report.items() if key != "cameras"}
    return {"fps": rates, "of cores": os.cpu_count(), **rest, "cores, second half": settled}


def _cores(pid: int, begin_secs: float, end_secs: float) -> float:
    """Cores that a process keeps busy between two times from now: after its start, that is."""
    time.sleep(begin_secs)
    began, began_cpu = time.monotonic(), _cpu_secs(pid)
    time.sleep(end_secs - begin_secs)
    return round((_cpu_secs(pid) - began_cpu) / (time.monotonic() - began), 3)


def _cpu_secs(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user and system


def _empty(scene: SyntheticSource, index: int) -> Any:
    return Frame(scene.plate, index, index, Fraction(1, 10))


if __name__ == "__main__":
    main()
