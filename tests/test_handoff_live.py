"""The live hand-offs: the newest wins, and nothing that is begun grows old."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.sources.handoff import latest, paced

PAUSES = st.lists(st.sampled_from([0.0, 0.0, 0.001, 0.003]), max_size=30)


def _with_pauses(pauses: list[float]) -> Iterator[int]:
    for number, pause in enumerate(pauses):
        time.sleep(pause)
        yield number


@settings(max_examples=20, deadline=None)
@given(made=PAUSES, used=PAUSES)
def test_latest_always_ends_on_the_newest_and_its_counts_add_up(
    made: list[float], used: list[float]
) -> None:
    got = []
    with latest(_with_pauses(made)) as items:
        for number in items:
            got.append(number)
            time.sleep(used[len(got) % len(used)] if used else 0)
        counts = items.counts()
    assert got == sorted(set(got))
    assert got[-1:] == [len(made) - 1][: len(made)]
    assert counts.produced == len(made)
    assert counts.delivered == len(got)
    assert counts.delivered + counts.dropped == counts.produced


@settings(max_examples=20, deadline=None)
@given(made=PAUSES, taken=st.integers(0, 9))
def test_the_counts_add_up_wherever_the_consumer_leaves(made: list[float], taken: int) -> None:
    items = latest(_with_pauses(made))
    got = [number for number, _ in zip(items, range(taken), strict=False)]
    items.close()
    counts = items.counts()
    assert counts.delivered + counts.dropped == counts.produced <= len(made)
    assert len(got) <= counts.delivered
    assert list(items) == []


def test_latest_gives_what_is_newest_when_it_is_asked() -> None:
    asked, made = threading.Event(), threading.Event()

    def numbers() -> Iterator[int]:
        yield 0
        asked.wait(30)
        yield from range(1, 100)
        made.set()

    items = latest(numbers())
    assert next(items) == 0
    asked.set()
    assert made.wait(30)
    assert list(items) == [99]
    assert items.counts().dropped == 98


def test_an_error_comes_after_the_newest_item() -> None:
    def breaks() -> Iterator[int]:
        yield 1
        raise OSError("cable pulled")

    items = latest(breaks())
    assert next(items) == 1
    with pytest.raises(OSError, match="cable pulled"):
        next(items)
    assert list(items) == []


@pytest.mark.parametrize("handoff", [latest, paced])
def test_taking_gives_up_in_time_and_goes_on_later(handoff) -> None:  # type: ignore[no-untyped-def]
    go = threading.Event()

    def late() -> Iterator[str]:
        go.wait(30)
        yield "late"

    with handoff(late()) as items:
        assert items.take(timeout_secs=0.01) is None
        go.set()
        assert items.take(timeout_secs=30) == "late"


@pytest.mark.parametrize("handoff", [latest, paced])
def test_closing_ends_a_waiting_consumer_and_never_waits_for_a_hung_read(handoff) -> None:  # type: ignore[no-untyped-def]
    release = threading.Event()

    def hangs() -> Iterator[int]:
        release.wait(60)
        yield 1

    items = handoff(hangs())
    got: list[list[int]] = []
    consumer = threading.Thread(target=lambda: got.append(list(items)))
    consumer.start()
    began = time.monotonic()
    items.close()
    items.close()
    consumer.join(30)
    assert got == [[]]
    assert time.monotonic() - began < 30  # half of what the read hangs
    release.set()


@settings(max_examples=20, deadline=None)
@given(made=PAUSES, used=PAUSES)
def test_paced_gives_everything_in_order(made: list[float], used: list[float]) -> None:
    got = []
    with paced(_with_pauses(made)) as items:
        for number in items:
            got.append(number)
            time.sleep(used[number % len(used)] if used else 0)
    assert got == list(range(len(made)))


def test_paced_begins_nothing_before_the_last_result_was_taken() -> None:
    begun: list[int] = []
    first, second = threading.Event(), threading.Event()

    def works() -> Iterator[int]:
        for number, has_begun in enumerate((first, second, threading.Event())):
            begun.append(number)
            has_begun.set()
            yield number

    with paced(works()) as items:
        assert first.wait(30)
        time.sleep(0.1)  # time to begin the next one, if it would
        assert begun == [0]
        next(items)
        assert second.wait(30)
        time.sleep(0.1)
        assert begun == [0, 1]
