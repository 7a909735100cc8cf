"""Weather: the sky, the sun, haze, snow, wet ground, and their light. Knows no places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from train.worlds.lighting import Glow, Lamp, lamp_light, tint
from train.worlds.raycast import Hits, Vectors, dot
from train.worlds.render import Sky

Hour = Literal["sun", "overcast", "dusk", "night"]
_SUN_SPREAD = 0.012  # tangent of the sun's radius, with some haze about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    hour: Hour
    sun: Vectors
    """(3,) light on a surface that faces the sun."""
    to_sun: Vectors
    """(3,) direction to the sun, of unit length."""
    above: Vectors
    """(3,) light of the open sky on level ground."""
    haze_per_m: float
    haze: Vectors
    """(3,) colour of distant things in haze."""
    wet: float
    """Gloss of the ground."""
    snow: bool
    sky: Sky

    @property
    def lamps_on(self) -> bool:
        return self.hour in ("dusk", "night")

    def air(self, colour: Vectors, rays: Vectors, hits: Hits) -> Vectors:
        """Colours seen through haze (Koschmieder)."""
        if self.haze_per_m == 0:
            return colour
        metres = np.where(hits.mesh >= 0, hits.t, 400) * np.sqrt(dot(rays, rays))
        clear = np.exp(-np.float32(self.haze_per_m) * metres)[:, None]
        return np.asarray(colour * clear + self.haze * (1 - clear), np.float32)

    def cover(self, hits: Hits) -> None:
        """Put snow on surfaces that face upwards."""
        if self.snow:
            white = np.clip((hits.normal[:, 1] - 0.45) / 0.3, 0, 1)[:, None] * np.float32(0.93)
            hits.albedo = (hits.albedo * (1 - white) + white * np.float32(0.85)).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLight:
    """Sun with shadows, sky with occlusion, light from the ground, lamps."""

    glow: Glow
    weather: Weather
    lamps: list[Lamp]

    def __call__(self, points: Vectors, hits: Hits, numbers: NDArray[np.int64]) -> Vectors:
        weather, normal = self.weather, hits.normal
        share = self.glow.share(points, normal, numbers)
        up = normal[:, 1]
        high = np.float32(max(float(weather.to_sun[1]), 0))
        ground = (weather.above + weather.sun * high) * np.float32(0.18)
        light = (share * (0.55 + 0.45 * up))[:, None] * weather.above
        light = light + ((0.35 + 0.65 * share) * (0.5 - 0.5 * up))[:, None] * ground
        if weather.sun.max() > 0:
            light = light + self._sunshine(points, normal, numbers)[:, None] * weather.sun
        for lamp in self.lamps:
            shine = lamp_light(self.glow, lamp, points, normal, numbers, rays=2)
            light = light + shine[:, None] * lamp.light
        return np.asarray(light, np.float32)

    def _sunshine(
        self, points: Vectors, normal: Vectors, numbers: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        sun = self.weather.to_sun
        cosine = np.maximum(normal @ sun, 0).astype(np.float32)
        dither = self.glow.dither[numbers] * np.float32(2 * np.pi)
        side = np.asarray(np.cross(sun, _vector((0.3, 0.1, 0.9))), np.float32)
        side = side / np.sqrt((side * side).sum())
        other = np.asarray(np.cross(sun, side), np.float32)
        facing = np.flatnonzero(cosine > 0)
        angle, radius = dither[facing], np.sqrt(dither[facing] * 3 % 1) * np.float32(_SUN_SPREAD)
        rays = sun + (radius * np.cos(angle))[:, None] * side
        rays = np.asarray(rays + (radius * np.sin(angle))[:, None] * other, np.float32)
        starts = points[facing] + normal[facing] * np.float32(4e-3)
        reach = np.full(len(facing), 300, np.float32)
        cosine[facing[self.glow.scene.blocked(starts, rays, reach)]] = 0
        return np.asarray(cosine)


def some_weather(rng: np.random.Generator, photo: Vectors | None) -> Weather:
    """Random weather; `photo` is the landscape at the horizon, linear (H, W, 3)."""
    hours: list[Hour] = ["sun", "overcast", "dusk", "night"]
    hour = hours[int(rng.choice(4, p=[0.48, 0.27, 0.13, 0.12]))]
    high = float(rng.uniform(8, 65) if hour == "sun" else rng.uniform(1, 8))
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(high)
    level = np.cos(elevation)
    to_sun = _vector((level * np.cos(azimuth), np.sin(elevation), level * np.sin(azimuth)))
    sun, above = _strengths(rng, hour, high)
    thick = float(np.exp(rng.uniform(np.log(0.002), np.log(0.025))))
    pale = np.float32((0.6 if hour == "overcast" else 1.0) * rng.uniform(0.9, 1.2))
    return Weather(
        hour=hour,
        sun=sun,
        to_sun=to_sun,
        above=above,
        haze_per_m=thick if rng.random() < 0.25 else 0.0005,
        haze=above * pale + np.float32(0.25) * sun,
        wet=float(rng.uniform(0.02, 0.09)) if rng.random() < 0.22 else 0.0,
        snow=bool(rng.random() < 0.09),
        sky=_dome(rng, hour, to_sun, above, photo),
    )


def _strengths(rng: np.random.Generator, hour: Hour, high: float) -> tuple[Vectors, Vectors]:
    """Light of the sun at `high` degrees above the horizon, and of the sky."""
    warm = _vector((1, 0.75 + 0.2 * min(high / 30, 1), 0.5 + 0.4 * min(high / 40, 1)))
    blue = _vector((0.75, 0.88, 1.15)) * tint(rng)
    sun, above = _vector((0, 0, 0)), tint(rng)
    if hour == "sun":
        sun = warm * np.float32(rng.uniform(0.8, 1.6))
        above = blue * np.float32(rng.uniform(0.15, 0.5))
    elif hour == "dusk":
        above = blue * np.float32(rng.uniform(0.03, 0.25))
        sun = warm * np.float32(rng.uniform(0, 0.08)) if rng.random() < 0.4 else sun
    elif hour == "night":
        above = blue * np.float32(np.exp(rng.uniform(np.log(0.002), np.log(0.03))))
    return sun, above


def _dome(
    rng: np.random.Generator, hour: Hour, to_sun: Vectors, above: Vectors, photo: Vectors | None
) -> Sky:
    """A gradient with clouds, and a photograph's landscape at the horizon, or its sky too."""
    low = above * (tint(rng, 0.1) * np.float32(rng.uniform(0.8, 1.3)))
    top = above * np.array((0.55, 0.75, 1.1), np.float32) if hour != "overcast" else above
    clouds = _clouds(rng)
    amount = rng.uniform(0.6, 1) if hour == "overcast" else rng.uniform(0, 0.9)
    bright = np.float32(1 + 1.5 * rng.random()) if hour == "sun" else np.float32(1.1)
    glow = 0.0 if hour in ("overcast", "night") else rng.uniform(0.2, 1.5)
    landscape = _horizon(rng, photo, above) if photo is not None else None

    def sky(rays: Vectors) -> Vectors:
        along = np.asarray(rays / np.sqrt(dot(rays, rays))[:, None], np.float32)
        up = np.maximum(along[:, 1], 0)
        share = (up**0.5)[:, None]
        colour = low * (1 - share) + top * share
        flat = 1 / np.maximum(up + 0.12, 0.05)
        side = clouds.shape[0]
        x = (along[:, 0] * flat * 40).astype(int) % side
        z = (along[:, 2] * flat * 40).astype(int) % side
        cloud = (np.clip(clouds[x, z] * 2 - 1 + amount, 0, 1) * np.clip(up * 6, 0, 1))[:, None]
        colour = colour * (1 - cloud) + cloud * above * bright * np.float32(1.2)
        near = np.maximum(along @ to_sun, 0) ** 24
        colour = colour + (near * np.float32(glow))[:, None] * (above + np.float32(0.05))
        colour = np.asarray(colour, np.float32)
        return colour if landscape is None else landscape(along, colour)

    return sky


def _horizon(
    rng: np.random.Generator, photo: Vectors, above: Vectors
) -> Callable[[Vectors, Vectors], Vectors]:
    """A photograph around the horizon, repeated as mirror images; it fades into the sky."""
    height, width = photo.shape[:2]
    span = rng.uniform(0.9, 1.8)
    tall = span * height / width * rng.uniform(0.9, 1.3)
    lowest = -tall * rng.uniform(0.36, 0.5)  # the photograph's own horizon is near its middle
    start = rng.uniform(0, 2 * span)
    top = rng.uniform(0.6, 0.98)  # where it fades into the sky
    level = above.mean() / max(float(np.percentile(photo, 90)), 0.05) * rng.uniform(0.7, 1.4)

    def landscape(along: Vectors, behind: Vectors) -> Vectors:
        around = (np.arctan2(along[:, 0], along[:, 2]) + np.pi + start) / span
        x = (np.abs(around % 2 - 1) * width).astype(int).clip(0, width - 1)
        share = (np.arcsin(np.clip(along[:, 1], -1, 1)) - lowest) / tall
        y = ((1 - share) * height).astype(int).clip(0, height - 1)
        there = np.clip((top - share) * 6, 0, 1)
        colour = photo[y, x] * np.float32(level)
        weight = there.astype(np.float32)[:, None]
        return np.asarray(colour * weight + behind * (1 - weight), np.float32)

    return landscape


def _clouds(rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of several scales that can be repeated, (256, 256), 0 to 1."""
    total, side = np.zeros((256, 256), np.float32), 256
    for octave in range(2, 7):
        coarse = rng.random((2**octave, 2**octave)).astype(np.float32)
        wrapped = np.pad(coarse, 2, mode="wrap")
        scale = side // 2**octave
        large = cv2.resize(wrapped, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        total += large[2 * scale : 2 * scale + side, 2 * scale : 2 * scale + side] / 2**octave * 2
    total -= total.min()
    return np.asarray(total / total.max(), np.float32)


def _vector(values: tuple[float, float, float]) -> Vectors:
    return np.array(values, np.float32)
