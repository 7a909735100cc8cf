"""The depth of a plate from a depth network, with what an earlier run measured and kept.

A plate file keeps the network's depth and which network that was, so that a later run with the same
network computes nothing. Another network's depth is computed anew; measured ground stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgeds.estimate.plate_depth import DepthNetwork, plate_depth_of
from edgeds.estimate.plate_depth_on_ground import GroundedDepth, laid_again
from edgeds.plate.plate import Plate
from edgeds.types import FloatMap, Size


@dataclass(frozen=True, slots=True, eq=False)
class KnownDepth:
    """A plate's inverse depth."""

    raw: FloatMap
    """As the network gives it, float32 (H, W)."""
    network: str
    """Which network; "" is the engine's."""
    grounded: GroundedDepth | None
    """With what was measured; None where nothing was."""
    is_wanted: bool = True
    """False where nobody looks at any depth: that of frames is not computed, either."""


def no_depth(size: Size) -> KnownDepth:
    """In place of a depth that nobody looks at: to compute one takes a tenth of a second."""
    return KnownDepth(np.ones(size, np.float32), "", None, is_wanted=False)


def kept_depth(plate: Plate) -> GroundedDepth | None:
    """The measured depth that a plate keeps from an earlier run; None if it has none."""
    if plate.depth is None or plate.scale is None:
        return None
    return GroundedDepth(plate.depth, plate.scale, plate.ground)


def kept_in(plate: Plate, known: KnownDepth) -> Plate:
    """The plate with its depth, to keep in its file."""
    if known.network:
        plate = replace(plate, network_depth=known.raw, depth_network=known.network)
    measured = known.grounded
    if measured is None:
        return plate
    return replace(plate, depth=measured.depth, scale=measured.scale, ground=measured.ground)


def without_measured(plate: Plate) -> Plate:
    """The plate without the ground and the scale that an earlier run measured."""
    return replace(plate, depth=None, scale=None, ground=None)


def is_kept_of(network: DepthNetwork, plate: Plate) -> bool:
    """Whether the plate keeps what this network says of it."""
    return plate.network_depth is not None and plate.depth_network == network.identity


def depth_by(
    network: DepthNetwork, plate: Plate, measured: GroundedDepth | None = None
) -> KnownDepth:
    """The plate's depth from a network, on the ground that was measured.

    It takes a second or two, or nothing where the plate keeps it, and may run in another thread.

    Args:
        measured: with the depth of any network; None for what the plate keeps.
    """
    if is_kept_of(network, plate):
        assert plate.network_depth is not None
        return KnownDepth(plate.network_depth, network.identity, measured or kept_depth(plate))
    raw = plate_depth_of(network, plate.pixels)
    raw.flags.writeable = False
    measured = measured or kept_depth(plate)
    if measured is not None:
        measured = laid_again(raw, plate, measured)
    return KnownDepth(raw, network.identity, measured)
