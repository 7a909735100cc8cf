"""What every sink must do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgeds.errors import SinkFailed
from edgeds.sinks import MemorySink, open_sink
from edgeds.sources import SyntheticSource, open_source
from edgeds.types import FileSink, Frame

SOURCE = SyntheticSource(frame_count=9)


class Case:
    def __init__(self, sink: FileSink, read: Callable[[], list[Frame]]) -> None:
        self.sink, self.read = sink, read


@pytest.fixture(params=["memory", "mp4", "mkv", "webm", "mov", "images", "pattern"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    if request.param == "memory":
        memory = MemorySink()
        return Case(memory, lambda: memory.frames)
    names = {"images": "shots", "pattern": "shots/%03d.png"}
    path = tmp_path / names.get(request.param, f"out.{request.param}")
    where = tmp_path / "shots" if request.param in names else path
    read = lambda: list(open_source(where)) if where.exists() else []  # noqa: E731
    return Case(open_sink(path, SOURCE.info), read)


def test_what_was_written_is_there_once_closed(case: Case) -> None:
    with case.sink:
        for frame in SOURCE:
            case.sink.write(frame)
    case.sink.close()  # again: harmless
    with pytest.raises(SinkFailed, match=r"is closed\n.*why.*\n.*fix"):
        case.sink.write(next(iter(SOURCE)))
    frames = case.read()
    assert (case.sink.lost, case.sink.audio) == (0, "none")
    assert len(frames) == 9
    for frame, truth in zip(frames, SOURCE, strict=True):
        assert abs(frame.pixels.astype(int) - truth.pixels).mean() < 12
        assert frame.pts_secs == pytest.approx(truth.pts_secs, abs=2e-3)


def test_an_exception_keeps_the_frames_before_it(case: Case) -> None:
    with pytest.raises(ValueError, match="stop"), case.sink:
        for frame in SOURCE:
            if frame.index == 5:
                raise ValueError("stop")
            case.sink.write(frame)
    assert len(case.read()) == 5


def test_no_frame_leaves_nothing_behind(case: Case, tmp_path: Path) -> None:
    with case.sink:
        pass
    assert case.read() == []
    assert list(tmp_path.iterdir()) == []
