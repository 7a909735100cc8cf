"""The page in a real browser: what people see and do on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from browsing import DESKTOP, PHONE, PHONE_ON_ITS_SIDE, SMALL_PHONE, Visitor, needs_browser
from clients import Served, serving, wait_until

from edgeds.live.simulated import SimulatedRun
from edgeds.live.web.web_sink import WebSink
from edgeds.plate.status import PlateStatus
from edgeds.sources import open_source

pytestmark = needs_browser


def test_the_picture_moves(visitor: Visitor) -> None:
    first, drawn = visitor.pixels(), visitor.drawn()
    wait_until(lambda: visitor.drawn() > drawn + 10)
    assert np.abs(visitor.pixels() - first).max() > 40
    wait_until(lambda: float(visitor.text("fps")) > 0)
    assert visitor.text("state") == "Live"
    assert visitor.text("source") == "simulated"


def test_views_are_switched_by_click_and_by_arrow_key(visitor: Visitor, browsed: Served) -> None:
    def is_grey() -> bool:
        pixels = visitor.pixels()
        return bool(np.ptp(pixels, axis=2).max() < 6 and pixels.max() > 200)

    assert not is_grey()
    visitor.click("view-mask")
    wait_until(is_grey)
    assert browsed.run.status().view == "mask"
    assert "Mask" in visitor.element("picture").get_attribute("aria-label")
    visitor.element("view-mask").send_keys("\ue014")  # arrow right
    wait_until(lambda: browsed.run.status().view == "depth")
    wait_until(lambda: not is_grey())


def test_a_view_chosen_elsewhere_shows_on_the_page(visitor: Visitor, browsed: Served) -> None:
    browsed.run.set_view("blur")
    wait_until(lambda: visitor.element("view-blur").is_selected())


def test_a_plate_is_taken_with_count_down_and_verdict(visitor: Visitor) -> None:
    visitor.run(
        """
        window.seen = [];
        const look = () => seen.push(...["count-text", "alert", "plate-label"].map(
            (id) => document.getElementById(id).textContent));
        new MutationObserver(look).observe(document.body, {subtree: true, childList: true});
        """
    )
    visitor.click("plate")
    wait_until(lambda: "A good plate" in visitor.text("verdict"))
    assert not visitor.element("count").is_displayed()
    seen = " ".join(visitor.run("return seen"))
    assert "Step out of the picture" in seen
    assert "The plate is taken in" in seen  # said aloud
    assert "Hold still" in seen
    assert float(visitor.element("health").get_attribute("aria-valuenow")) == 1


def test_a_refused_plate_says_why(visitor: Visitor, browsed: Served) -> None:
    browsed.run.occupied = True
    visitor.click("plate")
    wait_until(lambda: "Somebody is in the picture" in visitor.text("verdict"))
    wait_until(lambda: "somebody" in visitor.text("toasts"))


def test_only_a_plate_that_is_there_can_be_retaken(visitor: Visitor, browsed: Served) -> None:
    refused = PlateStatus(phase="refused", verdict="something moves")
    browsed.run.pretend(plate=refused, plates=0)
    wait_until(lambda: visitor.text("plate").startswith("Take the plate"))
    browsed.run.pretend(plate=replace(refused, health=0.8), plates=1)  # a former one serves on
    wait_until(lambda: visitor.text("plate").startswith("Retake the plate"))


def test_a_prompt_is_shown_and_answered_on_the_spot(visitor: Visitor, browsed: Served) -> None:
    moved = PlateStatus(phase="ready", health=0.1, prompt="the camera was moved: retake the plate")
    browsed.run.pretend(plate=moved)
    wait_until(lambda: visitor.element("prompt").is_displayed())
    assert "moved" in visitor.text("prompt-text")
    assert float(visitor.element("health").get_attribute("aria-valuenow")) == 0.1
    visitor.click("prompt-plate")
    browsed.run.pretend()
    wait_until(lambda: visitor.element("count").is_displayed())
    wait_until(lambda: "A good plate" in visitor.text("verdict"))


def test_a_recording_is_made_and_can_be_taken_home(visitor: Visitor, browsed: Served) -> None:
    visitor.click("record")
    wait_until(lambda: visitor.element("rec").is_displayed())
    frames = browsed.run.status().delivered
    wait_until(lambda: browsed.run.status().delivered > frames + 10)
    wait_until(lambda: visitor.text("record").startswith("Stop recording"))
    visitor.click("record")
    link = wait_until(lambda: visitor.browser.find_elements("css selector", "#files a"))[0]
    wait_until(lambda: not visitor.element("rec").is_displayed())
    answer = browsed.ask(link.get_attribute("href").removeprefix(browsed.origin))
    copy = browsed.run.files.folder / "taken-home.mp4"
    copy.write_bytes(answer.body)
    assert len(list(open_source(copy))) > 0  # a busy machine drops frames


def test_a_snapshot_is_downloaded(visitor: Visitor, tmp_path: Path) -> None:
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    visitor.browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    visitor.click("snapshot")
    [path] = wait_until(lambda: list(tmp_path.glob("*.png")))
    wait_until(lambda: cv2.imread(str(path)) is not None)
    assert cv2.imread(str(path)).shape == (90, 160, 3)


def test_a_backdrop_is_uploaded_and_taken_away_again(
    visitor: Visitor, browsed: Served, tmp_path: Path
) -> None:
    picture = np.zeros((3000, 4000, 3), np.uint8)
    picture[:] = (200, 30, 200)  # BGR
    cv2.imwrite(str(tmp_path / "photo.png"), picture)
    visitor.click("view-replace")
    visitor.element("backdrop").send_keys(str(tmp_path / "photo.png"))
    corner = (200, 30, 200)
    wait_until(lambda: np.abs(visitor.pixels()[0, 0] - corner).max() < 25)
    assert browsed.run.backdrop.shape == (1920, 2560, 3)
    wait_until(lambda: visitor.element("backdrop-preview").is_displayed())
    assert visitor.text("backdrop-name") == "photo.png"
    for size in (DESKTOP, PHONE, PHONE_ON_ITS_SIDE, SMALL_PHONE):  # with all the row can hold
        visitor.resize(size)
        assert visitor.run("return document.documentElement.scrollWidth") <= size[0], size
        assert visitor.box("backdrop-name")["right"] <= size[0], size
    visitor.resize(DESKTOP)
    visitor.browser.find_element("css selector", "[data-colour='#00b140']").click()
    wait_until(lambda: np.abs(visitor.pixels()[0, 0] - (0, 177, 64)).max() < 25)
    wait_until(lambda: not visitor.is_shown("backdrop-name"))


def test_a_status_from_before_an_upload_does_not_take_its_preview_away(
    visitor: Visitor, browsed: Served, tmp_path: Path
) -> None:
    """The answer to an upload and the status come by two connections, in any order."""
    cv2.imwrite(str(tmp_path / "late.png"), np.zeros((30, 40, 3), np.uint8))
    visitor.click("view-replace")
    browsed.run.pretend(backdrop="#00b140")
    visitor.element("backdrop").send_keys(str(tmp_path / "late.png"))
    wait_until(lambda: "late.png is the backdrop now" in visitor.text("toasts"))
    browsed.run.pretend(backdrop="#00b140", fps=77.0)
    wait_until(lambda: visitor.text("fps").startswith("77"))
    browsed.run.pretend()
    wait_until(lambda: visitor.text("backdrop-name") == "late.png")
    assert visitor.is_shown("backdrop-preview")
    visitor.browser.find_element("css selector", "[data-colour='#00b140']").click()
    wait_until(lambda: not visitor.is_shown("backdrop-preview"))


def test_a_file_that_is_no_picture_is_refused_with_the_reason(
    visitor: Visitor, browser: Any, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"not at all")
    visitor.click("view-replace")
    visitor.element("backdrop").send_keys(str(tmp_path / "photo.jpg"))
    wait_until(lambda: "not a JPEG, PNG or WebP" in visitor.text("toasts"))
    browser.get_log("browser")  # the refusal itself, which Chromium counts as severe


def test_the_tint_follows_the_slider_under_the_keyboard(visitor: Visitor, browsed: Served) -> None:
    before = browsed.run.status().opacity
    visitor.element("opacity").send_keys("\ue014" * 5)
    wait_until(lambda: browsed.run.status().opacity == pytest.approx(before + 0.05))
    assert visitor.text("opacity-value") == f"{round(100 * before) + 5} %"


def test_single_keys_work_and_can_be_switched_off(visitor: Visitor, browsed: Served) -> None:
    body = visitor.browser.find_element("tag name", "body")
    body.send_keys("v")
    wait_until(lambda: browsed.run.status().view == "mask")
    visitor.click("keys")
    body.send_keys("v")
    visitor.click("keys")
    body.send_keys("v")
    wait_until(lambda: browsed.run.status().view == "depth")


def test_a_stalled_source_is_told_and_its_return_too(visitor: Visitor, browsed: Served) -> None:
    why = "no picture for 3 s; trying again"
    browsed.run.pretend(source_state="stalled", source_message=why)
    wait_until(lambda: visitor.text("state") == "Stalled")
    assert visitor.text("banner") == why
    wait_until(lambda: why in visitor.element("say").get_attribute("textContent"))
    browsed.run.pretend()
    wait_until(lambda: visitor.text("state") == "Live")
    assert not visitor.element("banner").is_displayed()


def test_a_server_that_goes_and_comes_back_is_found_again(browser: Any, tmp_path: Path) -> None:
    visitor = Visitor(browser)
    with SimulatedRun(tmp_path) as run:
        with WebSink("0", run) as sink:
            run.add_sink(sink)
            visitor.open(sink.link)
            port = sink.location.rstrip("/").rpartition(":")[2]
            run.remove_sink(sink)
        wait_until(lambda: "Not connected" in visitor.text("state"))
        assert "the run has ended. Trying again" in visitor.text("banner")
        with WebSink(port, run) as sink:
            run.add_sink(sink)
            wait_until(lambda: visitor.text("state") == "Live")
            drawn = visitor.drawn()
            wait_until(lambda: visitor.drawn() > drawn)
            visitor.browser.get("about:blank")
            run.remove_sink(sink)
    browser.get_log("browser")  # refused connections, as wanted


def test_the_token_leaves_the_address_and_no_script_can_read_it(
    browser: Any, tmp_path: Path
) -> None:
    visitor = Visitor(browser)
    with serving(tmp_path) as start:
        guarded = start("0.0.0.0:0")
        visitor.open(f"{guarded.origin}/?token={guarded.token}")
        assert browser.current_url == f"{guarded.origin}/"
        assert visitor.run("return document.cookie") == ""
        visitor.open(f"{guarded.origin}/")  # a reload needs no token any more
        browser.delete_all_cookies()
        browser.get(f"{guarded.origin}/")
        browser.find_element("name", "token").send_keys(guarded.token)
        browser.find_element("tag name", "button").click()
        wait_until(lambda: visitor.drawn() > 2)
        browser.get("about:blank")
    browser.get_log("browser")  # the page asked for without its token


def test_nothing_is_asked_of_anybody_else(visitor: Visitor, browsed: Served) -> None:
    asked = visitor.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert len(asked) >= 5
    assert all(url.startswith((browsed.origin, f"blob:{browsed.origin}")) for url in asked)


def test_everything_to_press_has_a_name_and_is_reached_by_the_tab_key(visitor: Visitor) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    wanted = {"full", "plate", "record", "snapshot", "view-overlay", "opacity", "keys"}
    wanted |= {"plate-file", "phone", "stream"}
    assert all(visitor.element(name).accessible_name for name in wanted)
    reached = set()
    for _ in range(20):
        ActionChains(visitor.browser).send_keys("\ue004").perform()
        reached.add(visitor.run("return document.activeElement.id"))
    assert wanted <= reached
