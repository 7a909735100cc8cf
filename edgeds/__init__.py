"""edgeds: foreground alpha and inverse depth for fixed cameras, from an empty background.

from edgeds import Estimator, composer, open_engine, open_plate, open_sink, open_source, run
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgeds.engine import open_engine as open_engine
    from edgeds.engine.plate_depth_engine import open_plate_depth as open_plate_depth
    from edgeds.errors import EdgedsError as EdgedsError
    from edgeds.estimate.estimator import Estimator as Estimator
    from edgeds.estimate.unmixed_colours import foreground_colours as foreground_colours
    from edgeds.live.run import LiveRun as LiveRun
    from edgeds.pipeline import RunReport as RunReport
    from edgeds.pipeline import run as run
    from edgeds.plate.capture import Wizard as Wizard
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

# Names load when they are first used, so that `edgeds --help` loads none of them.
_HOMES = {
    "open_backdrop": "views.backdrop",
    "Wizard": "plate.capture",
    "open_engine": "engine",
    "open_plate_depth": "engine.plate_depth_engine",
    "EdgedsError": "errors",
    "Estimator": "estimate.estimator",
    "open_plate": "plate.open_plate",
    "plate_from_clip": "plate.open_plate",
    "plate_from_file": "plate.file",
    "plate_to_file": "plate.file",
    "latest": "sources.handoff",
    "LiveRun": "live.run",
    "foreground_colours": "estimate.unmixed_colours",
    "composer": "views.compose",
    "RunReport": "pipeline",
    "run": "pipeline",
    "Plate": "plate.plate",
    "plate_at_size": "plate.plate",
    "open_sink": "sinks",
    "open_live_source": "sources",
    "open_source": "sources",
    "Frame": "types",
    "Maps": "types",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'edgeds' has no attribute {name!r}")
    return getattr(import_module(f"edgeds.{_HOMES[name]}"), name)
