"""Every stage has a share of the cores, one thread at least."""

from __future__ import annotations

import os
from dataclasses import asdict

import pytest

from edgeds.sources.threads import threads, threads_for


@pytest.mark.parametrize("cores", [1, 2, 3, 8, 64])
def test_each_stage_has_a_thread_and_none_has_more_than_half_of_the_cores(cores: int) -> None:
    found = asdict(threads_for(cores))
    assert 1 <= found.pop("sampling") <= cores, "it runs alone"
    assert min(2, cores) <= found.pop("encoder") <= max(2, cores // 2)
    shares = found.values()
    assert min(shares) >= 1
    assert max(shares) <= max(1, cores // 2)
    assert min(shares) > 1 or cores < 8


def test_the_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    assert threads() == threads_for(16)
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads() == threads_for(1)
