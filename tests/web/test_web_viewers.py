"""Pictures and status out, commands in; many viewers, slow viewers, viewers who come and go."""

from __future__ import annotations

import gc
import socket
import threading
import tracemalloc
from contextlib import ExitStack
from typing import Any

import cv2
import numpy as np
import pytest
from clients import Serve, Served, command, picture, told, wait_until
from websockets.exceptions import ConnectionClosed

from edgeds.live.control import OutputStatus
from edgeds.live.web.jpeg_encoder import jpeg_from_pixels
from edgeds.live.web.settings import Page
from edgeds.live.web.webrtc import is_webrtc_installed
from edgeds.types import Frame
from edgeds.views.settings import VIEWS

_BROKEN = OutputStatus(name="virtual camera", location="/dev/video9", message="unplugged")


def test_a_viewer_sees_newer_and_newer_pictures_of_the_run(page: Served) -> None:
    with page.watch() as viewer:
        seen = [picture(viewer) for _ in range(8)]
    numbers = [number for number, _ in seen]
    assert numbers == sorted(set(numbers))
    assert all(pixels.shape == (90, 160, 3) for _, pixels in seen)
    # The ball moves.
    assert np.abs(seen[0][1].astype(int) - seen[-1][1]).max() > 40


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_can_be_chosen_and_is_told_back(page: Served, view: str) -> None:
    with page.watch() as viewer:
        command(viewer, "view", view=view)
        told(viewer, "status", lambda status: status["view"] == view)
        wait_until(lambda: picture(viewer)[1].shape[1] == (320 if view == "side-by-side" else 160))
        command(viewer, "view", view="overlay")
        told(viewer, "status", lambda status: status["view"] == "overlay")


def test_opacity_backdrop_and_plate_are_passed_on(page: Served) -> None:
    with page.watch() as viewer:
        command(viewer, "opacity", opacity=0.75)
        told(viewer, "status", lambda status: status["opacity"] == 0.75)
        page.run.set_backdrop(np.zeros((4, 4, 3), np.uint8))
        command(viewer, "plain-backdrop")
        wait_until(lambda: page.run.backdrop is None)
        command(viewer, "plate")
        told(viewer, "status", lambda status: status["plate"]["phase"] == "counting")
        command(viewer, "cancel-plate")
        told(viewer, "status", lambda status: status["plate"]["phase"] == "ready")
        command(viewer, "blur", blur=0.25)
        told(viewer, "status", lambda status: status["blur"] == 0.25)
        command(viewer, "colour", colour="#102030")
        told(viewer, "status", lambda status: status["backdrop"] == "#102030")
        command(viewer, "plain-backdrop")
        told(viewer, "status", lambda status: status["backdrop"] == "#00b140")


def test_a_kept_plate_is_offered_and_used(serve: Serve) -> None:
    page = serve(has_plate=False)
    page.run.offer_plate("the plate of yesterday")
    with page.watch() as viewer:
        status = told(viewer, "status", lambda status: status["plate_offer"])
        assert status["plates"] == 0
        assert page.ask("/plate.jpg").status == 404
        command(viewer, "offered-plate")
        told(viewer, "status", lambda status: status["plates"] == 1 and not status["plate_offer"])
    answer = page.ask("/plate.jpg")
    shown = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (90, 160, 3)
    plate = page.run.plate()
    assert plate is not None
    assert abs(shown[..., ::-1].astype(float) - plate).mean() < 8


def test_an_error_of_the_run_is_told_with_its_remedy(serve: Serve, tmp_path: Any) -> None:
    page = serve()
    (tmp_path / "file").write_bytes(b"")
    page.run.files.folder = tmp_path / "file" / "in-the-way"
    with page.watch() as viewer:
        command(viewer, "record")
        error = told(viewer, "error")
        assert "simulated-1.mp4" in error["what"]
        picture(viewer)  # and the show goes on


@pytest.mark.parametrize(
    "message",
    [
        *("", "no json", "[]", "{}", "[" * 4000, '{"do": 1}', '{"do": "format-disk"}'),
        *('{"do": "view"}', '{"do": "view", "view": "../x"}', '{"do": "opacity", "opacity": 7}'),
        *('{"do": "blur", "blur": true}', '{"do": "colour"}', '{"do": "colour", "colour": "red"}'),
        '{"do": "colour", "colour": "/etc/passwd"}',
    ],
)
def test_a_message_no_page_of_ours_sends_ends_the_connection(page: Served, message: str) -> None:
    with page.watch() as viewer:
        viewer.send(message)
        with pytest.raises(ConnectionClosed) as caught:
            told(viewer, "done")
    assert caught.value.rcvd.code == 1008
    assert page.run.status().view == "overlay"


def test_a_message_too_long_ends_the_connection_before_it_is_read(page: Served) -> None:
    with page.watch() as viewer:
        viewer.send("x" * 20_000)
        with pytest.raises(ConnectionClosed) as caught:
            told(viewer, "done")
    assert caught.value.rcvd.code == 1009


def test_one_encode_serves_all_viewers_and_none_is_made_for_nobody(
    serve: Serve,
) -> None:
    page = serve()
    wait_until(lambda: page.run.status().delivered > 10)
    assert page.sink.encoded == 0
    shown = page.run.status().delivered
    with ExitStack() as stack:
        viewers = [stack.enter_context(page.watch()) for _ in range(6)]
        got = [picture(viewer) for _ in range(10) for viewer in viewers]
        encoded, frames = page.sink.encoded, page.run.status().delivered - shown
    assert len(got) == 60
    assert encoded <= frames + 1
    wait_until(lambda: page.sink.viewers == 0)
    after, shown = page.sink.encoded, page.run.status().delivered
    wait_until(lambda: page.run.status().delivered > shown + 10)
    assert page.sink.encoded <= after + 1


def test_a_viewer_who_draws_slowly_gets_the_newest_picture_and_holds_nobody_up(
    page: Served,
) -> None:
    with page.watch() as slow, page.watch() as fast:
        first = [picture(slow)[0] for _ in range(2)][-1]
        numbers = [picture(fast)[0] for _ in range(30)]
        # What was on the way is old; what is sent after an acknowledgement is not.
        later = [picture(slow)[0] for _ in range(4)][-1]
    assert len(set(numbers)) == 30
    assert later >= numbers[-1] - 2
    assert later - first > 20


def test_a_viewer_who_acknowledges_nothing_gets_two_pictures_and_the_status(page: Served) -> None:
    with page.watch() as viewer:
        messages = [viewer.recv(timeout=60) for _ in range(7)]
    assert sum(isinstance(message, bytes) for message in messages) == 2


def test_invented_acknowledgements_bring_no_more_pictures(page: Served) -> None:
    with page.watch() as viewer:
        for number in (0, -1, 10**9, "x", None, [1], {"a": 1}):
            command(viewer, "ack", number=number)
        messages = [viewer.recv(timeout=60) for _ in range(7)]
    assert sum(isinstance(message, bytes) for message in messages) == 2


@pytest.mark.skipif(not is_webrtc_installed(), reason="the extra webrtc is not installed")
@pytest.mark.parametrize("offer", ["", "nonsense", "v=0\r\nm=video 9 X 0\r\n", "v=0\r\n" * 900])
def test_an_offer_that_is_none_is_declined_and_pictures_go_on(page: Served, offer: str) -> None:
    with page.watch() as viewer:
        command(viewer, "stream", offer=offer)
        told(viewer, "no-stream")
        picture(viewer)


def test_one_viewer_too_many_is_told_so(serve: Serve) -> None:
    page = serve(settings=Page(viewers=2))
    with page.watch() as one, page.watch() as other:
        picture(one), picture(other)
        with page.watch() as third, pytest.raises(ConnectionClosed) as caught:
            third.recv(timeout=60)
        assert caught.value.rcvd.code == 1013
        picture(one)
    wait_until(lambda: page.sink.viewers == 0)
    with page.watch() as again:
        picture(again)


def test_ten_viewers_come_and_go_and_leave_nothing_behind(serve: Serve) -> None:
    page = serve(rate_hz=60)

    def crowd() -> None:
        with ExitStack() as stack:
            viewers = [stack.enter_context(page.watch()) for _ in range(10)]
            for viewer in viewers:
                picture(viewer)
            for viewer in viewers[::2]:
                viewer.socket.shutdown(socket.SHUT_RDWR)  # without a word
        wait_until(lambda: page.sink.viewers == 0)

    crowd()
    wait_until(lambda: page.run.status().delivered > 70)  # the simulated holds its scene by now
    threads = len(threading.enumerate())
    gc.collect()
    tracemalloc.start()
    try:
        crowd()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(4):
            crowd()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    wait_until(lambda: len(threading.enumerate()) <= threads)
    assert grown < 400_000  # a picture's JPEG is 10 kB; 40 viewers held on to would be more


def test_a_cutout_is_shown_over_a_checkerboard() -> None:
    pixels = np.zeros((48, 48, 4), np.uint8)
    pixels[:, 24:] = (200, 30, 30, 255)
    shown = cv2.imdecode(np.frombuffer(jpeg_from_pixels(pixels), np.uint8), cv2.IMREAD_COLOR)
    assert abs(shown[4, 40].astype(int) - (30, 30, 200)).max() < 30
    assert shown[4, 4].min() > 140
    assert abs(int(shown[4, 4, 0]) - int(shown[4, 20, 0])) > 25


def test_wide_pictures_are_shrunk_for_the_page_and_keep_their_shape() -> None:
    frame = Frame(np.zeros((2160, 3840, 3), np.uint8))
    shown = cv2.imdecode(np.frombuffer(jpeg_from_pixels(frame.pixels), np.uint8), 1)
    assert shown.shape == (720, 1280, 3)
