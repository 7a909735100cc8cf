"""Where engines are kept: the shipped ones, the checkout's, and those that the user built."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from edgeds.engine.settings import DEFAULT_ENGINE, SHIPPED_WEIGHTS


def default_engine() -> Path:
    """The folder of the shipped engine: inside the package, or in the checkout beside it."""
    inside = _package() / "engines" / DEFAULT_ENGINE
    return inside if inside.is_dir() else _package().parent / "engines" / DEFAULT_ENGINE


def shipped_weights() -> Path:
    """The shipped network's weights, which torch runs on a GPU without a build."""
    return default_engine().parent / SHIPPED_WEIGHTS


def built_engines() -> Path:
    """The user's folder of built engines; it may not exist yet."""
    return user_cache() / "engines"


def user_cache() -> Path:
    """$EDGEDS_HOME where that is set, else a folder in the system's cache folder for this user."""
    if home := os.environ.get("EDGEDS_HOME"):
        return Path(home)
    if sys.platform == "win32":
        caches = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        caches = Path.home() / "Library" / "Caches"
    else:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "edgeds"


def engine_folder(engine: str | Path) -> Path:
    """The folder of an engine given by its path, or by the bare name of a built or shipped one."""
    path = Path(engine)
    if path.exists() or len(path.parts) != 1:
        return path
    places = (built_engines(), default_engine().parent)
    return next((place / path for place in places if (place / path).is_dir()), path)


def shipped_calibration_set() -> Path | None:
    """The shipped calibration set, a .zip, inside the package or in the checkout beside it; None
    where there is none.
    """
    places = (_package() / "calib" / "default.zip", _package().parent / "calib" / "default.zip")
    return next((place for place in places if place.is_file()), None)


def _package() -> Path:
    return Path(__file__).resolve().parents[1]
