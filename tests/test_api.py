"""What `import edgeds` gives."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import edgeds


@pytest.mark.parametrize("name", edgeds.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(edgeds, name).__doc__


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(edgeds.__file__).read_text(encoding="utf-8"))
    imports = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    seen = {
        name.asname: f"{one.module}"
        for one in imports
        for name in one.names
        if str(one.module).startswith("edgeds.")
    }
    assert seen == {name: f"edgeds.{home}" for name, home in edgeds._HOMES.items()}


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'open_sauce'"):
        edgeds.open_sauce  # noqa: B018


def test_importing_edgeds_loads_nothing_heavy() -> None:
    code = "import edgeds, sys; print({'cv2', 'av', 'openvino', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
