"""The picture as a WebRTC stream: the encoder's queue, and the stream in a real browser."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Visitor, needs_browser
from clients import Served, serving, wait_until

from edgeds.live.simulated import SimulatedRun
from edgeds.live.web.broadcast import Broadcast, Packet
from edgeds.live.web.h264 import H264Encoder
from edgeds.live.web.sink import WebSink
from edgeds.live.web.webrtc import is_webrtc_installed
from edgeds.types import Frame

needs_webrtc = pytest.mark.skipif(
    not is_webrtc_installed(), reason="the extra webrtc is not installed"
)
SIZE = (96, 128)
DEPTH = 5


def grey(level: int) -> Frame:
    """A frame that is recognised after coding."""
    return Frame(np.full((*SIZE, 3), level, np.uint8))


def decoded(packets: list[Packet]) -> list[int]:
    """The grey levels that a decoder sees that is given these packets and no others."""
    import av

    decoder = av.CodecContext.create("h264", "r")
    pictures = [frame for packet in packets for frame in decoder.decode(packet.data)]
    pictures += decoder.decode(None)
    return [round(float(picture.to_ndarray(format="rgb24").mean())) for picture in pictures]


class Encoded:
    """A broadcast of H.264 in this test's event loop, shown frame by frame."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.broadcast = Broadcast(loop, H264Encoder, name="test", depth=DEPTH, on_demand=False)

    async def show(self, level: int) -> None:
        """One frame, until it is encoded and published."""
        before = self.broadcast.encoded
        self.broadcast.show(grey(level))
        while self.broadcast.encoded == before:
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.005)  # published by the loop


def test_after_a_full_queue_a_viewer_goes_on_with_a_key_frame() -> None:
    async def watch() -> tuple[list[Packet], list[Packet]]:
        encoded = Encoded()
        with encoded.broadcast:
            viewer = encoded.broadcast.subscribe()
            await encoded.show(20)
            first = [await viewer.next()]
            for level in range(30, 30 + 10 * (DEPTH + 1), 10):  # nobody takes them
                await encoded.show(level)
            await encoded.show(150)
            await encoded.show(180)
            await encoded.show(210)
            later = []
            while len(later) < 2 or later[-1].number < 10:
                later.append(await asyncio.wait_for(viewer.next(), 10))
            viewer.close()
        return first, later

    first, later = asyncio.run(watch())
    assert first[0].is_key
    assert later[0].is_key
    assert later[0].number > first[0].number + DEPTH  # what had waited is gone
    # A decoder that starts there sees all of it right, and one that saw the start as well.
    levels = {1: 20, 8: 150, 9: 180, 10: 210}
    wanted = [levels[packet.number] for packet in later]
    assert decoded(later) == pytest.approx(wanted, abs=4)
    assert decoded([*first, *later])[1:] == pytest.approx(wanted, abs=4)


def test_a_viewer_who_keeps_up_gets_every_frame_and_costs_one_key_frame() -> None:
    async def watch() -> list[Packet]:
        encoded = Encoded()
        with encoded.broadcast:
            viewer = encoded.broadcast.subscribe()
            packets = []
            for level in range(20, 220, 10):
                await encoded.show(level)
                packets.append(await viewer.next())
            viewer.close()
        return packets

    packets = asyncio.run(watch())
    assert [packet.number for packet in packets] == list(range(1, 21))
    assert [packet.is_key for packet in packets] == [True] + 19 * [False]
    assert decoded(packets) == pytest.approx(list(range(20, 220, 10)), abs=4)


def test_a_viewer_who_comes_later_starts_with_a_key_frame() -> None:
    async def watch() -> tuple[list[Packet], list[Packet]]:
        encoded = Encoded()
        early, late = [], []
        with encoded.broadcast:
            one = encoded.broadcast.subscribe()
            for level in (20, 60):
                await encoded.show(level)
                early.append(await one.next())
            other = encoded.broadcast.subscribe()
            for level in (100, 140):
                await encoded.show(level)
                early.append(await one.next())
                late.append(await asyncio.wait_for(other.next(), 10))
        return early, late

    early, late = asyncio.run(watch())
    assert late[0].is_key
    assert decoded(late) == pytest.approx([100, 140], abs=4)
    assert decoded(early) == pytest.approx([20, 60, 100, 140], abs=4)


def test_nothing_is_encoded_while_nobody_watches() -> None:
    async def watch() -> int:
        encoded = Encoded()
        with encoded.broadcast as broadcast:
            viewer = broadcast.subscribe()
            await encoded.show(20)
            viewer.close()
            for level in range(30, 60):
                broadcast.show(grey(level))
                await asyncio.sleep(0.005)
            return broadcast.encoded

    assert asyncio.run(watch()) <= 2  # one that was under way


def test_an_encoder_that_fails_is_named_and_its_thread_ends() -> None:
    class Broken:
        def encode(self, frame: Frame, *, key: bool) -> Any:
            raise RuntimeError("no such codec")

    async def watch() -> BaseException | None:
        loop = asyncio.get_running_loop()
        with Broadcast(loop, Broken, name="broken", depth=1, on_demand=True) as broadcast:
            broadcast.subscribe()
            broadcast.request()
            broadcast.show(grey(20))
            while broadcast.error is None:
                await asyncio.sleep(0.005)
            return broadcast.error

    assert "no such codec" in str(asyncio.run(watch()))
    assert not any("broken" in thread.name for thread in threading.enumerate())


@needs_browser
@needs_webrtc
def test_the_picture_comes_as_one_stream_where_bandwidth_is_dear(
    visitor: Visitor, browsed: Served
) -> None:
    def plays() -> bool:
        if not visitor.element("stream").is_selected():
            visitor.click("stream")  # on a machine this busy, the handshake may be given up once
        return bool(visitor.element("video").is_displayed())

    wait_until(plays, secs=60)
    wait_until(lambda: visitor.streamed() > 5)
    assert visitor.run("return document.getElementById('video').videoWidth") == 160
    jpegs, seen = browsed.sink.encoded, visitor.streamed()
    visitor.click("view-mask")
    wait_until(lambda: visitor.streamed() > seen + 10)
    assert browsed.sink.encoded <= jpegs + 2  # those on the way when it began
    pictures = visitor.drawn()
    visitor.click("stream")
    wait_until(lambda: visitor.drawn() > pictures + 2)
    assert not visitor.element("video").is_displayed()


@needs_browser
@needs_webrtc
@pytest.mark.parametrize(("host", "by_itself"), [("127.0.0.2", True), ("127.0.0.1", False)])
def test_from_another_machine_the_stream_is_what_comes(
    browser: Any, tmp_path: Path, host: str, by_itself: bool
) -> None:
    """127.0.0.2 is this machine too, but no name of it that the page knows."""
    visitor = Visitor(browser)
    with serving(tmp_path) as start:
        guarded = start("0.0.0.0:0")
        port = guarded.origin.rpartition(":")[2]
        browser.get(f"http://{host}:{port}/?token={guarded.token}")
        wait_until(lambda: visitor.element("stream-row").is_displayed())
        assert visitor.element("stream").is_selected() is by_itself
        wait_until(lambda: visitor.element("video").is_displayed() is by_itself, secs=60)
        if by_itself:
            visitor.click("stream")
        wait_until(lambda: visitor.drawn() > 2)  # and single pictures are there for who wants them
        assert not visitor.element("video").is_displayed()
        browser.get("about:blank")
    browser.get_log("browser")


@needs_browser
@needs_webrtc
def test_a_chosen_stream_comes_back_with_the_connection(browser: Any, tmp_path: Path) -> None:
    visitor = Visitor(browser)
    with SimulatedRun(tmp_path, size=(90, 160)) as run:
        with WebSink("0", run) as sink:
            run.add_sink(sink)
            visitor.open(sink.link)
            port = sink.location.rstrip("/").rpartition(":")[2]
            wait_until(lambda: visitor.is_shown("stream-row"))
            visitor.click("stream")
            wait_until(lambda: visitor.is_shown("video"), secs=60)
            run.remove_sink(sink)
        wait_until(lambda: "Not connected" in visitor.text("state"))
        assert not visitor.is_shown("video")
        assert visitor.element("stream").is_selected()
        with WebSink(port, run) as sink:
            run.add_sink(sink)
            wait_until(lambda: visitor.is_shown("video"), secs=60)
            drawn = visitor.streamed()
            wait_until(lambda: visitor.streamed() > drawn + 3)
            visitor.run("localStorage.clear()")
            visitor.browser.get("about:blank")
            run.remove_sink(sink)
    browser.get_log("browser")  # refused connections, as wanted
