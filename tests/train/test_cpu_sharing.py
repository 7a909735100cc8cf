"""Training gives way to others."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="sets torch's threads: pip install --group train")

from train.run.cpu_sharing import SharedCores  # noqa: E402


def test_threads_give_way_to_a_busy_neighbour_and_come_back(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    ticks_a_sec, cores = os.sysconf("SC_CLK_TCK"), os.cpu_count() or 1
    stat.write_text("cpu 1000 0 0 0\n")
    before = torch.get_num_threads()
    try:
        shared = SharedCores(cores, every_secs=0.05, stat=stat)
        time.sleep(0.1)
        stat.write_text(f"cpu {1000 + 100 * cores * ticks_a_sec} 0 0 0\n")  # 100 s of all
        assert shared.adjust() == 1
        time.sleep(0.1)
        assert shared.adjust() == cores
    finally:
        torch.set_num_threads(before)


def test_where_the_system_does_not_tell_all_threads_are_used(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        shared = SharedCores(1, every_secs=0, stat=tmp_path / "none")
        assert shared.adjust() == 1
    finally:
        torch.set_num_threads(before)
