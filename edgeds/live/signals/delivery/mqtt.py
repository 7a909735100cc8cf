"""Events and states on an MQTT broker, with discovery for Home Assistant.

Topics below the base, such as edgeds/front-door:

    status     "online" or "offline" (retained; the broker sets it when edgeds vanishes)
    state      the newest state, JSON (retained)
    event      every event, JSON
    snapshot   JPEG of the last event that has one (retained)

Knows nothing about queues and rules.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from zlib import crc32

from edgeds.errors import InputError
from edgeds.live.signals.delivery.retry_queue import DeliveryFailedError, Message
from edgeds.live.signals.events import json_line
from edgeds.sources.media_errors import reason_of
from edgeds.sources.url import masked
from edgeds.types import Closing

if TYPE_CHECKING:
    from paho.mqtt.client import Client

_CONNECT_SECS = 2.0
_ACK_SECS = 5.0
_KEEPALIVE_SECS = 30
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """The address of a broker, and the base of our topics."""

    host: str
    port: int
    base: str
    is_tls: bool = False
    user: str | None = None
    password: str | None = None

    @property
    def node(self) -> str:
        """The base as a name without slashes: for client and device."""
        return slug(self.base)


def slug(text: str) -> str:
    """Letters, digits and hyphens, for topics and ids.

    A name in other letters, such as Greek, gets a number: two of them must not become one id.
    """
    short = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "edgeds"
    if any(sign.isalnum() and not sign.isascii() for sign in text):
        return f"{short}-{crc32(text.encode()):08x}"
    return short


def slugs(names: Iterable[str]) -> dict[str, str]:
    """The slug of each name; where several would have one ("door 1", "door-1"), each gets a number.

    The number depends on the name alone, so that another order of the rules gives the same ids.
    """
    short = {name: slug(name) for name in names}
    often = Counter(short.values())
    return {
        name: f"{text}-{crc32(name.encode()):08x}" if often[text] > 1 else text
        for name, text in short.items()
    }


def broker_from_url(url: str, *, source: str) -> Broker:
    """mqtt://[USER:PASSWORD@]HOST[:PORT][/TOPIC]; mqtts for TLS. Without TOPIC, `source` names it.

    Raises:
        InputError: it has another form.
    """
    parts, port, why = urlsplit(""), 0, "this is not mqtt://[USER:PASSWORD@]HOST[:PORT][/TOPIC]"
    with suppress(ValueError):  # of an address without its closing bracket
        parts = urlsplit(url)
    base = unquote(parts.path).strip("/") or f"edgeds/{slug(source)}"
    if parts.scheme in _PORTS and parts.hostname:
        why = ""
        try:
            port = parts.port or _PORTS[parts.scheme]
        except ValueError:
            why = "its port is not a number from 1 to 65535"
        if any(sign in url for sign in "#?") or any(sign in base for sign in "+#\0"):
            why = "its topic has a wildcard (+, #) or a question mark"
    if why:
        raise InputError(
            f"cannot send events to {masked(url)!r}",
            why=why,
            fix="give one such as mqtt://10.0.0.5/edgeds/front-door",
        )
    return Broker(
        host=str(parts.hostname),
        port=port,
        base=base,
        is_tls=parts.scheme == "mqtts",
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def check_broker(url: str) -> None:
    """Check what can be known of --mqtt without a connection.

    Raises:
        InputError: the address has another form, or paho-mqtt is not installed.
    """
    _client(broker_from_url(url, source="edgeds"))


class Mqtt(Closing):
    """A consumer that publishes with QoS 1: a message counts when the broker has acknowledged it.

    It connects by itself, and reconnects after each loss. A repeated message keeps its `number`.
    """

    takes_states = True

    def __init__(self, broker: Broker, *, discovery: tuple[str, dict[str, Any]] | None) -> None:
        """
        Args:
            discovery: (topic, what Home Assistant should know); published at every connection.

        Raises:
            InputError: paho-mqtt is not installed.
        """
        self.name = f"MQTT broker {broker.host}:{broker.port}"
        self._broker, self._discovery = broker, discovery
        self._connected = threading.Event()
        self._refusal = ""
        self._client = _client(broker)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.will_set(self._topic("status"), "offline", qos=1, retain=True)
        self._client.reconnect_delay_set(1, 15)
        self._client.connect_async(broker.host, broker.port, keepalive=_KEEPALIVE_SECS)
        with suppress(DeliveryFailedError):  # the first message tries again, and says why
            self._start()

    def deliver(self, message: Message) -> None:
        if message.state is not None:
            self._publish("state", json_line(message.state), retain=True)
        if message.event is not None:
            if message.event.snapshot is not None:
                self._publish("snapshot", message.event.snapshot, retain=True)
            self._publish("event", json_line(message.event.as_json()))

    def close(self) -> None:
        if self._connected.is_set():
            info = self._client.publish(self._topic("status"), "offline", qos=1, retain=True)
            with suppress(RuntimeError, ValueError):  # the connection went in this moment
                info.wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _start(self) -> None:
        """Start paho's thread, unless it runs. It wakes itself through the loopback interface,
        which a container without a network may lack.
        """
        try:
            self._client.loop_start()
        except OSError as error:
            raise DeliveryFailedError(
                f"this machine's own network is not up: {reason_of(error).why}"
            ) from None

    def _publish(self, name: str, payload: str | bytes, *, retain: bool = False) -> None:
        self._start()
        if not self._connected.wait(_CONNECT_SECS):
            raise DeliveryFailedError(self._refusal or "there is no connection")
        info = self._client.publish(self._topic(name), payload, qos=1, retain=retain)
        end = time.monotonic() + _ACK_SECS
        try:
            while not info.is_published() and self._connected.is_set():
                left = end - time.monotonic()
                if left <= 0:
                    break
                info.wait_for_publish(min(0.25, left))
        except (RuntimeError, ValueError) as error:
            raise DeliveryFailedError(str(error)) from None
        if not info.is_published():
            raise DeliveryFailedError("the broker does not acknowledge")

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            self._refusal = f"the broker refuses: {reason}"
            return
        self._refusal = ""
        client.publish(self._topic("status"), "online", qos=1, retain=True)
        if self._discovery is not None:
            topic, about = self._discovery
            client.publish(topic, json_line(about), qos=1, retain=True)
        self._connected.set()

    def _on_disconnect(self, *_: Any) -> None:
        self._connected.clear()

    def _topic(self, name: str) -> str:
        return f"{self._broker.base}/{name}"


def _client(broker: Broker) -> Client:
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError:
        raise InputError(
            "cannot send events by MQTT",
            why="paho-mqtt is not installed",
            fix='pip install "edgeds[signals]"',
        ) from None
    import os

    client = Client(CallbackAPIVersion.VERSION2, client_id=f"{broker.node}-{os.getpid()}")
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.is_tls:
        client.tls_set()
    # The outbox is the only queue: what is not acknowledged here is retried there.
    client.max_queued_messages_set(4)
    return client
