"""Access control: Host, Origin and token of every request, and the headers of every answer.

It defends against DNS rebinding (a foreign name that points here), foreign pages that send requests
with our cookie, pages that frame ours, and, from other machines, anybody without the token.
Transport is plain HTTP: a person who can read the network can read the picture. Knows nothing about
what is served.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
import socket
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?", re.I)
_READ = ("GET", "HEAD")
_EVENTS = "/api/events"

_HEADERS = (
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self' {sockets}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    reason: str
    is_wrong_token: bool = False
    """The request has a token, but not this run's."""
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        """As other errors of the page's server."""
        return {"what": "the request is refused", "why": self.reason, "fix": self.fix}


class AccessControl:
    """An ASGI application around another: it passes a request on, or refuses it."""

    def __init__(
        self, app: Any, *, port: int, token: str | None, hosts: frozenset[str], any_ip: bool
    ) -> None:
        """
        Args:
            hosts: our names.
            any_ip: accept any IP address as Host, which no DNS can forge; right for a server
                that listens on all addresses of its machine.
        """
        self._app, self._token = app, token
        self._hosts, self._any_ip = hosts, any_ip
        # Cookies are shared by all ports of a host: two runs side by side need two names.
        self._cookie = f"edgeds_{port}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = _Headers(scope["headers"])
        refusal = self._refusal(scope, headers)
        host = headers.one("host") or ""
        if scope["type"] == "websocket":
            if refusal is None:
                await self._app(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008})  # uvicorn: 403
            return
        extra = [*_HEADERS, ("content-security-policy", _policy(host, refusal))]
        if refusal is None and self._has_url_token(scope):
            extra.append(("set-cookie", self._set_cookie()))

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in extra]
                message["headers"] = [*message.get("headers", ()), *own]
            await send(message)

        if refusal is None:
            await self._app(scope, receive, send_guarded)
        else:
            await _refuse(refusal, scope, send_guarded)

    def _refusal(self, scope: Any, headers: _Headers) -> Refusal | None:
        """Why this request is refused; cheap checks that reveal little come first."""
        host = headers.one("host")
        match = _HOST.fullmatch(host or "")
        if host is None or match is None or not self._is_ours(match["name"].lower()):
            return Refusal(421, "this server does not have that name")
        is_socket = scope["type"] == "websocket"
        method = "GET" if is_socket else scope["method"]
        if method not in (*_READ, "POST"):
            return Refusal(405, "only GET, HEAD and POST are served")
        origin = headers.one("origin")
        if headers.count("origin") > 1 or (
            origin is not None and origin.lower() not in _origins(host)
        ):
            return Refusal(403, "the request comes from another site's page")
        if origin is None and not self._is_of_a_program(scope, headers, method):
            return Refusal(
                403,
                "the request does not say which page it comes from (Origin)",
                fix=f"send the header Origin: http://{host}, or Authorization: Bearer TOKEN",
            )
        if not _is_navigation(scope, headers) and headers.one("sec-fetch-site") not in (
            None,
            "none",
            "same-origin",
        ):
            return Refusal(403, "the request comes from another site's page")
        if self._token is not None and not (
            self._has_cookie(headers) or self._has_url_token(scope) or self._has_bearer(headers)
        ):
            if self._token_given(scope) or headers.one("authorization") is not None:
                return Refusal(401, "this token is not valid", is_wrong_token=True)
            return Refusal(401, "the link with the token is needed")
        return None

    def _is_ours(self, name: str) -> bool:
        if name in self._hosts:
            return True
        return self._any_ip and _is_address(name)

    def _is_of_a_program(self, scope: Any, headers: _Headers, method: str) -> bool:
        """Whether a request without Origin is harmless: browsers send one with every request that
        does more than read. Programs read, follow events, and write with the token.
        """
        if scope["type"] == "websocket":
            return bool(scope["path"].endswith(_EVENTS))  # also below /cameras/NAME
        return method in _READ or self._has_bearer(headers)

    def _has_bearer(self, headers: _Headers) -> bool:
        """`Authorization: Bearer TOKEN`, for programs."""
        scheme, _, given = (headers.one("authorization") or "").partition(" ")
        return self._token is not None and scheme.lower() == "bearer" and self._is_token(given)

    def _has_cookie(self, headers: _Headers) -> bool:
        for line in headers.all("cookie"):
            try:
                cookie = SimpleCookie(line).get(self._cookie)
            except CookieError:
                continue
            if cookie is not None and self._is_token(cookie.value):
                return True
        return False

    def _has_url_token(self, scope: Any) -> bool:
        given = self._token_given(scope)
        return len(given) == 1 and self._is_token(given[0])

    def _token_given(self, scope: Any) -> list[str]:
        """The tokens in the address. They count for the page itself only."""
        if self._token is None or scope["type"] != "http":
            return []
        if scope["path"] != "/" or scope["method"] != "GET":
            return []
        try:
            query = parse_qs(
                scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=8
            )
        except ValueError:  # too many fields
            return []
        return query.get("token", [])

    def _is_token(self, given: str) -> bool:
        assert self._token is not None
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _set_cookie(self) -> str:
        return f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"


def own_names(host: str) -> frozenset[str]:
    """The names of a server that listens on `host`."""
    names = {"localhost", "127.0.0.1", "[::1]"}
    name = host.lower()
    names.add(f"[{name}]" if ":" in name else name)
    if not is_loopback(host):
        machine = socket.gethostname().lower()
        names |= {machine, f"{machine}.local"}
    return frozenset(names)


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host.strip("[]")).is_loopback


class _Headers:
    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self._pairs = [(name.decode("latin-1").lower(), value) for name, value in pairs]

    def all(self, name: str) -> list[str]:
        return [value.decode("latin-1") for key, value in self._pairs if key == name]

    def count(self, name: str) -> int:
        return len(self.all(name))

    def one(self, name: str) -> str | None:
        """A header's value; None if it is missing, or there twice, which no browser sends."""
        values = self.all(name)
        return values[0] if len(values) == 1 else None


def _origins(host: str) -> tuple[str, str]:
    return f"http://{host.lower()}", f"https://{host.lower()}"


def _is_navigation(scope: Any, headers: _Headers) -> bool:
    """Whether somebody follows a link to the page from another site; the page alone reveals
    nothing.
    """
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and scope["path"] == "/"
        and headers.one("sec-fetch-dest") == "document"
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _policy(host: str, refusal: Refusal | None) -> str:
    # Older Safari does not count ws: as 'self'. A refused Host is never echoed.
    sockets = f"ws://{host} wss://{host}" if refusal is None else ""
    return _POLICY.format(sockets=sockets)


async def _refuse(refusal: Refusal, scope: Any, send: Any) -> None:
    from edgeds.live.web.static_files import token_page

    body, kind = json.dumps(refusal.as_json()).encode(), "application/json"
    if refusal.status == 401 and scope["path"] == "/":
        body = token_page(is_wrong=refusal.is_wrong_token)
        kind = "text/html; charset=utf-8"
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # do not wait for an unread body
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
