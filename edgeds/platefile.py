"""A plate as a file: any image, or a plate file (.npz) that also keeps where it came from."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from edgeds.errors import PlateError, SinkError, SourceError
from edgeds.plate import Plate
from edgeds.sources.images import pixels_from_image

PLATE_SUFFIXES = (".npz", ".png")


def plate_from_file(path: str | Path) -> Plate:
    """Read a plate from an image or a plate file.

    Raises:
        PlateError: it is missing, or neither of them.
    """
    path = Path(path)
    try:
        if path.suffix.lower() != ".npz":
            return Plate(pixels_from_image(path), origin="file")
        with np.load(path, allow_pickle=False) as file:
            pixels = file["pixels"]
    except SourceError as error:
        raise PlateError(
            f"cannot use the plate: {error.what}", why=error.why, fix=error.fix
        ) from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise PlateError(
            f"cannot use the plate {str(path)!r}",
            why=f"it is not a plate file: {error}",
            fix="give an image of the empty scene, or a file that --save-plate wrote",
        ) from error
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise PlateError(
            f"cannot use the plate {str(path)!r}",
            why=f"its pixels are {pixels.dtype} {pixels.shape}, not uint8 (H, W, 3)",
            fix="give an image of the empty scene, or a file that --save-plate wrote",
        )
    pixels.flags.writeable = False
    return Plate(pixels, origin="file")


def check_plate_target(path: Path) -> None:
    """Find out before the work is done that a plate cannot be written there.

    Raises:
        SinkError: no such folder, or a suffix that would not keep the pixels.
    """
    if path.suffix.lower() not in PLATE_SUFFIXES:
        why = "a plate must keep its pixels exactly"
    elif not path.parent.is_dir():
        why = f"there is no folder {str(path.parent)!r}"
    else:
        return
    raise SinkError(
        f"cannot write the plate {str(path)!r}",
        why=why,
        fix=f"give a path that ends in {' or '.join(PLATE_SUFFIXES)}, in a folder that is there",
    )


def plate_to_file(plate: Plate, path: Path) -> None:
    """Write a plate as .png, to look at and touch up, or as .npz.

    Raises:
        SinkError: it cannot be written.
    """
    import cv2

    check_plate_target(path)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        if path.suffix.lower() == ".npz":
            np.savez_compressed(part, pixels=plate.pixels, origin=plate.origin)
        else:
            done, data = cv2.imencode(".png", cv2.cvtColor(plate.pixels, cv2.COLOR_RGB2BGR))
            assert done, "PNG takes any uint8 picture"
            part.write_bytes(data.tobytes())
        part.replace(path)
    except OSError as error:
        raise SinkError(
            f"cannot write the plate {str(path)!r}",
            why=error.strerror or str(error),
            fix="give a place you may write to",
        ) from error
