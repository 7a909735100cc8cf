"""Backdrops from strangers: pictures, and what only pretends to be one."""

from __future__ import annotations

import socket
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clients import Serve, Served, wait_until

from edgeds.errors import InputError
from edgeds.live.composing import ViewRequest
from edgeds.live.view_settings import ViewSettings
from edgeds.live.web.settings import Page
from edgeds.live.web.upload_picture import picture_from_upload, plate_from_upload, size_from_header
from edgeds.types import Frame


def encoded(suffix: str, size: tuple[int, int] = (60, 90), *options: int) -> bytes:
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[:, : size[1] // 2] = (40, 60, 210)
    done, data = cv2.imencode(suffix, pixels, list(options))
    assert done
    return bytes(data)


def png_of(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that claims a size; its pixels are whatever is given."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_pictures_are_known_by_their_content(suffix: str) -> None:
    data = encoded(suffix)
    assert size_from_header(data) == (60, 90)
    picture = picture_from_upload(data)
    assert picture.shape == (60, 90, 3)
    assert abs(picture[30, 10].astype(int) - (210, 60, 40)).max() < 12


def test_webp_sizes_are_read_in_all_its_forms() -> None:
    assert size_from_header(encoded(".webp", (61, 93), cv2.IMWRITE_WEBP_QUALITY, 50)) == (61, 93)
    assert size_from_header(encoded(".webp", (61, 93), cv2.IMWRITE_WEBP_QUALITY, 101)) == (61, 93)
    done, data = cv2.imencode(".webp", np.full((61, 93, 4), 99, np.uint8))
    assert done
    assert size_from_header(bytes(data)) == (61, 93)


def test_a_progressive_jpeg_is_a_picture_and_one_with_endless_scans_is_not() -> None:
    progressive = encoded(".jpg", (60, 90), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    assert picture_from_upload(progressive).shape == (60, 90, 3)
    scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    bomb = progressive[:-2] + 1000 * scan + b"\xff\xd9"
    with pytest.raises(InputError, match="scans"):
        picture_from_upload(bomb)


def test_large_pictures_are_kept_small() -> None:
    assert picture_from_upload(encoded(".jpg", (3000, 4000))).shape == (1920, 2560, 3)


@pytest.mark.parametrize(("width", "height"), [(1, 8000), (8000, 1)])
def test_a_very_long_picture_is_cropped_before_it_covers_a_frame(width: int, height: int) -> None:
    long = encoded(".png", (height, width))
    picture = picture_from_upload(long)
    assert max(picture.shape[:2]) <= 4 * min(picture.shape[:2])
    settings = ViewSettings(ViewRequest(), (720, 1280))
    settings.set_backdrop(picture)
    backdrop = settings.current().backdrop
    assert backdrop is not None
    assert backdrop(Frame(np.zeros((720, 1280, 3), np.uint8))).shape == (720, 1280, 3)


def test_a_plate_keeps_its_pixels() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (300, 3000, 3), dtype=np.uint8)
    done, data = cv2.imencode(".png", pixels)
    assert done
    assert (plate_from_upload(bytes(data)) == pixels[..., ::-1]).all()


BOMBS = {
    "png that claims a gigapixel": png_of(40_000, 30_000),
    "png of the largest size there is": png_of(2**31 - 1, 2**31 - 1),
    "png without width": png_of(0, 10),
    "png that is really large, well packed": png_of(10_000, 10_000, bytes(10_000 * 30_001)),
}
MALFORMED = {
    "nothing": b"",
    "text": b"hello",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "gif": b"GIF89a" + bytes(100),
    "bmp": b"BM" + bytes(100),
    "tiff": b"II*\x00" + bytes(100),
    "jpeg of two bytes": b"\xff\xd8",
    "jpeg without frame": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xd9",
    "jpeg of padding": b"\xff\xd8" + b"\xff" * 100_000,
    "jpeg of empty segments": b"\xff\xd8" + b"\xff\xe0\x00\x00" * 100_000,
    "png cut in its header": b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00",
    "png without data": png_of(10, 10),
    "webp cut": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "webp of nothing": b"RIFF\x10\x00\x00\x00WEBP" + bytes(100),
    "a script with a picture's first bytes": b"\xff\xd8\xff#!/bin/sh\nrm -rf /",
}


@pytest.mark.parametrize("data", [*BOMBS.values()], ids=[*BOMBS])
def test_a_bomb_is_refused_before_it_is_decoded(data: bytes, monkeypatch: Any) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(InputError):
        picture_from_upload(data)


@pytest.mark.parametrize("data", [*MALFORMED.values()], ids=[*MALFORMED])
def test_what_is_no_picture_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        picture_from_upload(data)
    assert caught.value.why


def test_pictures_with_any_byte_changed_are_pictures_or_refused() -> None:
    draw = np.random.default_rng(5)
    small = Page(upload_pixels=1_000_000)
    for suffix in (".jpg", ".png", ".webp"):
        whole = bytearray(encoded(suffix))
        for _ in range(60):
            broken = bytearray(whole[: draw.integers(1, len(whole) + 1)])
            broken[draw.integers(len(broken))] = draw.integers(256)
            try:
                assert picture_from_upload(bytes(broken), small).dtype == np.uint8
            except InputError:
                continue


def upload(page: Served, data: Any, **headers: str) -> Any:
    return upload_to(page, "/backdrop", data, **headers)


def upload_to(page: Served, path: str, data: Any, **headers: str) -> Any:
    return page.ask(path, method="POST", body=data, Origin=page.origin, **headers)


def test_an_uploaded_picture_becomes_the_backdrop(page: Served) -> None:
    answer = upload(page, encoded(".png"), Content_Type="text/plain")
    assert answer.status == 200
    assert page.run.backdrop.shape == (60, 90, 3)


@pytest.mark.parametrize("data", [BOMBS["png that claims a gigapixel"], MALFORMED["svg"]])
def test_the_server_says_why_it_does_not_take_a_file(page: Served, data: bytes) -> None:
    before = page.run.backdrop
    answer = upload(page, data, Content_Type="image/png")
    assert answer.status == 415
    assert b"why" in answer.body
    assert page.run.backdrop is before


def test_an_upload_announced_too_large_is_refused_unread(page: Served) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as client:
        head = f"POST /backdrop HTTP/1.1\r\nHost: {page.host}\r\nOrigin: {page.origin}\r\n"
        client.sendall(f"{head}Content-Length: 99999999999\r\n\r\n".encode())
        assert client.recv(100).split()[1] == b"413"


def test_an_upload_that_does_not_tell_its_size_is_cut_at_the_limit(
    serve: Serve,
) -> None:
    page = serve(settings=Page(upload_bytes=100_000))
    sent = 0
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as client:
        head = f"POST /backdrop HTTP/1.1\r\nHost: {page.host}\r\nOrigin: {page.origin}\r\n"
        client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        try:
            for _ in range(2000):  # 20 MB, if it were let
                client.sendall(b"2710\r\n" + bytes(10_000) + b"\r\n")
                sent += 10_000
        except OSError:
            pass
    assert sent < 12_000_000  # what fits into the sockets' own buffers is not in our memory
    assert page.run.backdrop is None
    wait_until(lambda: page.ask().status == 200)


def test_an_upload_that_trickles_is_given_up(serve: Serve) -> None:
    page = serve(settings=Page(upload_secs=0.5))
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as client:
        head = f"POST /backdrop HTTP/1.1\r\nHost: {page.host}\r\nOrigin: {page.origin}\r\n"
        client.sendall(f"{head}Content-Length: 1000\r\n\r\nx".encode())
        assert client.recv(100).split()[1] == b"408"


def test_an_uploaded_picture_becomes_the_plate(serve: Serve) -> None:
    page = serve(has_plate=False)
    answer = upload_to(page, "/plate", encoded(".png", (180, 320)))
    assert answer.status == 200
    status = page.run.status()
    assert status.plates == 1
    assert page.run.plate().shape == (90, 160, 3)


@pytest.mark.parametrize(
    ("data", "why"), [(encoded(".png", (90, 90)), b"aspect"), (b"no picture", b"JPEG")]
)
def test_what_is_no_plate_is_refused_and_the_old_one_stays(
    page: Served, data: bytes, why: bytes
) -> None:
    before = page.run.status().plates
    answer = upload_to(page, "/plate", data)
    assert answer.status == 415
    assert why in answer.body
    assert page.run.status().plates == before


def test_an_uploaded_video_becomes_the_backdrop(serve: Serve, make_clip: Any) -> None:
    page = serve()
    answer = upload_to(
        page, "/backdrop-video", make_clip().read_bytes(), X_File_Name="my%20beach%2Fsea.mp4"
    )
    assert answer.status == 200, answer.body
    assert page.run.status().backdrop == "sea.mp4"
    assert page.run.backdrop.endswith(".mp4")
    page.run.set_view("replace")
    frames = page.run.status().delivered
    wait_until(lambda: page.run.status().delivered > frames + 45)  # longer than the clip


PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no video",
        PLAYLIST,
        b"\0\0\0\x18ftypisom" + bytes(400),
        b"\x1a\x45\xdf\xa3" + bytes(99),
    ],
    ids=["nothing", "text", "a playlist", "a damaged mp4", "a damaged webm"],
)
def test_what_is_no_video_is_refused_and_not_kept(serve: Serve, data: bytes) -> None:
    page = serve()
    answer = upload_to(page, "/backdrop-video", data)
    assert answer.status == 415, answer.body
    assert b"backdrop" in answer.body
    assert page.run.status().backdrop == "#00b140"
    folders = [Path(tempfile.gettempdir()).glob("edgeds-backdrop-*/*.part")]
    assert not any(list(found) for found in folders)


def test_a_sound_file_is_no_backdrop(serve: Serve, tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate = 48000
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))
    answer = upload_to(serve(), "/backdrop-video", (tmp_path / "a.mp4").read_bytes())
    assert answer.status == 415
    assert b"no picture" in answer.body


def test_videos_are_limited_in_size_and_old_ones_are_deleted(serve: Serve, make_clip: Any) -> None:
    clip = make_clip().read_bytes()
    page = serve(settings=Page(video_bytes=len(clip)))
    assert upload_to(page, "/backdrop-video", clip + b"x").status == 413
    kept = []
    for _ in range(4):
        assert upload_to(page, "/backdrop-video", clip).status == 200
        kept.append(Path(str(page.run.backdrop)))
    assert [path.is_file() for path in kept] == [False, False, True, True]


def test_one_upload_too_many_is_asked_to_wait(serve: Serve) -> None:
    page = serve(settings=Page(uploads=1))
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as slow:
        head = f"POST /plate HTTP/1.1\r\nHost: {page.host}\r\nOrigin: {page.origin}\r\n"
        slow.sendall(f"{head}Content-Length: 1000\r\n\r\nx".encode())
        wait_until(lambda: upload(page, encoded(".png")).status == 503)
    wait_until(lambda: upload(page, encoded(".png")).status == 200)
