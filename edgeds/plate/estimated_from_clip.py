"""The empty background of frames that are spread through a clip.

Knows nothing about files or networks. It uses the frames alone, also to decide whether they show
their background at all:

1. small copies of the samples are brought to one light (`samples_to_same_light`);
2. each pixel's two most common colours are found, and when each was seen (`common_colours`);
3. the background is chosen among them, and what stays in doubt is kept as a map (`parked_things`);
4. at full size the plate is the mean of the samples that show it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from edgeds.errors import PlateError, counted
from edgeds.plate.common_colours import distance, modes, noise_levels
from edgeds.plate.parked_things import Background, background_of
from edgeds.plate.plate import Plate
from edgeds.plate.registration import camera_moves
from edgeds.plate.samples_to_same_light import SampleLight, Stack, equalised
from edgeds.plate.settings import PLATE_FROM_CLIP, PlateFromClip
from edgeds.plate.sorting import band_rows
from edgeds.plate.spread_of_samples import spread_of
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Pixels

Mask = npt.NDArray[np.uint8]
"""(h, w), not 0 where something holds, as OpenCV has it."""

_SPREAD_WIDTH_PX = 320  # at least: an engine does not look closer
_SMOOTH_LEVELS = 3.0  # noisier small samples are smoothed, so that colours stay apart


def plate_from_samples(samples: list[Pixels], settings: PlateFromClip = PLATE_FROM_CLIP) -> Plate:
    """Estimate the empty background from at most 255 frames in the order of their times.

    Passers-by leave no trace, even where they cover most of the samples, since their colours vary
    and the background's do not. Something that stands in one place for a part of the clip is
    recognised by its outline. `Plate.doubt` is the map of places where that, or a crowd, leaves a
    doubt.

    Args:
        samples: uint8 RGB arrays of one shape (H, W, 3).

    Raises:
        PlateError: too few samples, the camera moves, or nothing can be known of the background.
    """
    if len(samples) < settings.min_samples:
        raise PlateError(
            f"cannot estimate the plate from {counted(len(samples), 'frame')}",
            why=f"at least {settings.min_samples} are needed to find the background",
            fix="give a picture of the empty scene with -b",
        )
    small = _small_samples(samples, settings)
    lit, lights = equalised(small)
    noise = noise_levels(lit)
    if noise > _SMOOTH_LEVELS:
        lit = _smoothed(lit)
        noise = noise_levels(lit)
    levels = _agree_levels(noise, settings)
    background = background_of(modes(lit, levels), levels, settings)
    _check(background, small, settings)
    filling = _Filling(samples, lights, background, settings)
    pixels = filling.pixels()
    doubt = _at_size(background.doubt, pixels.shape[:2])
    noise_map = filling.noise(pixels)
    for array in (pixels, doubt, noise_map):
        array.flags.writeable = False
    return Plate(
        pixels,
        origin="clip",
        samples=len(samples),
        doubtful=round(float((background.doubt > settings.doubtful).mean()), 4),
        doubt=doubt if background.doubt.any() else None,
        noise=noise_map,
    )


class _Filling:
    """Makes the plate at full size from the samples that show background."""

    def __init__(
        self,
        samples: list[Pixels],
        lights: list[SampleLight],
        background: Background,
        settings: PlateFromClip,
    ) -> None:
        self._samples, self._lights = samples, lights
        self._members = background.members.view(np.uint8)
        self._sparse = np.stack(
            [
                light(_every_fourth(s), 0, 1 + (len(s) - 1) // 4)
                for s, light in zip(samples, lights, strict=True)
            ]
        )
        self._levels = _agree_levels(noise_levels(self._sparse), settings)

    def pixels(self) -> Pixels:
        plate = np.empty_like(self._samples[0])
        height, rows = len(plate), band_rows(self._samples)

        def fill(top: int) -> None:
            band = slice(top, min(top + rows, height))
            plate[band] = self._band(band)

        # In bands of rows, so that a band of all samples stays in the cache.
        with ThreadPoolExecutor() as pool:
            list(pool.map(fill, range(0, height, rows)))
        return plate

    def noise(self, plate: Pixels) -> FloatMap:
        """Sigma of one sample around the plate, (H, W), from every fourth pixel: that of samples
        which look like the plate, or more where the background moves (`spread_of`).
        """
        still = _every_fourth(plate)
        total = np.zeros(still.shape[:2], np.float32)
        count = np.zeros(still.shape[:2], np.float32)
        for sample in self._sparse:
            agrees = distance(sample, still) <= self._levels
            power = np.square(sample.astype(np.float32) - still).sum(axis=-1)
            total += power * agrees
            count += agrees
        noise: FloatMap = np.sqrt(total / np.maximum(3 * (count - 1), 1)).astype(np.float32)
        step = max(1, noise.shape[1] // _SPREAD_WIDTH_PX)
        few = np.ascontiguousarray(self._sparse[:, ::step, ::step])
        spread = spread_of(few, still[::step, ::step], self._levels)
        noise = np.maximum(noise, _at_size(spread, noise.shape))
        return _at_size(noise, plate.shape[:2])

    def _band(self, band: slice) -> Pixels:
        """The mean of the samples near the mean of those that show background."""
        import cv2

        height, width = self._samples[0].shape[:2]
        lit = [
            light(sample[band], band.start, height)
            for sample, light in zip(self._samples, self._lights, strict=True)
        ]
        centre, _ = _mean(lit, self._shows(band, (height, width)))
        limit = (self._levels,) * 3
        near = [cv2.inRange(cv2.absdiff(sample, centre), (0, 0, 0), limit) for sample in lit]
        plate, votes = _mean(lit, near)
        lonely = votes == 0
        if lonely.any():  # no thing looks like the mean of two things: take the nearest sample
            pixels = np.stack([sample[lonely] for sample in lit])
            nearest = distance(pixels, centre[lonely]).argmin(axis=0)
            plate[lonely] = pixels[nearest, np.arange(pixels.shape[1])]
        return plate

    def _shows(self, band: slice, size: tuple[int, int]) -> list[Mask]:
        """For each sample where it shows background, at full size."""
        small_height, small_width = self._members.shape[1:]
        rows = np.arange(band.start, band.stop) * small_height // size[0]
        columns = np.arange(size[1]) * small_width // size[1]
        return [
            shows[rows[0] : rows[-1] + 1][rows - rows[0]][:, columns] for shows in self._members
        ]


def _mean(samples: list[Pixels], chosen: list[Mask]) -> tuple[Pixels, FloatMap]:
    """(rounded mean of the chosen samples, how many there are) per pixel."""
    import cv2

    total = np.zeros(samples[0].shape, np.float32)
    votes = np.zeros(samples[0].shape[:2], np.float32)
    one = np.ones(votes.shape, np.uint8)
    for sample, some in zip(samples, chosen, strict=True):
        cv2.accumulate(sample, total, mask=some)
        cv2.accumulate(one, votes, mask=some)
    total /= np.maximum(votes, 1)[..., None]
    mean: Pixels = (total + np.float32(0.5)).astype(np.uint8)
    return mean, votes


def _small_samples(samples: list[Pixels], settings: PlateFromClip) -> Stack:
    height, width = samples[0].shape[:2]
    shrink = max(1.0, width / settings.small_width_px)
    size = max(1, round(height / shrink)), max(1, round(width / shrink))
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(lambda sample: resized(sample, size), samples)))


def _smoothed(small: Stack) -> Stack:
    import cv2

    return np.stack([cv2.GaussianBlur(sample, (5, 5), 0) for sample in small])


def _agree_levels(noise: float, settings: PlateFromClip) -> int:
    levels = max(settings.agree_levels, round(settings.agree_sigmas * noise))
    return min(levels, settings.max_agree_levels)


def _every_fourth(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[::4, ::4])


def _at_size(small: FloatMap, size: tuple[int, int]) -> FloatMap:
    import cv2

    larger: FloatMap = cv2.resize(small, size[::-1], interpolation=cv2.INTER_LINEAR)
    return larger


def _check(background: Background, small: Stack, settings: PlateFromClip) -> None:
    """Refuse samples that show no background, or several.

    Raises:
        PlateError: with the reason and the fix.
    """
    what = "the clip gives no believable plate"
    in_doubt = float((background.doubt > settings.doubtful).mean())
    if in_doubt > settings.max_moving_doubt and camera_moves(list(small), settings):
        raise PlateError(
            what,
            why="the camera moves: hardly any part of the picture stays in its place",
            fix="use a clip from a camera that stands still",
        )
    if background.standing > settings.max_standing:
        raise PlateError(
            what,
            why=f"{background.standing:.0%} of the picture changes as a whole: the clip shows more "
            "than one view, or something covers the view for a part of it",
            fix="cut the clip to one view, or give a picture of the empty scene with -b PLATE",
        )
    if background.unknown > settings.max_unknown:
        raise PlateError(
            what,
            why=f"{background.unknown:.0%} of the picture is covered by moving things, or changes "
            "its light, most of the time",
            fix="give a picture of the empty scene with -b PLATE",
        )
