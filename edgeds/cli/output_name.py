"""The default name of an output."""

from __future__ import annotations

from pathlib import Path

from edgeds.views.settings import View


def default_output(source: str, view: View) -> Path:
    """A name beside the input: in.mp4 -> in.edgeds.mp4, with the suffix that the view needs."""
    from edgeds.errors import SinkError
    from edgeds.sources.settings import IMAGE_SUFFIXES
    from edgeds.sources.typed_paths import is_there

    path = Path(source).absolute()  # a link keeps its own name and place
    if path.name == "..":
        path = path.resolve()  # a folder with a name
    why = ""
    if not is_there(path):
        why = "the input is a pattern, which names many files"
    elif not path.name:
        why = "the input is a disk's topmost folder"
    if why:
        raise SinkError("no name for the output", why=why, fix="give one, such as -o out.mp4")
    suffix = ".mp4"
    if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
        suffix = ".png"
    elif view == "cutout":
        suffix = ".webm"
    name = path.name if path.is_dir() else path.stem
    return path.parent / f"{name}.edgeds{suffix}"
