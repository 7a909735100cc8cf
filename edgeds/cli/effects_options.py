"""`edgeds video --insert --fog --focus --stereo`: what the options mean at the clip's depth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from edgeds.cli.option_groups import EFFECTS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edgeds.plate.ground.metric_scale import MetricScale
    from edgeds.types import Size
    from edgeds.views.effects import Effects
    from edgeds.views.insert import Inserted

_INSERT = "FILE@DEPTH[:x=0.5][:y=0.9][:h=0.3]"
_DEPTH_FIX = "write 0 (the far end of the plate) to 1 (its near end), or metres such as 2.5m"
_NOTHING_MEASURED = "nobody walked through, and no distance was given"


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectOptions:
    """What is done with depth. Depths are 0 (far) to 1 (near), or metres such as 2.5m."""

    heading: ClassVar[str] = EFFECTS

    insert: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_INSERT,
            help="Put a picture with alpha into the scene at a depth, such as chair.png@0.4 or "
            "chair.png@2.5m:h=0.9m. Nearer things hide it; it hides farther ones. x and y place "
            "its foot (default: the middle, on the ground), h is its height.",
        ),
    ] = None
    fog: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Add fog of this density: per metre if the scale is known. Else the unit is the "
            "distance to the plate's nearest point.",
        ),
    ] = None
    focus: Annotated[
        str | None,
        typer.Option(
            metavar="foreground|DEPTH",
            help="Keep the foreground or this depth sharp and blur the rest, like a lens.",
        ),
    ] = None
    aperture: Annotated[
        float,
        typer.Option(
            min=0, max=0.5, help="Strongest blur of --focus, as a share of the frame's height."
        ),
    ] = 0.03
    stereo: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=0.2,
            help="Write two views side by side for 3D. The value, such as 0.02, says how much more "
            "the plate's nearest point shifts than its farthest, as a share of the frame's width.",
        ),
    ] = None

    @property
    def are_given(self) -> bool:
        given = (self.insert, self.fog, self.focus, self.stereo)
        return any(option is not None for option in given)

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The files that --insert names.

        Raises:
            InputError: an --insert cannot be read.
        """
        return tuple(_parts(text)[0] for text in self.insert or ())

    @property
    def in_metres(self) -> list[str]:
        """The options that need the clip's scale, as they were written."""
        distances = [f"--insert {t}" for t in self.insert or () if _parts(t)[1].endswith("m")]
        focus = (self.focus or "").strip()
        distances += [f"--focus {self.focus}"] if re.fullmatch(r"[\d.]+m", focus) else []
        return distances + self._heights_in_metres

    @property
    def _heights_in_metres(self) -> list[str]:
        return [
            f"--insert {text}"
            for text in self.insert or ()
            if _parts(text)[2].get("h", "").endswith("m")
        ]

    def check(self) -> None:
        """
        Raises:
            InputError: an option cannot be read, or two contradict each other.
        """
        from edgeds.errors import InputError

        for text in self.insert or ():
            _parts(text)
        if self.focus not in (None, "foreground"):
            _depth_from_text(str(self.focus))
        if self.focus is not None and self.stereo is not None:
            raise InputError(
                "--focus and --stereo were given together",
                why="eyes focus by themselves, and blur spoils the depth of a 3D picture",
                fix="leave one of them out",
            )

    def check_metres(self, *, scale: bool, focal: bool, why: str) -> None:
        """
        Args:
            scale, focal: whether the clip's scale and the camera's focal length are or may become
                known.
            why: why not.

        Raises:
            InputError: metres are asked for, and cannot be.
        """
        from edgeds.errors import InputError

        heights = self._heights_in_metres
        if not scale and self.in_metres:
            raise InputError(
                f"{self.in_metres[0]} is in metres, and this clip's scale is not known",
                why=why,
                fix="give a distance (--metric 640,500=2.4m), or the depth as 0 (far) to 1 (near) "
                "and the height as a share of the picture's, such as h=0.3",
            )
        if not focal and heights:
            raise InputError(
                f"{heights[0]}: a height in metres cannot be drawn",
                why=f"the camera's focal length is not known: {why}",
                fix="give the height as a share of the picture's, such as h=0.3",
            )

    def check_pictures(self) -> None:
        """
        Raises:
            InputError: a picture of --insert cannot be read.
        """
        for path in self.pictures:
            _picture(path)

    def effects(
        self, depth_range: tuple[float, float], scale: MetricScale | None, size: Size
    ) -> Effects:
        """
        Raises:
            InputError: metres are asked for and not known, or a picture cannot be read.
        """
        from edgeds.plate.ground.metric_scale import metres_of
        from edgeds.views.effects import Effects

        has_focal = scale is not None and scale.focal_px is not None
        self.check_metres(scale=scale is not None, focal=has_focal, why=_NOTHING_MEASURED)
        focus: float | str | None = self.focus
        if focus not in (None, "foreground"):
            focus = _inverse_depth(str(focus), depth_range, scale)
        distance = None if scale is None else lambda depth: metres_of(depth, scale)
        return Effects(
            inserts=tuple(_inserted(text, depth_range, scale, size) for text in self.insert or ()),
            fog=self.fog,
            distance=distance,
            focus=focus,
            aperture=self.aperture,
            stereo=self.stereo,
        )


def _inserted(
    text: str, depth_range: tuple[float, float], scale: MetricScale | None, size: Size
) -> Inserted:
    from edgeds.views.insert import Inserted

    path, depth, places = _parts(text)
    inverse = _inverse_depth(depth, depth_range, scale)
    height = places.get("h", "0.3")
    return Inserted(
        rgba=_picture(path),
        inverse_depth=inverse,
        height=_height(height, inverse, scale, size),
        x=float(places.get("x", "0.5")),
        foot=float(places["y"]) if "y" in places else None,
    )


def _parts(text: str) -> tuple[Path, str, dict[str, str]]:
    """A file, a depth and places.

    Raises:
        InputError: it is not written so.
    """
    from edgeds.errors import InputError

    file, at, rest = text.rpartition("@")
    depth, *places = rest.split(":")
    pairs = dict(place.partition("=")[::2] for place in places)
    forms = {"x": r"-?\d*\.?\d+", "y": r"-?\d*\.?\d+", "h": r"\d*\.?\d+m?"}
    good = all(name in forms and re.fullmatch(forms[name], pairs[name]) for name in pairs)
    good = good and float(pairs.get("h", "1").rstrip("m")) > 0  # nothing would be drawn
    if not (file and at and good and len(pairs) == len(places)):
        raise InputError(
            f"cannot read --insert {text!r}", why=f"it is not {_INSERT}", fix=_DEPTH_FIX
        )
    _depth_from_text(depth)
    return Path(file), depth, pairs


def _depth_from_text(text: str) -> tuple[float, bool]:
    """The number, and whether it is metres.

    Raises:
        InputError: it is neither.
    """
    from edgeds.errors import InputError

    found = re.fullmatch(r"(\d*\.?\d+)(m?)", text.strip())
    if found is None or (found[2] and float(found[1]) <= 0):
        raise InputError(f"{text!r} is not a depth", why="a depth is a number", fix=_DEPTH_FIX)
    if not found[2] and float(found[1]) > 1:
        raise InputError(
            f"a depth of {text} lies outside the plate's range",
            why="a depth without a unit is a share of that range, at most 1",
            fix=_DEPTH_FIX,
        )
    return float(found[1]), bool(found[2])


def _inverse_depth(text: str, depth_range: tuple[float, float], scale: MetricScale | None) -> float:
    number, is_metric = _depth_from_text(text)
    if not is_metric:
        far, near = depth_range
        return far + number * (near - far)
    assert scale is not None
    return (1 / number - scale.offset) / scale.per_unit


def _height(text: str, inverse_depth: float, scale: MetricScale | None, size: Size) -> float:
    """Over the frame's height."""
    if not text.endswith("m"):
        return float(text)
    assert scale is not None
    assert scale.focal_px is not None
    inverse_m = scale.per_unit * inverse_depth + scale.offset
    return float(text[:-1]) * inverse_m * scale.focal_px / size[0]


def _picture(path: Path) -> npt.NDArray[np.uint8]:
    """uint8 RGBA of an image file.

    Raises:
        InputError: it cannot be read.
    """
    import cv2
    import numpy as np

    from edgeds.errors import InputError

    data = np.fromfile(path, np.uint8) if path.is_file() else np.empty(0, np.uint8)
    read = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if read is None or read.dtype != np.uint8:
        deep = "it has more than 8 bits" if read is not None else "it is no image that OpenCV reads"
        raise InputError(
            f"cannot read the picture {str(path)!r}",
            why=deep if path.is_file() else "there is no such file",
            fix="give a PNG or WebP image of 8 bits with alpha",
        )
    if read.ndim == 2:
        read = cv2.cvtColor(read, cv2.COLOR_GRAY2BGR)
    swap = cv2.COLOR_BGRA2RGBA if read.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return np.asarray(cv2.cvtColor(read, swap), np.uint8)
