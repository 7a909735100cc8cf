"""Where a live run's plate comes from: the moving stream, an earlier run, a picture."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.live.live_plate import PlateChoice
from edgeds.live.plate_store import PlateStore
from edgeds.live.run import LiveRun
from edgeds.plate.from_stream import StreamPlate
from edgeds.plate.plate import Plate
from edgeds.plate.settings import CaptureSettings, PlateFromStream
from edgeds.sources import RealTimeSource, SyntheticSource, open_source
from edgeds.types import Frame, Pixels, Source
from tests.live_waiting import wait_for

SIZE = (90, 160)
ROOM = SyntheticSource(size=SIZE).plate
BRIEF = CaptureSettings(countdown_secs=0.3, capture_secs=0.3)
Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


def _stream(picture: Callable[[int], Pixels], count: int) -> Iterator[Frame]:
    for index in range(count):
        yield Frame(picture(index), index, index, Fraction(1, 10))


def _walker(index: int) -> Pixels:
    """Somebody is always there, and never long at one place."""
    picture = ROOM.copy()
    x = 11 * index % 140
    picture[20:80, x : x + 20] = (200, 60, 40)
    return picture


def _waits_then_walks(index: int) -> Pixels:
    picture = ROOM.copy()
    x = 60 if index < 45 else 11 * index % 140
    picture[20:80, x : x + 20] = (200, 60, 40)
    return picture


def _fed(estimate: StreamPlate, frames: Iterator[Frame], pool: Executor) -> list[Plate]:
    """The plates that came of them, one after the other."""
    plates: list[Plate] = []
    for frame in frames:
        estimate(frame)
        pool.submit(len, ()).result()  # the estimation that it may have begun has ended
        if estimate.plate is not None and (not plates or plates[-1] is not estimate.plate):
            plates.append(estimate.plate)
    return plates


def test_a_scene_that_never_is_empty_gives_its_plate_and_says_how_sure_it_is() -> None:
    with ThreadPoolExecutor(1) as pool:
        estimate = StreamPlate(pool, PlateFromStream(first_secs=4, last_secs=8))
        plates = _fed(estimate, _stream(_walker, 200), pool)
    assert estimate.ended
    assert np.abs(plates[0].pixels.astype(int) - ROOM).mean() < 1
    assert re.search(r"estimated from \d+ frames of \d+ s, sure of \d+%", estimate.status.verdict)


def test_who_stood_there_at_first_is_outvoted_later() -> None:
    with ThreadPoolExecutor(1) as pool:
        estimate = StreamPlate(pool, PlateFromStream(first_secs=4, last_secs=16))
        plates = _fed(estimate, _stream(_waits_then_walks, 400), pool)
    place = np.s_[20:80, 60:80]
    assert np.abs(plates[0].pixels[place].astype(int) - ROOM[place]).mean() > 20
    assert np.abs(plates[-1].pixels[place].astype(int) - ROOM[place]).mean() < 2


def test_the_stream_of_a_moving_camera_is_refused_with_the_reason(data: Path) -> None:
    wide = next(iter(open_source(data / "people_walking.mp4"))).pixels[200:380]
    frames = _stream(lambda i: np.ascontiguousarray(wide[:, 9 * i : 9 * i + 320]), 45)
    with ThreadPoolExecutor(1) as pool:
        estimate = StreamPlate(pool, PlateFromStream(first_secs=4, last_secs=4))
        assert _fed(estimate, frames, pool) == []
    assert estimate.ended
    assert estimate.status.phase == "refused"
    assert "the camera moves" in estimate.status.verdict


def test_samples_are_bounded_and_span_the_whole_time() -> None:
    settings = PlateFromStream(first_secs=1000, memory_bytes=12 * ROOM.nbytes)
    with ThreadPoolExecutor(1) as pool:
        estimate = StreamPlate(pool, settings)
        for frame in _stream(lambda i: np.full((*SIZE, 3), i // 10, np.uint8), 1000):
            estimate(frame)
            assert len(estimate._samples) <= 13
        tens = [int(sample[0, 0, 0]) for sample in estimate._samples]
    assert tens[0] == 0
    assert tens[-1] > 85
    assert max(np.diff(tens)) < 20


def test_the_readmes_clip_shows_a_mask(live_until: Edgeds, data: Path, tmp_path: Path) -> None:
    """Its people never leave, so no empty scene can be captured."""
    done = live_until(
        "sure of", f"file:{data / 'people_walking.mp4'}?loop", "--no-show", "--view", "mask",
        "--record", "out.mp4", "--json", secs_more=2,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert json.loads(done.stdout)["plate"]["phase"] == "ready"
    *_, last = open_source(tmp_path / "out.mp4")
    assert 0.002 < (last.pixels[..., 0] > 128).mean() < 0.2


@contextmanager
def _running(
    open_clip: Callable[[], Source],
    choice: PlateChoice,
    *,
    on_event: Callable[[str], None] | None = None,
) -> Iterator[LiveRun]:
    source = RealTimeSource(open_clip, loop=True)
    run = LiveRun(source, DifferenceEngine(), choice=choice, on_event=on_event)
    thread = threading.Thread(target=run.run)
    thread.start()
    try:
        yield run
    finally:
        run.stop()
        thread.join(60)


def _empty_room() -> SyntheticSource:
    return SyntheticSource(size=SIZE, empty=60, frame_count=60, rate=Fraction(60))


def test_a_good_plate_is_kept_and_serves_the_next_run_without_a_count_down(tmp_path: Path) -> None:
    events: list[str] = []
    store = PlateStore(tmp_path / "plates", "0", events.append)
    assert store.last(SIZE) is None
    with _running(_empty_room, PlateChoice(capture=BRIEF, on_taken=store.keep)) as run:
        wait_for(run, lambda s: s.plate.phase == "ready")
    assert events == [f"look at the plate: {store.picture}"]
    kept = store.last(SIZE)
    assert kept is not None
    assert kept.taken > "2020"
    assert store.last((100, 100)) is None
    assert PlateStore(tmp_path / "plates", "1", events.append).last(SIZE) is None
    if sys.platform != "win32":
        assert store.path.stat().st_mode & 0o077 == 0, "a plate shows a room"
    with _running(_empty_room, PlateChoice(kept=kept, capture=BRIEF)) as run:
        seen = []
        wait_for(run, lambda s: seen.append(s.plate.phase) or s.plate.phase == "ready")
        assert "counting" not in seen
        assert run.status().plate_offer == ""


def test_a_kept_plate_of_another_view_is_dropped_and_a_new_one_taken() -> None:
    elsewhere = Plate(np.roll(ROOM, 40, axis=1))
    with _running(_empty_room, PlateChoice(kept=elsewhere, capture=BRIEF)) as run:
        wait_for(run, lambda s: s.plate.phase == "checking")
        wait_for(run, lambda s: s.plate.phase in ("counting", "capturing"))
        wait_for(run, lambda s: s.plate.phase == "ready")
        plate = run.plate()
        assert plate is not None
        assert np.abs(plate.astype(int) - ROOM).mean() < 3


def test_a_kept_plate_is_offered_to_who_wants_a_new_one() -> None:
    kept = Plate(ROOM, taken="2026-11-27T03:00:00+00:00")
    slow = replace(BRIEF, countdown_secs=60.0)
    choice = PlateChoice(kept=kept, use_kept=False, capture=slow)
    with _running(_empty_room, choice) as run:
        status = wait_for(run, lambda s: s.plate.phase == "counting")
        assert "2026-11-27" in status.plate_offer
        run.use_offered_plate()
        status = wait_for(run, lambda s: s.plate.phase == "ready")
        assert status.plate_offer == ""


def test_the_last_plate_is_used_by_the_command_and_its_absence_is_an_error(
    edgeds: Edgeds, live_until: Edgeds, make_clip: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("EDGEDS_HOME", str(tmp_path / "home"))
    source = f"file:{make_clip(frame_count=60)}?loop"
    fast = (source, "--engine", "difference", "--no-show")
    missing = edgeds("live", *fast, "--plate", "last")
    assert missing.returncode == 2
    assert "there is no last plate" in missing.stderr
    first = live_until("look at the plate: ", *fast)
    assert first.returncode == 130, first.stderr
    picture = re.search(r"look at the plate: (.*\.png)", first.stderr)
    assert picture is not None, first.stderr
    assert Path(picture[1]).is_file()
    second = live_until("plate ready: the last one", *fast, "--plate", "last", "--json")
    assert second.returncode == 130, second.stderr
    assert re.search("plate: the last one, of (today|yesterday) at ", second.stderr)
    assert json.loads(second.stdout)["plate"]["phase"] == "ready"


def test_a_refused_plate_names_the_ways_out() -> None:
    def occupied() -> SyntheticSource:
        return SyntheticSource(size=SIZE, frame_count=60, rate=Fraction(60))

    with _running(occupied, PlateChoice(capture=BRIEF)) as run:
        verdict = wait_for(run, lambda s: s.plate.phase == "refused").plate.verdict
    for way in ("-b", "edgeds capture --allow-motion", "edgeds live --allow-motion"):
        assert way in verdict


def test_the_token_is_printed_once_and_stays_between_runs(
    edgeds: Edgeds, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    pytest.importorskip("uvicorn", reason="the extra `web` is not installed")
    source = f"file:{make_clip(frame_count=30)}?loop"
    arguments = (
        *("live", source, "--engine", "difference", "--no-show", "--max-frames", "3"),
        *("--serve", "0.0.0.0:0", "--token-file", "token.txt"),
    )
    table, as_json = edgeds(*arguments), edgeds(*arguments, "--json")
    token = (tmp_path / "token.txt").read_text(encoding="utf-8").strip()
    for done in (table, as_json):
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(token) == 1
        assert token not in done.stdout
    assert os.name == "nt" or (tmp_path / "token.txt").stat().st_mode & 0o077 == 0
    alone = edgeds("live", source, "--token-file", "token.txt", "--no-show")
    assert alone.returncode == 2
    assert "no page is served" in alone.stderr


def test_a_program_that_fails_to_keep_the_plate_hears_of_it_and_the_run_goes_on() -> None:
    said: list[str] = []

    def keep(plate: Plate) -> None:
        raise LookupError("no place")

    choice = PlateChoice(capture=BRIEF, on_taken=keep)
    with _running(_empty_room, choice, on_event=said.append) as run:
        wait_for(run, lambda s: any("on_taken raised" in text for text in said))
        before = run.status().delivered
        wait_for(run, lambda s: s.delivered > before)
    assert "on_taken raised LookupError: no place; the run goes on" in said


class OutOfMemory(Executor):
    """Every work submitted fails."""

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        failed: Future[Any] = Future()
        failed.set_exception(MemoryError("too large"))
        return failed


def test_an_estimate_that_breaks_off_is_a_refusal_with_its_reason() -> None:
    estimate = StreamPlate(OutOfMemory(), PlateFromStream(first_secs=1, last_secs=1))
    for frame in _stream(_walker, 40):
        status = estimate(frame)
    assert status.phase == "refused"
    assert "MemoryError: too large" in status.verdict
