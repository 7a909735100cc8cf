"""Composites at the size of a film whose foreground colours and alpha are known exactly.

Cut-outs, at most a little larger than they are, over backgrounds; of the validation split unless
the caller asks for the other. Knows nothing about engines or metrics.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edgeds.types import FloatMap, Pixels, Size
from train.samples.material import read_image, read_rgb

Split: TypeAlias = Literal["train", "val"]

_MOST_ENLARGED = 1.3
_NOISE_LEVELS = 1.0
"""Sensor noise of frame and plate, each its own."""
VARIED_SIZES: tuple[Size, ...] = (
    (720, 1280), (256, 448), (720, 1280), (360, 640), (1080, 1920), (288, 512), (540, 960)
)  # fmt: skip
_PLATE_CODED = 0.7
_HELD_EVERY = 23
"""Cut-outs of the training split that `varied` leaves out: those of 24 `composites` of it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Composite:
    """C = aF + (1 - a)B, with everything known."""

    name: str
    frame: Pixels
    plate: Pixels
    alpha: FloatMap
    colours: NDArray[np.float32]
    """F in levels, (H, W, 3); it means something where alpha is over 0."""
    coded: bool = False
    """Whether frame and plate were frames of a compressed video."""

    def with_light(self, ev: float) -> Composite:
        """The composite with a plate that was taken so many EV brighter, by a gamma of 2.2."""
        lit = np.clip(self.plate * np.float32(2 ** (ev / 2.2)) + 0.5, 0, 255).astype(np.uint8)
        return replace(self, plate=lit)


def composites(
    data: Path, size: Size, count: int, *, people: bool = False, split: Split = "val"
) -> Iterator[Composite]:
    """The first `count`, one for each cut-out: the same ones on every call.

    Args:
        people: only cut-outs of people.
        split: of the material; settings are chosen on "train".

    Raises:
        FileNotFoundError: the folder lacks a picture or splits.json.
    """
    names = json.loads((data / "splits.json").read_text())
    cutouts = [n for n in names["foregrounds"][split] if n.startswith("valid_") or not people]
    backgrounds = names["backgrounds"][split]
    if split == "train":  # ten times as many: a few of all kinds
        cutouts = cutouts[:: max(1, len(cutouts) // count)]
    # Round by round through the list, so that few of them are of all kinds.
    order = [cutouts[i] for start in range(5) for i in range(start, len(cutouts), 5)]
    for number, name in enumerate(order[:count]):
        rng = np.random.default_rng(number)
        behind = read_rgb(data / "backgrounds" / backgrounds[number % len(backgrounds)])
        rgba = cv2.cvtColor(
            read_image(data / "foregrounds" / name, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA
        )
        yield _composed(name, rgba, _filling(behind, size), rng)


def varied(data: Path, count: int, sizes: tuple[Size, ...] = VARIED_SIZES) -> Iterator[Composite]:
    """Composites of the training split at these sizes in turn, half of them as worse cameras see
    them, and half of them as frames of a compressed video.

    Raises:
        FileNotFoundError: the folder lacks a picture or splits.json.
    """
    names = json.loads((data / "splits.json").read_text())
    cutouts, backgrounds = names["foregrounds"]["train"], names["backgrounds"]["train"]
    cutouts = [name for at, name in enumerate(cutouts) if at % _HELD_EVERY] or cutouts
    order = [cutouts[i] for start in range(7) for i in range(start, len(cutouts), 7)]
    for number in range(count):
        rng = np.random.default_rng(1000 + number)
        behind = read_rgb(data / "backgrounds" / backgrounds[int(rng.integers(len(backgrounds)))])
        name = order[number % len(order)]
        rgba = cv2.cvtColor(
            read_image(data / "foregrounds" / name, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA
        )
        if number % 2:
            rgba = np.ascontiguousarray(rgba[:, ::-1])
        filling = _filling(behind, sizes[number % len(sizes)])
        picture = _composed(name, rgba, filling, rng)
        picture = _worse(picture, filling, rng) if rng.random() < 0.5 else picture
        yield as_video(picture, rng) if rng.random() < 0.5 else picture


def _worse(picture: Composite, behind: NDArray[np.float32], rng: np.random.Generator) -> Composite:
    """With noise, compression, another exposure of the plate, a moved plate, or a soft lens."""
    frame, plate, size = picture.frame, picture.plate, picture.alpha.shape
    kind = rng.choice(["noise", "jpeg", "light", "shift", "blur"])
    if kind == "noise":
        noise = rng.uniform(2, 5)
        return replace(
            picture,
            frame=_noisy(frame.astype(np.float32), rng, noise),
            plate=_noisy(plate.astype(np.float32), rng, 0.3 * noise),
        )
    if kind == "jpeg":
        quality = int(rng.integers(60, 95))
        return replace(
            picture, frame=_compressed(frame, quality), plate=_compressed(plate, quality)
        )
    if kind == "light":
        return picture.with_light(float(rng.uniform(-0.3, 0.3)))
    if kind == "shift":
        move = np.array([[1, 0, rng.uniform(-1, 1)], [0, 1, rng.uniform(-1, 1)]])
        moved = cv2.warpAffine(plate, move, size[::-1], borderMode=cv2.BORDER_REPLICATE)
        return replace(picture, plate=np.asarray(moved, np.uint8))
    sigma = rng.uniform(0.5, 1.2)
    own, alpha, soft = (
        np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)
        for values in (picture.colours * picture.alpha[..., None], picture.alpha, behind)
    )
    return replace(
        picture,
        frame=_noisy(own + (1 - alpha[..., None]) * soft, rng),
        plate=_noisy(soft, rng),
        alpha=alpha,
        colours=np.clip(own / np.maximum(alpha, 1e-3)[..., None], 0, 255),
    )


def as_video(picture: Composite, rng: np.random.Generator) -> Composite:
    """Frame and plate as H.264 leaves them, often darker: the frame comes after one that shows the
    plate and one in which the foreground was somewhere else. Some plates are not coded.
    """
    gain, crf = random_video(rng)
    move = rng.integers(-12, 13, 2)
    alpha, colours = (np.roll(one, move, (0, 1)) for one in (picture.alpha, picture.colours))
    before = alpha[..., None] * colours + (1 - alpha[..., None]) * picture.plate
    plate, _, frame = filmed([picture.plate, before, picture.frame], gain, crf, rng)
    return replace(
        picture,
        frame=frame,
        plate=plate,
        colours=picture.colours * np.float32(gain),
        coded=True,
    )


def random_video(rng: np.random.Generator) -> tuple[float, int]:
    """The share of light that is left, and the quality by x264's measure (constant rate factor)."""
    return min(1.0, float(rng.uniform(0.25, 1.5))), int(rng.integers(17, 31))


def filmed(
    pictures: list[NDArray[Any]], gain: float, crf: int, rng: np.random.Generator
) -> list[Pixels]:
    """A plate and frames in less light, as H.264 leaves them. Some plates are not coded."""
    darker = [np.asarray(one * gain + 0.5, np.uint8) for one in pictures]
    plate, *frames = coded(darker, crf)
    return [plate if rng.random() < _PLATE_CODED else darker[0], *frames]


def coded(pictures: list[Pixels], crf: int) -> list[Pixels]:
    """What a decoder gives back of a clip that x264 wrote."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as clip:
        options = {"crf": str(crf), "threads": "1"}
        stream = clip.add_stream("libx264", rate=25, options=options)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            clip.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        clip.mux(stream.encode())
    file.seek(0)
    with av.open(file) as read:
        decoded = list(read.decode(video=0))
    return [np.asarray(one.to_ndarray(format="rgb24"), np.uint8) for one in decoded]


def _compressed(picture: Pixels, quality: int) -> Pixels:
    _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)


def _composed(
    name: str, rgba: Pixels, behind: NDArray[np.float32], rng: np.random.Generator
) -> Composite:
    height, width = behind.shape[:2]
    scale = min(_MOST_ENLARGED, rng.uniform(0.35, 0.9) * height / rgba.shape[0])
    scale = min(scale, 0.9 * width / rgba.shape[1])
    wide, tall = (max(8, round(side * scale)) for side in rgba.shape[1::-1])
    left = int(rng.integers(0, width - wide + 1))
    top = int(rng.integers(0, height - tall + 1))
    layer = rgba.astype(np.float32)
    layer[..., :3] *= layer[..., 3:] / 255
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    thing = cv2.resize(layer, (wide, tall), interpolation=how)
    placed = np.zeros((height, width, 4), np.float32)
    placed[top : top + tall, left : left + wide] = thing
    alpha: FloatMap = placed[..., 3] / np.float32(255)
    mixed = placed[..., :3] + (1 - alpha[..., None]) * behind
    colours = placed[..., :3] / np.maximum(alpha, 1e-3)[..., None]
    return Composite(
        name=name,
        frame=_noisy(mixed, rng),
        plate=_noisy(behind, rng),
        alpha=alpha,
        colours=np.clip(colours, 0, 255),
    )


def _noisy(
    picture: NDArray[np.float32], rng: np.random.Generator, levels: float = _NOISE_LEVELS
) -> Pixels:
    noise = rng.normal(0, levels, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def _filling(picture: Pixels, size: Size) -> NDArray[np.float32]:
    """The middle of a picture, scaled so that it fills the size."""
    height, width = size
    scale = max(height / picture.shape[0], width / picture.shape[1])
    wide, tall = (max(low, round(side * scale)) for low, side in zip(
        (width, height), picture.shape[1::-1], strict=True
    ))  # fmt: skip
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    large = cv2.resize(picture, (wide, tall), interpolation=how)
    top, left = (tall - height) // 2, (wide - width) // 2
    return np.asarray(large[top : top + height, left : left + width], np.float32)
