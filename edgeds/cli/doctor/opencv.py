"""Checks whether OpenCV's packages conflict. Imports cv2, and nothing else of edgeds."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""All of them write the same folder, cv2."""
OURS = "opencv-python-headless"


def installed_packages() -> tuple[str, ...]:
    return tuple(name for name in PACKAGES if _is_installed(name))


def opencv_advice(packages: tuple[str, ...], problem: str) -> str:
    """What to do about OpenCV; empty if nothing is wrong.

    Args:
        packages: those of PACKAGES that are installed.
        problem: why cv2 cannot be imported; empty where it can.
    """
    remedy = f"pip uninstall -y {' '.join(packages)}, then pip install {OURS}"
    if problem:
        return f"OpenCV does not load ({problem}): {remedy if packages else f'pip install {OURS}'}"
    if len(packages) > 1:
        return f"{' and '.join(packages)} overwrite each other's files: {remedy}"
    return ""


def import_problem(load: Callable[[], object] | None = None) -> str:
    """Why cv2 cannot be imported, in one line; empty where it can."""
    try:
        (load or _load)()
    # A mixed folder fails in many ways: ImportError, AttributeError, a missing libGL (OSError).
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""


def _load() -> None:
    import cv2

    cv2.resize  # noqa: B018 (a folder without its library has no such name)


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
