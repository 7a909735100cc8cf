"""Where the border is drawn again, and at what size: large frames have it at a smaller one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgeds.cli.layers_options import LayerOptions
from edgeds.cli.video_checks import Wanted
from edgeds.cli.video_output import matte_of
from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.look_settings import WHOLE
from edgeds.estimate.settings import DRAWN_AGAIN, DRAWN_AT_EVERY_SIZE, DRAWN_ONCE, MATTE, Matte
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.types import FloatMap, Size

FAST, BALANCED, FINE = (160, 256), (192, 320), (288, 512)


@pytest.mark.parametrize(
    ("frame", "network", "times"),
    [
        ((256, 448), BALANCED, 1),
        ((480, 640), BALANCED, 1),
        ((540, 960), BALANCED, 2),
        ((720, 1280), BALANCED, 2),
        ((1088, 1920), BALANCED, 2),
        ((2160, 3840), BALANCED, 4),
        ((360, 640), FAST, 0),
        ((720, 1280), FINE, 2),
    ],
)
def test_larger_frames_have_their_border_drawn_again_at_a_smaller_size(
    frame: Size, network: Size, times: int
) -> None:
    sized = MATTE.for_sizes(frame, network)
    assert sized.again == times
    assert sized.band == (MATTE.band if times else MATTE.coarse_band)
    assert DRAWN_AGAIN.for_sizes(frame, network).again == 1
    assert DRAWN_ONCE.for_sizes(frame, network).again == 0


def alpha_of(size: Size, matte: Matte) -> FloatMap:
    source = SyntheticSource(size=size, frame_count=9, noise_levels=1)
    engine = DifferenceEngine(size=BALANCED)
    estimate = Estimator(engine, Plate(source.plate), matte=matte, looks=WHOLE)
    return estimate(source.frame(5)).alpha


def test_an_estimator_draws_it_where_the_settings_say() -> None:
    small, large = (360, 640), (720, 1280)
    assert np.array_equal(alpha_of(small, MATTE), alpha_of(small, DRAWN_AT_EVERY_SIZE))
    assert not np.array_equal(alpha_of(small, MATTE), alpha_of(small, DRAWN_ONCE))
    once, at_half, at_full = (
        alpha_of(large, matte) for matte in (DRAWN_ONCE, MATTE, DRAWN_AT_EVERY_SIZE)
    )
    assert not np.array_equal(at_half, once)
    assert not np.array_equal(at_half, at_full)
    assert np.abs(at_half - at_full).mean() < 0.7 * np.abs(once - at_full).mean()


@pytest.mark.parametrize(
    ("view", "layers", "matte"),
    [
        ("overlay", None, MATTE),
        ("mask", None, MATTE),
        ("replace", None, DRAWN_AT_EVERY_SIZE),
        ("cutout", None, DRAWN_AGAIN),
        ("overlay", "alpha", DRAWN_AGAIN),
    ],
)
def test_what_is_kept_or_laid_on_something_has_it_at_every_size(
    view: Any, layers: str | None, matte: Matte
) -> None:
    wanted = Wanted(source="in.mp4", view=view, layers=LayerOptions(layers=layers))
    assert matte_of(wanted) == matte
