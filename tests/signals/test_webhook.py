"""Events as HTTP requests, to a real server that fails as servers do."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLCertVerificationError
from typing import Any
from urllib.error import URLError

import pytest

from edgeds.errors import InputError
from edgeds.live.signals.delivery.retry_queue import (
    Delivery,
    DeliveryFailedError,
    Message,
    Outbox,
    RefusedError,
)
from edgeds.live.signals.delivery.webhook import Webhook, webhooks

from .messages import event


class Hook:
    """What a server got, and what it answers next: 200 where nothing is said."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.got: list[dict[str, Any]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.requests: list[tuple[str, str | None]] = []
        """Path and authorization of each."""


@contextmanager
def _server() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            hook.requests.append((self.path, self.headers["authorization"]))
            code, headers = hook.answers.pop(0) if hook.answers else (200, {})
            if code == 200:
                hook.got.append(body)
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Hook(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_events_arrive_in_order_also_after_failures() -> None:
    with _server() as hook:
        hook.answers = [(500, {}), (429, {"retry-after": "0"}), (200, {})]
        limits = Delivery(first_wait_secs=0.01, close_secs=60)
        with Outbox(Webhook(hook.url), settings=limits) as outbox:
            for number in range(1, 4):
                outbox.event(event(number, snapshot=b"jpeg"))
            outbox.state({"never": "posted"})
        assert [body["number"] for body in hook.got] == [1, 2, 3]
        assert hook.got[0]["snapshot_jpeg"] == "anBlZw=="
        assert outbox.counts.delivered == outbox.counts.produced == 3


@pytest.mark.parametrize("code", [301, 302, 400, 404])
def test_refusals_and_redirects_are_not_tried_again(code: int) -> None:
    with _server() as hook:
        hook.answers = [(code, {"location": "/elsewhere"})]
        with pytest.raises(RefusedError, match=str(code)):
            Webhook(hook.url).deliver(Message(event=event(1)))


def test_a_server_that_is_not_there_or_asks_for_time_may_be_tried_again() -> None:
    with _server() as hook:
        hook.answers = [(503, {"retry-after": "7"})]
        with pytest.raises(DeliveryFailedError) as failure:
            Webhook(hook.url).deliver(Message(event=event(1)))
        assert failure.value.wait_secs == 7
    with pytest.raises(DeliveryFailedError):
        Webhook(hook.url).deliver(Message(event=event(1)))


def test_user_and_password_become_a_header_and_other_signs_are_quoted() -> None:
    with _server() as hook:
        address = hook.url.removeprefix("http://").removesuffix("/hook")
        url = f"http://m%65:a%2Fb@{address}/tür 1%20?k=ü&l=1"
        Webhook(url).deliver(Message(event=event(1)))
    asked = [("/t%C3%BCr%201%20?k=%C3%BC&l=1", f"Basic {b64encode(b'me:a/b').decode()}")]
    assert hook.requests == asked


@pytest.mark.parametrize(
    "url",
    ["ftp://me:secret@host/x", "http://me:secret@host:x/", "http://me:secret@[::1/", "https://"],
)
def test_a_wrong_url_is_bad_input_and_its_password_stays_hidden(url: str) -> None:
    with pytest.raises(InputError) as failure:
        Webhook(url)
    assert "secret" not in str(failure.value)


def test_webhooks_of_one_host_can_be_told_apart_and_hide_what_may_be_a_key() -> None:
    key = "aVeryLong-key_of_2026-x"
    urls = (
        "http://me:secret@127.0.0.1:9200/ok",
        "http://127.0.0.1:9201/ok?token=secret",
        f"https://hooks.example.org/services/{key}",
        f"https://hooks.example.org/services/{key}x",
        "http://[::1]:80/",
    )
    names = [one.name for one in webhooks(urls)]
    assert names == [
        "webhook 127.0.0.1:9200/ok",
        "webhook 127.0.0.1:9201/ok",
        "webhook hooks.example.org/services/***",
        "webhook hooks.example.org/services/*** (2)",
        "webhook [::1]:80",
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (URLError(ConnectionRefusedError(111, "Connection refused")), "the connection was refused"),
        (URLError(OSError(101, "Network is unreachable")), "the network cannot be reached"),
        (URLError(SSLCertVerificationError(1, "self-signed")), "its certificate is not trusted"),
        (TimeoutError("timed out"), "there was no answer in time"),
    ],
)
def test_what_went_wrong_is_said_in_plain_words(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    hook = Webhook("http://127.0.0.1:9/x")
    monkeypatch.setattr(hook._opener, "open", fail)
    with pytest.raises(DeliveryFailedError, match=f"^{words}$"):
        hook.deliver(Message(event=event(1)))
