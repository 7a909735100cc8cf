"""Commands of `python -m train` as somebody types them."""

from __future__ import annotations

from typer.testing import CliRunner

from train.__main__ import app


def typed(*words: object) -> str:
    """What the command prints; it must succeed."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output
