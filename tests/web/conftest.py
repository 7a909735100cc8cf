"""Served simulated runs and a browser. What they need is an extra: it is imported when used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from browsing import Visitor
    from clients import Serve, Served


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    from clients import serving

    with serving(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """On this machine: no token. Tests of a module share it."""
    from clients import serving

    with serving(tmp_path_factory.mktemp("page")) as start:
        yield start()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Open to the network: a token is needed."""
    from clients import serving

    with serving(tmp_path_factory.mktemp("guarded")) as start:
        yield start("0.0.0.0:0")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from browsing import chromium

    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A run whose plate takes two seconds. Browser tests of a module share it."""
    from clients import serving

    with serving(tmp_path_factory.mktemp("browsed")) as start:
        yield start(count_down_secs=1.0, capture_secs=0.5)


@pytest.fixture
def visitor(browser: Any, browsed: Served) -> Iterator[Visitor]:
    """A browser that shows `browsed`. Nothing may be logged as an error."""
    from browsing import DESKTOP, Visitor
    from clients import wait_until

    visitor = Visitor(browser)
    if browser.current_url != browsed.url:
        visitor.open(browsed.url)
    wait_until(lambda: visitor.element("view-overlay").is_selected())
    yield visitor
    browsed.run.pretend()
    browsed.run.occupied = False
    browsed.run.cancel_plate()
    browsed.run.set_view("overlay")
    visitor.resize(DESKTOP)
    complaints = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert complaints == []
