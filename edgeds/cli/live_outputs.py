"""The outputs of `edgeds live`: window, page, virtual camera, recording."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from edgeds.cli.console import say
from edgeds.cli.live_options import (
    PublishOption,
    RecordOption,
    ServeOption,
    ShowOption,
    TokenFileOption,
    VirtualCameraDeviceOption,
    VirtualCameraOption,
)
from edgeds.cli.option_groups import OUTPUT
from edgeds.live.web.settings import PAGE
from edgeds.views.settings import ALPHA_VIEWS, STYLE, TINTED_VIEWS, View

if TYPE_CHECKING:
    from contextlib import ExitStack

    from edgeds.live.run import LiveRun, Window
    from edgeds.types import Size, StreamInfo
    from edgeds.views.backdrop import Backdrop


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


def backdrop_of(uri: str | None, size: Size, stack: ExitStack) -> Backdrop | None:
    """The backdrop, which the stack closes; None if none is asked for.

    Raises:
        InputError: it cannot be read.
    """
    from edgeds.views.backdrop import open_backdrop

    if uri is None:
        return None
    behind = open_backdrop(uri, size)
    stack.callback(behind.close)
    return behind


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Where a live run's picture goes: options of `edgeds live`."""

    heading: ClassVar[str] = OUTPUT

    show: ShowOption = None
    serve: ServeOption = None
    token_file: TokenFileOption = None
    record: RecordOption = None
    publish: PublishOption = None
    virtual_camera: VirtualCameraOption = False
    virtual_camera_device: VirtualCameraDeviceOption = None

    def checked(self) -> str | None:
        """Check them before anything is opened. Returns the page's token, if a file has one.

        Raises:
            InputError, SinkError: one of them cannot be.
        """
        from edgeds.sinks.publish_sink import check_publish_url

        for url in self.publish or ():
            check_publish_url(url)
        if self.record is not None:
            from edgeds.sinks.live_recording import check_recording

            check_recording(self.record)
        if self.show:
            from edgeds.live.window import check_display

            check_display()
        if self.serve is not None:
            from edgeds.live.web.server import address_from_text, require_extra

            address_from_text(self.serve)
            require_extra()
        if self.virtual_camera or self.virtual_camera_device:
            from edgeds.sinks.virtual_camera import check_installed

            check_installed()
        return _page_token(self.serve, self.token_file)

    def check_view(
        self, view: View, backdrop: str | None, opacity: float, *, steady: bool = False
    ) -> None:
        """
        Raises:
            InputError: there is no such backdrop; or an option changes nothing in this view, and
                nobody can choose another.
        """
        from edgeds.errors import InputError
        from edgeds.views.backdrop import check_backdrop

        check_backdrop(backdrop)
        if self.show is not False or self.serve is not None:  # its keys, or its buttons
            return
        idle = {
            "--backdrop": (backdrop is not None and view != "replace", "--view replace"),
            "--opacity": (
                opacity != STYLE.opacity and view not in TINTED_VIEWS,
                " or ".join(f"--view {tinted}" for tinted in TINTED_VIEWS),
            ),
            "--steady": (steady and view not in ALPHA_VIEWS, "a view that shows the mask"),
        }
        for option, (is_idle, needed) in idle.items():
            if is_idle:
                raise InputError(
                    f"{option} was given without {needed}",
                    why=f"the view is {view!r}, and without a window or a page nobody changes it",
                    fix=f"add {needed}, or leave {option} out",
                )

    def add_to(self, run: LiveRun, info: StreamInfo, token: str | None, *, window: bool) -> None:
        """Add them all but the window, and the page where the picture would go nowhere else.

        Raises:
            SinkError: one of them cannot be opened.
        """
        serve, virtual = self.serve, self.virtual_camera_device or self.virtual_camera
        others = window or virtual or self.publish or self.record
        if serve is None and self.show is None and not others:
            serve = str(PAGE.port)
        if serve is not None:
            _add_page(run, serve, token)
        if virtual:
            _add_virtual_camera(run, info, virtual if isinstance(virtual, str) else None)
        for url in self.publish or ():
            _add_stream(run, url)
        if self.record is not None:
            run.start_recording()


def _page_token(serve: str | None, token_file: Path | None) -> str | None:
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
    from edgeds.live.web.qr_code import terminal_code
    from edgeds.live.web.web_sink import WebSink

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


def _add_stream(run: LiveRun, url: str) -> None:
    from edgeds.sinks.publish_sink import PublishSink

    run.add_output("stream", PublishSink(url, on_event=say), shown=False, is_file=False)
