"""A depth network to learn from: any ONNX file that maps a picture to inverse depth, or an engine;
for photographs, the plate network of an engine.

Loads ONNX Runtime or an engine when opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Teacher = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""uint8 RGB (H, W, 3) to inverse depth (H, W), 0 and above, larger is nearer."""

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)


def open_teacher(path: Path) -> Teacher:
    """An engine folder of edgeds, or an ONNX file with one picture in and one map out."""
    return teacher_from_engine(path) if path.is_dir() else teacher_from_onnx(path)


def teacher_from_engine(folder: Path) -> Teacher:
    """An edgeds engine that gets each picture as its own plate, so that all of it is background."""
    from edgeds.engine import open_engine

    engine = open_engine(folder)

    def inverse_depth(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        small = cv2.resize(picture, engine.size[::-1], interpolation=cv2.INTER_AREA)
        maps = engine.infer(small, engine.encode_plate(small))
        return at_size_of(picture, maps.inverse_depth)

    return inverse_depth


def teacher_from_onnx(path: Path) -> Teacher:
    """A network in MiDaS's conventions: float NCHW, ImageNet mean and spread, larger is nearer.

    Raises:
        ValueError: its input is not a picture.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (port,) = session.get_inputs()
    if len(port.shape) != 4 or port.type != "tensor(float)":
        raise ValueError(f"{path}: a teacher takes float32 (1, 3, H, W), this takes {port.shape}")
    height, width = (side if isinstance(side, int) else 256 for side in port.shape[2:])

    def inverse_depth(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        tensor = ((small / np.float32(255) - MEAN) / SPREAD).transpose(2, 0, 1)[None]
        (values, *_) = session.run(None, {port.name: tensor.astype(np.float32)})
        return at_size_of(picture, np.asarray(values, np.float32).reshape(values.shape[-2:]))

    return inverse_depth


def guessed_depths(
    pictures: Sequence[NDArray[np.uint8]], engine: Path
) -> list[NDArray[np.float16]]:
    """Inverse depth of photographs by the plate network of an engine, each with mean 1.

    Raises:
        ValueError: the engine has none.
    """
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from edgeds.estimate.plate_depth import plate_depth_of

    network = open_plate_depth(engine, device="cpu")
    if network is None:
        raise ValueError(f"{engine} has no network for the plate's depth")
    depths = (plate_depth_of(network, picture) for picture in pictures)
    return [np.asarray(depth / depth.mean(), np.float16) for depth in depths]


def at_size_of(picture: NDArray[np.uint8], values: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    return np.asarray(np.maximum(cv2.resize(values, (width, height)), 0), np.float32)
