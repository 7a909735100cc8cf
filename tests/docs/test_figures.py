"""The drawings of the documentation are those that their scripts make."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from figures.drawing import Drawing  # noqa: E402
from figures.walk import walk_svg  # noqa: E402

IMAGES = ROOT / "docs/images"


def test_a_drawing_is_xml_whatever_its_texts_hold() -> None:
    drawing = Drawing(100, 50, "a < b & 'c'")
    drawing.box(0, 0, 50, 20, "#fff", "<bold>", "[f, |f - p|]")
    drawing.arrow((0, 0), (10, 10))
    texts = [each.text for each in ET.fromstring(drawing.svg()).iter() if each.text]
    assert "a < b & 'c'" in texts
    assert "<bold>" in texts


def test_the_walk_of_a_frame_is_drawn_as_it_is_made() -> None:
    assert (IMAGES / "frame.svg").read_text(encoding="utf-8") == walk_svg()


def test_the_network_is_drawn_as_it_is() -> None:
    pytest.importorskip("torch", reason="the network needs torch: pip install --group train")
    from figures.network import network_svg

    from edgeds.engine.network.frame_network import Config

    committed = (IMAGES / "network.svg").read_text(encoding="utf-8")
    assert committed == network_svg(Config()), "python docs/make.py network"
    assert network_svg(Config(widths=(8, 48, 64, 96, 128))) != committed


def test_the_moving_picture_is_small_enough_for_a_readme() -> None:
    assert (IMAGES / "moving.webp").stat().st_size < 1_500_000
