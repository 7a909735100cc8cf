"""The messages are as docs/signals.schema.json says, and rules survive being written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgeds.live.signals.events import KINDS
from edgeds.live.signals.rules.from_file import rules_from_text
from edgeds.live.signals.rules.kinds import Line, NearerThan, PlateHealth, Rules, Zone
from edgeds.live.signals.rules.to_text import text_from_rules
from edgeds.live.signals.signals import Signals
from edgeds.plate.ground.metric_scale import MetricScale

from .scene import SIZE, Figure, Scene
from .test_rule_file import WHOLE

SCHEMA = Path(__file__).parents[2] / "docs" / "signals.schema.json"
EXAMPLE = Path(__file__).parents[2] / "examples" / "rules.toml"


def test_every_message_is_as_the_schema_says() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    if not SCHEMA.is_file():
        pytest.skip("the documentation is not beside the tests")
    check = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    half = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
    rules = Rules(
        zones=(Zone(name="right", points=half, dwell_secs=0.5),),
        lines=(Line(name="middle", start=(0.5, 0), end=(0.5, 1)),),
        nearer_than=(NearerThan(name="near", metres=2.5),),
        plate=PlateHealth(name="plate", for_secs=0.2),
    )
    signals = Signals(rules, SIZE, source="drawn")
    scale = MetricScale(per_unit=1.0, uncertainty=0.1, origin="people")
    kinds = set()
    for frame, maps in Scene([Figure((40, 95), (50, 0))], secs=4):
        health = 0.1 if 5 < frame.index < 12 else 0.9
        seen = signals(frame, maps, health=health, scale=scale)
        check.validate(json.loads(json.dumps(seen.state())))
        for event in seen.events:
            check.validate(json.loads(json.dumps(event.as_json())))
            kinds.add(event.kind)
    assert len(kinds) >= 10, kinds
    assert json.loads(SCHEMA.read_text())["$defs"]["event"]["properties"]["event"]["enum"] == list(
        KINDS
    )
    with pytest.raises(jsonschema.ValidationError):
        check.validate({"schema": 1, "event": "zone.entered"})


@pytest.mark.parametrize("text", [WHOLE, "", EXAMPLE.read_text() if EXAMPLE.is_file() else ""])
def test_written_rules_are_read_as_the_same_rules(text: str) -> None:
    rules = rules_from_text(text)
    assert rules_from_text(text_from_rules(rules)) == rules
