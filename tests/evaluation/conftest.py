"""Sets made on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_set import MakeSet, written_item


@pytest.fixture
def make_set(tmp_path: Path) -> MakeSet:
    """A function that writes a set and returns its folder.

    Each dictionary is one line: `{}` is a square on a plate with alpha and depth in a scene of
    its own, and a key given replaces what the line would say.
    """

    def make(*lines: dict[str, Any], name: str = "tiny") -> Path:
        folder = tmp_path / name
        for part in ("frame", "plate", "alpha", "depth"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        with (folder / "manifest.jsonl").open("w") as manifest:
            for number, changes in enumerate(lines or ({},)):
                manifest.write(json.dumps(written_item(folder, number, changes)) + "\n")
        return folder

    return make
