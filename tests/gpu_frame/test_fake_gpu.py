"""FFmpeg's own code for NVDEC and CUDA pictures, through PyAV, on libraries that pretend a GPU."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from fake_gpu import lacks, make_libraries, run_on_fake_gpu

CLIP = Path(__file__).parents[1] / "data" / "moving_person.mp4"
LACKS = lacks()
pytestmark = pytest.mark.skipif(bool(LACKS), reason=LACKS)
TORCHS = 0
"""The flags of the context that torch makes; FFmpeg would want 4."""

DECODED = f"""
import json
from itertools import islice
from edgeds.sources import VideoSource
with VideoSource({str(CLIP)!r}, device="cuda:0") as source:
    shown = []
    for frame in islice(source, 3):
        own = frame.picture
        shown.append([type(own).__name__, own.device, own.size, frame.pts,
                      [plane.__dlpack_device__() for plane in own.planes]])
    luma, blue, _ = own.on_host().planes
    source.seek(1.0)
    later = next(iter(source)).picture.device
print(json.dumps([source.notes, shown, [int(luma.min()), int(luma.max()), int(blue.max())], later]))
"""

FOR_NVENC = f"""
import threading
from itertools import islice
from edgeds.sinks.nvenc import on_gpu
from edgeds.sources import VideoSource
with VideoSource({str(CLIP)!r}, device="cuda:0") as source:
    frames = list(islice(source, 2))
def taken(frame):
    picture = on_gpu(frame)
    print(picture.format.name, picture.sw_format.name, picture.width, picture.height, picture.pts)
taken(frames[0])
thread = threading.Thread(target=taken, args=(frames[1],))
thread.start()
thread.join()
"""

NO_NVENC = """
from pathlib import Path
from edgeds.cli.doctor.diagnosis import _encoder_problem
from edgeds.sinks.nvenc import nvenc_problem
print(nvenc_problem(Path("a.mp4"), (360, 640), "cuda:0"))
print(_encoder_problem("h264_nvenc"))
"""

ABSENT = f"""
from edgeds.sources import VideoSource
with VideoSource({str(CLIP)!r}, device="cuda:1") as source:
    print(*source.notes)
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fake")
    make_libraries(folder)
    return folder


@pytest.mark.parametrize("active", [TORCHS, 4, None])
def test_nvdec_decodes_in_the_context_that_torch_computes_in(
    libraries: Path, active: int | None
) -> None:
    # FFmpeg's own way to it is refused once torch has made it, and every video was the CPU's
    said, log = run_on_fake_gpu(DECODED, libraries, active=active)
    notes, shown, levels, later = json.loads(said)
    assert notes == []
    assert [one[:3] for one in shown] == [["GpuPicture", "cuda:0", [360, 640]]] * 3
    assert shown[0][3] < shown[1][3] < shown[2][3]
    assert shown[0][4] == [[2, 0], [2, 0]]  # kDLCUDA
    assert levels[0] == levels[1] >= 60
    assert levels[2] == 100
    assert later == "cuda:0"
    copies = {line for line in log.splitlines() if "copied" in line}
    # what `CudaStream.adopted` relies on: the default stream of torch's own context
    assert copies == {"fake: copied in stream (nil) of the primary context"}
    assert "a context is made" not in log
    assert "destroyed" not in log
    assert "released" not in log


def test_pictures_for_nvenc_are_in_that_context_whichever_thread_hands_them_over(
    libraries: Path,
) -> None:
    said, log = run_on_fake_gpu(FOR_NVENC, libraries, active=TORCHS)
    first, second = said.splitlines()
    assert first.startswith("cuda nv12 640 360")
    assert second.startswith("cuda nv12 640 360")
    assert "taken: none" not in log
    assert "the primary context is destroyed" not in log


@pytest.mark.parametrize(
    ("version", "why"),
    [("13", "this GPU has no encoder"), ("9", "too old"), ("", "library of the encoder")],
)
def test_why_nvenc_does_not_open_is_said_in_words_that_fit_a_gpu(
    libraries: Path, tmp_path: Path, version: str, why: str
) -> None:
    # FFmpeg's words: "generic error", "function not implemented", "operation not permitted"
    folder = libraries
    if not version:
        folder = tmp_path
        shutil.copy(libraries / "libcuda.so.1", folder)
    said, _ = run_on_fake_gpu(NO_NVENC, folder, active=TORCHS, FAKE_NVENC_VERSION=version)
    problem, doctors = said.splitlines()
    assert problem.startswith("NVENC does not open: ")
    assert doctors.startswith("does not start: ")
    assert why in problem
    assert why in doctors


def test_a_gpu_that_is_not_there_is_named(libraries: Path) -> None:
    said, _ = run_on_fake_gpu(ABSENT, libraries)
    assert "decoded on the CPU: cuDeviceGet: error 101" in said
