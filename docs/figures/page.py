"""live.jpg and live-phone.jpg: the page of `edgeds live`, in headless Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from figures.files import PEOPLE, ROOT, edgeds, write_jpeg

DESKTOP, PHONE = (1360, 880, 1.0), (390, 844, 1.5)
"""Width and height of the window in CSS pixels, and pixels of the picture for each."""
LOOK_SECS = 10.0


def make() -> None:
    with tempfile.TemporaryDirectory() as folder:
        plate, video = Path(folder) / "plate.png", Path(folder) / "out.mp4"
        edgeds("video", str(PEOPLE), "--save-plate", str(plate), "-o", str(video))
        with live_page(PEOPLE, plate) as url, chromium() as browser:
            for name, (width, height, scale) in (("live", DESKTOP), ("live-phone", PHONE)):
                metrics = {"width": width, "height": height, "deviceScaleFactor": scale}
                browser.execute_cdp_cmd(
                    "Emulation.setDeviceMetricsOverride", {**metrics, "mobile": width < 600}
                )
                browser.get(url)
                time.sleep(LOOK_SECS)
                png = np.frombuffer(browser.get_screenshot_as_png(), np.uint8)
                write_jpeg(f"{name}.jpg", cv2.imdecode(png, cv2.IMREAD_COLOR))


@contextmanager
def live_page(clip: Path, plate: Path) -> Iterator[str]:
    """The address of a page of the clip, played in a loop."""
    command = [sys.executable, "-m", "edgeds", "live", f"file:{clip}?loop", "-b", str(plate)]
    process = subprocess.Popen(
        [*command, "--serve", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                yield found[0]
                break
        else:
            raise SystemExit("edgeds live gave no page")
    finally:
        process.terminate()
        process.wait()


@contextmanager
def chromium() -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for flag in ("--headless", "--disable-gpu", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield browser
    browser.quit()
