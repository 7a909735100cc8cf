"""The requests that bring a file: a backdrop picture, a backdrop video, a plate.

It reads bodies within limits of size, time and number; upload_picture.py and upload_video.py check
them. Knows nothing about permission.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from edgeds.errors import EdgedsError
from edgeds.live.web.settings import Page
from edgeds.live.web.upload_picture import picture_from_upload, plate_from_upload
from edgeds.live.web.upload_video import check_video, video_suffix

if TYPE_CHECKING:
    from starlette.requests import Request

    from edgeds.live.web.viewer_socket import Room

_NAME_LENGTH = 60
_HEAD_BYTES = 16

Result = TypeVar("Result")


class UploadRefusedError(Exception):
    """A refused upload, with the HTTP status of the answer."""

    def __init__(self, status: int, error: EdgedsError) -> None:
        super().__init__(error.what)
        self.status, self.error = status, error


class Uploads:
    """Handles uploads, in the event loop's thread. All requests can raise UploadRefusedError."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._settings: Page = room.settings
        self._decoding = ThreadPoolExecutor(1, thread_name_prefix="edgeds-web-decode")
        self._under_way = 0
        self._videos: VideoFolder | None = None

    def close(self) -> None:
        self._decoding.shutdown(wait=False, cancel_futures=True)

    async def backdrop(self, request: Request) -> dict[str, Any]:
        """Take a picture to put behind the foreground."""
        with self._one_more():
            data = await self._body(request, self._settings.upload_bytes)
            picture = await self._decode(lambda: picture_from_upload(data, self._settings))
            name = _name(request) or "picture"
            await self._call(lambda: self._room.control.set_backdrop(picture, name=name))
        return {"height": picture.shape[0], "width": picture.shape[1], "name": name}

    async def backdrop_video(self, request: Request) -> dict[str, Any]:
        """Take a video to put behind the foreground: write it to a temporary file, check it, use
        it.
        """
        with self._one_more():
            self._videos = self._videos or VideoFolder()
            path = self._videos.new()
            try:
                await self._body_to_file(request, path)
                path = await self._decode(lambda: _checked_video(path, self._settings))
                name = _name(request) or "video"
                await self._call(lambda: self._room.control.set_backdrop(str(path), name=name))
            except BaseException:
                self._videos.discard(path)
                raise
            self._videos.keep(path)
        return {"name": name}

    async def plate(self, request: Request) -> dict[str, Any]:
        """Take a picture of the empty scene as the plate."""
        with self._one_more():
            data = await self._body(request, self._settings.plate_bytes)
            picture = await self._decode(lambda: plate_from_upload(data, self._settings))
            await self._call(lambda: self._room.control.set_plate(picture))
        return {"height": picture.shape[0], "width": picture.shape[1]}

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        if self._under_way >= self._settings.uploads:
            error = EdgedsError("other files are being uploaded", fix="try again in a moment")
            raise UploadRefusedError(503, error)
        self._under_way += 1
        try:
            yield
        except EdgedsError as error:
            raise UploadRefusedError(415, error) from error
        finally:
            self._under_way -= 1

    async def _body(self, request: Request, limit: int) -> bytes:
        data = bytearray()
        await self._read(request, limit, self._settings.upload_secs, data.extend)
        return bytes(data)

    async def _body_to_file(self, request: Request, path: Path) -> None:
        settings = self._settings
        try:
            with path.open("wb") as file:
                await self._read(request, settings.video_bytes, settings.video_secs, file.write)
        except OSError as error:
            raise UploadRefusedError(
                507,
                EdgedsError(
                    "the video cannot be stored",
                    why=error.strerror or "the disk does not take it",
                    fix="free some space on the computer that runs edgeds",
                ),
            ) from error

    async def _read(
        self, request: Request, limit: int, secs: float, take: Callable[[bytes], Any]
    ) -> None:
        """Pass the body to `take`; stop as soon as it, or its announced size, is too large."""
        from anyio import move_on_after

        size = int(request.headers.get("content-length", "0"))
        with move_on_after(secs) as timeout:
            if size <= limit:
                size = 0
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > limit:
                        break
                    take(chunk)
        if timeout.cancelled_caught:
            raise UploadRefusedError(408, EdgedsError("the upload took too long"))
        if size > limit:
            error = EdgedsError(
                "this file is too large",
                why=f"it is larger than {limit // 1_000_000} MB",
                fix="make it smaller; a photo is small as JPEG",
            )
            raise UploadRefusedError(413, error)

    async def _decode(self, function: Callable[[], Result]) -> Result:
        """One file at a time: decoding costs memory and a core."""
        return await asyncio.get_running_loop().run_in_executor(self._decoding, function)

    async def _call(self, function: Callable[[], Any]) -> None:
        await self._room.call(function)


class VideoFolder:
    """Uploaded videos, until the program ends. A video may be opened again at each lap, so the
    one in use and the one before it are kept."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="edgeds-backdrop-"))
        self._kept: deque[Path] = deque()
        self._count = 0
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)

    def new(self) -> Path:
        self._count += 1
        return self._folder / f"{self._count}.part"

    def keep(self, path: Path) -> None:
        self._kept.append(path)
        while len(self._kept) > 2:
            self.discard(self._kept.popleft())

    def discard(self, path: Path) -> None:
        with suppress(OSError):  # Windows: still open; gone with the folder
            path.unlink()


def _checked_video(path: Path, settings: Page) -> Path:
    """The file under a name with its suffix, once it is known to be a video."""
    with path.open("rb") as file:
        suffix = video_suffix(file.read(_HEAD_BYTES))
    named = path.rename(path.with_suffix(suffix))
    try:
        check_video(named, settings)
    except BaseException:
        named.unlink()
        raise
    return named


def _name(request: Request) -> str:
    """The file's name as the page sends it, without folders and control characters."""
    name = unquote(request.headers.get("x-file-name", "")).replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable())[:_NAME_LENGTH]
