"""The page in windows of all sizes and at 200 to 400 % zoom, in both themes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from browsing import (
    DESKTOP,
    LAPTOP,
    LARGE,
    PHONE,
    PHONE_ON_ITS_SIDE,
    SMALL_PHONE,
    TABLET,
    ZOOMED_200,
    ZOOMED_400,
    Visitor,
    needs_browser,
)
from clients import Served, wait_until

pytestmark = needs_browser

SIZES = (SMALL_PHONE, PHONE, TABLET, LAPTOP, LARGE)
ZOOMED = (ZOOMED_200, ZOOMED_400, (427, 267))
VISIBLE = """
    const shown = (e) => e.checkVisibility() && e.getClientRects().length > 0;
    return [...document.querySelectorAll(
        "button, a[href], input:not(.offscreen, [type=color]), label.button, .swatch, .toast")]
      .filter(shown)
      .map((e) => [e, e.getBoundingClientRect()])
"""
BOXES = f"""{VISIBLE}
      .map(([e, box]) => [e.id || e.className || e.textContent, box.left, box.top, box.right,
                          box.bottom, scrollX, scrollY]);
"""


def boxes(visitor: Visitor) -> dict[str, tuple[float, float, float, float]]:
    """Everything to press: its name, and its left, top, right and bottom in the document."""
    found = visitor.run(BOXES)
    return {
        f"{name} {number}": (left + x, top + y, right + x, bottom + y)
        for number, (name, left, top, right, bottom, x, y) in enumerate(found)
    }


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return wide > 1 and tall > 1


def arranged(visitor: Visitor, size: tuple[int, int], theme: str) -> None:
    visitor.resize(size, theme=theme)
    visitor.run("scrollTo(0, 0)")
    wait_until(lambda: visitor.run("return innerWidth") == size[0])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [*SIZES, PHONE_ON_ITS_SIDE, *ZOOMED])
def test_nothing_scrolls_sideways_and_nothing_leaves_the_window(
    visitor: Visitor, browsed: Served, size: tuple[int, int], theme: str
) -> None:
    for view in ("overlay", "replace", "blur", "side-by-side"):
        browsed.run.set_view(view)  # type: ignore[arg-type]
        wait_until(lambda view=view: visitor.element(f"view-{view}").is_selected())
        arranged(visitor, size, theme)
        assert visitor.run("return document.documentElement.scrollWidth") <= size[0], view
        for name, (left, _, right, _) in boxes(visitor).items():
            assert left >= 0, (view, name)
            assert right <= size[0], (view, name)


@pytest.mark.parametrize("size", [*SIZES, PHONE_ON_ITS_SIDE])
def test_picture_and_actions_are_in_the_window_and_fit_the_thumb(
    visitor: Visitor, size: tuple[int, int]
) -> None:
    arranged(visitor, size, "light")
    for name in ("stage", "plate", "record", "snapshot", "full", "view-overlay"):
        box = visitor.box(name)
        assert min(box["width"], box["height"]) >= 44, name
        if name != "view-overlay":
            assert box["bottom"] <= size[1], name  # without scrolling


@pytest.mark.parametrize("size", [*SIZES, PHONE_ON_ITS_SIDE, *ZOOMED])
def test_no_control_covers_another(
    visitor: Visitor, browsed: Served, size: tuple[int, int]
) -> None:
    browsed.run.set_view("replace")
    wait_until(lambda: visitor.element("view-replace").is_selected())
    arranged(visitor, size, "light")
    at_the_end = visitor.run("scrollTo(0, 1e6); return document.documentElement.scrollHeight")
    assert at_the_end > 0
    found = boxes(visitor)
    # What is fixed at the window's edge covers what scrolls under it: compare within each.
    fixed = ("plate", "record", "snapshot", "full")
    bar = {name for name in found if name.split()[0] in fixed}
    for one, other in itertools.combinations(found, 2):
        if len({one, other} & bar) != 1:
            assert not overlap(found[one], found[other]), (one, other)
    # The last control can be scrolled free of the bar.
    last = max((box for name, box in found.items() if name not in bar), key=lambda box: box[3])
    for name in bar:
        assert not overlap(last, found[name]), name


@pytest.mark.parametrize("size", ZOOMED)
def test_zoomed_in_the_fixed_parts_leave_room_to_read(
    visitor: Visitor, size: tuple[int, int]
) -> None:
    arranged(visitor, size, "light")
    visitor.run("scrollTo(0, 1e6)")
    fixed = visitor.run(
        """
        return [...document.querySelectorAll("*")].filter((e) =>
            ["fixed", "sticky"].includes(getComputedStyle(e).position) && e.checkVisibility())
          .map((e) => e.getBoundingClientRect()).filter((box) => box.bottom > 0 && box.height > 0)
          .map((box) => Math.min(box.bottom, innerHeight) - Math.max(box.top, 0));
        """
    )
    assert sum(max(0, height) for height in fixed) <= size[1] / 2


@pytest.mark.parametrize("size", [SMALL_PHONE, LAPTOP, ZOOMED_400])
def test_the_count_down_fits_on_the_picture(
    visitor: Visitor, browsed: Served, size: tuple[int, int]
) -> None:
    arranged(visitor, size, "dark")
    browsed.run.take_plate()
    wait_until(lambda: visitor.is_shown("count"))
    stage = visitor.box("stage")
    for name in ("count-number", "count-text", "cancel"):
        box = visitor.box(name)
        assert box["top"] >= stage["top"], name
        assert box["bottom"] <= stage["bottom"], name
        assert box["left"] >= stage["left"], name
        assert box["right"] <= stage["right"], name
    browsed.run.cancel_plate()
    wait_until(lambda: not visitor.is_shown("count"))


def test_the_page_does_not_jump_when_the_picture_gets_another_shape(
    visitor: Visitor, browsed: Served
) -> None:
    for size in (PHONE, LAPTOP):
        arranged(visitor, size, "light")
        browsed.run.set_view("overlay")
        wait_until(lambda: visitor.run("return document.getElementById('picture').width") == 160)
        before = {name: visitor.box(name) for name in ("stage", "plate", "h-view")}
        browsed.run.set_view("side-by-side")
        wait_until(lambda: visitor.run("return document.getElementById('picture').width") == 320)
        assert {name: visitor.box(name) for name in before} == before
    visitor.resize(DESKTOP)


CONTRASTS = """
    const channel = (c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const ground = (e) => {
      for (; e; e = e.parentElement) {
        const [r, g, b, a = 1] = numbers(getComputedStyle(e).backgroundColor);
        if (a === 1) return [r, g, b];
        if (e.id === "stage") return null;  // on the picture
      }
      return [255, 255, 255];
    };
    const found = [];
    for (const e of document.querySelectorAll("body *")) {
      const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      if (!text || !e.checkVisibility() || e.closest(".offscreen, noscript, svg")) continue;
      const behind = ground(e);
      if (!behind) continue;
      const [a, b] = [light(numbers(getComputedStyle(e).color)), light(behind)];
      found.push([(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.id || e.textContent]);
    }
    return found;
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_words_stand_out_from_their_ground(
    visitor: Visitor, browsed: Served, theme: str
) -> None:
    visitor.resize(DESKTOP, theme=theme, motion="reduce")  # no colour on its way to another
    for pretended in ({}, {"plates": 0, "plate_offer": "a kept plate"}):
        browsed.run.pretend(**pretended)
        wait_until(lambda on=bool(pretended): visitor.is_shown("offer") is on)
        found: list[Any] = visitor.run(CONTRASTS)
        assert len(found) > 25
        for ratio, words in found:
            assert ratio >= 4.5, (words, ratio)
