"""Text in letters that OpenCV can draw."""

from __future__ import annotations

import unicodedata


def drawable(text: str, *, all_letters: bool | None = None) -> str:
    """OpenCV's fonts have all common letters since version 5; before, ASCII alone: letters lose
    their accents, others become question marks.

    `all_letters`: None is what the installed OpenCV has.
    """
    import cv2

    if hasattr(cv2, "FontFace") if all_letters is None else all_letters:
        return text
    bare = (one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return "".join(bare).encode("ascii", "replace").decode()
