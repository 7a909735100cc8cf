"""Pictures and status out, commands in; many viewers, slow viewers, viewers who come and go."""

from __future__ import annotations

import gc
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import cv2
import numpy as np
import pytest
from clients import Serve, Served, picture, wait_until
from websockets.exceptions import ConnectionClosed

from edgeds.live.control import OutputStatus
from edgeds.live.web.jpeg import jpeg_from_pixels
from edgeds.live.web.settings import Page
from edgeds.live.web.webrtc import is_webrtc_installed
from edgeds.types import Frame
from edgeds.views.settings import VIEWS

_BROKEN = OutputStatus(name="virtual camera", location="/dev/video9", message="unplugged")


def told(viewer: Any, kind: str, true: Callable[[Any], Any] = lambda _: True) -> Any:
    """The next message of a kind of which `true` holds; pictures on the way are acknowledged."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        message = viewer.recv(timeout=20)
        if isinstance(message, bytes):
            viewer.send(json.dumps({"do": "ack", "number": int.from_bytes(message[:4], "big")}))
        elif (content := json.loads(message))["type"] == kind and true(content):
            return content
    raise AssertionError(f"no such {kind}")


def command(viewer: Any, do: str, **more: Any) -> None:
    viewer.send(json.dumps({"do": do, **more}))


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


def test_a_recording_that_the_window_stops_is_offered_too(serve: Serve) -> None:
    page = serve()
    with page.watch() as viewer:
        page.run.start_recording()
        told(viewer, "status", lambda status: status["recording"])
        frames = page.run.status().delivered
        wait_until(lambda: page.run.status().delivered > frames + 3)
        page.run.stop_recording()
        status = told(viewer, "status", lambda status: status["saved"])
    assert page.ask(status["saved"][0]["href"]).body[4:8] == b"ftyp"


def test_only_saved_files_are_given_and_only_as_long_as_they_are_there(serve: Serve) -> None:
    page = serve(settings=Page(saved_files=2))
    (page.run.folder / "private.txt").write_text("private")
    wait_until(lambda: page.run.status().delivered > 2)
    for _ in range(3):
        page.ask("/snapshot", method="POST", Origin=page.origin)
    assert page.ask("/saved/0").status == 404  # made room for the third
    assert page.ask("/saved/2").status == 200
    for path in ("/saved/3", "/saved/-1", "/saved/x", "/saved/../private.txt", "/private.txt"):
        assert page.ask(path).status == 404, path
    (page.run.folder / "simulated-3.png").unlink()
    assert page.ask("/saved/2").status == 404


def test_a_recording_can_be_made_and_taken_home(page: Served) -> None:
    with page.watch() as viewer:
        command(viewer, "record")
        told(viewer, "status", lambda status: status["recording"])
        for _ in range(5):
            picture(viewer)
        with page.watch() as later:  # who comes later sees how long it has been going on
            told(later, "status", lambda status: status["recording_secs"] > 0.1)
        command(viewer, "stop-recording")
        name = told(viewer, "done")["file"]["name"]
        status = told(viewer, "status", lambda status: status["saved"])
    assert status["recording"] is None
    assert status["recording_secs"] == 0
    assert status["saved"][-1]["name"] == name
    assert status["saved"][-1]["kind"] == "recording"
    answer = page.ask(status["saved"][-1]["href"])
    assert answer.body == (page.run.folder / name).read_bytes()
    assert name in answer.headers["content-disposition"]


def test_the_page_is_told_no_folder_and_no_token(serve: Serve) -> None:
    page = serve("0.0.0.0:0")
    outputs = (OutputStatus(name="page", location=page.url), _BROKEN)
    page.run.pretend(outputs=outputs, recording=str(page.run.folder / "a.mp4"))
    with page.watch(additional_headers={"Cookie": page.cookie}) as viewer:
        status = told(viewer, "status", lambda status: status["recording"])
    assert status["recording"] == "a.mp4"
    assert status["failures"] == ["virtual camera: unplugged"]
    assert str(page.token) not in json.dumps(status)
    assert str(page.run.folder) not in json.dumps(status)


def test_no_viewer_gets_a_password_of_the_source(serve: Serve) -> None:
    page = serve()
    url = "RTSP://admin:hunter2@10.0.0.7/stream?user=admin&pwd=hunter2"
    page.run.pretend(
        source=url,
        source_state="reconnecting",
        source_message=f"{url} broke off: trying again",
        outputs=(OutputStatus(name="recording", location="a.mp4", message=f"{url} failed"),),
    )
    with page.watch() as viewer:
        status = told(viewer, "status", lambda status: status["failures"])
    assert "10.0.0.7" in status["source_message"]
    assert "hunter2" not in json.dumps(status)


def test_an_error_of_the_run_is_told_with_its_remedy(serve: Serve, tmp_path: Any) -> None:
    page = serve()
    (tmp_path / "file").write_bytes(b"")
    page.run.folder = tmp_path / "file" / "in-the-way"
    with page.watch() as viewer:
        command(viewer, "record")
        error = told(viewer, "error")
        assert "simulated-1.mp4" in error["what"]
        picture(viewer)  # and the show goes on


def test_a_snapshot_is_a_png_of_what_is_shown(page: Served) -> None:
    with page.watch() as viewer:
        picture(viewer)
    answer = page.ask("/snapshot", method="POST", Origin=page.origin)
    pixels = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (90, 160, 3)


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
        messages = [viewer.recv(timeout=20) for _ in range(7)]
    assert sum(isinstance(message, bytes) for message in messages) == 2


def test_invented_acknowledgements_bring_no_more_pictures(page: Served) -> None:
    with page.watch() as viewer:
        for number in (0, -1, 10**9, "x", None, [1], {"a": 1}):
            command(viewer, "ack", number=number)
        messages = [viewer.recv(timeout=20) for _ in range(7)]
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
            third.recv(timeout=20)
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
    assert len(threading.enumerate()) <= threads
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
