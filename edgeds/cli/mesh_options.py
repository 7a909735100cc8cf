"""`edgeds video --mesh`: a frame of the clip, or all of them, as surfaces in files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from edgeds.cli.option_groups import EFFECTS

if TYPE_CHECKING:
    from edgeds.errors import RunError, SinkFailed
    from edgeds.estimate.estimator import Estimator
    from edgeds.plate.ground.metric_scale import MetricScale
    from edgeds.sinks.mesh import Mesh
    from edgeds.types import FloatMap, Frame, Maps, Pixels, StreamInfo

_ASSUMED_FOCAL = 1.0  # over the frame's width: 53 degrees across, between a phone and a webcam


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshOptions:
    """A frame in three dimensions, beside the video."""

    heading: ClassVar[str] = EFFECTS

    mesh: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write a frame as coloured surfaces, to a .ply or .glb. A pattern such as "
            "mesh/%05d.glb writes the plate once, and the foreground of every frame.",
        ),
    ] = None
    at: Annotated[
        float, typer.Option(min=0, metavar="SECS", help="The time of the first frame for --mesh.")
    ] = 0.0

    def check(self, info: StreamInfo) -> None:
        """
        Raises:
            InputError: the clip is known to end before the mesh's frame.
        """
        from edgeds.errors import InputError

        if info.ends_secs is not None and self.at > info.ends_secs:
            raise InputError(
                f"--at {self.at:g}: there is no such time in the clip",
                why=f"{info.name} ends after {info.ends_secs:.1f} s",
                fix="give an earlier time with --at",
            )


@dataclass(slots=True)
class WithMesh:
    """A composer that also writes meshes, from the time `at` on: of one frame, or of all.

    A mesh that cannot be written does not end the run: `failure` reports it afterwards.
    """

    compose: Callable[[Frame, Maps], Any]
    path: Path
    at: float
    estimate: Estimator
    plate: Pixels
    plate_depth: FloatMap
    """As it was at the start: the estimator is some frames ahead, and moves its own along."""
    last_secs: float = 0.0
    written: int = 0
    """Frames."""
    files: int = 0
    problem: SinkFailed | None = None

    def __call__(self, frame: Frame, maps: Maps) -> Any:
        from edgeds.errors import SinkFailed
        from edgeds.sinks.mesh import is_mesh_pattern

        self.last_secs = frame.pts_secs
        due = frame.pts_secs >= self.at and (not self.written or is_mesh_pattern(self.path))
        if due and self.problem is None:
            try:
                self._write(frame, maps)
                self.written += 1
            except SinkFailed as error:
                self.problem = error
        return self.compose(frame, maps)

    def report(self) -> dict[str, Any]:
        """For the report of the run: the file, or the pattern of so many files."""
        return {"output": str(self.path) if self.files else None, "files": self.files}

    def failure(self) -> RunError | None:
        """The report after the clip's end if a mesh is missing."""
        from edgeds.errors import RunError

        if self.problem is not None or self.written:
            return self.problem
        return RunError(
            f"no mesh of the time {self.at:g} s was written",
            why=f"the last frame is at {self.last_secs:.3f} s",
            fix="give an earlier time with --at",
        )

    def _write(self, frame: Frame, maps: Maps) -> None:
        """Write the mesh of a frame; of a pattern's, the plate goes with the first frame.

        Raises:
            SinkFailed: the disk does not take it.
        """
        from edgeds.sinks.mesh import is_mesh_pattern, mesh_file
        from edgeds.views.mesh import mesh_of
        from edgeds.views.scene_at_depths import scene_of

        scale, ranged = self.estimate.scale, self.estimate.depth_range
        scene = scene_of(
            frame, maps, plate=self.plate, plate_depth=self.plate_depth, depth_range=ranged
        )
        focal_px = _ASSUMED_FOCAL * frame.size[1]
        if scale is not None and scale.focal_px is not None:
            focal_px = scale.focal_px
        distance = _distance(scale, ranged[1])
        if not is_mesh_pattern(self.path):
            self._keep(mesh_of(scene.layers, focal_px, distance), self.path)
            return
        if not self.written:
            behind = replace(scene.layers[0], pixels=self.plate)
            self._keep(mesh_of((behind,), focal_px, distance), mesh_file(self.path, None))
        person = mesh_of(scene.layers[1:], focal_px, distance)
        if len(person.triangles):  # glTF has no empty surface
            self._keep(person, mesh_file(self.path, frame.index))

    def _keep(self, mesh: Mesh, path: Path) -> None:
        from edgeds.sinks.mesh import mesh_to_file

        mesh_to_file(mesh, path)
        self.files += 1


def with_mesh(
    compose: Callable[[Frame, Maps], Any],
    options: MeshOptions,
    estimate: Estimator,
    plate: Pixels,
) -> WithMesh | None:
    """The composer, which also writes the mesh; None if none is asked for."""
    if options.mesh is None:
        return None
    return WithMesh(compose, options.mesh, options.at, estimate, plate, estimate.plate_depth)


def _distance(scale: MetricScale | None, near: float) -> Callable[[FloatMap], FloatMap]:
    """What turns inverse depth into distances: metres, or multiples of the nearest one."""
    import numpy as np

    from edgeds.plate.ground.metric_scale import metres_of

    def distance(depth: FloatMap) -> FloatMap:
        if scale is not None:
            return metres_of(depth, scale)
        least = np.float32(1e-2 * near)
        return np.asarray(np.float32(near) / np.maximum(depth, least), np.float32)

    return distance
