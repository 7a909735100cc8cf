"""Zones and lines are edited on the page: with the mouse and by keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from clients import Served, serving, wait_until

from edgeds.live.signals.rules.kinds import Line, NearerThan, Rules, Zone

HALF = ((0.5, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.9))
RULES = Rules(
    zones=(Zone(name="right", points=HALF, dwell_secs=5),),
    lines=(Line(name="middle", start=(0.3, 0.5), end=(0.7, 0.5)),),
    nearer_than=(NearerThan(name="close", inverse_depth=0.5, zone="right"),),
)


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("watching")) as start:
        page = start(rules=RULES, rate_hz=10.0)
        wait_until(lambda: page.run.signals and page.run.signals.seen)
        yield page


def _rules(page: Served) -> Rules:
    assert page.run.signals is not None
    return page.run.signals.rules


def _post(page: Served, shapes: Any) -> int:
    body = json.dumps(shapes)
    return page.ask("/api/shapes", method="POST", body=body, Origin=page.origin).status


def test_shapes_are_exchanged_and_the_rest_of_the_rules_stays(watching: Served) -> None:
    shapes = json.loads(watching.ask("/api/shapes").body)
    assert shapes["zones"] == [{"name": "right", "points": [list(point) for point in HALF]}]
    shapes["zones"][0]["points"][0] = [0.4, 0.1]
    shapes["zones"].append({"name": "new", "points": [[0, 0], [0.2, 0], [0.2, 0.2]]})
    assert _post(watching, shapes) == 200
    first, second = _rules(watching).zones
    assert first.points[0] == (0.4, 0.1)
    assert first.dwell_secs == 5
    assert second.name == "new"
    assert _rules(watching).nearer_than == RULES.nearer_than


@pytest.mark.parametrize(
    "shapes",
    [
        {},
        [],
        {"zones": [{"name": "a"}], "lines": []},
        {"zones": [{"name": "right", "points": [[0, 0], [2, 0], [1, 1]]}], "lines": []},
        {"zones": [], "lines": []},  # a rule needs the zone
    ],
)
def test_wrong_shapes_change_nothing(watching: Served, shapes: Any) -> None:
    before = _rules(watching)
    assert _post(watching, shapes) == 400
    assert _rules(watching) == before


def test_a_zone_is_edited_by_keyboard_and_by_mouse(watching: Served, browser: Any) -> None:
    from browsing import Visitor
    from selenium.webdriver import ActionChains, Keys

    watching.run.signals.set_rules(RULES)
    visitor = Visitor(browser)
    visitor.open(watching.url)
    wait_until(lambda: visitor.element("watched-card").is_displayed())
    browser.execute_script("document.getElementById('zones-edit').click()")
    wait_until(lambda: len(browser.find_elements("css selector", "#shapes circle")) == 6)
    handle = browser.switch_to.active_element
    assert handle.get_attribute("aria-label") == "right, point 1: 50 % across, 10 % down"
    handle.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.SHIFT + Keys.ARROW_DOWN)
    assert handle.get_attribute("aria-label") == "right, point 1: 48 % across, 15 % down"
    handle.send_keys(Keys.NULL, Keys.INSERT)
    wait_until(lambda: len(browser.find_elements("css selector", "#shapes circle")) == 7)
    browser.switch_to.active_element.send_keys(Keys.DELETE)
    wait_until(lambda: len(browser.find_elements("css selector", "#shapes circle")) == 6)
    corner = browser.find_element("css selector", '[data-at="0,2"]')
    ActionChains(browser).drag_and_drop_by_offset(corner, -60, -40).perform()
    browser.execute_script("document.getElementById('zones-apply').click()")
    wait_until(lambda: _rules(watching).zones[0].points != HALF)
    points = _rules(watching).zones[0].points
    assert points[0] == pytest.approx((0.48, 0.15))
    assert points[1] == HALF[1]
    assert points[2][0] < 0.88
    assert points[2][1] < 0.88
    wait_until(lambda: not visitor.element("zones-editor").is_displayed())
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
