"""What the package says of the place it comes from, for hatchling.

With EDGEDS_URL (such as https://github.com/OWNER/edgeds) at build time, the package names that
place in its URLs, and README's relative links and pictures become absolute, so that they work on
the page of a package index. Without it nothing is claimed: no URLs, and README as it is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURES = (".jpg", ".png", ".svg", ".webp")


class PlaceHook(MetadataHookInterface):
    """Sets `readme` and `urls`."""

    def update(self, metadata: dict[str, Any]) -> None:
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        url = os.environ.get("EDGEDS_URL", "").rstrip("/")
        if url:
            readme = with_absolute_links(readme, url, f"v{metadata['version']}")
            metadata["urls"] = urls_of(url)
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}


def urls_of(url: str) -> dict[str, str]:
    """The project's URLs, by the labels that package indexes know."""
    return {
        "Homepage": url,
        "Source": url,
        "Documentation": f"{url}/blob/HEAD/docs/index.md",
        "Changelog": f"{url}/blob/HEAD/CHANGELOG.md",
        "Issues": f"{url}/issues",
    }


def with_absolute_links(text: str, url: str, tag: str) -> str:
    """Markdown whose links to files lead to the repository at a tag."""

    def link(match: re.Match[str]) -> str:
        words, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match[0]
        # A page of a picture is not the picture: that is at /raw/.
        kind = "raw" if target.endswith(PICTURES) else "blob"
        return f"{words}({url}/{kind}/{tag}/{target})"

    return re.sub(r"(!?\[[^\]]*\])\(([^)\s]+)\)", link, text)
