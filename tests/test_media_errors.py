"""Foreign errors become edgeds' words, and never quote a message that may hold a password."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edgeds.engine.card import read_card
from edgeds.errors import EdgedsError, SinkFailed, SourceError
from edgeds.plate.file import plate_from_file, plate_to_file
from edgeds.plate.plate import Plate
from edgeds.sources.media_errors import media_errors, reason_of, translated

_ODD = 10**9  # a number of FFmpeg's own
_URL = "http://user:secret@camera/stream"


@pytest.mark.parametrize(
    ("error", "why", "fix"),
    [
        (OSError(errno.ENOSPC, "x"), "disk is full", "make room"),
        (OSError(errno.EMFILE, "x"), "too many files", "ulimit"),
        (OSError(errno.ENAMETOOLONG, "x"), "name is too long", "shorter"),
        (MemoryError(), "out of memory", "smaller pictures"),
        (av.error.MemoryError(errno.ENOMEM, "x", _URL), "out of memory", "smaller pictures"),
        (av.error.OSError(errno.ENOSPC, "x", _URL), "disk is full", "make room"),
        (av.error.HTTPUnauthorizedError(_ODD, "x", _URL), "password is missing or wrong", "%2F"),
        (av.error.HTTPServerError(_ODD, "x", _URL), "5xx", "try again"),
        (av.error.InvalidDataError(_ODD, "x", _URL), "damaged", ""),
        (av.error.ConnectionResetError(_ODD, "x", _URL), "connection broke", "network"),
        (av.error.UndefinedError(_ODD, "Odd Thing", _URL), "odd thing", ""),
        (ValueError(_URL), "ValueError", ""),
    ],
)
def test_every_foreign_error_has_a_reason_without_its_message(
    error: BaseException, why: str, fix: str
) -> None:
    reason = reason_of(error)
    assert why in reason.why
    assert fix in reason.fix
    assert "secret" not in reason.why + reason.fix


def test_every_error_of_pyav_passes_the_boundary() -> None:
    kinds = [kind for kind in vars(av.error).values() if isinstance(kind, type)]
    kinds = [kind for kind in kinds if issubclass(kind, av.FFmpegError)]
    assert len(kinds) > 30
    for kind in kinds:
        with pytest.raises(SourceError) as caught, translated(SourceError, "cannot open it"):
            raise kind(_ODD, "words", _URL)
        assert caught.value.why
        assert "secret" not in str(caught.value)


def test_an_error_of_opencv_has_opencvs_word() -> None:
    with pytest.raises(cv2.error) as caught:
        cv2.cvtColor(np.zeros((2, 2), np.uint8), cv2.COLOR_BGR2GRAY)
    assert reason_of(caught.value).why


def test_a_reason_that_brings_no_fix_gets_the_callers() -> None:
    with pytest.raises(SinkFailed) as caught, translated(SinkFailed, "it broke", fix="use .mkv"):
        raise av.error.InvalidDataError(_ODD, "x", "y")
    assert caught.value.fix == "use .mkv"
    with pytest.raises(KeyError), translated(SinkFailed, "it broke"):
        raise KeyError  # our own mistakes are not translated
    assert OSError in media_errors()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on open files to set")
@pytest.mark.parametrize("what", ["engine", "plate", "image"])
def test_too_many_open_files_is_not_called_damage(tmp_path: Path, what: str) -> None:
    import resource  # not on Windows

    plate = Plate(np.zeros((20, 20, 3), np.uint8), origin="file")
    plate_to_file(plate, tmp_path / "plate.npz")
    plate_to_file(plate, tmp_path / "plate.png")
    read = {
        "engine": lambda: read_card(Path(__file__).parents[1] / "engines/edgeds-192x320-fp32"),
        "plate": lambda: plate_from_file(tmp_path / "plate.npz"),
        "image": lambda: plate_from_file(tmp_path / "plate.png"),
    }[what]
    read()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(EdgedsError) as caught:
            read()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert "too many files are open" in caught.value.why
    assert "ulimit" in caught.value.fix
    assert "damaged" not in str(caught.value)
