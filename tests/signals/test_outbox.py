"""The queue before a consumer: order is kept, everything is counted, nobody waits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.live.signals.delivery.retry_queue import Delivery, DeliveryCounts, Outbox

from .messages import Fickle, event

FAST = Delivery(first_wait_secs=0.001, longest_wait_secs=0.002, close_secs=60)


def _adds_up(counts: DeliveryCounts) -> bool:
    whole = counts.delivered + counts.lost + counts.replaced + counts.waiting
    return counts.produced == whole


def _send(outbox: Outbox, numbers: range) -> None:
    """Events of these numbers; returns when all of the run are delivered or lost."""
    for number in numbers:
        outbox.event(event(number))
    end = time.monotonic() + 60
    while outbox.counts.delivered + outbox.counts.lost < numbers[-1]:
        assert time.monotonic() < end, outbox.counts
        time.sleep(0.001)


@settings(max_examples=60, deadline=None)
@given(
    outcomes=st.text(".fr", max_size=12),
    messages=st.lists(st.sampled_from("es"), max_size=25),
    most=st.integers(1, 8),
)
def test_delivered_and_lost_and_replaced_are_what_was_produced(
    outcomes: str, messages: list[str], most: int
) -> None:
    consumer = Fickle(outcomes)
    limits = Delivery(max_waiting=most, first_wait_secs=0, longest_wait_secs=0, close_secs=60)
    outbox = Outbox(consumer, settings=limits)
    for number, kind in enumerate(messages, 1):
        outbox.event(event(number)) if kind == "e" else outbox.state({"number": number})
        assert _adds_up(outbox.counts)
        assert outbox.counts.waiting <= most + 1
    outbox.close()
    counts = outbox.counts
    assert counts.produced == len(messages)
    assert counts.waiting == 0
    assert _adds_up(counts)
    assert counts.delivered == len(consumer.taken)
    numbers = [taken if isinstance(taken, int) else taken["number"] for taken in consumer.taken]
    assert numbers == sorted(numbers), "order is kept"
    assert len(set(numbers)) == len(numbers)
    assert consumer.closed


def test_a_consumer_that_hangs_costs_the_producer_nothing_and_old_events_make_room() -> None:
    consumer = Fickle()
    consumer.open.clear()
    outbox = Outbox(consumer, settings=Delivery(max_waiting=10, close_secs=0.1))
    began = time.thread_time()  # of the processor, whatever else the machine does
    for number in range(1, 5001):
        outbox.event(event(number))
    assert time.thread_time() - began < 1, "200 us an event; an attempt to deliver takes for ever"
    assert outbox.counts.waiting <= 11
    assert outbox.counts.lost >= 4989
    outbox.close()
    assert _adds_up(outbox.counts)
    assert outbox.counts.waiting == 0
    consumer.open.set()


def test_snapshots_are_bounded_by_their_bytes() -> None:
    consumer = Fickle()
    consumer.open.clear()
    outbox = Outbox(consumer, settings=Delivery(max_waiting_bytes=10_000, close_secs=0.1))
    for number in range(1, 51):
        outbox.event(event(number, snapshot=b"x" * 1000))
    assert outbox.counts.waiting <= 12
    consumer.open.set()
    outbox.close()


def test_only_the_newest_state_waits() -> None:
    consumer = Fickle()
    consumer.open.clear()
    outbox = Outbox(consumer, settings=FAST)
    outbox.event(event(1))
    for number in range(2, 10):
        outbox.state({"number": number})
    consumer.open.set()
    outbox.close()
    assert consumer.taken == [1, {"number": 9}]
    assert outbox.counts.replaced == 7


def test_people_hear_once_that_a_consumer_is_away_and_once_that_it_is_back() -> None:
    said: list[str] = []
    outbox = Outbox(Fickle("fff..r."), settings=FAST, on_change=said.append)
    _send(outbox, range(1, 5))
    outbox.close()
    assert len(said) == 4
    assert "is away" in said[0]
    assert "get through again" in said[1]
    assert "refuses an event: it refuses; this event is lost" in said[2]
    assert "wait" not in said[2]


def test_a_callback_that_raises_is_logged_and_events_still_get_through(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def on_change(text: str) -> None:
        raise LookupError(text)

    consumer = Fickle("f.")
    outbox = Outbox(consumer, settings=FAST, on_change=on_change)
    _send(outbox, range(1, 4))
    outbox.close()
    assert consumer.taken == [1, 2, 3]
    assert "a callback raised an exception; it was called with: the test is away" in caplog.text
    assert "LookupError" in caplog.text


def test_an_exception_of_a_library_costs_one_message_and_is_reported() -> None:
    said: list[str] = []
    consumer = Fickle(".?.")
    outbox = Outbox(consumer, settings=FAST, on_change=said.append)
    _send(outbox, range(1, 4))
    outbox.close()
    assert consumer.taken == [1, 3]
    assert outbox.counts.lost == 1
    assert said[0] == "the test fails: TypeError: a surprise; this event is lost"


def test_a_consumer_that_comes_and_goes_is_reported_some_times_and_then_rarely() -> None:
    said: list[str] = []
    limits = Delivery(first_wait_secs=0, longest_wait_secs=0, quiet_secs=600, close_secs=60)
    outbox = Outbox(Fickle("f." * 40), settings=limits, on_change=said.append)
    _send(outbox, range(1, 41))
    outbox.close()
    assert outbox.counts.delivered == 40
    assert len(said) == limits.most_words == 4
    assert "comes and goes" in said[-1]
    assert not any("comes and goes" in words for words in said[:-1])


def test_after_a_quiet_time_there_is_a_word_again() -> None:
    said: list[str] = []
    limits = Delivery(first_wait_secs=0, longest_wait_secs=0, quiet_secs=0.2, close_secs=60)
    outbox = Outbox(Fickle("f." * 3), settings=limits, on_change=said.append)
    _send(outbox, range(1, 4))
    time.sleep(0.25)
    before = len(said)
    _send(outbox, range(4, 5))
    outbox.close()
    assert "get through again" in said[-1]
    assert len(said) in (before, before + 1)


def test_an_event_that_is_too_old_is_lost_and_the_next_gets_its_turn() -> None:
    limits = Delivery(first_wait_secs=0, longest_wait_secs=0, give_up_secs=-1)
    consumer = Fickle("f.")
    outbox = Outbox(consumer, settings=limits)
    outbox.event(event(1))
    outbox.event(event(2))
    outbox.close()
    assert consumer.taken == [2]
    assert outbox.counts.lost == 1
