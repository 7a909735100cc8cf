"""What viewers get of the run's files and names, and what they must not get."""

from __future__ import annotations

import json

import cv2
import numpy as np
from clients import Serve, Served, command, picture, told, wait_until

from edgeds.live.control import OutputStatus
from edgeds.live.web.settings import Page

_BROKEN = OutputStatus(name="virtual camera", location="/dev/video9", message="unplugged")


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
    answer = page.ask("/" + status["saved"][-1]["href"])
    assert answer.body == (page.run.files.folder / name).read_bytes()
    assert name in answer.headers["content-disposition"]


def test_a_recording_that_the_window_stops_is_offered_too(serve: Serve) -> None:
    page = serve()
    with page.watch() as viewer:
        page.run.start_recording()
        told(viewer, "status", lambda status: status["recording"])
        frames = page.run.status().delivered
        wait_until(lambda: page.run.status().delivered > frames + 3)
        page.run.stop_recording()
        status = told(viewer, "status", lambda status: status["saved"])
    assert page.ask("/" + status["saved"][0]["href"]).body[4:8] == b"ftyp"


def test_only_saved_files_are_given_and_only_as_long_as_they_are_there(serve: Serve) -> None:
    page = serve(settings=Page(saved_files=2))
    (page.run.files.folder / "private.txt").write_text("private")
    wait_until(lambda: page.run.status().delivered > 2)
    for _ in range(3):
        page.ask("/snapshot", method="POST", Origin=page.origin)
    assert page.ask("/saved/0").status == 404  # made room for the third
    assert page.ask("/saved/2").status == 200
    for path in ("/saved/3", "/saved/-1", "/saved/x", "/saved/../private.txt", "/private.txt"):
        assert page.ask(path).status == 404, path
    (page.run.files.folder / "simulated-3.png").unlink()
    assert page.ask("/saved/2").status == 404


def test_a_snapshot_is_a_png_of_what_is_shown(page: Served) -> None:
    with page.watch() as viewer:
        picture(viewer)
    answer = page.ask("/snapshot", method="POST", Origin=page.origin)
    pixels = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (90, 160, 3)


def test_the_page_is_told_no_folder_and_no_token(serve: Serve) -> None:
    page = serve("0.0.0.0:0")
    outputs = (OutputStatus(name="page", location=page.url), _BROKEN)
    page.run.pretend(outputs=outputs, recording=str(page.run.files.folder / "a.mp4"))
    with page.watch(additional_headers={"Cookie": page.cookie}) as viewer:
        status = told(viewer, "status", lambda status: status["recording"])
    assert status["recording"] == "a.mp4"
    assert status["failures"] == ["virtual camera: unplugged"]
    assert str(page.token) not in json.dumps(status)
    assert str(page.run.files.folder) not in json.dumps(status)


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
