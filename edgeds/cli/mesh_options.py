"""`edgeds video --mesh`: one frame of the clip as surfaces in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from edgeds.cli.option_groups import EFFECTS

if TYPE_CHECKING:
    from edgeds.errors import RunError
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


@dataclass(slots=True)
class WithMesh:
    """A composer that also writes the mesh of the first frame from `at` on."""

    compose: Callable[[Frame, Maps], Any]
    path: Path
    at: float
    estimate: Estimator
    plate: Pixels
    last_secs: float = 0.0
    is_written: bool = False

    def __call__(self, frame: Frame, maps: Maps) -> Any:
        self.last_secs = frame.pts_secs
        if not self.is_written and frame.pts_secs >= self.at:
            self.is_written = True
            _write(frame, maps, self.path, self.estimate, self.plate)
        return self.compose(frame, maps)

    def failure(self) -> RunError | None:
        """What to say after the clip's end if no frame was late enough."""
        from edgeds.errors import RunError

        if self.is_written:
            return None
        return RunError(
            f"no mesh of the time {self.at:g} s was written",
            why=f"the last frame is at {self.last_secs:.3f} s",
            fix="give an earlier time with --at",
        )


def with_mesh(
    compose: Callable[[Frame, Maps], Any],
    options: MeshOptions,
    estimate: Estimator,
    plate: Pixels,
) -> WithMesh | None:
    """The composer, which also writes the mesh; None if none is asked for."""
    if options.mesh is None:
        return None
    return WithMesh(compose, options.mesh, options.at, estimate, plate)


def _write(frame: Frame, maps: Maps, path: Path, estimate: Estimator, plate: Pixels) -> None:
    import numpy as np

    from edgeds.plate.ground.metres import metres_of
    from edgeds.sinks.mesh import mesh_to_file
    from edgeds.views.mesh import mesh_of
    from edgeds.views.scene_at_depths import scene_of

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
