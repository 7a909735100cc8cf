"""A real browser on the page: headless Chromium, driven by selenium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clients import wait_until

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason=f"{'chromium' if CHROMIUM is None else 'chromedriver'} is not installed: "
    "apt-get install chromium chromium-driver",
)
FLAGS = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-dev-shm-usage",  # small in containers
)
DESKTOP, PHONE, PHONE_ON_ITS_SIDE, SMALL_PHONE = (1360, 860), (390, 844), (844, 390), (320, 640)
TABLET, LAPTOP, LARGE = (768, 1024), (1280, 800), (1920, 1080)
ZOOMED_200, ZOOMED_400 = (640, 400), (320, 200)
"""A window of 1280x800 at 200 % and 400 % zoom, in CSS pixels."""


@contextmanager
def chromium(folder: Path) -> Iterator[Any]:
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to start as root with it
    options.add_argument(f"--user-data-dir={folder}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield browser
    browser.quit()


class Visitor:
    """What a person sees and does on the page."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def open(self, url: str) -> None:
        self.resize(DESKTOP)
        self.browser.get(url)
        wait_until(lambda: self.drawn() > 2)

    def resize(
        self, size: tuple[int, int], *, theme: str = "light", motion: str = "no-preference"
    ) -> None:
        width, height = size
        is_mobile = min(size) < 600 and size not in (ZOOMED_200, ZOOMED_400)
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {**metrics, "mobile": is_mobile}
        )
        features = {"prefers-color-scheme": theme, "prefers-reduced-motion": motion}
        self.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": name, "value": value} for name, value in features.items()]},
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

    def is_shown(self, name: str) -> bool:
        return bool(self.element(name).is_displayed())

    def click(self, name: str) -> None:
        self.element(name).click()

    def text(self, name: str) -> str:
        return str(self.element(name).text)

    def drawn(self) -> int:
        """Pictures that were drawn; 0 while another page is shown."""
        return int(self.run("return +document.getElementById('picture')?.dataset.drawn || 0"))

    def streamed(self) -> int:
        return int(self.run("return +document.getElementById('video').dataset.drawn || 0"))

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
