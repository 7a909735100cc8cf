"""Events on a real broker: Debian's mosquitto."""

from __future__ import annotations

import errno
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeds.errors import InputError
from edgeds.live.signals.delivery.home_assistant import discovery_of
from edgeds.live.signals.delivery.mqtt import Mqtt, broker_from_url
from edgeds.live.signals.delivery.retry_queue import Delivery, Outbox
from edgeds.live.signals.rules.from_file import rules_from_text
from edgeds.live.signals.rules.kinds import Rules
from tests.held_port import held_port

from .messages import event
from .test_rule_file import WHOLE

paho = pytest.importorskip("paho.mqtt.client")
_MOSQUITTO = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
needs_broker = pytest.mark.skipif(
    _MOSQUITTO is None, reason="mosquitto is not installed (Debian: apt install mosquitto)"
)
FAST = Delivery(first_wait_secs=0.05, longest_wait_secs=0.2, close_secs=60)


class Mosquitto:
    """A broker on a port of its own, which can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.port = held_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert _MOSQUITTO is not None
        self._process = subprocess.Popen(
            [_MOSQUITTO, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end, "mosquitto did not start"
                time.sleep(0.01)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)


class Subscriber:
    """Everything that a broker passes on, with the time of its arrival."""

    def __init__(self, port: int) -> None:
        self.got: list[tuple[str, bytes, float]] = []
        ready = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_message = lambda _c, _d, message: self.got.append(
            (message.topic, message.payload, time.monotonic())
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert ready.wait(60)

    def wait_for(self, topic: str, count: int = 1) -> list[bytes]:
        end = time.monotonic() + 60
        while len(found := [body for name, body, _ in self.got if name == topic]) < count:
            assert time.monotonic() < end, self.got
            time.sleep(0.005)
        return found

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path)
    yield mosquitto
    mosquitto.stop()


@pytest.fixture
def subscriber(broker: Mosquitto) -> Iterator[Subscriber]:
    subscriber = Subscriber(broker.port)
    yield subscriber
    subscriber.close()


def _mqtt(port: int) -> Mqtt:
    place = broker_from_url(f"mqtt://127.0.0.1:{port}", source="Front door.mp4")
    return Mqtt(place, discovery=discovery_of(place, Rules(), source="Front door", version="1"))


@needs_broker
def test_a_broker_gets_status_discovery_events_states_and_snapshots(
    broker: Mosquitto, subscriber: Subscriber
) -> None:
    with Outbox(_mqtt(broker.port), settings=FAST) as outbox:
        outbox.event(event(1, snapshot=b"jpeg"))
        outbox.state({"objects": []})
        base = "edgeds/front-door-mp4"
        assert json.loads(subscriber.wait_for(f"{base}/event")[0])["number"] == 1
        assert subscriber.wait_for(f"{base}/snapshot") == [b"jpeg"]
        assert json.loads(subscriber.wait_for(f"{base}/state")[0]) == {"objects": []}
        assert subscriber.wait_for(f"{base}/status") == [b"online"]
        found = subscriber.wait_for("homeassistant/device/edgeds-front-door-mp4/config")
        assert json.loads(found[0])["state_topic"] == f"{base}/state"
    assert subscriber.wait_for(f"{base}/status", 2)[1] == b"offline"
    assert outbox.counts.delivered == 2


@needs_broker
def test_a_broker_that_goes_and_comes_back_gets_what_waited_in_order(
    broker: Mosquitto, subscriber: Subscriber
) -> None:
    mqtt = _mqtt(broker.port)
    mqtt._client.reconnect_delay_set(1, 1)
    with Outbox(mqtt, settings=FAST) as outbox:
        outbox.event(event(1))
        subscriber.wait_for("edgeds/front-door-mp4/event")
        broker.stop()
        for number in range(2, 20):
            outbox.event(event(number))
        broker.start()
        later = Subscriber(broker.port)
        end = time.monotonic() + 60
        while outbox.counts.delivered < 19:
            assert time.monotonic() < end, outbox.counts
            time.sleep(0.01)
        bodies = later.wait_for("edgeds/front-door-mp4/event", 18)
        later.close()
    numbers = list(dict.fromkeys(json.loads(body)["number"] for body in bodies))
    assert numbers == list(range(2, 20))
    assert outbox.counts.lost == 0


@needs_broker
def test_an_event_is_with_a_subscriber_hardly_later_than_a_bare_message(
    broker: Mosquitto, subscriber: Subscriber
) -> None:
    bare = paho.Client(paho.CallbackAPIVersion.VERSION2)
    bare.connect("127.0.0.1", broker.port)
    bare.loop_start()
    delays: dict[str, list[float]] = {"bare": [], "edgeds/front-door-mp4/event": []}
    with Outbox(_mqtt(broker.port), settings=FAST) as outbox:
        for number in range(31):
            for topic, secs in delays.items():  # in turn: what else the machine does, both have
                began = time.monotonic()
                bare.publish(topic, "x", qos=1) if topic == "bare" else outbox.event(event(number))
                subscriber.wait_for(topic, number + 1)
                arrived = [at for name, _, at in subscriber.got if name == topic]
                secs.append(arrived[-1] - began)
    bare.disconnect()
    bare.loop_stop()
    # The first event also waits for its connection. The fastest quarter: on a busy machine the rest
    # waits for a processor. `python -m tests.signals.live_bars latency` measures the 95th
    # percentile.
    plain, own = (sorted(secs[1:])[7] for secs in delays.values())
    assert own < 4 * plain + 0.03, delays


def test_a_broker_that_is_not_there_costs_nothing_and_is_reported_once() -> None:
    said: list[str] = []
    limits = Delivery(first_wait_secs=0.01, longest_wait_secs=0.02, close_secs=0.1)
    outbox = Outbox(_mqtt(held_port()), settings=limits, on_change=said.append)
    for number in range(1, 6):
        outbox.event(event(number))
    outbox.close()
    assert outbox.counts.lost == outbox.counts.produced == 5
    assert len(said) <= 1


@pytest.mark.parametrize(
    "url",
    [
        *("http://host", "mqtt://", "mqtt://host:99999", "mqtt://me:secret@host/a/#", "host"),
        *("mqtt://me:secret@[::1", "mqtt://host/a%00", "mqtt://host/a%23"),
    ],
)
def test_a_wrong_address_is_bad_input_and_its_password_stays_hidden(url: str) -> None:
    with pytest.raises(InputError) as failure:
        broker_from_url(url, source="x")
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mqtt://host/a/+/b", "wildcard"),
        ("mqtt://host/a/#", "wildcard"),
        ("mqtt://host:99999/a", "port"),
        ("mqtt://host:x/a", "port"),
        ("http://host/a", "this is not mqtt://"),
    ],
)
def test_a_wrong_address_is_refused_for_what_is_wrong(url: str, why: str) -> None:
    with pytest.raises(InputError) as failure:
        broker_from_url(url, source="x")
    assert why in failure.value.why


def test_an_address_may_have_user_password_topic_and_tls() -> None:
    place = broker_from_url("mqtts://me:a%2Fb@host/home/door", source="x")
    assert (place.user, place.password, place.port) == ("me", "a/b", 8883)
    assert (place.base, place.node, place.is_tls) == ("home/door", "home-door", True)


def test_names_in_other_letters_stay_apart() -> None:
    zones = "".join(
        f"[[zone]]\nname = '{name}'\npoints = [[0, 0], [1, 0], [1, 1]]\n"
        for name in ("πόρτα", "αυλή")
    )
    place = broker_from_url("mqtt://host", source="cam")
    _topic, about = discovery_of(place, rules_from_text(zones), source="cam", version="1")
    names = [entity["name"] for entity in about["components"].values()]
    assert {"πόρτα", "αυλή"} <= set(names)
    streets = [broker_from_url(f"mqtt://host/{name}", source="cam") for name in ("πόρτα", "αυλή")]
    assert streets[0].node != streets[1].node


def test_names_that_differ_in_signs_alone_get_ids_of_their_own() -> None:
    zone = "[[zone]]\nname = '{}'\npoints = [[0, 0], [1, 0], [1, 1]]\n"
    place = broker_from_url("mqtt://host", source="cam")

    def ids(*names: str) -> list[str]:
        rules = rules_from_text("".join(zone.format(name) for name in names))
        _topic, about = discovery_of(place, rules, source="cam", version="1")
        by_name = {one["name"]: key for key, one in about["components"].items()}
        return [by_name[name] for name in names]

    first, second = ids("door 1", "door-1")
    assert first != second
    assert ids("door-1", "door 1") == [second, first], "whatever their order"
    assert ids("door 1") == ["zone-door-1"], "alone it stays short"


def test_home_assistant_finds_every_rule_and_its_templates_give_values() -> None:
    """The templates are Jinja's, as in Home Assistant; names with quotes are no problem."""
    jinja2 = pytest.importorskip("jinja2")
    text = WHOLE.replace('name = "door"', "name = 'the \"door\"'")
    rules = rules_from_text(text.replace('zone = "door"', "zone = 'the \"door\"'"))
    place = broker_from_url("mqtt://host", source="cam")
    topic, about = discovery_of(place, rules, source="cam", version="1")
    assert topic == "homeassistant/device/edgeds-cam/config"
    state: dict[str, Any] = {
        "objects": [{}, {}],
        "plate_health": 0.5,
        "zones": {'the "door"': {"count": 2, "ids": [1, 2]}},
        "lines": {"entrance": {"in": 3, "out": 1}},
        "near": {"too close": True},
        "left_behind": {"bag": []},
        "removed": {"painting": [4]},
        "plate_worn": False,
    }
    parts = about["components"]
    ids = [part["unique_id"] for part in parts.values()]
    assert len(set(ids)) == len(ids)
    values = {
        name: jinja2.Template(part["value_template"]).render(value_json=state)
        for name, part in parts.items()
        if part["platform"] in ("sensor", "binary_sensor")
    }
    assert values == {
        "presence": "ON",
        "objects": "2",
        "plate": "50.0",
        "zone-the-door": "ON",
        "zone-the-door-count": "2",
        "line-entrance-in": "3",
        "line-entrance-out": "1",
        "near-too-close": "ON",
        "left-behind-bag": "OFF",
        "removed-painting": "ON",
        "plate-worn": "OFF",
    }
    assert parts["snapshot"]["image_topic"] == "edgeds/cam/snapshot"


# paho does not close the sockets of a pair that it could not connect; Python does.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_machine_without_any_network_delays_events_and_ends_no_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """paho wakes its thread through 127.0.0.1, which some containers lack."""
    there = threading.Event()
    connect = socket.socket.connect

    def unreachable(one: socket.socket, address: object) -> None:
        if there.is_set():
            return connect(one, address)  # type: ignore[arg-type]
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    said: list[str] = []
    soon = replace(FAST, close_secs=0.1)
    with Outbox(_mqtt(1), settings=soon, on_change=said.append) as outbox:
        outbox.event(event(1))
        _wait(lambda: bool(said))
        assert "this machine's own network is not up" in said[0]
        there.set()  # the thread starts with the next attempt; port 1 has no broker
        _wait(lambda: "own network" not in outbox.trouble)


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)
