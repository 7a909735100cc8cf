"""The page's own files, read once from the package. Knows their types and nothing else."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

TYPES = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "stream.js": "text/javascript; charset=utf-8",
    "spark.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def page_file(name: str) -> bytes:
    """A file of TYPES, as it is in the package."""
    return (files("edgeds.live.web") / "static" / name).read_bytes()


@cache
def token_page() -> bytes:
    """Asks for the token; shown to whoever comes without it, so it loads and tells nothing."""
    return (files("edgeds.live.web") / "static" / "token.html").read_bytes()
