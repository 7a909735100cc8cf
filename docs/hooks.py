"""What MkDocs cannot do by itself: pages made from files outside docs, and from the source.

MkDocs calls the functions whose names begin with `on_`.
"""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

from source_errors import errors_of, table_of  # noqa: E402

PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "MODEL.md": "model-card.md",
    "SECURITY.md": "security.md",
    "train/NOTES.md": "training-notes.md",
}
"""Files of the repository that are pages of the site, too."""
PICTURES = {"engines/failures.jpg": "images/failures.jpg"}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and pictures that lie outside docs."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=relinked(text, source, page)))
    for source, picture in PICTURES.items():
        files.append(File.generated(config, picture, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill in what is made from the source, and lead links to files outside docs to their pages."""
    uri = page.file.src_uri
    if uri == "troubleshooting.md":
        return markdown.replace("<!-- every error -->", table_of(errors_of(ROOT / "edgeds")))
    if uri == "examples.md":
        return markdown.replace("<!-- every example -->", examples())
    return markdown if uri in PAGES.values() else relinked(markdown, f"docs/{uri}", uri)


def examples() -> str:
    """The scripts of the folder of examples, each under its first docstring line."""
    parts = []
    for path in sorted((ROOT / "examples").glob("*.py")):
        code = path.read_text(encoding="utf-8")
        title = code.splitlines()[0].strip('"')
        parts.append(f"## {path.name}\n\n{title}\n\n```python\n{code}```\n")
    return "\n".join(parts)


def relinked(text: str, source: str, page: str) -> str:
    """The text with its links to files changed to links to pages of the site.

    Args:
        source: the text's file, from the repository's root: links are relative to its folder.
        page: the page of the site that the text becomes.

    A link to a file that is no page becomes the file's name.
    """
    pages = {**PAGES, **PICTURES}

    def link(match: re.Match[str]) -> str:
        mark, words, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match[0]
        path, _, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        place = pages.get(path) or (path[5:] if path.startswith("docs/") else "")
        if not place:
            return f"`{path}`"
        place = posixpath.relpath(place, posixpath.dirname(page) or ".")
        return f"{mark}[{words}]({place}{'#' + anchor if anchor else ''})"

    return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", link, text)
