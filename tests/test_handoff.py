"""The bounded hand-off between two threads."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.sources.handoff import buffered


@settings(max_examples=40, deadline=None)
@given(items=st.lists(st.integers()), max_waiting=st.integers(0, 5))
def test_everything_arrives_once_and_in_order(items: list[int], max_waiting: int) -> None:
    assert list(buffered(items, max_waiting=max_waiting)) == items


@settings(max_examples=20, deadline=None)
@given(before=st.integers(0, 9), max_waiting=st.integers(1, 4))
def test_an_error_comes_after_the_items_before_it(before: int, max_waiting: int) -> None:
    def breaks() -> Iterator[int]:
        yield from range(before)
        raise OSError("cable pulled")

    got = []
    with pytest.raises(OSError, match="cable pulled"):
        for item in buffered(breaks(), max_waiting=max_waiting):
            got.append(item)
    assert got == list(range(before))


def test_the_producer_runs_at_most_max_waiting_items_ahead() -> None:
    produced: list[int] = []

    def counting() -> Iterator[int]:
        for item in range(100):
            produced.append(item)
            yield item

    stream = buffered(counting(), max_waiting=2)
    assert next(stream) == 0
    time.sleep(0.2)  # time to run further ahead, if it would
    # One was taken, two wait in the queue, one waits to be put there.
    assert len(produced) <= 4
    stream.close()  # type: ignore[attr-defined]


def test_a_consumer_that_raises_ends_the_producer_and_closes_its_source() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    stream = buffered(endless(), max_waiting=1)
    with pytest.raises(ValueError, match="consumer"):
        try:
            for _ in stream:
                raise ValueError("consumer")
        finally:
            stream.close()  # type: ignore[attr-defined]
    assert closed.wait(30)
    assert not [t for t in threading.enumerate() if t.name == "edgeds-handoff"]


def test_both_sides_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)  # breaks if one side waits for the other

    def items() -> Iterator[int]:
        yield 0
        for item in range(1, 6):
            both.wait()  # while the item before it is being used
            yield item

    used = []
    for item in buffered(items()):
        if item < 5:
            both.wait()
        used.append(item)
    assert used == list(range(6))


@pytest.mark.parametrize("max_waiting", [0, 2])
def test_no_more_than_max_waiting_items_wait_while_one_is_made(max_waiting: int) -> None:
    made: list[int] = []

    def counting() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    stream = buffered(counting(), max_waiting=max_waiting)
    for taken in range(1, 4):
        next(stream)
        time.sleep(0.05)  # time to make one more, if it would
        assert len(made) <= taken + max_waiting + 1
    end = time.monotonic() + 30
    while len(made) < 3 + max_waiting + 1:
        assert time.monotonic() < end, made
        time.sleep(0.005)
    stream.close()  # type: ignore[attr-defined]  # a generator


def test_an_item_is_freed_before_the_next_one_is_waited_for() -> None:
    class Item:
        pass

    first_is_gone = threading.Event()

    def items() -> Iterator[Item]:
        item = Item()
        weakref.finalize(item, first_is_gone.set)
        yield item
        del item
        assert first_is_gone.wait(30)
        yield Item()

    for item in buffered(items(), max_waiting=0):
        assert item is not None
        del item
