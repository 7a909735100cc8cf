"""The newest frame, encoded once for all subscribers: who gets which packets."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy as np
import pytest

from edgeds.live.web.broadcast import Broadcast, Packet
from edgeds.live.web.h264_encoder import H264Encoder
from edgeds.types import Frame

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
        self.shown = 0
        self.broadcast = Broadcast(loop, H264Encoder, name="test", depth=DEPTH, on_demand=False)

    async def show(self, level: int) -> None:
        """One frame, until it is encoded and published."""
        self.broadcast.show(grey(level))
        self.shown += 1
        while (last := self.broadcast._last) is None or last.number < self.shown:
            await asyncio.sleep(0.002)


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
                later.append(await asyncio.wait_for(viewer.next(), 60))
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
                late.append(await asyncio.wait_for(other.next(), 60))
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


def test_on_demand_a_subscriber_gets_the_newest_packet_and_not_the_ones_it_missed() -> None:
    class Numbers:
        def encode(self, frame: Frame, *, key: bool) -> list[tuple[Any, bool]]:
            return [(int(frame.pixels[0, 0, 0]), True)]

    async def watch() -> list[int]:
        loop = asyncio.get_running_loop()
        with Broadcast(loop, Numbers, name="test", depth=1, on_demand=True) as broadcast:
            slow, fast = broadcast.subscribe(), broadcast.subscribe()
            for level in range(1, 6):
                broadcast.show(grey(level))
                assert (await asyncio.wait_for(fast.next(), 60)).data == level
            newest = (await asyncio.wait_for(slow.next(), 60)).data
            later = broadcast.subscribe()  # a source that stands still may show no other frame
            return [newest, (await asyncio.wait_for(later.next(), 60)).data, broadcast.encoded]

    assert asyncio.run(watch()) == [5, 5, 5]
