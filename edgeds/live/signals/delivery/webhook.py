"""Events as HTTP POST requests, one event each, in order.

Knows nothing about queues and retries: `retry_queue` has them.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, quote, unquote, urlsplit

from edgeds.errors import InputError
from edgeds.live.signals.delivery.retry_queue import DeliveryFailedError, Message, RefusedError
from edgeds.live.signals.events import json_line
from edgeds.sources.media_errors import reason_of
from edgeds.sources.url import MASK, masked
from edgeds.types import Closing

_TIMEOUT_SECS = 5.0
_GAP_SECS = 0.1
"""Pause between requests, so that a receiver that comes back is not flooded."""
_LONGEST_WAIT_SECS = 120.0
_LONGEST_PART = 20
"""Signs of a path's part that is shown."""
_BUSY = (408, 425, 429, 500, 502, 503, 504)


class Webhook(Closing):
    """Posts events to a URL as JSON. States are not posted."""

    takes_states = False

    def __init__(self, url: str) -> None:
        """
        Raises:
            InputError: it is not an http or https URL.
        """
        from urllib.request import build_opener

        try:
            parts = urlsplit(url)
            self._url = _without_user(parts)
        except ValueError:
            raise InputError(
                f"cannot post events to {masked(url)!r}",
                why="this is not an http or https URL",
                fix="give one such as http://10.0.0.5:1880/edgeds",
            ) from None
        self.name = f"webhook {_shown(parts)}"
        self._headers = {"content-type": "application/json", "user-agent": "edgeds"}
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["authorization"] = f"Basic {b64encode(user.encode()).decode()}"
        self._opener = build_opener(_no_redirects())
        self._last_secs = 0.0

    def deliver(self, message: Message) -> None:
        from urllib.request import Request

        if message.event is None:
            return
        body: dict[str, Any] = message.event.as_json()
        if message.event.snapshot is not None:
            body["snapshot_jpeg"] = b64encode(message.event.snapshot).decode()
        time.sleep(max(0.0, self._last_secs + _GAP_SECS - time.monotonic()))
        request = Request(self._url, json_line(body).encode(), self._headers)
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECS) as answer:
                answer.read(1024)
        except HTTPError as error:
            error.close()
            if error.code in _BUSY:
                wait_secs = _asked_secs(error.headers.get("retry-after"))
                raise DeliveryFailedError(f"it answers {error.code}", wait_secs=wait_secs) from None
            raise RefusedError(f"it answers {error.code}") from None
        except (URLError, OSError, HTTPException) as error:
            raise DeliveryFailedError(_why(error)) from None
        finally:
            self._last_secs = time.monotonic()

    def close(self) -> None:
        """Nothing is open between two requests."""


def _without_user(parts: SplitResult) -> str:
    """The URL as HTTP sends it: user and password go into a header, other signs are quoted.

    Raises:
        ValueError: it is not an http or https URL.
    """
    host, port = parts.hostname, parts.port
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("no http or https URL")
    host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    place = host if port is None else f"{host}:{port}"
    safe = "%/:@!$&'()*+,;=?~[]"
    query = f"?{quote(parts.query, safe=safe)}" if parts.query else ""
    return f"{parts.scheme}://{place}{quote(parts.path, safe=safe)}{query}"


def webhooks(urls: Sequence[str]) -> list[Webhook]:
    """One for each URL. Those that look alike without their secrets are numbered.

    Raises:
        InputError: one is not an http or https URL.
    """
    opened = [Webhook(url) for url in urls]
    seen: Counter[str] = Counter()
    for one in opened:
        seen[one.name] += 1
        if seen[one.name] > 1:
            one.name = f"{one.name} ({seen[one.name]})"
    return opened


def _shown(parts: SplitResult) -> str:
    """Host, port and path for people. A long part of the path may be a key, as the query may."""
    place = parts.netloc.rpartition("@")[2]
    path = "/".join(MASK if len(part) > _LONGEST_PART else part for part in parts.path.split("/"))
    return masked(f"{parts.scheme}://{place}{path.rstrip('/')}").removeprefix(f"{parts.scheme}://")


def _why(error: Exception) -> str:
    """What went wrong on the way, in plain words."""
    from ssl import SSLCertVerificationError, SSLError

    inner = getattr(error, "reason", None)
    cause = inner if isinstance(inner, Exception) else error
    if isinstance(cause, SSLCertVerificationError):  # its number is that of other errors
        return "its certificate is not trusted"
    return "TLS failed" if isinstance(cause, SSLError) else reason_of(cause).why


def _asked_secs(header: str | None) -> float | None:
    """Retry-After in seconds; dates are ignored."""
    if header is None or not header.strip().isdigit():
        return None
    return min(float(header), _LONGEST_WAIT_SECS)


def _no_redirects() -> Any:
    """A redirected POST becomes a GET, which carries no event: it is an error here."""
    from urllib.request import HTTPRedirectHandler

    class NoRedirects(HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    return NoRedirects()
