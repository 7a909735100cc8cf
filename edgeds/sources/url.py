"""Masks passwords, tokens and keys in URLs. The one place that does so.

Masking prefers to hide too much: the text reaches terminals, logs and every viewer of a page.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

MASK = "***"

# Schemes that FFmpeg opens as streams, as people type them.
SCHEMES = ("http", "https", "rtmp", "rtmps", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp")

# One slash too few is a typing error like another; a letter and a slash is a drive of Windows.
_URL = re.compile(r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]+:/+)([^\s\"'<>`]*)", re.IGNORECASE)
# user:password@host without a scheme.
_BARE = re.compile(r"(?![A-Za-z]:[/\\])([^\s/:@]+):\S+@([^\s/@]+(?:[/:?#]\S*)?)")
_SECRET_KEY = re.compile(
    r"(?P<key>(?:^|[?&;/_#,!:@|])(?:[\w.%-]*(?:pass|pwd|psw|token|secret|signature|auth|"
    r"credential|session|key|streamid)[\w.%-]*|pw|p|key|sig|sid|jwt|code))="
    r"(?P<value>[^&;#]*)",
    re.IGNORECASE,
)
# A part of a path that looks random, as stream keys do: letters and digits in one run, or a UUID.
_PATH_KEY = re.compile(
    r"(?<=/)(?:(?=[A-Za-z0-9]*\d)(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{16,}"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?=$|[/?#&;])"
)
# rtmp://host/app/key: whatever follows the application is the key, in any signs.
_RTMP_KEY = re.compile(r"(?P<app>^[^/]*/+[^/?#]+/+)[^)\],;]+")


def masked(text: str) -> str:
    """Text in which every URL hides its password, its tokens and its keys.

    rtsp://user:secret@host/1 -> rtsp://user:***@host/1. Works on whole error messages. A password
    may hold `/` or `@`: everything between the first colon and the last `@` is hidden.
    """
    bare = _BARE.fullmatch(text) if _URL.search(text) is None else None
    if bare is not None:
        return f"{bare[1]}:{MASK}@{_masked_rest(bare[2])}"
    return _URL.sub(_masked_url, text)


def _masked_url(found: re.Match[str]) -> str:
    """A colon at its end belongs to the sentence around it."""
    rest = found[2].removesuffix(":")
    return found[1] + _masked_rest(rest, found[1]) + found[2][len(rest) :]


def _masked_rest(rest: str, scheme: str = "") -> str:
    userinfo, at, place = rest.rpartition("@")
    user, colon, _password = userinfo.partition(":")
    if at and (colon or len(userinfo) > 20):  # a user name alone may be a token
        rest = f"{user}:{MASK}@{place}" if colon else f"{MASK}@{place}"
    if scheme.lower().startswith("rtmp"):
        rest = _RTMP_KEY.sub(lambda found: found["app"] + MASK, rest)
    rest = _SECRET_KEY.sub(lambda found: f"{found['key']}={MASK}", rest)
    return _PATH_KEY.sub(MASK, rest)


def scheme_of(uri: str) -> str:
    """The scheme in lower case, "" for anything that is not a URL (such as a file's name)."""
    found = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*)://", uri)
    return found[1].lower() if found else ""


def with_plain_scheme(url: str) -> str:
    """A URL whose scheme FFmpeg finds: it knows them in lower case only."""
    scheme = scheme_of(url)
    return scheme + url[len(scheme) :]


def likely_scheme(scheme: str) -> str:
    """The scheme that a mistyped one means; "" if none is near."""
    if scheme in SCHEMES:
        return ""
    swapped = [known for known in SCHEMES if sorted(known) == sorted(scheme)]
    near = swapped or get_close_matches(scheme, SCHEMES, n=1, cutoff=0.6)
    return near[0] if near else ""


def password_problem(url: str) -> str:
    """What is wrong with a URL's password, if a sign in it ends the address early; else ""."""
    rest = url.partition("://")[2]
    early = re.search(r"[/?#]", rest)
    if early is None or "@" not in rest[early.start() :]:
        return ""
    _user, colon, port = rest[: early.start()].rpartition(":")
    if "@" in rest[: early.start()] or not colon or port.isdecimal():
        return ""
    sign = early[0]
    return f"its password holds {sign!r}, which ends an address; write it as %{ord(sign):02X}"
