"""A plate as a file: any image, or a plate file (.npz) that also keeps where it came from.

A plate file is NumPy's: `pixels`, `sha256` of them, `about` (JSON: how and when it was made, what
the camera was locked at, the ground and the scale in metres, the depth network), and `noise`,
`doubt`, inverse `depth` and `network_depth` (float16) where they are known. Older ones have less.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args
from zipfile import BadZipFile, ZipFile

import numpy as np
import numpy.typing as npt

from edgeds.errors import PlateError, SinkError, SinkFailed, SourceError
from edgeds.plate.ground.ground_from_people import ground_from_json
from edgeds.plate.ground.metric_scale import scale_from_json
from edgeds.plate.plate import Origin, Plate, check_plate
from edgeds.sinks.atomic_files import check_writable, replacing
from edgeds.sinks.images import image_bytes
from edgeds.sources.argument_checks import path_given
from edgeds.sources.images import pixels_from_image
from edgeds.sources.media_errors import reason_of, translated
from edgeds.types import FloatMap, Pixels

PLATE_SUFFIXES = (".npz", ".png")

_MAPS = ("noise", "doubt", "depth", "network_depth")
_FIX = "give an image of the empty scene, or what edgeds capture or edgeds video --save-plate wrote"


def plate_from_file(path: str | Path) -> Plate:
    """Read a plate from an image or a plate file.

    Raises:
        PlateError: it is missing, damaged, or neither of them.
    """
    path = path_given(path, "the plate's file", error=PlateError, fix=_FIX)
    if path.suffix.lower() != ".npz":
        try:
            return Plate(pixels_from_image(path, others=frozenset({".npz"})), origin="file")
        except SourceError as error:
            raise PlateError(
                f"cannot use the plate: {error.what}", why=error.why, fix=error.fix
            ) from error
    if not path.is_file():
        raise PlateError(
            f"cannot use the plate {str(path)!r}", why="there is no such file", fix=_FIX
        )
    try:
        # Opened here: NumPy leaves a file that it cannot read open.
        with path.open("rb") as data, np.load(data, allow_pickle=False) as file:
            return _plate(file)
    # Damage within reaches us as zlib.error, EOFError, NotImplementedError, MemoryError or
    # whatever else the byte that was hit stands for.
    except Exception as error:
        why = f"it is not a plate file, or it is damaged: {error or type(error).__name__}"
        fix = _FIX
        if getattr(error, "errno", None):  # the system's: too many open files is no damage
            why, fix = reason_of(error).why, reason_of(error).fix or _FIX
        raise PlateError(f"cannot use the plate {str(path)!r}", why=why, fix=fix) from error


def keeps_depth(path: Path) -> bool:
    """Whether a plate file has the depth of some network, found out without reading it. Whether it
    is a plate is for `plate_from_file` to say.
    """
    try:
        with ZipFile(path) as file:
            return "network_depth.npy" in file.namelist()
    except (OSError, BadZipFile):
        return False


def check_plate_target(path: Path) -> None:
    """Find out before the work is done that a plate cannot be written there.

    Raises:
        SinkError: it cannot be written, or its suffix would not keep the pixels.
    """
    if path.name != "-" and path.suffix.lower() not in PLATE_SUFFIXES:
        raise SinkError(
            f"cannot write the plate {str(path)!r}",
            why="a plate must keep its pixels exactly",
            fix=f"give a path that ends in {' or '.join(PLATE_SUFFIXES)}",
        )
    check_writable(path, "the plate")


def plate_to_file(plate: Plate, path: str | Path) -> None:
    """Write a plate as .png, to look at and touch up, or as .npz, with all that is known of it.

    Raises:
        PlateError: it is something else.
        SinkError: it cannot be written there.
        SinkFailed: the disk is full, or failed.
    """
    check_plate(plate)
    path = path_given(path, "the file for the plate", error=SinkError)
    check_plate_target(path)
    with (
        translated(
            SinkFailed, f"cannot write the plate {str(path)!r}", fix="give a place you may write to"
        ),
        replacing(path) as part,
    ):
        if path.suffix.lower() == ".npz":
            with part.open("wb") as file:  # by its name NumPy would add .npz to .NPZ
                np.savez_compressed(file, **_arrays(plate))  # type: ignore[arg-type]
        else:
            part.write_bytes(image_bytes(plate.pixels))


def _arrays(plate: Plate) -> dict[str, npt.NDArray[Any]]:
    about = {
        "origin": plate.origin,
        "samples": plate.samples,
        "doubtful": plate.doubtful,
        "camera": dict(plate.camera),
        "taken": plate.taken,
        "scale": None if plate.scale is None else plate.scale.as_json(),
        "ground": None if plate.ground is None else plate.ground.as_json(),
        "depth_network": plate.depth_network,
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "pixels": plate.pixels,
        "sha256": np.array(_sha256(plate.pixels)),
        "about": np.array(json.dumps(about)),
    }
    for name in _MAPS:
        values = getattr(plate, name)
        if values is not None:
            arrays[name] = values.astype(np.float16)
    return arrays


def _plate(file: Mapping[str, npt.NDArray[Any]]) -> Plate:
    """
    Raises:
        ValueError: it is not a plate. Others, by way of NumPy, where it is damaged.
    """
    pixels = file["pixels"]
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(f"its pixels are {pixels.dtype} {pixels.shape}, not uint8 (H, W, 3)")
    if "sha256" in file and str(file["sha256"]) != _sha256(pixels):
        raise ValueError("its pixels are not those that were written")
    pixels.flags.writeable = False
    plate = Plate(pixels, origin=_origin(str(file["origin"])) if "origin" in file else "file")
    if "about" in file:
        about = json.loads(str(file["about"]))
        plate = replace(
            plate,
            origin=_origin(about["origin"]),
            samples=about["samples"],
            doubtful=about["doubtful"],
            camera={str(name): float(value) for name, value in about["camera"].items()},
            taken=str(about["taken"]),
            scale=scale_from_json(about["scale"]) if about.get("scale") else None,
            ground=ground_from_json(about["ground"]) if about.get("ground") else None,
            depth_network=str(about.get("depth_network", "")),
        )
    maps = {name: _map(file, name, pixels.shape[:2]) for name in _MAPS}
    for name in ("depth", "network_depth"):
        depth = maps[name]
        if depth is not None and (depth <= 0).any():
            raise ValueError(f"its {name} is not over 0")
    return replace(
        plate,
        noise=maps["noise"],
        doubt=maps["doubt"],
        depth=maps["depth"],
        network_depth=maps["network_depth"],
    )


def _map(file: Mapping[str, npt.NDArray[Any]], name: str, size: tuple[int, ...]) -> FloatMap | None:
    """
    Raises:
        ValueError: it is not of the pixels' size, or not finite.
    """
    if name not in file:
        return None
    values: FloatMap = file[name].astype(np.float32)
    if values.shape != size:
        raise ValueError(f"its {name} is {values.shape}, its pixels {size}")
    if not np.isfinite(values).all():
        raise ValueError(f"its {name} is not finite")
    values.flags.writeable = False
    return values


def _origin(name: str) -> Origin:
    for known in get_args(Origin):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"its origin is {name!r}")


def _sha256(pixels: Pixels) -> str:
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
