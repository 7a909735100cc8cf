"""A file of cameras (TOML) -> `CameraPlan`s. Every error names the line and the fix.

Knows nothing about how a camera is opened.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, get_args

from edgeds.errors import InputError
from edgeds.live.signals.delivery.mqtt import broker_from_url
from edgeds.live.toml_file import tables_of, text_of
from edgeds.plate.ground.settings import GROUND, DepthFrom
from edgeds.sinks.publish_sink import check_publish_url
from edgeds.sources.typed_paths import is_there
from edgeds.sources.url import masked
from edgeds.views.settings import STYLE, VIEWS, View

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPlan:
    """The settings of one camera: what the command line is for `edgeds live`."""

    name: str
    """Letters, digits, - and _: it is a part of the page's addresses."""
    source: str
    plate: str | None = None
    """A file, "last" or "new", as --plate."""
    allow_motion: bool | None = None
    view: View = "overlay"
    opacity: float = STYLE.opacity
    backdrop: str | None = None
    steady: bool = False
    """Whether alpha is kept still where the picture is, as with --steady."""
    fps: float | None = None
    """So many frames a second are estimated at most."""
    record: Path | None = None
    publish: tuple[str, ...] = ()
    rules: Path | None = None
    events: Path | None = None
    mqtt: str | None = None
    webhook: tuple[str, ...] = ()
    rtsp_transport: Any = "auto"
    depth_from: Any = "auto"
    person_height: float = GROUND.person_m
    metric: tuple[str, ...] = ()
    """Measured distances, as --metric."""


def cameras_from_file(path: Path) -> list[CameraPlan]:
    """The cameras of a file: `[[camera]]` tables; keys above the first apply to all.

    Names of files are relative to the file's folder.

    Raises:
        InputError: it cannot be read, or something in it is wrong; the message names the line.
    """
    return _Reader(text_of(path, "the cameras"), path).cameras()


class _Reader:
    def __init__(self, text: str, path: Path) -> None:
        self._text, self._lines, self._path = text, text.splitlines(), path

    def cameras(self) -> list[CameraPlan]:
        tables = tables_of(self._text, self._path.name, example="the example in docs/cameras.md")
        listed = tables.pop("camera", None)
        if not listed:
            self._fail(None, "there is no camera in it", "add [[camera]] with name and source")
        if not isinstance(listed, list) or len(self._headers()) != len(listed):
            fix = "write [[camera]], with two brackets, above the keys of each camera"
            self._fail(self._line("camera", 0), "the cameras are not written as tables", fix)
        common = self._values(tables, 0)
        plans: list[CameraPlan] = []
        for number, table in enumerate(listed):
            at = self._headers()[number]
            values = {**common, **self._values(table, at)}
            for key in ("name", "source"):
                if key not in values:
                    self._fail(at, f"this camera has no {key}", f'add {key} = "..."')
            self._check_name(values["name"], plans, at)
            plans.append(CameraPlan(**values))
        self._check_files(plans)
        self._check_topics(plans)
        return plans

    def _values(self, table: dict[str, Any], at: int) -> dict[str, Any]:
        """The values of a table, checked. `at`: the line of its header."""
        values = {}
        for key, value in table.items():
            line = self._line(key, at)
            if key not in _KEYS:
                near = difflib.get_close_matches(key, _KEYS, 1)
                fix = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(_KEYS)}"
                self._fail(line, f"there is no key {key!r}", fix)
            try:
                values[key] = _KEYS[key](value, self._path.parent)
            except ValueError as error:
                shown = masked(repr(value))
                what, why = f"{key} = {shown} cannot be used", f"it is not {error}"
                self._fail(line, what, "write such a value in this line", why=why)
            except InputError as error:
                self._fail(line, error.what, error.fix, why=error.why)
        return values

    def _check_name(self, name: str, plans: list[CameraPlan], at: int) -> None:
        """No two cameras have one name; many disks take `door` and `Door` for one."""
        for plan in plans:
            if plan.name.casefold() == name.casefold():
                same = f"two cameras {name!r}", ""
                apart = f"cameras {plan.name!r} and {name!r}", "many disks take both for one name"
                what, why = same if plan.name == name else apart
                self._fail(at, f"there are {what}", "rename one of them", why=why)

    def _check_files(self, plans: list[CameraPlan]) -> None:
        """No two cameras write to one file."""
        taken: dict[str, str] = {}
        for plan, at in zip(plans, self._headers(), strict=True):
            for key, path in (("record", plan.record), ("events", plan.events)):
                if path is None:
                    continue
                # links and .. followed; many disks take door.mp4 and Door.mp4 for one file
                place = os.path.realpath(path).casefold()
                if place in taken:
                    self._fail(
                        self._line(key, at),
                        f"{plan.name!r} writes to the same file as {taken[place]!r}",
                        "give each camera a file of its own",
                    )
                taken[place] = plan.name

    def _check_topics(self, plans: list[CameraPlan]) -> None:
        """No two cameras have one topic at a broker, and so one device at Home Assistant."""
        taken: dict[tuple[str, int, str], str] = {}
        for plan, at in zip(plans, self._headers(), strict=True):
            if plan.mqtt is None:
                continue
            broker = broker_from_url(plan.mqtt, source=plan.name)
            topic = (broker.host, broker.port, broker.node)
            if topic in taken:
                self._fail(
                    self._line("mqtt", at),
                    f"{plan.name!r} has the same topic as {taken[topic]!r}",
                    "give each camera a topic of its own: mqtt://HOST/TOPIC",
                    why=f"the topic of both would be {broker.base}",
                )
            taken[topic] = plan.name

    def _headers(self) -> list[int]:
        """The line of each `[[camera]]`."""
        header = re.compile(r"\s*\[\[\s*camera\s*\]\]")
        return [number for number, line in enumerate(self._lines, 1) if header.match(line)]

    def _line(self, key: str, at: int) -> int:
        for number, line in enumerate(self._lines[at:], at + 1):
            if re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
                return number
        return max(at, 1)

    def _fail(self, line: int | None, what: str, fix: str, *, why: str = "") -> NoReturn:
        place = f"{self._path.name}{f', line {line}' if line else ''}"
        raise InputError(f"{place}: {what}", why=why, fix=fix)


def _name(value: Any, _folder: Path) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise ValueError("a name of letters, digits, - and _, such as door-2")


def _source(value: Any, folder: Path) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    if not isinstance(value, str) or not value:
        raise ValueError("a camera, a stream or a file, as for `edgeds live`, in quotes")
    if value[:5].lower() == "file:" and not value[5:].startswith("/"):
        return f"file:{folder / value[5:]}"
    return str(folder / value) if _is_file(folder / value) else value


def _plate(value: Any, folder: Path) -> str:
    if value in ("last", "new"):
        return str(value)
    if isinstance(value, str) and _is_file(folder / value):
        return str(folder / value)
    raise ValueError('a file that is there, "last" or "new"')


def _backdrop(value: Any, folder: Path) -> str:
    if isinstance(value, str) and value:
        return value if value[:1] == "#" else str(folder / value)
    raise ValueError('a colour such as "#00b140", or an image or video file')


def _file(value: Any, folder: Path) -> Path:
    if isinstance(value, str) and value not in ("", "-") and "\0" not in value:
        return folder / value
    raise ValueError("the name of a file, in quotes")


def _is_file(path: Path) -> bool:
    return is_there(path) and path.is_file()


def _text(value: Any, _folder: Path) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError("an address, in quotes")


def _addresses(value: Any, _folder: Path) -> tuple[str, ...]:
    urls = [value] if isinstance(value, str) else value
    if isinstance(urls, list) and all(isinstance(url, str) for url in urls):
        return tuple(urls)
    raise ValueError("an address, or a list of them")


def _distances(value: Any, _folder: Path) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        return tuple(texts)
    raise ValueError('a distance such as "640,500=2.4m", or a list of them')


def _publish(value: Any, folder: Path) -> tuple[str, ...]:
    urls = _addresses(value, folder)
    for url in urls:
        check_publish_url(url)
    return urls


def _flag(value: Any, _folder: Path) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _choice(*choices: str) -> Callable[[Any, Path], str]:
    def read(value: Any, _folder: Path) -> str:
        if value in choices:
            return str(value)
        raise ValueError(" or ".join(f'"{choice}"' for choice in choices))

    return read


def _number(low: float, high: float) -> Callable[[Any, Path], float]:
    def read(value: Any, _folder: Path) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise ValueError(f"a number from {low:g} to {high:g}")

    return read


_KEYS: dict[str, Callable[[Any, Path], Any]] = {
    "name": _name,
    "source": _source,
    "plate": _plate,
    "allow_motion": _flag,
    "view": _choice(*VIEWS),
    "opacity": _number(0, 1),
    "backdrop": _backdrop,
    "steady": _flag,
    "fps": _number(0.1, 240),
    "record": _file,
    "rules": _file,
    "events": _file,
    "mqtt": _text,
    "webhook": _addresses,
    "publish": _publish,
    "rtsp_transport": _choice("auto", "tcp", "udp"),
    "depth_from": _choice(*get_args(DepthFrom)),
    "person_height": _number(0.5, 2.5),
    "metric": _distances,
}
