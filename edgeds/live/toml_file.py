"""Reading a TOML file that a person wrote: its text, its tables. Knows nothing about their keys."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from edgeds.errors import InputError
from edgeds.sources.media_errors import reason_of


def text_of(path: Path, what: str) -> str:
    """The text of a file, without a byte order mark. `what`: its name for people, "the rules".

    Raises:
        InputError: it cannot be opened, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            f"cannot read {what} {str(path)!r}", why="it is not text", fix="save it as UTF-8"
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot read {what} {str(path)!r}",
            why=reason_of(error).why,
            fix="check the name of the file",
        ) from None


def tables_of(text: str, name: str, *, example: str) -> dict[str, Any]:
    """The tables of a text. `name`: of the file; `example`: where a right one can be seen.

    Raises:
        InputError: it is not TOML; the message names the line.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise InputError(
            f"{name}{f', line {found[1]}' if found else ''}: this is not TOML",
            why=str(error),
            fix=f"compare it with {example}",
        ) from None
    except RecursionError:
        raise InputError(
            f"{name}: this cannot be read",
            why="brackets are nested in brackets, too deep",
            fix=f"compare it with {example}",
        ) from None
    return tables
