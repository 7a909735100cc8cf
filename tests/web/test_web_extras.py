"""Backdrops, files, the phone's code and lost connections on the page, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Visitor, needs_browser
from clients import Served, serving, wait_until

from edgeds.live.simulated import SimulatedRun
from edgeds.live.web.web_sink import WebSink

pytestmark = needs_browser


def corner_is(visitor: Visitor, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(visitor.pixels()[0, 0] - colour).max() < 25)


def test_a_colour_is_chosen_as_the_backdrop(visitor: Visitor, browsed: Served) -> None:
    visitor.click("view-replace")
    blue = visitor.browser.find_element("css selector", "[data-colour='#0047bb']")
    assert blue.accessible_name == "Blue backdrop"
    blue.click()
    wait_until(lambda: corner_is(visitor, (0, 71, 187)))
    wait_until(lambda: blue.get_attribute("aria-pressed") == "true")
    visitor.run(
        """
        document.getElementById("colour").value = "#c81ec8";
        document.getElementById("colour").dispatchEvent(new Event("change"));
        """
    )
    wait_until(lambda: corner_is(visitor, (200, 30, 200)))
    wait_until(lambda: blue.get_attribute("aria-pressed") == "false")
    browsed.run.set_backdrop(None)


def test_a_video_is_uploaded_as_the_backdrop(
    visitor: Visitor, browsed: Served, make_clip: Any
) -> None:
    clip = make_clip("sea.mp4")
    visitor.click("view-replace")
    visitor.element("backdrop").send_keys(str(clip))
    wait_until(lambda: visitor.text("backdrop-name") == "sea.mp4")
    wait_until(lambda: "sea.mp4 is the backdrop now." in visitor.text("toasts"))
    wait_until(lambda: not corner_is(visitor, (0, 177, 64)))
    browsed.run.set_backdrop(None)


def test_the_blur_follows_its_slider(visitor: Visitor, browsed: Served) -> None:
    visitor.click("view-blur")
    wait_until(lambda: visitor.is_shown("blur-row"))
    visitor.element("blur").send_keys("\ue010")  # End
    wait_until(lambda: browsed.run.status().blur == 1)
    assert visitor.text("blur-value") == "100 %"
    browsed.run.set_blur(0.5)


def test_file_choosers_list_what_is_taken(visitor: Visitor) -> None:
    pictures = {".jpg", ".jpeg", ".png", ".webp", "image/jpeg", "image/png", "image/webp"}
    videos = {".mp4", ".m4v", ".mov", ".webm", ".mkv"}
    videos |= {"video/mp4", "video/quicktime", "video/webm"}
    for name, wanted in (("plate-file", pictures), ("backdrop", pictures | videos)):
        assert set(visitor.element(name).get_attribute("accept").split(",")) == wanted


def test_a_recording_says_where_it_is_and_offers_itself(visitor: Visitor, browsed: Served) -> None:
    visitor.click("record")
    frames = browsed.run.status().delivered
    wait_until(lambda: browsed.run.status().delivered > frames + 5)
    visitor.click("record")
    wait_until(lambda: "It is on the computer that runs edgeds." in visitor.text("toasts"))
    link = visitor.browser.find_element("css selector", ".toast a")
    assert link.text == "Download"
    assert browsed.ask(link.get_attribute("href").removeprefix(browsed.origin)).status == 200
    visitor.click("snapshot")
    wait_until(lambda: visitor.browser.find_elements("css selector", "[data-kind=snapshot]"))


def test_without_a_connection_the_figures_are_grey(browser: Any, tmp_path: Path) -> None:
    visitor = Visitor(browser)

    def opacity() -> float:
        return float(
            visitor.run(
                "return getComputedStyle(document.getElementById('fps').closest('.gauge')).opacity"
            )
        )

    with SimulatedRun(tmp_path, size=(90, 160)) as run:
        with WebSink("0", run) as sink:
            run.add_sink(sink)
            visitor.open(sink.link)
            wait_until(lambda: visitor.text("state") == "Live")
            assert opacity() == 1
            run.remove_sink(sink)
        wait_until(lambda: "Not connected" in visitor.text("state"))
        wait_until(lambda: opacity() < 0.5)
        visitor.click("plate")
        wait_until(lambda: "The page is not connected." in visitor.text("toasts"))
        visitor.browser.get("about:blank")
    browser.get_log("browser")  # refused connections, as wanted


def test_a_phone_is_told_how_to_get_here(visitor: Visitor, tmp_path: Path) -> None:
    visitor.click("phone")
    assert "--serve 0.0.0.0:8080" in visitor.text("phone-local")
    assert not visitor.is_shown("phone-code")
    visitor.browser.find_element("css selector", "dialog button").click()
    assert not visitor.is_shown("phone-dialog")


def test_the_code_for_phones_is_drawn_only_when_it_is_asked_for(
    browser: Any, tmp_path: Path
) -> None:
    pytest.importorskip("segno", reason="segno is not installed")
    visitor = Visitor(browser)
    with serving(tmp_path) as start:
        guarded = start("0.0.0.0:0")
        visitor.open(f"{guarded.origin}/?token={guarded.token}")
        wait_until(lambda: visitor.text("state") == "Live")
        assert not visitor.element("phone-code").get_attribute("src")
        visitor.click("phone")
        wait_until(
            lambda: visitor.run("return document.getElementById('phone-code').naturalWidth") > 0
        )
        assert visitor.box("phone-code")["width"] >= 200
        visitor.browser.find_element("css selector", "dialog button").click()
        wait_until(lambda: not visitor.element("phone-code").get_attribute("src"))
        browser.get("about:blank")
    browser.get_log("browser")


def test_a_wrong_token_says_so_and_a_stale_one_too(browser: Any, tmp_path: Path) -> None:
    visitor = Visitor(browser)
    with serving(tmp_path) as start:
        guarded = start("0.0.0.0:0")
        browser.get(f"{guarded.origin}/?token=not-this-one")
        assert "This token is not valid." in browser.find_element("tag name", "body").text
        browser.get(f"{guarded.origin}/")
        assert "This token is not valid." not in browser.find_element("tag name", "body").text
        visitor.open(f"{guarded.origin}/?token={guarded.token}")
        guarded.run.remove_sink(guarded.sink)
        guarded.sink.close()
        port = guarded.origin.rpartition(":")[2]
        with SimulatedRun(tmp_path) as run, WebSink(f"0.0.0.0:{port}", run):
            wait_until(lambda: "this link is not valid any more" in visitor.text("banner"))
        browser.get("about:blank")
    browser.get_log("browser")
