"""Pictures of a run: what the network predicts now, and the curves of its losses."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edgeds.engine.network.frame_network import DualHead
from train.samples.batches import Samples


def write_predictions(network: DualHead, samples: Samples, path: Path, count: int = 12) -> None:
    """Rows of frame, plate, alpha, predicted alpha, inverse depth, predicted inverse depth."""
    rows = []
    network.eval()
    device = next(network.parameters()).device
    for number in range(count):
        frame, plate, alpha, depth, _ = samples[number]
        with torch.no_grad():
            features = network.encode_plate(plate[None].to(device).float())
            maps = network(frame[None].to(device).float(), features)
        predicted, inverse_depth = (x.cpu() for x in maps)
        cells = [rgb(frame), rgb(plate), grey(alpha), grey(predicted[0])]
        rows.append(np.hstack([*cells, stretched(depth), stretched(inverse_depth[0])]))
    cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def write_curve(
    log: Path, path: Path, names: tuple[str, ...], size: tuple[int, int] = (360, 720)
) -> None:
    """Losses over steps, smoothed, logarithmic: the first white, the second yellow."""
    records = [json.loads(line) for line in log.read_text().splitlines()]
    canvas = np.zeros((*size, 3), np.uint8)
    if len(records) < 2:
        return
    for key, colour in zip(names, ((255, 255, 255), (0, 220, 255)), strict=False):
        values = np.array([max(r[key], 1e-4) for r in records])
        window = max(1, len(values) // 100)
        smooth = np.convolve(np.log10(values), np.ones(window) / window, "valid")
        x = np.linspace(0, size[1] - 1, len(smooth))
        y = np.clip((1 - (smooth + 2) / 3) * size[0], 0, size[0] - 1)  # 0.01 below, 10 above
        cv2.polylines(canvas, [np.stack([x, y], 1).astype(np.int32)], False, colour, 1)
    cv2.imwrite(str(path), canvas)


def rgb(picture: Tensor) -> NDArray[np.uint8]:
    return np.ascontiguousarray(picture.permute(1, 2, 0).numpy(), np.uint8)


def grey(values: Tensor) -> NDArray[np.uint8]:
    scaled = (values[0].clamp(0, 1) * 255).numpy().astype(np.uint8)
    return np.repeat(scaled[..., None], 3, 2)


def stretched(values: Tensor) -> NDArray[np.uint8]:
    """Inverse depth between its 1st and 99th percentile; black where nothing is known."""
    if float(values.max()) == 0:
        return grey(values)
    low, high = np.percentile(values.numpy(), [1, 99])
    return grey((values - float(low)) / max(float(high - low), 1e-6))
