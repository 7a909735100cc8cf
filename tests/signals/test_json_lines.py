"""Events in a file whose disk is full for a while."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from edgeds.errors import SinkFailed
from edgeds.live.signals.delivery.json_lines import JsonLines

from .messages import event


@pytest.mark.parametrize("whole", [True, False], ids=["video", "camera"])
def test_an_event_that_a_full_disk_cut_off_is_there_once(tmp_path: Path, whole: bool) -> None:
    path = tmp_path / "events.jsonl"
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    with JsonLines(path, whole=whole) as lines:
        lines.event(event(1))
        (written,) = (file.stat().st_size for file in tmp_path.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (written + 20, most))
        try:
            for _ in range(2):
                with pytest.raises(SinkFailed):
                    lines.event(event(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        lines.event(event(2))
        lines.event(event(3))
    assert [json.loads(line)["number"] for line in path.read_text().splitlines()] == [1, 2, 3]
