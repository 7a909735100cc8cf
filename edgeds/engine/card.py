"""An engine's card: one JSON file that says what the engine is, its origin and its figures.

An engine is a folder: the card and the files it names. Knows nothing about running one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edgeds.errors import EngineError
from edgeds.sinks.atomic_files import replace_file
from edgeds.sources.media_errors import reason_of
from edgeds.types import Size

FORMAT = 1
CARD_NAME = "card.json"
GRAPHS = ("plate", "frame")
"""Every engine has files of these names, with a suffix for its kind."""
MAX_SIDE = 16384
"""Largest side of a picture, in pixels; a card with a larger one is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The facts that are checked before an engine is loaded."""

    name: str
    size: Size
    """(height, width) of the frames it takes."""
    backend: str = "onnx"
    precision: str = "fp32"
    files: dict[str, str] = field(default_factory=dict)
    """File name in the folder -> its SHA-256."""
    takes_noise: bool = False
    """Whether the plate graph takes `plate_noise.NOISE` beside the picture."""
    network_hash: str = ""
    """SHA-256 of the weights file it was made from."""
    calibration_hash: str | None = None
    target: dict[str, str] = field(default_factory=dict)
    """What a built engine needs: library, version, gpu ("sm86"), os; and gpu_name, for people.
    """
    metrics: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    licence: str = "Apache-2.0"

    def write(self, folder: Path) -> Path:
        """Write `card.json` into the folder, whole or not at all."""
        path = folder / CARD_NAME
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n"
        replace_file(path, text.encode())
        return path


def named_at(card: Card, size: Size) -> str:
    """The engine's name, and the size that it runs at where that is another than its own."""
    return card.name if size == card.size else f"{card.name} at {size[1]}x{size[0]}"


def read_card(folder: Path) -> Card:
    """Read an engine's card.

    Raises:
        EngineError: there is no card, or this version cannot read it.
    """
    path = folder / CARD_NAME
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        found = fields.pop("format")
        if found != FORMAT:
            raise EngineError(
                f"cannot read the engine {folder.name!r}",
                why=f"its card has format {found}, this edgeds reads format {FORMAT}",
                fix="update edgeds, or use an engine made for this version",
            )
        height, width = fields.pop("size")
        known = {k: v for k, v in fields.items() if k in Card.__dataclass_fields__}
        card = Card(**known, size=(int(height), int(width)))
        _check_fields(card)
        return card
    except FileNotFoundError:
        raise EngineError(
            f"no engine in {str(folder)!r}",
            why=f"an engine is a folder with a {CARD_NAME}, and there is none",
            fix="give the folder of an engine, or none (without --engine) for the shipped one",
        ) from None
    except OSError as error:  # such as too many open files: the card may be whole
        reason = reason_of(error)
        raise EngineError(
            f"cannot read the card of the engine {folder.name!r}",
            why=reason.why,
            fix=reason.fix or "check that you may read it",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise EngineError(
            f"cannot read the card of the engine {folder.name!r}",
            why=f"{type(error).__name__}: {error}",
            fix="the card is damaged: copy the engine folder again",
        ) from error


def _check_fields(card: Card) -> None:
    """Check what JSON cannot promise. Raises ValueError, which `read_card` translates."""
    if not all(0 < side <= MAX_SIDE for side in card.size):
        raise ValueError(f"its size is {card.size[1]}x{card.size[0]}")
    for name in ("name", "backend", "precision", "network_hash"):
        if not isinstance(getattr(card, name), str):
            raise ValueError(f"its {name} is not text")
    if not isinstance(card.takes_noise, bool):
        raise ValueError("its takes_noise is neither true nor false")
    for name in ("files", "target"):
        pairs = getattr(card, name)
        if not isinstance(pairs, dict) or not all(isinstance(v, str) for v in pairs.values()):
            raise ValueError(f"its {name} are not names with texts")
    if not isinstance(card.made, dict) or not isinstance(card.metrics, dict):
        raise ValueError("what it has of the engine's making or figures is not a list of names")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _sha256_readable(path: Path, card: Card) -> str:
    """Raises EngineError where the file cannot be read now, however whole it is."""
    try:
        return sha256_of(path)
    except OSError as error:
        reason = reason_of(error)
        raise EngineError(
            f"cannot load the engine {card.name!r}",
            why=f"{path.name} cannot be read: {reason.why}",
            fix=reason.fix or "check that you may read it",
        ) from error


def check_files(card: Card, folder: Path, *, only: str = "") -> None:
    """Check that every file the card names is there, whole and unchanged.

    Args:
        only: the one file that is used.

    Raises:
        EngineError: a file is missing, truncated or not the one the card describes.
    """
    named = {Path(name).stem for name in card.files}
    for name, expected in card.files.items() | {(g, "") for g in GRAPHS if g not in named}:
        if only not in ("", name):
            continue
        path = folder / name
        if not expected:
            why = f"its card names no {name} graph"
        elif not path.is_file():
            why = f"{name} is missing"
        elif _sha256_readable(path, card) != expected:
            why = f"{name} is not the file its card describes: damaged or replaced"
        else:
            continue
        raise EngineError(
            f"cannot load the engine {card.name!r}",
            why=why,
            fix=f"copy the whole folder {folder.name!r} again, with its {CARD_NAME}",
        )
