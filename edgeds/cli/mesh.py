"""`edgeds video --mesh`: one frame of the clip as surfaces in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from edgeds.cli.option_groups import EFFECTS

if TYPE_CHECKING:
    from edgeds.estimate.estimator import Estimator
    from edgeds.types import FloatMap, Frame, Maps, Pixels

_ASSUMED_FOCAL = 1.0  # over the frame's width: 53 degrees across, between a phone and a webcam


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshOptions:
    """A frame in three dimensions, beside the video."""

    heading: ClassVar[str] = EFFECTS

    mesh: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write a frame as coloured surfaces, to a .ply or .glb."
        ),
    ] = None
    at: Annotated[
        float, typer.Option(min=0, metavar="SECS", help="The time of the frame for --mesh.")
    ] = 0.0


def with_mesh(
    compose: Callable[[Frame, Maps], Any],
    options: MeshOptions,
    estimate: Estimator,
    plate: Pixels,
) -> Callable[[Frame, Maps], Any]:
    """The composer, which also writes the mesh of the first frame from `at` on."""
    if options.mesh is None:
        return compose
    path, written = options.mesh, False

    def compose_and_write(frame: Frame, maps: Maps) -> Any:
        nonlocal written
        if not written and frame.pts_secs >= options.at:
            written = True
            _write(frame, maps, path, estimate, plate)
        return compose(frame, maps)

    return compose_and_write


def _write(frame: Frame, maps: Maps, path: Path, estimate: Estimator, plate: Pixels) -> None:
    import numpy as np

    from edgeds.plate.ground.metric import metres_of
    from edgeds.sinks.mesh import mesh_to_file
    from edgeds.views.mesh import mesh_of
    from edgeds.views.scene import scene_of

    scale, ranged = estimate.scale, estimate.depth_range
    scene = scene_of(frame, maps, plate=plate, plate_depth=estimate.plate_depth, depth_range=ranged)
    focal_px = _ASSUMED_FOCAL * frame.size[1]
    if scale is not None and scale.focal_px is not None:
        focal_px = scale.focal_px

    def distance(depth: FloatMap) -> FloatMap:
        if scale is not None:
            return metres_of(depth, scale)
        least = np.float32(1e-2 * ranged[1])
        return np.asarray(np.float32(ranged[1]) / np.maximum(depth, least), np.float32)

    mesh_to_file(mesh_of(scene, focal_px, distance), path)
