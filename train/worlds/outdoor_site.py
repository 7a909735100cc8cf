"""A place outdoors while it is built: the ground, the things on it, lamps and walls."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from train.worlds.floor_plan import Foot
from train.worlds.library import Library, Thing
from train.worlds.raycast import Mesh, Texture, Vectors
from train.worlds.sky import Weather
from train.worlds.textures import Cloth, paint
from train.worlds.town import Block, building, slab


@dataclass(slots=True, kw_only=True)
class Site:
    rng: np.random.Generator
    library: Library
    cloth: Cloth
    weather: Weather
    meshes: list[Mesh] = field(default_factory=list)
    taken: list[Foot] = field(default_factory=list)
    tops: list[float] = field(default_factory=list)
    """Height of the thing on each taken place."""
    walls: list[tuple[Foot, float]] = field(default_factory=list)
    """Feet of buildings and the height of their ground: cameras can hang there."""
    bulbs: list[Vectors] = field(default_factory=list)
    """(3,) positions of street lamps' bulbs."""
    levels: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    """Raised ground: x from, to, z from, to, height."""
    half_m: float = 30.0
    """How far from the origin people and cameras go, along z."""
    half_wide_m: float = 12.0
    """As `half_m`, along x."""

    def ground(self, *kinds: str) -> tuple[Texture, float]:
        """One of some kinds of tiles, darker if wet, and its gloss."""
        rng = self.rng
        found = self.cloth.tile(rng, "snow") if self.weather.snow and rng.random() < 0.6 else None
        kind = str(rng.choice(kinds))
        calm = 0.0 if kind in ("grass", "moss") else 0.7
        found = found or self.cloth.tile(rng, kind, calm=calm) or paint(rng, light=False)
        wet = self.weather.wet
        if not wet:
            return found, 0.0
        dry, dark = found, np.float32(0.55)
        return lambda u, v, width: dry(u, v, width) * dark, wet

    def level(
        self, x: tuple[float, float], z: tuple[float, float], top_m: float, *kinds: str
    ) -> None:
        """The ground, of one kind."""
        texture, gloss = self.ground(*kinds)
        self.meshes.append(slab(x, z, top_m, texture, gloss=gloss))
        self.levels.append((*x, *z, top_m))

    def height_at(self, x: float, z: float) -> float:
        tops = [top for a, b, c, d, top in self.levels if a <= x <= b and c <= z <= d]
        return max(tops, default=0.0)

    def is_inside(self, at: tuple[float, float, float]) -> bool:
        """Whether a camera is inside a thing: above its foot and below its top."""
        tiny = Foot(x=at[0], z=at[2], yaw=0, width=0.1, depth=0.1)
        return any(
            at[1] < top + 0.05 and tiny.meets(foot)
            for foot, top in zip(self.taken, self.tops, strict=True)
        )

    def _take(self, foot: Foot, top: float) -> None:
        self.taken.append(foot)
        self.tops.append(top)

    def free(self, foot: Foot, gap: float = 0.1) -> bool:
        return not any(foot.meets(other, gap=gap) for other in self.taken)

    def stand(
        self, thing: Thing, x: float, z: float, yaw: float, *, gap: float = 0.1, gloss: float = 0.0
    ) -> bool:
        """Put a model at a place, if there is room."""
        foot = thing.foot(x, z, yaw)
        if not self.free(foot, gap):
            return False
        self._take(foot, self.height_at(x, z) + thing.size_m[1])
        gain = np.exp(self.rng.normal(0, 0.15) + self.rng.normal(0, 0.05, 3)).astype(np.float32)
        at = (x, self.height_at(x, z), z)
        self.meshes.extend(thing.meshes(at, yaw, gain=gain, gloss=gloss))
        return True

    def some(self, kind: str, *, largest_m: float = 99.0) -> Thing | None:
        things = [t for t in self.library.outdoors.get(kind, []) if max(t.size_m) <= largest_m]
        return things[int(self.rng.integers(len(things)))] if things else None

    def vehicle(self, x: float, z: float, along: float) -> bool:
        """A model along a direction (radians from z), forwards or backwards."""
        thing = self.some("vehicle", largest_m=6.5 if self.rng.random() < 0.85 else 13)
        if thing is None:
            return False
        yaw = along + (np.pi if self.rng.random() < 0.5 else 0) + self.rng.normal(0, 0.03)
        if thing.size_m[0] > thing.size_m[2]:
            yaw += np.pi / 2
        return self.stand(thing, x, z, float(yaw), gap=0.25, gloss=0.04)

    def house(self, x: float, z: float, yaw: float, width: float, depth: float) -> bool:
        """A building whose front faces +z at yaw 0: a model that fits, or one of boxes."""
        rng, ground = self.rng, self.height_at(x, z)
        fitting = [
            thing
            for thing in self.library.outdoors.get("building", [])
            if min(thing.size_m[0], thing.size_m[2]) < min(width, depth) * 1.3
            and max(thing.size_m[0], thing.size_m[2]) < max(width, depth) * 1.3
            and ("collapsed" not in thing.name or rng.random() < 0.1)
        ]
        if fitting and rng.random() < 0.5:
            thing = fitting[int(rng.integers(len(fitting)))]
            turn = yaw + float(rng.choice([0, 0.5, 1, 1.5])) * np.pi
            foot = thing.foot(x, z, turn)
            if self.stand(thing, x, z, turn, gap=-0.05):
                self.walls.append((foot, ground))
                return True
        foot = Foot(x=x, z=z, yaw=yaw, width=width, depth=depth)
        if not self.free(foot, -0.05):
            return False
        self.walls.append((foot, ground))
        storeys = int(rng.choice([1, 2, 3, 4, 5, 7], p=[0.25, 0.3, 0.2, 0.12, 0.08, 0.05]))
        lit = float(rng.uniform(0.1, 0.6)) if self.weather.lamps_on else 0.0
        block = Block(foot, storeys, ground)
        self._take(foot, ground + block.height_m)
        self.meshes.extend(building(rng, block, self.cloth, lit=lit))
        return True

    def lamp(self, x: float, z: float, towards: float) -> None:
        """A street lamp whose arm points along `towards` (radians from x)."""
        posts = [t for t in self.library.outdoors.get("post", []) if t.name == "lamp_post"]
        high = 4.5
        if posts:
            if not self.stand(posts[0], x, z, towards + np.pi / 2):
                return
            high = posts[0].size_m[1] - 0.5
        reach = 1.2
        at = (x + reach * np.cos(towards), self.height_at(x, z) + high, z - reach * np.sin(towards))
        self.bulbs.append(np.array(at, np.float32))
