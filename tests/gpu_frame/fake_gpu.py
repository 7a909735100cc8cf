"""Libraries in the place of NVIDIA's, for programs that run FFmpeg's own GPU code without a GPU.

FFmpeg loads libcuda.so.1, libnvcuvid.so.1 and libnvidia-encode.so.1 by their names. Whatever it
asks them for and they do not do answers "success".
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import av

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
_LIBRARIES = {
    "libcuda.so.1": ("fake_driver.c", "libavutil", rb"cu[A-Z]\w+"),
    "libnvcuvid.so.1": ("fake_nvdec.c", "libavcodec", rb"cuvid[A-Z]\w+"),
    "libnvidia-encode.so.1": ("fake_nvenc.c", "libavcodec", rb"NvEncodeAPI\w+"),
}


def lacks() -> str:
    """Why there can be none here; empty where there can."""
    if not sys.platform.startswith("linux"):
        return "the libraries are made for Linux"
    if shutil.which("cc") is None:
        return "there is no C compiler"
    if not hasattr(av.VideoFrame, "sw_format"):
        return f"PyAV {av.__version__} does not leave pictures on a GPU"
    return "" if list(_own("libavutil")) else "PyAV's wheel has no libraries of its own"


def make_libraries(folder: Path) -> None:
    for name, (source, asks, pattern) in _LIBRARIES.items():
        text = (HERE / source).read_text(encoding="utf-8")
        asked: set[str] = set()
        for library in _own(asks):
            found = re.findall(rb"\0(" + pattern + rb")(?=\0)", library.read_bytes())
            asked |= {one.decode() for one in found}
        rest = sorted(one for one in asked if f"int {one}(" not in text)
        text += "".join(f"int {one}(void) {{ return 0; }}\n" for one in rest)
        made = folder / source
        made.write_text(text, encoding="utf-8")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / name, made], check=True)


def run_on_fake_gpu(
    script: str, folder: Path, *, active: int | None = None, **variables: str
) -> tuple[str, str]:
    """What a Python program with these libraries prints: (stdout, stderr).

    Args:
        active: the flags of the primary context that torch made before; None: it made none.
    """
    environment = {
        **os.environ, "LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(ROOT), **variables,
    }  # fmt: skip
    if active is not None:
        environment["FAKE_ACTIVE"] = str(active)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def _own(name: str) -> list[Path]:
    return list((Path(av.__file__).parents[1] / "av.libs").glob(f"{name}-*.so*"))
