"""The page in a real browser: headless Chromium, driven by selenium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clients import Served, serving, wait_until

from edgeds.live.simulated import SimulatedRun
from edgeds.live.web.sink import WebSink
from edgeds.live.web.webrtc import is_webrtc_installed
from edgeds.plate.status import PlateStatus
from edgeds.sources import open_source

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason=f"{'chromium' if CHROMIUM is None else 'chromedriver'} is not installed: "
    "apt-get install chromium chromium-driver",
)
FLAGS = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-dev-shm-usage",  # small in containers
)
DESKTOP, PHONE = (1360, 860), (390, 844)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to start as root with it
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with serving(tmp_path_factory.mktemp("page")) as start:
        yield start(count_down_secs=1.0, capture_secs=0.5)


class Visitor:
    """What somebody sees and does on the page."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def open(self, url: str) -> None:
        self.resize(DESKTOP)
        self.browser.get(url)
        wait_until(lambda: self.drawn() > 2)

    def resize(self, size: tuple[int, int]) -> None:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {**metrics, "mobile": min(size) < 600}
        )

    def box(self, name: str) -> dict[str, float]:
        """Where an element is in the window, in CSS pixels."""
        found = self.run(
            "return document.getElementById(arguments[0]).getBoundingClientRect().toJSON()", name
        )
        return dict(found)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def element(self, name: str) -> Any:
        return self.browser.find_element("id", name)

    def click(self, name: str) -> None:
        self.element(name).click()

    def text(self, name: str) -> str:
        return str(self.element(name).text)

    def drawn(self) -> int:
        return int(self.run("return +document.getElementById('picture').dataset.drawn || 0"))

    def pixels(self) -> np.ndarray:
        """The picture as it is on the screen, in eighths: (h, w, 3) RGB."""
        width, height, data = self.run(
            """
            const from = document.getElementById("picture"), to = document.createElement("canvas");
            [to.width, to.height] = [from.width >> 3, from.height >> 3];
            const paint = to.getContext("2d");
            paint.drawImage(from, 0, 0, to.width, to.height);
            return [to.width, to.height, [...paint.getImageData(0, 0, to.width, to.height).data]];
            """
        )
        return np.array(data, np.int16).reshape(height, width, 4)[..., :3]


@pytest.fixture
def visitor(browser: Any, page: Served) -> Iterator[Visitor]:
    visitor = Visitor(browser)
    if browser.current_url != page.url:
        visitor.open(page.url)
    wait_until(lambda: visitor.element("view-overlay").is_selected())
    yield visitor
    page.run.pretend()
    page.run.occupied = False
    page.run.set_view("overlay")
    complaints = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert complaints == []


def test_the_picture_moves(visitor: Visitor) -> None:
    first, drawn = visitor.pixels(), visitor.drawn()
    wait_until(lambda: visitor.drawn() > drawn + 10)
    assert np.abs(visitor.pixels() - first).max() > 40
    wait_until(lambda: float(visitor.text("fps")) > 0)
    assert visitor.text("state") == "Live"
    assert visitor.text("source") == "simulated"


def test_views_are_switched_by_click_and_by_arrow_key(visitor: Visitor, page: Served) -> None:
    def is_grey() -> bool:
        pixels = visitor.pixels()
        return bool(np.ptp(pixels, axis=2).max() < 6 and pixels.max() > 200)

    assert not is_grey()
    visitor.click("view-mask")
    wait_until(is_grey)
    assert page.run.status().view == "mask"
    assert "Mask" in visitor.element("picture").get_attribute("aria-label")
    visitor.element("view-mask").send_keys("\ue014")  # arrow right
    wait_until(lambda: page.run.status().view == "depth")
    wait_until(lambda: not is_grey())


def test_a_view_chosen_elsewhere_shows_on_the_page(visitor: Visitor, page: Served) -> None:
    page.run.set_view("blur")
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
    wait_until(lambda: "good plate" in visitor.text("verdict"))
    assert not visitor.element("count").is_displayed()
    seen = " ".join(visitor.run("return seen"))
    assert "Step out of the picture" in seen
    assert "The plate is taken in" in seen  # said aloud
    assert "Hold still" in seen
    assert float(visitor.element("health").get_attribute("aria-valuenow")) == 1


def test_a_refused_plate_says_why(visitor: Visitor, page: Served) -> None:
    page.run.occupied = True
    visitor.click("plate")
    wait_until(lambda: "somebody is in the picture" in visitor.text("verdict"))
    wait_until(lambda: "somebody" in visitor.text("toasts"))


def test_only_a_plate_that_is_there_can_be_retaken(visitor: Visitor, page: Served) -> None:
    refused = PlateStatus(phase="refused", verdict="something moves")
    page.run.pretend(plate=refused)
    wait_until(lambda: visitor.text("plate").startswith("Take the plate"))
    page.run.pretend(plate=replace(refused, health=0.8))  # a former one serves on
    wait_until(lambda: visitor.text("plate").startswith("Retake the plate"))


def test_a_prompt_is_shown_and_answered_on_the_spot(visitor: Visitor, page: Served) -> None:
    moved = PlateStatus(phase="ready", health=0.1, prompt="the camera was moved: retake the plate")
    page.run.pretend(plate=moved)
    wait_until(lambda: visitor.element("prompt").is_displayed())
    assert "moved" in visitor.text("prompt-text")
    assert float(visitor.element("health").get_attribute("aria-valuenow")) == 0.1
    visitor.click("prompt-plate")
    page.run.pretend()
    wait_until(lambda: visitor.element("count").is_displayed())
    wait_until(lambda: "good plate" in visitor.text("verdict"))


def test_a_recording_is_made_and_can_be_taken_home(visitor: Visitor, page: Served) -> None:
    visitor.click("record")
    wait_until(lambda: visitor.element("rec").is_displayed())
    frames = page.run.status().delivered
    wait_until(lambda: page.run.status().delivered > frames + 10)
    assert visitor.text("record").startswith("Stop recording")
    visitor.click("record")
    link = wait_until(lambda: visitor.browser.find_elements("css selector", "#recordings a"))[-1]
    assert not visitor.element("rec").is_displayed()
    answer = page.ask(link.get_attribute("href").removeprefix(page.origin))
    copy = page.run.folder / "taken-home.mp4"
    copy.write_bytes(answer.body)
    assert len(list(open_source(copy))) >= 10


def test_a_snapshot_is_downloaded(visitor: Visitor, tmp_path: Path) -> None:
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    visitor.browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    visitor.click("snapshot")
    [path] = wait_until(lambda: list(tmp_path.glob("*.png")))
    wait_until(lambda: cv2.imread(str(path)) is not None)
    assert cv2.imread(str(path)).shape == (90, 160, 3)


def test_a_backdrop_is_uploaded_and_taken_away_again(
    visitor: Visitor, page: Served, tmp_path: Path
) -> None:
    picture = np.zeros((3000, 4000, 3), np.uint8)
    picture[:] = (200, 30, 200)  # BGR
    cv2.imwrite(str(tmp_path / "photo.png"), picture)
    visitor.click("view-replace")
    visitor.element("backdrop").send_keys(str(tmp_path / "photo.png"))
    corner = (200, 30, 200)
    wait_until(lambda: np.abs(visitor.pixels()[0, 0] - corner).max() < 25)
    assert page.run.backdrop.shape == (1920, 2560, 3)
    wait_until(lambda: visitor.element("backdrop-preview").is_displayed())
    for size in (DESKTOP, PHONE, (844, 390), (320, 640)):  # with all that the row can hold
        visitor.resize(size)
        assert visitor.run("return document.documentElement.scrollWidth") <= size[0], size
        assert visitor.box("plain")["right"] <= size[0], size
    visitor.resize(DESKTOP)
    visitor.click("plain")
    wait_until(lambda: np.abs(visitor.pixels()[0, 0] - (0, 177, 64)).max() < 25)


def test_a_file_that_is_no_picture_is_refused_with_the_reason(
    visitor: Visitor, browser: Any, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"not at all")
    visitor.click("view-replace")
    visitor.element("backdrop").send_keys(str(tmp_path / "photo.jpg"))
    wait_until(lambda: "no JPEG, PNG or WebP" in visitor.text("toasts"))
    browser.get_log("browser")  # the refusal itself, which Chromium counts as severe


def test_the_tint_follows_the_slider_under_the_keyboard(visitor: Visitor, page: Served) -> None:
    before = page.run.status().opacity
    visitor.element("opacity").send_keys("\ue014" * 5)
    wait_until(lambda: page.run.status().opacity == pytest.approx(before + 0.05))
    assert visitor.text("opacity-value") == f"{round(100 * before) + 5} %"


def test_single_keys_work_and_can_be_switched_off(visitor: Visitor, page: Served) -> None:
    body = visitor.browser.find_element("tag name", "body")
    body.send_keys("v")
    wait_until(lambda: page.run.status().view == "mask")
    visitor.click("keys")
    body.send_keys("v")
    visitor.click("keys")
    body.send_keys("v")
    wait_until(lambda: page.run.status().view == "depth")


def test_a_stalled_source_is_told_and_its_return_too(visitor: Visitor, page: Served) -> None:
    why = "no picture for 3 s; trying again"
    page.run.pretend(source_state="stalled", source_message=why)
    wait_until(lambda: visitor.text("state") == "Stalled")
    assert visitor.text("banner") == why
    wait_until(lambda: why in visitor.element("say").get_attribute("textContent"))
    page.run.pretend()
    wait_until(lambda: visitor.text("state") == "Live")
    assert not visitor.element("banner").is_displayed()


def test_a_server_that_goes_and_comes_back_is_found_again(browser: Any, tmp_path: Path) -> None:
    visitor = Visitor(browser)
    with SimulatedRun(tmp_path) as run:
        with WebSink("0", run) as sink:
            run.add_sink(sink)
            visitor.open(sink.location)
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


@pytest.mark.skipif(not is_webrtc_installed(), reason="the extra webrtc is not installed")
def test_the_picture_comes_as_one_stream_where_bandwidth_is_dear(
    visitor: Visitor, page: Served
) -> None:
    def drawn() -> int:
        return int(visitor.run("return +document.getElementById('video').dataset.drawn || 0"))

    def plays() -> bool:
        if not visitor.element("stream").is_selected():
            visitor.click("stream")  # on a machine this busy, the handshake may be given up once
        return bool(visitor.element("video").is_displayed())

    wait_until(plays, secs=60)
    wait_until(lambda: drawn() > 5)
    assert visitor.run("return document.getElementById('video').videoWidth") == 160
    jpegs, seen = page.sink.encoded, drawn()
    visitor.click("view-mask")
    wait_until(lambda: drawn() > seen + 10)
    assert page.sink.encoded <= jpegs + 2  # those on the way when it began
    pictures = visitor.drawn()
    visitor.click("stream")
    wait_until(lambda: visitor.drawn() > pictures + 2)
    assert not visitor.element("video").is_displayed()


@pytest.mark.skipif(not is_webrtc_installed(), reason="the extra webrtc is not installed")
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


def test_nothing_is_asked_of_anybody_else(visitor: Visitor, page: Served) -> None:
    asked = visitor.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert len(asked) >= 5
    assert all(url.startswith((page.origin, f"blob:{page.origin}")) for url in asked)


def test_everything_to_press_has_a_name_and_is_reached_by_the_tab_key(visitor: Visitor) -> None:
    wanted = {"full", "plate", "record", "snapshot", "view-overlay", "opacity", "keys"}
    assert all(visitor.element(name).accessible_name for name in wanted)
    reached = set()
    for _ in range(16):
        visitor.browser.switch_to.active_element.send_keys("\ue004")
        reached.add(visitor.run("return document.activeElement.id"))
    assert wanted <= reached


def test_it_fits_the_screen_and_the_thumb(visitor: Visitor) -> None:
    for size in (PHONE, (844, 390), (320, 640), DESKTOP, (1920, 1080)):
        visitor.resize(size)
        assert visitor.run("return document.documentElement.scrollWidth") <= size[0]
        boxes = {name: visitor.box(name) for name in ("picture", "plate", "record", "snapshot")}
        for name, box in boxes.items():
            assert min(box["width"], box["height"]) >= 44, (size, name)
            assert box["left"] >= 0, (size, name)
            assert box["right"] <= size[0], (size, name)
            assert box["bottom"] <= size[1], (size, name)  # without scrolling
    visitor.resize(DESKTOP)
