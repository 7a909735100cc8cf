"""The link for a phone as a QR code: on the page, and in the terminal.

Needs segno (extra `web`). The code contains the token: show it only to people who have it already.
"""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO, StringIO
from typing import Literal

Kind = Literal["yes", "local", "no-code"]
"""Whether phones can open the page by its code; "local": only this machine can open it."""


class PhoneLink:
    def __init__(self, link: str, *, is_local: bool) -> None:
        self._link, self._is_local = link, is_local

    @property
    def kind(self) -> Kind:
        if self._is_local:
            return "local"
        return "yes" if is_qr_installed() else "no-code"

    def svg(self) -> bytes | None:
        """Black on white, whatever the theme: scanners expect that."""
        return None if self.kind != "yes" else _svg(self._link)


def terminal_code(link: str) -> str:
    """The link as lines of block characters; empty where segno is not installed."""
    if not is_qr_installed():
        return ""
    import segno

    text = StringIO()
    segno.make(link, micro=False, error="l").terminal(text, compact=True)
    return text.getvalue()


def is_qr_installed() -> bool:
    return find_spec("segno") is not None


def _svg(link: str) -> bytes:
    import segno

    data = BytesIO()
    code = segno.make(link, micro=False, error="m")
    # omitsize: a viewBox instead of a width, so that the page can scale it.
    code.save(data, kind="svg", border=3, dark="#000", light="#fff", omitsize=True)
    return data.getvalue()
