"""A GStreamer pipeline (`gst:...`) or a CSI camera (`csi://0`) through GStreamer's Python binding.

What Jetsons, Raspberry Pis and industrial cameras need. Knows nothing about reconnecting.
"""

from __future__ import annotations

import re
import time
from fractions import Fraction
from typing import Any

import numpy as np

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources.feed import Grab
from edgeds.sources.timeouts import STREAM
from edgeds.sources.typed_paths import shortened
from edgeds.sources.url import masked
from edgeds.types import Closing, Pixels, Size

_POLL_NS = 200_000_000
_NAME = "edgeds"
_TRY = "try it with gst-launch-1.0"
_CSI_SIZE: Size = (720, 1280)
_CSI_RATE = Fraction(30)
# One picture waits at most: an older one would only add latency.
_TAIL = f"videoconvert ! video/x-raw,format=RGB ! appsink name={_NAME} max-buffers=1 drop=true"
_OWN_SINK = re.compile(r"!\s*appsink\b[^!]*$")
"""The end of pipelines that were written for OpenCV."""
_INSTALL = (
    "Debian, Ubuntu, JetPack: apt install python3-gi gstreamer1.0-plugins-good, in an environment "
    'made with --system-site-packages; elsewhere: pip install "edgeds[gstreamer]"'
)


class GStreamerFeed(Closing):
    """A pipeline that runs. Its pictures have the time of their capture, where it is live."""

    camera = None
    rate: Fraction | None = None

    def __init__(self, pipeline: str) -> None:
        """
        Args:
            pipeline: as `gst-launch-1.0` takes it, without a sink or with `appsink` at its end.

        Raises:
            SourceError: GStreamer is missing, or cannot make or start the pipeline.
        """
        self._gst = gst = _gst()
        self.description = shortened(f"gst:{masked(pipeline)}")
        self._pipeline = _made(gst, pipeline, self.description)
        self._sink = self._pipeline.get_by_name(_NAME)
        self._bus = self._pipeline.get_bus()
        try:
            state = self._pipeline.set_state(gst.State.PAUSED)
            self._live = state == gst.StateChangeReturn.NO_PREROLL
            # Files would run as fast as they can; cameras would only come later.
            self._sink.set_property("sync", not self._live)
            if state != gst.StateChangeReturn.FAILURE:
                state = self._pipeline.set_state(gst.State.PLAYING)
            if state == gst.StateChangeReturn.FAILURE:
                raise SourceError(f"cannot start {self.description}", **self._reason())
        except BaseException:
            self.close()
            raise

    def read(self) -> Grab:
        began_secs = time.monotonic()
        while time.monotonic() - began_secs < STREAM.open_secs:
            sample = self._sink.emit("try-pull-sample", _POLL_NS)
            if sample is not None:
                return self._grab(sample)
            message = self._bus.pop_filtered(
                self._gst.MessageType.ERROR | self._gst.MessageType.EOS
            )
            if message is None:
                continue
            if message.type == self._gst.MessageType.EOS:
                raise SourceFailed("the pipeline ended", why="its source has no more pictures")
            raise SourceFailed("the pipeline broke off", **_words(message.parse_error()))
        why = f"no picture for {STREAM.open_secs:g} s"
        raise SourceFailed("the pipeline gives no pictures", why=why, fix=_TRY)

    def close(self) -> None:
        self._pipeline.set_state(self._gst.State.NULL)

    def _grab(self, sample: Any) -> Grab:
        form = sample.get_caps().get_structure(0)
        height, width = form.get_value("height"), form.get_value("width")
        known, count, secs = form.get_fraction("framerate")
        self.rate = Fraction(count, secs) if known and 0 < count <= 1000 * secs else None
        buffer = sample.get_buffer()
        mapped, view = buffer.map(self._gst.MapFlags.READ)
        if not mapped:
            raise SourceFailed("the pipeline broke off", why="a picture cannot be read", fix=_TRY)
        try:
            rows = np.frombuffer(view.data, np.uint8).reshape(height, -1)  # padded to 4 bytes
            pixels: Pixels = rows[:, : 3 * width].reshape(height, width, 3).copy()
        finally:
            buffer.unmap(view)
        return Grab(pixels, self._captured_secs(buffer.pts))

    def _captured_secs(self, pts_ns: int) -> float:
        """A live source stamps its pictures on the pipeline's clock, which is the monotonic one."""
        now = time.monotonic()
        if not self._live or pts_ns == self._gst.CLOCK_TIME_NONE:
            return now
        stamp = (self._pipeline.get_base_time() + pts_ns) / 1e9
        return stamp if now - 1.0 < stamp <= now else now

    def _reason(self) -> dict[str, str]:
        message = self._bus.timed_pop_filtered(_POLL_NS, self._gst.MessageType.ERROR)
        if message is None:
            return {"why": "an element refuses to start", "fix": _TRY}
        return _words(message.parse_error())


def csi_pipeline(uri: str, size: Size | None = None, rate: Fraction | None = None) -> str:
    """The pipeline of `csi://N`: camera N at the connector of a Jetson or a Raspberry Pi.

    Raises:
        SourceError: it names no number, or GStreamer has no element for such cameras.
    """
    gst = _gst()
    number = uri.partition("://")[2]
    if not number.isdecimal():
        raise SourceError(
            f"cannot open {masked(uri)!r}", why="a number is missing", fix="give csi://0"
        )
    height, width = size or _CSI_SIZE
    rate = rate or _CSI_RATE
    shape = f"width={width},height={height},framerate={rate.numerator}/{rate.denominator}"
    if gst.ElementFactory.find("nvarguscamerasrc") is not None:
        return (
            f"nvarguscamerasrc sensor-id={number} ! video/x-raw(memory:NVMM),{shape} "
            "! nvvidconv ! video/x-raw,format=BGRx"
        )
    if gst.ElementFactory.find("libcamerasrc") is not None:
        if number != "0":
            raise SourceError(
                f"cannot open {uri!r}",
                why="libcamera names its cameras, and edgeds knows the first one only",
                fix='give "gst:libcamerasrc camera-name=NAME"; `cam -l` lists the names',
            )
        return f"libcamerasrc ! video/x-raw,{shape}"
    raise SourceError(
        f"cannot open {uri!r}",
        why="GStreamer has neither nvarguscamerasrc (Jetson) nor libcamerasrc (Raspberry Pi)",
        fix="install gstreamer1.0-libcamera, or give the pipeline yourself: gst:...",
    )


def _made(gst: Any, pipeline: str, name: str) -> Any:
    """
    Raises:
        SourceError: GStreamer does not understand the pipeline.
    """
    from gi.repository import GLib

    text = _OWN_SINK.sub("", pipeline).strip()
    if not text:
        raise SourceError(
            "cannot open an empty pipeline",
            why="nothing follows gst:",
            fix='give one, such as "gst:videotestsrc is-live=true"',
        )
    try:
        made = gst.parse_launch(f"{text} ! {_TAIL}")
    except GLib.Error as error:
        raise SourceError(
            f"cannot open {name}",
            why=masked(str(error.message)),
            fix="try it with gst-launch-1.0; gst-inspect-1.0 lists the elements that are installed",
        ) from error
    if not isinstance(made, gst.Pipeline):
        raise SourceError(f"cannot open {name}", why="it is one element and no pipeline", fix=_TRY)
    return made


def _words(parsed: tuple[Any, str]) -> dict[str, str]:
    error, _debug = parsed
    return {"why": masked(str(error.message)).rstrip("."), "fix": _TRY}


def _gst() -> Any:
    """
    Raises:
        SourceError: GStreamer or its Python binding is missing.
    """
    _keep_unwinder()
    try:
        import gi

        gi.require_version("Gst", "1.0")
        from gi.repository import Gst
    except (ImportError, ValueError) as error:  # ValueError: the binding is there, GStreamer is not
        raise SourceError(
            "cannot use GStreamer",
            why="its Python binding (PyGObject) is not installed, or GStreamer itself",
            fix=_INSTALL,
        ) from error
    Gst.init(None)
    return Gst


def _keep_unwinder() -> None:
    """Make C++ exceptions go on with the compiler's own unwinder (libgcc).

    GStreamer brings libunwind, whose functions have the same names. OpenVINO then finds the wrong
    ones, and aborts the process when it throws.
    """
    import ctypes
    import sys
    from contextlib import suppress

    if sys.platform == "linux":
        with suppress(OSError):  # a system without it does not mix them either
            ctypes.CDLL("libgcc_s.so.1", mode=ctypes.RTLD_GLOBAL)
