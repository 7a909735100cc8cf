"""The recipe of a run: every setting that changes what the run computes, in one place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal, get_args

from train.plate_depth.plate_sample import PlateMix
from train.samples.mix import Mix

NetworkName = Literal["dual-head", "plate-depth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of the run; it ends at the share `until` of the whole run."""

    until: float
    size: tuple[int, int]
    batch_size: int
    trained_from: int
    """Encoder stages below this one keep their weights; 6 freezes all."""


PHASES = (
    # first the decoders, on small pictures: 1.8 x the speed without a backward pass of the encoder
    Phase(until=0.10, size=(128, 224), batch_size=16, trained_from=6),
    Phase(until=0.58, size=(128, 224), batch_size=16, trained_from=2),
    Phase(until=1.00, size=(192, 320), batch_size=12, trained_from=2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Every setting that changes what a run computes."""

    network: NetworkName = "dual-head"
    attention: int = 0
    """Blocks of attention in the plate's network."""
    phases: tuple[Phase, ...] = PHASES
    steps: int | None = None
    """Length of the run in steps; or give `minutes`. Only steps make two runs equal bit by bit."""
    minutes: float | None = None
    """Length of the run in minutes of training."""
    rate: float = 2e-3
    encoder_rate: float = 3e-4
    warmup_steps: int = 200
    weight_decay: float = 0.01
    ema: float = 0.998
    depth_weight: float = 1.5
    foreground_depth_weight: float = 0.0
    """Weight, within the frame's loss of depth, of the foreground's distance."""
    plate_gradients: bool = False
    """Also train the encoder through the plate's branch: 1.4 x the time of a step."""
    bfloat16: bool = False
    """Multiply in bfloat16: 1.9 x the speed on CPUs with AVX-512 BF16 or AMX, slower on others."""
    seed: int = 1
    workers: int = 2
    mix: Mix = field(default_factory=Mix)
    """Kinds of samples for the frame's network."""
    plate_mix: PlateMix = field(default_factory=PlateMix)
    """Kinds of samples for the plate's network."""


class RecipeError(ValueError):
    """A recipe that cannot be used; the message says why."""


def recipe_from_json(text: str) -> Recipe:
    """The recipe in a JSON text; missing keys have their defaults.

    Raises:
        RecipeError: the text is no JSON object, or has a key that a recipe does not have.
    """
    try:
        fields = json.loads(text)
        if "phases" in fields:
            fields["phases"] = tuple(
                Phase(**(phase | {"size": tuple(phase["size"])})) for phase in fields["phases"]
            )
        if "mix" in fields:
            fields["mix"] = Mix(**fields["mix"])
        if "plate_mix" in fields:
            fields["plate_mix"] = PlateMix(**fields["plate_mix"])
        recipe = Recipe(**fields)
    except (ValueError, TypeError, KeyError) as error:
        raise RecipeError(
            f"the recipe cannot be read: {error}; train/run/recipe.py lists the keys, and a run's "
            "recipe.json is an example"
        ) from error
    if recipe.network not in get_args(NetworkName):
        raise RecipeError(
            f"the recipe names the network {recipe.network!r}, and there are "
            f"{' and '.join(get_args(NetworkName))}"
        )
    return recipe
