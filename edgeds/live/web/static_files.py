"""The page's own files, read once from the package. Knows their types and nothing else."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_TOKEN_PAGE = "token.html"


def content_type(name: str) -> str:
    return _TYPES[Path(name).suffix]


@cache
def page_file(name: str) -> bytes:
    """A file as it is in the package."""
    return (files("edgeds.live.web") / "static" / name).read_bytes()


@cache
def token_page(*, is_wrong: bool) -> bytes:
    """The page that asks for the token. Everybody without a token gets it, so it reveals nothing.

    `is_wrong`: the request had a token, but not this run's.
    """
    page = page_file(_TOKEN_PAGE)
    return page.replace(b"<p hidden", b"<p") if is_wrong else page


def _names() -> tuple[str, ...]:
    static = files("edgeds.live.web") / "static"
    found = sorted(entry.name for entry in static.iterdir() if entry.is_file())
    return tuple(name for name in found if Path(name).suffix in _TYPES.keys() - {".html"})


FILES = _names()
"""Everything that the page loads."""
