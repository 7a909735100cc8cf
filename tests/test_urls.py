"""What is shown of a URL: never a password, a token or a key."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeds.errors import SourceError
from edgeds.sources import open_live_source, open_source
from edgeds.sources.url import likely_scheme, masked, password_problem, with_plain_scheme


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://me:secret@cam/1", "rtsp://me:***@cam/1"),
        ("rtsp://me:p@ss@cam/1", "rtsp://me:***@cam/1"),
        ("rtsp://me:pa/ss@cam/1", "rtsp://me:***@cam/1"),
        ("rtsp://me:p:a?s#s@cam/1", "rtsp://me:***@cam/1"),
        ("RTSP://me:secret@cam/1", "RTSP://me:***@cam/1"),
        ("rtps://me:secret@cam/1", "rtps://me:***@cam/1"),
        ("rtsp://:secret@cam/1", "rtsp://:***@cam/1"),
        ("http://cam/v?user=me&pwd=secret", "http://cam/v?user=me&pwd=***"),
        ("http://cam/v?Password=secret&ch=1", "http://cam/v?Password=***&ch=1"),
        ("http://cam/v?a=1;passwd=secret", "http://cam/v?a=1;passwd=***"),
        ("rtsp://cam/user=me_password=secret_channel=1", "rtsp://cam/user=me_password=***"),
        ("https://cam/v?access_token=secret", "https://cam/v?access_token=***"),
        ("https://cam/v?X-Amz-Signature=secret", "https://cam/v?X-Amz-Signature=***"),
        ("srt://cam:9000?passphrase=secret", "srt://cam:9000?passphrase=***"),
        ("rtsps://cam:7441/aB3dE6gH1jK4mN7p?srtp", "rtsps://cam:7441/***?srtp"),
        ("rtmp://a.example/live2/abcd-efgh-ijkl", "rtmp://a.example/live2/***"),
        ("RTMPS://a.example:443/app/live_1_aBc?s=1&a=b", "RTMPS://a.example:443/app/***"),
        ("rtmp://me:secret@a.example/app/in/key", "rtmp://me:***@a.example/app/***"),
        ("http://cam/v?token=secret: refused", "http://cam/v?token=***: refused"),
        ("rtmp://a.example/app/key: refused", "rtmp://a.example/app/***: refused"),
        (
            "srt://cam:9000?streamid=publish:a:me:secret&mode=x",
            "srt://cam:9000?streamid=***&mode=x",
        ),
        ("https://ghp16charsorMoreThan20@host/x", "https://***@host/x"),
        ("rtsp:/me:secret@cam/1", "rtsp:/me:***@cam/1"),
        ("me:secret@cam:554/1", "me:***@cam:554/1"),
        ("me:se/cr@et@cam", "me:***@cam"),
        ("http://cam/a@b:c", "http://cam/a@b:c"),
        ("C:/films/me@home.mp4", "C:/films/me@home.mp4"),
        ("rtsp://cam:554/Streaming/Channels/101", "rtsp://cam:554/Streaming/Channels/101"),
        ("rtsp://cam/h264Preview_01_main", "rtsp://cam/h264Preview_01_main"),
        ("http://cam/v?channel=1&subtype=0", "http://cam/v?channel=1&subtype=0"),
        ("clip 12:30@home.mp4", "clip 12:30@home.mp4"),
    ],
)
def test_secrets_are_masked_and_the_rest_stays(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_every_url_in_a_message_is_masked() -> None:
    text = "OSError: 'rtsp://a:one@b/1' and \"http://c/?token=two\" (tcp://d:three@e): refused"
    shown = masked(text)
    for secret in ("one", "two", "three"):
        assert secret not in shown
    assert shown.endswith("refused")


@given(
    scheme=st.sampled_from(["rtsp", "RTSP", "rtps", "http", "x+y"]),
    password=st.text(
        st.characters(codec="ascii", exclude_characters=" \t\r\n\x0b\x0c\"'<>`", min_codepoint=33),
        min_size=1,
    ),
)
def test_no_password_of_any_signs_is_shown(scheme: str, password: str) -> None:
    assert masked(f"{scheme}://me:{password}@cam/1") == f"{scheme}://me:***@cam/1"


def test_a_mistyped_scheme_is_recognised() -> None:
    assert likely_scheme("rtps") == "rtsp"
    assert likely_scheme("htp") == "http"
    assert likely_scheme("gopher") == ""
    assert with_plain_scheme("RtSp://Cam/A") == "rtsp://Cam/A"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rtsp://me:pa/ss@cam/1", "%2F"),
        ("rtsp://me:pa?ss@cam/1", "%3F"),
        ("rtsp://me:pa#ss@cam/1", "%23"),
        ("rtsp://me:pass@cam/1", ""),
        ("rtsp://cam:554/a@b", ""),
        ("http://cam/mail?to=a@b", ""),
    ],
)
def test_a_sign_that_must_be_encoded_is_named(url: str, words: str) -> None:
    problem = password_problem(url)
    assert (words in problem) if words else not problem


@pytest.mark.parametrize(
    ("url", "why", "fix"),
    [
        ("rtps://me:secret@127.0.0.1:9/1", "kind of URL", "rtsp://"),
        ("RTSP://me:secret@127.0.0.1:9/1", "refused", ""),
        ("rtsp://me:se/cret@127.0.0.1:9/1", "%2F", "encode"),
        ("http://127.0.0.1:9/v?user=me&pwd=secret", "refused", ""),
    ],
)
def test_an_error_about_a_url_hides_its_password(url: str, why: str, fix: str) -> None:
    with pytest.raises(SourceError, match=why) as caught:
        open_live_source(url)
    assert fix in caught.value.fix
    assert "secret" not in str(caught.value)
    assert "se/cret" not in str(caught.value)


@pytest.mark.parametrize("uri", ["rtsp:/me:secret@cam/1", "me:secret@cam/1", "me:secret@cam/*"])
def test_an_address_without_its_slashes_is_refused_without_its_password(uri: str) -> None:
    for opens in (open_live_source, open_source):
        with pytest.raises(SourceError) as caught:
            opens(uri)
        assert "secret" not in str(caught.value)


def test_a_url_where_a_file_is_wanted_is_refused_without_its_password() -> None:
    with pytest.raises(SourceError, match="a file is wanted") as caught:
        open_source("rtsp://me:secret@cam/1")
    assert "secret" not in str(caught.value)


@contextmanager
def _http_server(status: int, kind: str, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "why"),
    [(401, "user name or password"), (403, "forbidden"), (404, "no such stream"), (500, "failed")],
)
def test_an_http_error_is_told_in_words_and_without_the_password(status: int, why: str) -> None:
    with (
        _http_server(status, "text/html", b"no") as place,
        pytest.raises(SourceError, match=why) as caught,
    ):
        open_live_source(f"http://me:secret@{place}/video?token=secret")
    assert caught.value.exit_code == 2
    assert "secret" not in str(caught.value)
    assert "Error" not in str(caught.value)


def test_a_page_that_is_no_video_is_refused_without_the_password() -> None:
    with (
        _http_server(200, "text/html", b"<html>" + b"hello " * 500) as place,
        pytest.raises(SourceError) as caught,
    ):
        open_live_source(f"http://me:secret@{place}/")
    assert "secret" not in str(caught.value)
