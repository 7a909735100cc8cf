"""Guests of a world: people, animals, vehicles, things, with true size, shadows and mirror images.

The same camera, lamps and film see the place with and without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from train.worlds.avatars import Avatar
from train.worlds.camera import Camera
from train.worlds.close_up import someone_close
from train.worlds.film import Film, film_for
from train.worlds.furniture import Model, meshes_of_model
from train.worlds.library import Library, Thing
from train.worlds.raycast import FAR, Both, Mesh, Scene, Vectors
from train.worlds.render import Rendering, rendered
from train.worlds.shapes import box
from train.worlds.shot import Shot
from train.worlds.spots import Spot, spot_at
from train.worlds.textures import paint
from train.worlds.write_set import Drawing

_FEWEST_PX, _MOST, _MOST_CLOSE = 0.003, 0.7, 0.9  # shares of the picture
_ANIMALS = ("chicken", "horse", "dog", "cat", "rabbit")
_STEEP = -0.6  # radians: from steeply above, a relief does not look like a person
_TRIES = 40


@dataclass(slots=True)
class _Party:
    """The guests that have a place so far."""

    meshes: list[Mesh]
    seats: list[Mesh]
    """Seats, which belong to the place."""
    names: list[str]
    taken: list[tuple[float, float, float]]
    """x, z, radius."""
    people: list[dict[str, object]]
    """For those who stand upright: height, and where feet and head are in the picture."""


def visited(
    rng: np.random.Generator,
    shot: Shot,
    library: Library,
    *,
    things: float = 0.0,
    close: bool = False,
) -> Drawing | None:
    """The place with guests and without; None if no guest found a spot.

    Args:
        things: share of the guests that are furniture of any size instead.
        close: somebody is right in front of the camera, and others seldom are there, too.
    """
    party = _Party([], [], [], [], [])
    if close:
        standing = [m for m in library.beings if _is_standing(m)]
        someone = someone_close(rng, shot, library, standing, _some_height(rng), _gain(rng))
        if someone is None:
            return None
        party.meshes.extend(someone[0])
        party.names.append(someone[1])
    others = [1, 2, 3, 5], [0.45, 0.3, 0.17, 0.08]
    for _ in range(int(rng.random() < 0.3) if close else int(rng.choice(others[0], p=others[1]))):
        if things and rng.random() < things:
            _put(rng, shot, library, party)
        else:
            _come(rng, shot, library, party)
    if not party.meshes:
        return None
    world = Both(shot.scene, Scene(party.seats)) if party.seats else shot.scene
    frame = _with_party(shot, world, party)
    if not _FEWEST_PX < frame.share.mean() < (_MOST_CLOSE if close else _MOST):
        return None
    light = replace(shot.light, glow=shot.light.glow.on(world))
    plate = rendered(world, shot.camera, shot.size, light, shot.air)
    return _drawing(shot, party, frame, plate, film_for(rng, plate.light, stops=shot.stops))


def walked(
    rng: np.random.Generator, shot: Shot, library: Library, frames: int
) -> Iterator[Drawing]:
    """Frames of one camera with one or two standing people of random height in each.

    The notes of each frame have height_m, feet_px and head_px (row, column) and depth_m: the truth
    for what edgeds measures by people who walk through a scene.
    """
    plate = rendered(shot.scene, shot.camera, shot.size, shot.light, shot.air)
    film = film_for(rng, plate.light, stops=shot.stops)
    for _ in range(frames):
        party = _Party([], [], [], [], [])
        for _ in range(1 if rng.random() < 0.7 else 2):
            _walk(rng, shot, library, party)
        if party.meshes:
            yield _drawing(shot, party, _with_party(shot, shot.scene, party), plate, film)


def _with_party(shot: Shot, world: Scene, party: _Party) -> Rendering:
    scene = Both(world, Scene(party.meshes))
    light = replace(shot.light, glow=shot.light.glow.on(scene))
    first = len(world.meshes)
    return rendered(scene, shot.camera, shot.size, light, shot.air, share_from=first)


def _drawing(shot: Shot, party: _Party, frame: Rendering, plate: Rendering, film: Film) -> Drawing:
    notes: dict[str, object] = {"foreground": party.names}
    if party.people:
        notes["people"] = party.people
    return Drawing(
        plate=film.pixels(plate.light),
        plate_depth_m=plate.depth_m,
        camera=shot.camera,
        frame=film.pixels(frame.light),
        frame_depth_m=frame.depth_m,
        alpha=frame.share,
        notes=notes,
    )


def _walk(rng: np.random.Generator, shot: Shot, library: Library, party: _Party) -> None:
    """A model of a standing person with a random height; without models a cut-out.

    Some cut-outs bend or sit.
    """
    standing = [m for m in library.beings if _is_standing(m)]
    if standing:
        model = standing[int(rng.integers(len(standing)))]
        scale = _some_height(rng) / model.size_m[1]
        wide, high, deep = (float(side * scale) for side in model.size_m)
        _bring(rng, shot, party, [replace(model, size_m=(wide, high, deep))])
    elif (person := library.person(rng)) is not None:
        _relief(rng, shot, party, person)


def _come(rng: np.random.Generator, shot: Shot, library: Library, party: _Party) -> None:
    """Add a guest, if there is a spot."""
    dice, steep = rng.random(), shot.camera.pitch < _STEEP
    if dice < 0.42 and not steep and (person := library.person(rng)) is not None:
        _relief(rng, shot, party, person)
        return
    vehicles = library.outdoors.get("vehicle", [])
    if shot.outdoors and dice < 0.62 and vehicles:
        small = [thing for thing in vehicles if max(thing.size_m) < 6.5]
        _bring(rng, shot, party, small, reach=1.0)
    elif dice < 0.68 and library.furniture:
        loose = [m for m in library.furniture if 0.3 < max(m.size_m) < 1.3 and m.elevation_m == 0]
        _bring(rng, shot, party, loose)
    elif library.beings:
        beings = [m for m in library.beings if shot.outdoors or "horse" not in m.name]
        people = [m for m in beings if not any(word in m.name for word in _ANIMALS)]
        _bring(rng, shot, party, people if people and rng.random() < 0.8 else beings)


def _put(rng: np.random.Generator, shot: Shot, library: Library, party: _Party) -> None:
    """A piece of furniture; half of them in one pale colour, as walls and floors often have."""
    loose = [m for m in library.furniture if 0.25 < max(m.size_m) < 2.4 and m.elevation_m == 0]
    if loose and rng.random() < 0.5:
        pale = (rng.uniform(0.45, 0.9) * np.exp(rng.normal(0, 0.05, 3))).astype(np.float32)
        _bring(rng, shot, party, loose, colour=pale)
    else:
        _bring(rng, shot, party, loose)


def _relief(rng: np.random.Generator, shot: Shot, party: _Party, person: Avatar) -> None:
    height = _some_height(rng)
    spot = _spot(rng, shot, party, min(0.5 * person.width * height, 0.45), height)
    if spot is not None:
        yaw = _towards(shot.camera, spot) + rng.normal(0, 0.15)
        at = (spot.x, spot.ground_m, spot.z)
        party.meshes.append(person.mesh(at, float(yaw), height, _gain(rng)))
        party.names.append("avatar")
        party.people.append(_measured(shot, spot, height))


def _measured(shot: Shot, spot: Spot, height: float) -> dict[str, object]:
    """Where feet and head of an upright guest are in the picture."""
    feet = np.array((spot.x, spot.ground_m, spot.z), np.float32)
    row, column, depth = shot.camera.seen_at(feet, shot.size)
    head = shot.camera.seen_at(feet + np.array((0, height, 0), np.float32), shot.size)
    return {
        "height_m": round(height, 3),
        "feet_px": [round(row, 1), round(column, 1)],
        "head_px": [round(head[0], 1), round(head[1], 1)],
        "depth_m": round(depth, 3),
    }


def _some_height(rng: np.random.Generator) -> float:
    """Height of an adult in metres."""
    return float(np.clip(rng.normal(1.70, 0.09), 1.45, 2.0))


def _is_standing(model: Model) -> bool:
    seated = any(word in model.name for word in ("sit", "lying"))
    return "male" in model.name and not seated and model.size_m[1] > 1.4


def _bring(
    rng: np.random.Generator,
    shot: Shot,
    party: _Party,
    things: list[Thing] | list[Model],
    *,
    reach: float = 0.85,
    colour: Vectors | None = None,
) -> None:
    """One of some models, in its colours or one (3,); a person who sits gets a stool."""
    if not things:
        return
    thing = things[int(rng.integers(len(things)))]
    radius = reach * 0.5 * float(np.hypot(thing.size_m[0], thing.size_m[2]))
    spot = _spot(rng, shot, party, radius, thing.size_m[1])
    if spot is None:
        return
    yaw, at = float(rng.uniform(-np.pi, np.pi)), (spot.x, spot.ground_m, spot.z)
    if colour is not None and isinstance(thing, Model):
        party.meshes.extend(meshes_of_model(thing, at, yaw, recoloured=lambda _: colour))
    else:
        party.meshes.extend(thing.meshes(at, yaw, gain=_gain(rng)))
    party.names.append(thing.name)
    if isinstance(thing, Model) and _is_standing(thing):
        party.people.append(_measured(shot, spot, thing.size_m[1]))
    if "sit" in thing.name and thing.size_m[1] > 1.2:
        party.seats.append(_stool(rng, thing, spot, yaw))


def _stool(rng: np.random.Generator, thing: Thing | Model, spot: Spot, yaw: float) -> Mesh:
    """A stool below a sitting person, whose legs fill the front half of the foot."""
    high, back = thing.size_m[1] * 0.31, -0.16 * thing.size_m[2]
    x, z = thing.foot(spot.x, spot.z, yaw).at(0.0, back)
    half = (0.2, high / 2, 0.19)
    skin = paint(rng, light=bool(rng.random() < 0.5))
    return box((x, spot.ground_m + high / 2, z), half, yaw=yaw, texture=skin)


def _spot(
    rng: np.random.Generator, shot: Shot, party: _Party, radius: float, height: float
) -> Spot | None:
    """A free spot in view, or right in front of the camera, apart from the other guests."""
    for place in _places(rng, shot):
        x, y, z = (float(value) for value in place)
        if np.hypot(x - shot.camera.at[0], z - shot.camera.at[2]) < radius + 0.35:
            continue
        if any(np.hypot(x - a, z - b) < radius + r for a, b, r in party.taken):
            continue
        spot = spot_at(shot.scene, x, z, radius=radius, height=height, from_m=y + 0.3)
        if spot is not None and spot.ground_m < (0.45 if shot.outdoors else 0.2):  # no table
            party.taken.append((x, z, radius))
            return spot
    return None


def _places(rng: np.random.Generator, shot: Shot) -> Iterator[Vectors]:
    """Places on level ground: where pixels look, and ahead within a few metres."""
    camera, farthest = shot.camera, 28.0 if shot.outdoors else 12.0
    rays = camera.rays((27, 48))
    hits = shot.scene.cast(camera.origin, rays)
    level = (hits.normal[:, 1] > 0.95) & (hits.t < farthest)
    ground = np.flatnonzero(level)
    for _ in range(_TRIES):
        if len(ground) and rng.random() < 0.6:
            number = ground[int(rng.integers(len(ground)))]
            near = rng.uniform(-0.15, 0.15, 3) * (1, 0, 1)
            yield np.asarray(camera.origin + hits.t[number] * rays[number] + near, np.float32)
            continue
        ray = rays[int(rng.integers(len(rays)))] * (1, 0, 1)
        ahead = camera.origin + ray / np.linalg.norm(ray) * rng.uniform(0.7, 3.5)
        down = np.array(((0, -1, 0),), np.float32)
        fall = shot.scene.distance(ahead.astype(np.float32), down)[0]
        if fall < min(FAR, 8.0):
            yield np.asarray(ahead - (0, fall, 0), np.float32)


def _towards(camera: Camera, spot: Spot) -> float:
    """The yaw that faces the camera."""
    return float(np.arctan2(camera.at[0] - spot.x, camera.at[2] - spot.z))


def _gain(rng: np.random.Generator) -> Vectors:
    return np.exp(rng.normal(0, 0.14) + rng.normal(0, 0.05, 3)).astype(np.float32)
