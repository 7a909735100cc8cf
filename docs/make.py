"""Make README's pictures of the two bundled clips.

python docs/make.py           result.jpg, by `edgeds video`
python docs/make.py --page    live.jpg and live-phone.jpg, of `edgeds live` in headless Chromium
"""

from __future__ import annotations

import argparse
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

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests/data"
WIDTH = 1600
CLIPS = (
    ("people_walking.mp4", ()),
    ("moving_person.mp4", ("-b", str(DATA / "moving_person_plate.jpg"))),
)
DESKTOP, PHONE = (1360, 880, 1.0), (390, 844, 1.5)
"""Width and height of the window in CSS pixels, and pixels of the picture for each."""
LOOK_SECS = 10.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--page", action="store_true")
    if options.parse_args().page:
        page_pictures()
    else:
        result_picture()


def result_picture() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for clip, options in CLIPS:
            sheet = Path(folder) / "sheet.png"
            command = [sys.executable, "-m", "edgeds", "video", str(DATA / clip)]
            command += [*options, "-o", str(Path(folder) / "out.mp4"), "--sheet", str(sheet)]
            subprocess.run(command, check=True, cwd=ROOT)
            picture = cv2.imread(str(sheet))
            height = round(WIDTH * picture.shape[0] / picture.shape[1])
            rows.append(cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA))
    write(ROOT / "docs/result.jpg", np.vstack(rows))


def page_pictures() -> None:
    with tempfile.TemporaryDirectory() as folder:
        plate = Path(folder) / "plate.png"
        clip = DATA / CLIPS[0][0]
        command = [sys.executable, "-m", "edgeds", "video", str(clip), "--save-plate", str(plate)]
        command += ["-o", str(Path(folder) / "out.mp4")]
        subprocess.run(command, check=True, cwd=ROOT)
        with live_page(clip, plate) as url, chromium() as browser:
            for name, (width, height, scale) in (("live", DESKTOP), ("live-phone", PHONE)):
                metrics = {"width": width, "height": height, "deviceScaleFactor": scale}
                browser.execute_cdp_cmd(
                    "Emulation.setDeviceMetricsOverride", {**metrics, "mobile": width < 600}
                )
                browser.get(url)
                time.sleep(LOOK_SECS)
                png = np.frombuffer(browser.get_screenshot_as_png(), np.uint8)
                write(ROOT / f"docs/{name}.jpg", cv2.imdecode(png, cv2.IMREAD_COLOR))


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


def write(path: Path, picture: np.ndarray) -> None:
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
