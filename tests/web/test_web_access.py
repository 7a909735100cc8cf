"""Who may ask for the page, and who may not."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from clients import Serve, Served

from edgeds.errors import SinkError
from edgeds.live.simulated import SimulatedRun
from edgeds.live.web.server import address_from_text
from edgeds.live.web.static_files import FILES as FILES_OF_THE_PAGE
from edgeds.live.web.token_and_origin_check import is_loopback
from edgeds.live.web.web_sink import WebSink

FILES = ("/", "/base.css", "/page.js", "/live.js", "/spark.js", "/icon.svg", "/plate.jpg")


def test_the_page_and_all_it_needs_come_from_this_server(page: Served) -> None:
    for path in ("/", *(f"/{name}" for name in FILES_OF_THE_PAGE)):
        answer = page.ask(path)
        assert answer.status == 200, path
        assert answer.body
        text = answer.body.decode().replace("http://www.w3.org/", "")
        assert "http://" not in text, path
        assert "https://" not in text, path


@pytest.mark.parametrize("path", ["/", "/page.js", "/nothing-here", "/saved/0"])
def test_every_answer_forbids_what_a_page_could_be_misused_for(page: Served, path: str) -> None:
    headers = page.ask(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["server"] is None


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_this_machine_is_known_by_its_own_names(page: Served, name: str) -> None:
    assert page.ask(Host=f"{name}:{page.port}").status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.5", ""]
)
def test_a_foreign_name_that_points_here_gets_nothing(page: Served, host: str) -> None:
    for path in FILES:
        answer = page.ask(path, Host=f"{host}:{page.port}")
        assert answer.status in (400, 421)
        assert len(answer.body) < 100
    assert page.shake_hands(Host=f"{host}:{page.port}") in (400, 403)
    posted = page.ask("/snapshot", method="POST", Host=host, Origin=f"http://{host}")
    assert posted.status in (400, 421)


def test_a_request_with_two_hosts_or_none_gets_nothing(page: Served) -> None:
    import socket

    for lines in (
        f"GET / HTTP/1.1\r\nHost: {page.host}\r\nHost: evil.example\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", page.port), timeout=60) as client:
            client.sendall(lines.encode())
            assert client.recv(100).split()[1] in (b"400", b"421")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "file://", "http://127.0.0.1"]
)
def test_foreign_pages_can_neither_watch_nor_press_buttons(page: Served, origin: str) -> None:
    before = sorted(page.run.files.folder.iterdir())
    assert page.shake_hands(Origin=origin) == 403
    for path in ("/snapshot", "/backdrop"):
        assert page.ask(path, method="POST", Origin=origin).status == 403
    assert page.ask("/", Origin=origin).status == 403
    assert sorted(page.run.files.folder.iterdir()) == before


def test_who_does_not_say_where_he_comes_from_can_only_read(page: Served) -> None:
    assert page.ask("/").status == 200
    assert page.shake_hands() == 403
    refused = page.ask("/snapshot", method="POST")
    assert refused.status == 403
    assert "Origin" in json.loads(refused.body)["why"]
    assert page.origin in json.loads(refused.body)["fix"]


def test_our_own_page_can_watch_and_press_buttons(page: Served) -> None:
    assert page.shake_hands(Origin=page.origin) == 101
    answer = page.ask("/snapshot", method="POST", Origin=page.origin)
    assert answer.status in (200, 409)  # 409 before the first picture


def test_foreign_pages_cannot_embed_ours_but_a_link_to_it_works(page: Served) -> None:
    cross = {"Sec_Fetch_Site": "cross-site"}
    assert page.ask("/", **cross, Sec_Fetch_Dest="document").status == 200
    assert page.ask("/", **cross, Sec_Fetch_Dest="iframe").status == 403
    assert page.ask("/page.js", **cross, Sec_Fetch_Dest="script").status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_refused(page: Served, method: str) -> None:
    assert page.ask("/", method=method, Origin=page.origin).status == 405


def test_state_is_never_changed_by_a_get(page: Served) -> None:
    for path in ("/snapshot", "/backdrop"):
        assert page.ask(path).status == 405


def test_off_this_machine_nothing_is_served_without_the_token(guarded: Served) -> None:
    for path in (*FILES, "/saved/0", "/nothing-here"):
        assert guarded.ask(path).status == 401
    assert guarded.ask("/snapshot", method="POST", Origin=guarded.origin).status == 401
    assert guarded.shake_hands(Origin=guarded.origin) == 403
    assert guarded.token not in guarded.ask("/").body.decode()


@pytest.mark.parametrize("token", ["", "wrong", "%00", "\u00e9", "x" * 4000])
def test_a_wrong_token_is_no_token(guarded: Served, token: str) -> None:
    from urllib.parse import quote

    assert guarded.ask(f"/?token={quote(token)}").status == 401
    assert guarded.ask(f"/?token={guarded.token}&token={quote(token)}").status == 401
    assert guarded.ask("/", Cookie=f"edgeds_{guarded.port}={quote(token)}").status == 401
    almost = guarded.token[:-1]
    assert guarded.ask("/", Cookie=f"edgeds_{guarded.port}={almost}").status == 401
    assert guarded.ask("/?" + "&".join(f"a{i}=1" for i in range(50))).status == 401


def test_the_link_turns_the_token_into_a_cookie_no_script_and_no_other_site_can_use(
    guarded: Served,
) -> None:
    answer = guarded.ask(f"/?token={guarded.token}")
    assert answer.status == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    value = cookie.partition(";")[0]
    for path in FILES:
        assert guarded.ask(path, Cookie=value).status == 200
    assert guarded.shake_hands(Cookie=value, Origin=guarded.origin) == 101
    assert guarded.shake_hands(Cookie=value, Origin="http://evil.example") == 403


def test_the_token_in_an_address_opens_the_page_and_nothing_else(guarded: Served) -> None:
    for path in FILES[1:]:
        assert guarded.ask(f"{path}?token={guarded.token}").status == 401
    post = guarded.ask(f"/snapshot?token={guarded.token}", method="POST", Origin=guarded.origin)
    assert post.status == 401


def test_off_this_machine_addresses_are_known_and_foreign_names_are_not(guarded: Served) -> None:
    port, cookie = guarded.port, guarded.cookie
    assert guarded.ask(Host=f"192.168.1.5:{port}", Cookie=cookie).status == 200
    assert guarded.ask(Host=f"[fd00::5]:{port}", Cookie=cookie).status == 200
    assert guarded.ask(Host=f"evil.example:{port}", Cookie=cookie).status == 421


def test_two_servers_have_two_tokens(serve: Serve) -> None:
    one, other = serve("0.0.0.0:0"), serve("0.0.0.0:0")
    assert one.token != other.token
    assert len(one.token) >= 32
    assert other.ask(f"/?token={one.token}").status == 401


def test_this_machine_needs_no_token(page: Served) -> None:
    assert page.url == f"http://127.0.0.1:{page.port}/"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("8080", "127.0.0.1", 8080),
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("[::1]:9", "::1", 9),
        ("box.local:0", "box.local", 0),
    ],
)
def test_addresses_are_read_as_people_type_them(text: str, host: str, port: int) -> None:
    address = address_from_text(text)
    assert (address.host, address.port) == (host, port)


@pytest.mark.parametrize("text", ["", "http", ":8080", "host:", "host:99999", "1:-2", "٣"])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SinkError, match="--serve 8080"):
        address_from_text(text)


def test_a_port_that_is_taken_is_named(page: Served, tmp_path: Path) -> None:
    with SimulatedRun(tmp_path) as run, pytest.raises(SinkError, match=str(page.port)) as caught:
        WebSink(str(page.port), run)
    assert "--serve" in caught.value.fix


@pytest.mark.parametrize("host", ["192.0.2.99", "no-such-name.invalid"])
def test_an_address_of_another_machine_is_no_matter_of_the_port(host: str, tmp_path: Path) -> None:
    with SimulatedRun(tmp_path) as run, pytest.raises(SinkError, match=host) as caught:
        WebSink(f"{host}:0", run)
    assert "an address of this machine" in caught.value.fix


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(SinkError) as caught:
        WebSink("0", SimpleNamespace())  # type: ignore[arg-type]
    assert 'pip install "edgeds[web]"' in caught.value.fix


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "192.168.1.2", "localhost.example")),
    ],
)
def test_only_this_machine_counts_as_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_closing_ends_all_threads_and_frees_the_port(serve: Serve) -> None:
    before = set(threading.enumerate())
    page = serve()
    with page.watch() as viewer:
        viewer.recv(timeout=60)
        page.sink.close()
        page.sink.close()  # again: harmless
    page.run.close()
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        page.ask()
