"""The picture as a WebRTC stream, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import Visitor, needs_browser
from clients import Served, serving, wait_until

from edgeds.live.simulated import SimulatedRun
from edgeds.live.web.web_sink import WebSink
from edgeds.live.web.webrtc import is_webrtc_installed

needs_webrtc = pytest.mark.skipif(
    not is_webrtc_installed(), reason="the extra webrtc is not installed"
)


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
