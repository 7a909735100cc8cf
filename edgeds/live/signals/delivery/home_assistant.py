"""What Home Assistant should know of a camera and its rules: MQTT device discovery.

One retained message describes a device with all its entities; Home Assistant 2024.11 and newer
make them by themselves. Knows nothing about connections.
"""

from __future__ import annotations

import json
from typing import Any

from edgeds.live.signals.delivery.mqtt import Broker, slug, slugs
from edgeds.live.signals.events import KINDS
from edgeds.live.signals.rules.kinds import Rules

DISCOVERY_PREFIX = "homeassistant"


def discovery_of(
    broker: Broker, rules: Rules, *, source: str, version: str
) -> tuple[str, dict[str, Any]]:
    """(topic, message) of a camera with its rules."""
    entities = {
        "presence": _binary("Something is there", "value_json.objects | count > 0", "occupancy"),
        "objects": _number("Objects", "value_json.objects | count"),
        "plate": {
            **_number("Plate health", "(value_json.plate_health or 0) * 100"),
            "unit_of_measurement": "%",
            "entity_category": "diagnostic",
        },
        **_of_rules(rules),
        "event": {
            "platform": "event",
            "name": "Events",
            "state_topic": f"{broker.base}/event",
            "event_types": list(KINDS),
            # an event entity wants the key "event_type"
            "value_template": "{{ dict(value_json, event_type=value_json.event) | tojson }}",
        },
    }
    if any(rule.snapshot for rule in rules.all):
        entities["snapshot"] = {
            "platform": "image",
            "name": "Last event",
            "image_topic": f"{broker.base}/snapshot",
            "content_type": "image/jpeg",
        }
    for key, entity in entities.items():
        entity["unique_id"] = f"{broker.node}-{key}"
    device = {"identifiers": [broker.node], "name": source, "manufacturer": "edgeds"}
    return f"{DISCOVERY_PREFIX}/device/{broker.node}/config", {
        "device": {**device, "model": "fixed camera", "sw_version": version},
        "origin": {"name": "edgeds", "sw_version": version},
        "availability_topic": f"{broker.base}/status",
        "state_topic": f"{broker.base}/state",
        "qos": 1,
        "components": entities,
    }


def _of_rules(rules: Rules) -> dict[str, dict[str, Any]]:
    entities: dict[str, dict[str, Any]] = {}
    of_zone = slugs(zone.name for zone in rules.zones)
    for zone in rules.zones:
        count = f"value_json.zones[{_quoted(zone.name)}].count"
        key = f"zone-{of_zone[zone.name]}"
        entities[key] = _binary(zone.name, f"{count} > 0", "occupancy")
        entities[f"{key}-count"] = _number(f"{zone.name}: count", count)
    of_line = slugs(line.name for line in rules.lines)
    for line in rules.lines:
        of_way = slugs((line.to_left, line.to_right))
        for way in (line.to_left, line.to_right):
            value = f"value_json.lines[{_quoted(line.name)}][{_quoted(way)}]"
            entities[f"line-{of_line[line.name]}-{of_way[way]}"] = {
                **_number(f"{line.name}: {way}", value),
                "state_class": "total_increasing",
            }
    of_near = slugs(near.name for near in rules.nearer_than)
    for near in rules.nearer_than:
        value = f"value_json.near[{_quoted(near.name)}]"
        entities[f"near-{of_near[near.name]}"] = _binary(near.name, value, "safety")
    for kind, names in (
        ("left_behind", [rule.name for rule in rules.left_behind]),
        ("removed", [rule.name for rule in rules.removed]),
    ):
        for name, short in slugs(names).items():
            value = f"value_json.{kind}[{_quoted(name)}] | count > 0"
            entities[f"{slug(kind)}-{short}"] = _binary(name, value, "problem")
    if rules.plate is not None:
        entities["plate-worn"] = _binary(rules.plate.name, "value_json.plate_worn", "problem")
    return entities


def _binary(name: str, value: str, device_class: str) -> dict[str, Any]:
    return {
        "platform": "binary_sensor",
        "name": name,
        "value_template": "{{ 'ON' if " + value + " else 'OFF' }}",
        "device_class": device_class,
    }


def _number(name: str, value: str) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "name": name,
        "value_template": "{{ " + value + " }}",
        "state_class": "measurement",
    }


def _quoted(name: str) -> str:
    """A name inside a template: JSON's quotes and escapes are Jinja's, too."""
    return json.dumps(name)
