"""The plate on the page, in a real browser: none yet, taken, cancelled, given, shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from browsing import Visitor, needs_browser
from clients import Served, serving, wait_until

from edgeds.plate.status import PlateStatus

pytestmark = needs_browser


@pytest.fixture
def bare(visitor: Visitor, tmp_path: Path) -> Iterator[Served]:
    """A run without a plate, in the visitor's browser."""
    with serving(tmp_path) as start:
        served = start(has_plate=False, count_down_secs=60.0)
        visitor.open(served.url)
        yield served
        visitor.browser.get("about:blank")


def is_loud(visitor: Visitor, name: str) -> bool:
    return "primary" in visitor.element(name).get_attribute("class")


def test_without_a_plate_the_picture_says_so_and_nothing_says_live(
    visitor: Visitor, bare: Served
) -> None:
    wait_until(lambda: visitor.text("bare") == "No plate: bare camera")
    assert visitor.text("state") == "No plate"
    assert visitor.text("latency") == "–"
    assert not visitor.is_shown("plate-figure")
    assert is_loud(visitor, "plate")
    visitor.click("view-replace")
    wait_until(lambda: visitor.text("bare") == "No plate: the camera is hidden")
    bare.run.set_plate(np.zeros((90, 160, 3), np.uint8))
    wait_until(lambda: visitor.text("state") == "Live")
    assert not visitor.is_shown("bare")
    assert not is_loud(visitor, "plate")
    assert not is_loud(visitor, "record")


def test_a_plate_that_is_checked_estimated_or_does_not_fit_is_called_so(
    visitor: Visitor, browsed: Served
) -> None:
    for status, words in (
        (PlateStatus(phase="checking"), "Checking the plate"),
        (PlateStatus(phase="estimating"), "Estimating the plate"),
        (PlateStatus(phase="ready", health=0.1), "The plate does not fit"),
    ):
        browsed.run.pretend(plate=status)
        wait_until(lambda words=words: visitor.text("state") == words)
        assert visitor.text("bare") == f"{words}: bare camera"


def test_a_kept_plate_is_offered_in_a_sentence_and_used(visitor: Visitor, bare: Served) -> None:
    bare.run.offer_plate("the plate of yesterday")
    wait_until(lambda: visitor.is_shown("offer"))
    assert visitor.text("offer-text") == "The plate of yesterday."
    visitor.click("offer-use")
    wait_until(lambda: visitor.text("state") == "Live")
    assert not visitor.is_shown("offer")


def test_the_plate_in_use_is_shown_and_a_new_one_replaces_its_picture(
    visitor: Visitor, bare: Served
) -> None:
    def colour() -> list[int]:
        return list(
            visitor.run(
                """
                const image = document.getElementById("plate-thumb");
                if (!image.complete || !image.naturalWidth) return [];
                const paint = document.createElement("canvas").getContext("2d");
                paint.drawImage(image, 0, 0);
                return [...paint.getImageData(5, 5, 1, 1).data];
                """
            )
        )

    for level in (40, 200):
        bare.run.set_plate(np.full((90, 160, 3), level, np.uint8))
        wait_until(lambda: visitor.is_shown("plate-figure"))
        wait_until(lambda level=level: colour()[:3] == pytest.approx(3 * [level], abs=3))


@pytest.mark.parametrize("way", ["its button", "the plate's button", "Escape"])
def test_a_count_down_is_cancelled(visitor: Visitor, bare: Served, way: str) -> None:
    visitor.click("plate")
    wait_until(lambda: visitor.is_shown("count"))
    assert int(visitor.text("count-number")) > 50
    assert visitor.text("plate").startswith("Cancel")
    if way == "Escape":
        visitor.browser.find_element("tag name", "body").send_keys("\ue00c")
    else:
        visitor.click("cancel" if way == "its button" else "plate")
    wait_until(lambda: not visitor.is_shown("count"))
    assert bare.run.status().plate.phase == "none"
    wait_until(lambda: visitor.text("plate").startswith("Take the plate"))
    said = visitor.element("say").get_attribute("textContent")
    assert said == "No plate was taken."


def test_the_count_down_stands_over_the_camera_picture(visitor: Visitor, browsed: Served) -> None:
    red = np.array((212, 58, 41))

    def has_ball() -> bool:  # as the camera sees it, without the overlay's tint
        return bool((np.abs(visitor.pixels() - red).max(axis=2) < 40).any())

    browsed.run.set_view("side-by-side")
    wait_until(lambda: visitor.run("return document.getElementById('picture').width") == 320)
    browsed.run.take_plate()
    wait_until(lambda: visitor.run("return document.getElementById('picture').width") == 160)
    wait_until(lambda: visitor.is_shown("count"))
    wait_until(has_ball)
    browsed.run.cancel_plate()


def test_a_picture_is_given_as_the_plate(visitor: Visitor, bare: Served, tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "empty.png"), pixels)
    visitor.element("plate-file").send_keys(str(tmp_path / "empty.png"))
    wait_until(lambda: bare.run.status().plates == 1)
    plate = bare.run.plate()
    assert plate is not None
    assert (plate == pixels[..., ::-1]).all()  # to the last bit
    wait_until(lambda: "empty.png is the plate now." in visitor.text("toasts"))


def test_a_picture_of_another_shape_is_refused_in_whole_sentences(
    visitor: Visitor, browsed: Served, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "square.png"), np.zeros((90, 90, 3), np.uint8))
    plates = browsed.run.status().plates
    visitor.element("plate-file").send_keys(str(tmp_path / "square.png"))
    wait_until(lambda: "The plate is 90x90" in visitor.text("toasts"))
    words = visitor.element("toasts").find_element("css selector", ".bad p").text
    assert words[0].isupper()
    assert words.endswith(".")
    assert browsed.run.status().plates == plates
    visitor.browser.get_log("browser")  # the refusal itself, which Chromium counts as severe
