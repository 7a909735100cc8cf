"""The token of a page for other devices: given, kept in a file, wrong, as a QR code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from clients import Serve, Served

from edgeds.errors import SinkError
from edgeds.live.web.qr_code import terminal_code
from edgeds.live.web.token_file import token_from_file


def test_a_wrong_token_is_called_wrong_and_a_missing_one_is_asked_for(guarded: Served) -> None:
    wrong = guarded.ask("/?token=not-this-one").body.decode()
    assert '<p role="alert"><strong>This token is not valid.' in wrong
    missing = guarded.ask("/").body.decode()
    assert '<p hidden role="alert">' in missing
    assert '<input name="token"' in missing
    assert '<input name="token"' in wrong


def test_reports_get_the_address_and_only_the_link_has_the_token(guarded: Served) -> None:
    assert str(guarded.token) not in guarded.sink.location
    assert guarded.sink.link == f"{guarded.sink.location}?token={guarded.token}"


def test_a_token_can_be_given_and_is_then_the_one(serve: Serve) -> None:
    token = "a-token-that-stays-the-same"
    page = serve("0.0.0.0:0", token=token)
    assert page.token == token
    assert page.ask(f"/?token={token}").status == 200
    assert serve("0", token=token).token is None  # this machine needs none


def test_a_token_file_is_written_once_and_read_ever_after(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = token_from_file(path)
    assert len(token) >= 32
    assert token_from_file(path) == token
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
    path.write_text("  my-own-token_of-sufficient-length\n")
    assert token_from_file(path) == "my-own-token_of-sufficient-length"


@pytest.mark.parametrize(
    "text", ["", "short", "two words that are long enough", "x" * 300, "ä" * 20]
)
def test_a_token_file_that_holds_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SinkError, match="token file"):
        token_from_file(path)
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["no-such-folder/token", "."])
def test_a_token_file_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match="token file"):
        token_from_file(tmp_path / name)


def test_the_code_for_phones_is_the_link_and_only_for_those_who_have_it(guarded: Served) -> None:
    pytest.importorskip("segno", reason="segno is not installed")
    assert guarded.ask("/phone.svg").status == 401
    svg = guarded.ask("/phone.svg", Cookie=guarded.cookie)
    assert svg.status == 200
    assert svg.headers["content-type"] == "image/svg+xml"
    assert text_of_code(svg.body) == guarded.sink.link


def test_the_code_in_the_terminal_is_the_link(guarded: Served) -> None:
    pytest.importorskip("segno", reason="segno is not installed")
    lines = terminal_code(guarded.sink.link).splitlines()
    halves = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}  # 1 is dark
    rows = [[halves[letter][row] for letter in line] for line in lines for row in (0, 1)]
    assert read_code(255 * (1 - np.array(rows, np.uint8))) == guarded.sink.link


def test_this_machine_has_no_code_for_phones(page: Served) -> None:
    assert page.ask("/phone.svg").status == 404


def text_of_code(svg: bytes) -> str:
    """What a phone reads from the server's QR code, drawn from its SVG path."""
    text = svg.decode()
    side = int(re.search(r'viewBox="0 0 (\d+)', text)[1])  # type: ignore[index]
    path = re.search(r'stroke="#000"[^>]* d="([^"]+)"', text)[1]  # type: ignore[index]
    modules = np.full((side, side), 255, np.uint8)
    x = y = 0.0
    for kind, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if kind == "h":
            modules[int(y), int(x) : int(x + float(first))] = 0
            x += float(first)
        elif kind == "M":
            x, y = float(first), float(second)
        else:
            x, y = x + float(first), y + float(second)
    return read_code(modules)


def read_code(modules: np.ndarray) -> str:
    """What OpenCV's reader finds. It misses a code now and then at one size, so it gets several."""
    for scale in (8, 5, 11):
        large = cv2.resize(modules, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        large = cv2.copyMakeBorder(large, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=255)
        for reader in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()):
            if text := str(reader.detectAndDecode(large)[0]):
                return text
    return ""
