"""Served simulated runs. What they need is imported when it is used: the page is an extra."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
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
