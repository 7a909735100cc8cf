"""The outputs of `edgeds live`: window, page, virtual camera, recording."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.cli.console import say
from edgeds.live.web.settings import PAGE

if TYPE_CHECKING:
    from edgeds.live.run import LiveRun, Window
    from edgeds.types import StreamInfo


def open_window(info: StreamInfo, show: bool | None) -> Window | None:
    """A window; None if `show` is false, or if there is no display and `show` is not true.

    Raises:
        SinkError: `show` is true, and there is no display.
    """
    from edgeds.errors import SinkError
    from edgeds.live.window import WindowSink

    if show is False:
        return None
    try:
        window = WindowSink(f"edgeds: {info.name}", info.size)
    except SinkError as error:
        if show:
            raise
        say(f"no window: {error.why}")
        return None
    say("keys in the window: b plate, v view, r record, s snapshot, q quit")
    return window


def add_outputs(
    run: LiveRun,
    info: StreamInfo,
    *,
    serve: str | None,
    token: str | None,
    virtual_camera: str | bool,
    record: Path | None,
) -> None:
    """Open all outputs except the window. `virtual_camera`: a device, or True for any device.

    Raises:
        SinkError: one of them cannot be opened.
    """
    if serve is not None:
        _add_page(run, serve, token)
    if virtual_camera:
        device = virtual_camera if isinstance(virtual_camera, str) else None
        _add_virtual_camera(run, info, device)
    if record is not None:
        run.start_recording()


def page_address(serve: str | None, *, show: bool | None, others: bool) -> str | None:
    """The address of the page: the given one, or this machine's if there is no other output."""
    if serve is None and show is None and not others:
        return str(PAGE.port)
    return serve


def page_token(serve: str | None, token_file: Path | None) -> str | None:
    """The page's token from its file; None lets the page make one."""
    from edgeds.errors import InputError

    if token_file is None:
        return None
    if serve is None:
        raise InputError(
            "--token-file was given, but no page is served",
            why="the token belongs to the page",
            fix="add --serve 0.0.0.0:8080, or leave --token-file out",
        )
    from edgeds.live.web.token_file import token_from_file

    return token_from_file(token_file)


def _add_page(run: LiveRun, address: str, token: str | None) -> None:
    """Serve the page. Its link holds the token, so it is printed here and nowhere else."""
    from edgeds.live.web.phone import terminal_code
    from edgeds.live.web.sink import WebSink

    sink = WebSink(address, run, token=token)
    run.add_output("page", sink, is_file=False)
    say(f"page: {sink.link}")
    if not sink.is_local and sys.stderr.isatty():
        say(terminal_code(sink.link))


def _add_virtual_camera(run: LiveRun, info: StreamInfo, device: str | None) -> None:
    from edgeds.sinks.virtual_camera import VirtualCameraSink

    sink = VirtualCameraSink(info, device)
    run.add_output("virtual camera", sink, is_file=False)
    say(f"virtual camera: {sink.location}")
