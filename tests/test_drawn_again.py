"""Where the border is drawn again: it costs too much for large frames, and wins for small ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgeds.cli.layers_options import LayerOptions
from edgeds.cli.video_checks import Wanted
from edgeds.cli.video_output import matte_of
from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.settings import (
    DRAWN_AGAIN,
    DRAWN_AT_EVERY_SIZE,
    DRAWN_ONCE,
    MATTE,
    WHOLE,
    Matte,
)
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.types import FloatMap, Size

FAST, BALANCED, FINE = (160, 256), (192, 320), (288, 512)


@pytest.mark.parametrize(
    ("frame", "network", "is_drawn"),
    [
        ((256, 448), BALANCED, True),
        ((480, 640), BALANCED, True),
        ((720, 1280), BALANCED, False),
        ((360, 640), FAST, False),
        ((1080, 1920), FINE, True),
        ((2160, 3840), FINE, False),
    ],
)
def test_small_frames_have_their_border_drawn_again(
    frame: Size, network: Size, is_drawn: bool
) -> None:
    assert bool(MATTE.for_sizes(frame, network).again) == is_drawn
    assert DRAWN_AGAIN.for_sizes(frame, network).again
    assert not DRAWN_ONCE.for_sizes(frame, network).again


def alpha_of(size: Size, matte: Matte) -> FloatMap:
    source = SyntheticSource(size=size, frame_count=9, noise_levels=1)
    engine = DifferenceEngine(size=BALANCED)
    estimate = Estimator(engine, Plate(source.plate), matte=matte, looks=WHOLE)
    return estimate(source.frame(5)).alpha


def test_an_estimator_draws_it_where_the_settings_say() -> None:
    small, large = (360, 640), (720, 1280)
    assert not np.array_equal(alpha_of(small, MATTE), alpha_of(small, DRAWN_ONCE))
    assert np.array_equal(alpha_of(large, MATTE), alpha_of(large, DRAWN_ONCE))
    assert not np.array_equal(alpha_of(large, DRAWN_AGAIN), alpha_of(large, DRAWN_ONCE))


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
