"""The border of the foreground at full size: alpha, colours, and both on other backdrops."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgeds.estimate.border_drawn_again import drawn_again
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.look_settings import LOOKS, LookSettings
from edgeds.estimate.matte_refinement import refined_alpha
from edgeds.estimate.settings import DRAWN_AGAIN
from edgeds.estimate.unmixed_colours import unmixed
from edgeds.evaluation.metrics import grad, mad
from edgeds.plate.plate import Plate
from edgeds.types import Engine, FloatMap, Frame
from edgeds.views.editor_layers import layers_composer
from train.layers.composites import Composite

_EDGE = (0.05, 0.95)
"""True alpha of edge pixels."""
_AROUND_PX = 24
"""Margin of the crop that is given to closed-form matting, which takes minutes for a whole frame.
"""


@dataclass(slots=True)
class Mean:
    """The mean of numbers that come one by one."""

    total: float = 0.0
    count: int = 0

    def add(self, values: NDArray[np.floating[Any]] | float) -> None:
        flat = np.asarray(values, np.float64)
        self.total += float(flat.sum())
        self.count += flat.size

    @property
    def value(self) -> float:
        return self.total / max(self.count, 1)


def border_figures(
    engine: Engine, pictures: Iterable[Composite], looks: LookSettings = LOOKS
) -> dict[str, float]:
    """Alpha's errors over those of the enlarged coarse alpha, colour errors over those of using the
    frame, and levels of the re-composite over black and white: of all edge pixels, and as means of
    pictures, since a few pictures have most of the edge pixels.
    """
    sums: dict[str, Mean] = {}

    def add(name: str, values: NDArray[np.floating[Any]] | float) -> None:
        sums.setdefault(name, Mean()).add(values)

    for picture in pictures:
        frame = Frame(picture.frame)
        plate = Plate(picture.plate, origin="file")
        maps = Estimator(engine, plate, looks=looks, matte=DRAWN_AGAIN)(frame)
        layers = layers_composer(("alpha", "foreground"), plate=picture.plate)(frame, maps)
        alpha, own = layers.alpha, layers.values["foreground"].astype(np.float32)
        everywhere = np.ones(alpha.shape, bool)
        coarse = enlarged(engine, picture)
        add("mad", mad(alpha, picture.alpha, everywhere))
        add("mad of enlarged", mad(coarse, picture.alpha, everywhere))
        add("grad", grad(alpha, picture.alpha, everywhere))
        add("grad of enlarged", grad(coarse, picture.alpha, everywhere))
        edge = (picture.alpha > _EDGE[0]) & (picture.alpha < _EDGE[1])
        truth = picture.colours[edge]
        known = unmixed(picture.frame, picture.alpha, picture.plate, maps.plate_offset)
        off, frame_off = (np.abs(one[edge] - truth) for one in (own, picture.frame))
        add("colour", off)
        add("colour, true alpha", np.abs(known[edge].astype(np.float32) - truth))
        add("colour of frame", frame_off)
        a, true = alpha[edge][:, None], picture.alpha[edge][:, None]
        levels = Mean()
        for backdrop in (0.0, 255.0):
            made = a * own[edge] + (1 - a) * backdrop
            wanted = true * truth + (1 - true) * backdrop
            plain = coarse[edge][:, None]
            before = plain * picture.frame[edge] + (1 - plain) * backdrop
            levels.add(np.abs(made - wanted))
            add(f"recomposite on {backdrop:.0f}", np.abs(made - wanted))
            add("recomposite of enlarged", np.abs(before - wanted))
        if edge.any():
            add("colour over frame, mean of pictures", float(off.mean() / frame_off.mean()))
            add("recomposite, levels, mean of pictures", levels.value)
        hidden = layers.values["foreground"][np.rint(alpha * 255) == 0]
        source = picture.frame[np.rint(alpha * 255) == 0]
        same = (hidden == source).all(axis=-1) & (source > 0).any(axis=-1)
        add("of the room under alpha 0", same.astype(np.float64))
    means = {name: mean.value for name, mean in sums.items()}
    return {
        "MAD over enlarged": means["mad"] / means["mad of enlarged"],
        "Grad over enlarged": means["grad"] / means["grad of enlarged"],
        "colour over frame": means["colour"] / means["colour of frame"],
        "colour over frame, true alpha": means["colour, true alpha"] / means["colour of frame"],
        "recomposite, levels": (means["recomposite on 0"] + means["recomposite on 255"]) / 2,
        **means,
    }


def enlarged(engine: Engine, picture: Composite) -> FloatMap:
    """The network's alpha, enlarged bilinearly."""
    frame, plate = (Frame(p).rgb(engine.size) for p in (picture.frame, picture.plate))
    coarse = engine.infer(frame, engine.encode_plate(plate)).alpha
    return np.asarray(cv2.resize(coarse, picture.alpha.shape[::-1]), np.float32)


def closed_form_figures(engine: Engine, pictures: Iterable[Composite]) -> dict[str, float]:
    """Closed-form matting (Levin et al. 2008) by PyMatting, on a trimap of the same coarse alpha.

    Both are given the same crop around the foreground. Times are CPU seconds of this process.

    Raises:
        ModuleNotFoundError: PyMatting is not installed.
    """
    from pymatting import estimate_alpha_cf

    # Neither compiling its functions counts, nor reading our weights and finding NumPy's BLAS.
    open_alpha = np.tile(np.array([0.0, 0.5, 0.5, 1.0], np.float32), (8, 2))
    estimate_alpha_cf(np.zeros((8, 8, 3)), open_alpha.astype(np.float64))
    drawn_again(open_alpha, *np.zeros((2, 8, 8, 3), np.float32))
    ours, theirs, secs, their_secs = Mean(), Mean(), Mean(), Mean()
    for picture in pictures:
        coarse = enlarged(engine, picture)
        box = _crop(coarse)
        frame, plate, truth = (x[box] for x in (picture.frame, picture.plate, picture.alpha))
        small = cv2.resize(coarse, engine.size[::-1], interpolation=cv2.INTER_AREA)
        trimap = trimap_of(small, picture.alpha.shape)[box]
        if not ((trimap == 1).sum() > 0 and (trimap == 0).sum() > 0):
            continue
        began = time.process_time()
        theirs_alpha = estimate_alpha_cf(frame / 255.0, trimap.astype(np.float64))
        their_secs.add(time.process_time() - began)
        # The crop in place of the frame: its coarse alpha at the network's scale.
        down = picture.alpha.shape[0] / engine.size[0]
        size = max(8, round(truth.shape[1] / down)), max(8, round(truth.shape[0] / down))
        part = cv2.resize(coarse[box], size, interpolation=cv2.INTER_AREA)
        began = time.process_time()
        alpha = refined_alpha(part, np.ascontiguousarray(frame), np.ascontiguousarray(plate))
        alpha = drawn_again(alpha, frame.astype(np.float32), plate.astype(np.float32))
        secs.add(time.process_time() - began)
        everywhere = np.ones(truth.shape, bool)
        true_alpha = np.asarray(truth, np.float32)
        ours.add(mad(alpha, true_alpha, everywhere))
        theirs.add(mad(theirs_alpha.astype(np.float32), true_alpha, everywhere))
    return {
        "MAD": ours.value,
        "MAD of closed form": theirs.value,
        "CPU s": secs.value,
        "CPU s of closed form": their_secs.value,
        "MAD over closed form": ours.value / theirs.value,
        "time over closed form": secs.value / their_secs.value,
        "pictures": ours.count,
    }


def trimap_of(coarse: FloatMap, size: tuple[int, ...]) -> NDArray[np.float32]:
    """0, .5 or 1 at a (height, width); .5 is open, and one coarse pixel around it."""
    square = np.ones((3, 3), np.uint8)
    sure = cv2.erode((coarse > 0.95).astype(np.uint8), square)
    empty = cv2.erode((coarse < 0.05).astype(np.uint8), square)
    three = np.where(sure > 0, 1.0, np.where(empty > 0, 0.0, 0.5)).astype(np.float32)
    return np.asarray(cv2.resize(three, size[::-1], interpolation=cv2.INTER_NEAREST), np.float32)


def _crop(alpha: FloatMap) -> tuple[slice, slice]:
    left, top, wide, high = cv2.boundingRect((alpha > 0.02).astype(np.uint8))
    return (
        slice(max(0, top - _AROUND_PX), top + high + _AROUND_PX),
        slice(max(0, left - _AROUND_PX), left + wide + _AROUND_PX),
    )
