"""edgeds: foreground alpha and inverse depth for fixed cameras, from an empty background.

from edgeds import Estimator, composer, open_engine, open_plate, open_sink, open_source, run
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgeds.engine import open_engine as open_engine
    from edgeds.engine.plate_depth_engine import open_plate_depth as open_plate_depth
    from edgeds.errors import DatasetError as DatasetError
    from edgeds.errors import EdgedsError as EdgedsError
    from edgeds.errors import EngineError as EngineError
    from edgeds.errors import InputError as InputError
    from edgeds.errors import PlateError as PlateError
    from edgeds.errors import RunError as RunError
    from edgeds.errors import ShapeError as ShapeError
    from edgeds.errors import SinkError as SinkError
    from edgeds.errors import SinkFailed as SinkFailed
    from edgeds.errors import SourceError as SourceError
    from edgeds.errors import SourceFailed as SourceFailed
    from edgeds.estimate.estimator import Estimator as Estimator
    from edgeds.estimate.maintained_estimator import MaintainedEstimator as MaintainedEstimator
    from edgeds.estimate.matte_for_view import matte_for_view as matte_for_view
    from edgeds.estimate.unmixed_colours import foreground_colours as foreground_colours
    from edgeds.live.run import LiveRun as LiveRun
    from edgeds.pipeline import RunReport as RunReport
    from edgeds.pipeline import run as run
    from edgeds.plate.capture import PlateCapture as PlateCapture
    from edgeds.plate.file import plate_from_file as plate_from_file
    from edgeds.plate.file import plate_to_file as plate_to_file
    from edgeds.plate.open_plate import open_plate as open_plate
    from edgeds.plate.open_plate import plate_from_clip as plate_from_clip
    from edgeds.plate.plate import Plate as Plate
    from edgeds.plate.plate import plate_at_size as plate_at_size
    from edgeds.sinks import open_sink as open_sink
    from edgeds.sources import open_live_source as open_live_source
    from edgeds.sources import open_source as open_source
    from edgeds.sources.handoff import latest as latest
    from edgeds.types import Frame as Frame
    from edgeds.types import Maps as Maps
    from edgeds.views.backdrop import open_backdrop as open_backdrop
    from edgeds.views.compose import composer as composer

# Names load when they are first used, so that `edgeds --help` loads none of them. The same names
# stand above for type checkers.
_NAMES = {
    "engine": ("open_engine",),
    "engine.plate_depth_engine": ("open_plate_depth",),
    "errors": (
        "DatasetError",
        "EdgedsError",
        "EngineError",
        "InputError",
        "PlateError",
        "RunError",
        "ShapeError",
        "SinkError",
        "SinkFailed",
        "SourceError",
        "SourceFailed",
    ),
    "estimate.estimator": ("Estimator",),
    "estimate.maintained_estimator": ("MaintainedEstimator",),
    "estimate.matte_for_view": ("matte_for_view",),
    "estimate.unmixed_colours": ("foreground_colours",),
    "live.run": ("LiveRun",),
    "pipeline": ("RunReport", "run"),
    "plate.capture": ("PlateCapture",),
    "plate.file": ("plate_from_file", "plate_to_file"),
    "plate.open_plate": ("open_plate", "plate_from_clip"),
    "plate.plate": ("Plate", "plate_at_size"),
    "sinks": ("open_sink",),
    "sources": ("open_live_source", "open_source"),
    "sources.handoff": ("latest",),
    "types": ("Frame", "Maps"),
    "views.backdrop": ("open_backdrop",),
    "views.compose": ("composer",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = list(_HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'edgeds' has no attribute {name!r}")
    return getattr(import_module(f"edgeds.{_HOMES[name]}"), name)
