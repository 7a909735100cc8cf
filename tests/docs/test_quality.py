"""The pages quote what was measured, and mark what other weights were measured with."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import quality  # noqa: E402
import quality_pages  # noqa: E402

FIGURES = json.loads((ROOT / "docs" / "quality.json").read_text())


@pytest.mark.parametrize("page", quality_pages.PAGES)
def test_a_page_has_the_figures_that_were_measured(page: str) -> None:
    """And their marks: if this fails, `python docs/quality_pages.py` writes the pages anew."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert quality_pages.with_figures(text, page, FIGURES) == text
    assert all(f"<!-- figures: {name} -->" in text for name in quality_pages.PAGES[page])


def test_figures_of_other_weights_are_marked_with_their_day() -> None:
    group = {"day": "2026-01-02", "with": quality_pages.shipped_hashes(), "figures": {}}
    assert quality_pages.stale(group) == []
    assert quality_pages.measured({"drift": group}, "drift").startswith("Measured on 2026-01-02 (")
    group["with"] |= {"border": None}
    assert quality_pages.measured({"drift": group}, "drift").startswith(
        "**Measured on 2026-01-02, with another border regression than the shipped one**"
    )
    group["with"] |= {"network": "0" * 64}
    assert "another network and another border regression" in quality_pages.measured(
        {"drift": group}, "drift"
    )


def test_the_sentence_of_readme_owns_up_to_earlier_weights() -> None:
    figures = json.loads(json.dumps(FIGURES))
    for name in ("presets", "near_floor"):
        needs = quality.GROUPS[name].needs
        figures[name]["with"] = {key: quality_pages.shipped_hashes()[key] for key in needs}
    assert "earlier" not in quality_pages.depth(figures)
    figures["near_floor"] |= {"day": "2026-01-02", "with": {"plate_depth": "0" * 64}}
    assert "measured on 2026-01-02, with earlier weights" in quality_pages.depth(figures)


def test_every_group_keeps_the_hashes_that_it_needs() -> None:
    assert set(FIGURES) == set(quality.GROUPS)
    for name, group in quality.GROUPS.items():
        assert set(FIGURES[name]["with"]) == set(group.needs)


def test_an_interrupted_measurement_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def part(name: str) -> Any:
        begun.append(name)
        if name == "second" and begun.count("second") == 1:
            raise KeyboardInterrupt
        return name.upper()

    names = ("first", "second")
    group = quality.Group(("network",), lambda _: {n: lambda n=n: part(n) for n in names})  # type: ignore[misc]
    unfinished = tmp_path / "unfinished.json"
    with pytest.raises(KeyboardInterrupt):
        quality.measured("it", group, tmp_path, unfinished)
    found = quality.measured("it", group, tmp_path, unfinished)
    assert found == {"first": "FIRST", "second": "SECOND"}
    assert begun == ["first", "second", "second"]
    monkeypatch.setattr(quality, "shipped_hashes", lambda: {"network": "another"})
    quality.measured("it", group, tmp_path, unfinished)
    assert begun[3:] == ["first", "second"]
    quality.forget("it", unfinished)
    assert not unfinished.exists()
