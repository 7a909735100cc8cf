"""What `import edgeds` gives."""

from __future__ import annotations

import subprocess
import sys

import pytest

import edgeds


@pytest.mark.parametrize("name", edgeds.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(edgeds, name).__doc__


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'open_sauce'"):
        edgeds.open_sauce  # noqa: B018


def test_importing_edgeds_loads_nothing_heavy() -> None:
    code = "import edgeds, sys; print({'cv2', 'av', 'openvino', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
