"""The token of a page that other devices can reach: made for one run, or kept in a file.

Knows nothing about requests: `token_and_origin_check` checks their tokens.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from edgeds.errors import SinkError
from edgeds.sources.media_errors import reason_of

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,256}")
"""A token that needs no escaping in a link or a cookie, and cannot be guessed."""


def new_token() -> str:
    return secrets.token_urlsafe(24)


def token_from_file(path: str | Path) -> str:
    """The token in a file, so that a link stays valid between runs.

    If the file does not exist, it is written, and only its owner can read it.

    Raises:
        SinkError: it cannot be read or written, or does not contain a token.
    """
    path = Path(path)
    try:
        return _read(path) if path.exists() else _written(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SinkError(
            f"cannot use the token file {str(path)!r}",
            why=reason_of(error).why if isinstance(error, OSError) else "it is not a text file",
            fix="give a file that you may read and write, or a name in a folder that exists",
        ) from error


def _read(path: Path) -> str:
    text = path.read_text(encoding="utf-8-sig").strip()
    if _TOKEN.fullmatch(text) is None:
        raise SinkError(
            f"cannot use the token file {str(path)!r}",
            why="a token has 16 to 256 letters, digits, - or _, on one line",
            fix="delete the file: edgeds writes a new one",
        )
    return text


def _written(path: Path) -> str:
    token = new_token()
    # O_EXCL: two runs that start together must not write two tokens.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        opened.write(token + "\n")
    return token
