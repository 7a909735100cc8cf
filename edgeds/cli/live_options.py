"""The options of `edgeds live` alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import typer

from edgeds.cli.option_groups import INPUT, PLATE
from edgeds.cli.sources import TransportOption, asked_of_camera, check_transport

LivePlateOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "-b",
        "--plate",
        metavar="FILE|last|new",
        help="FILE: a picture of the empty scene. last: the last plate of this source. "
        "new: take one. Default: last if it still fits, else new.",
        rich_help_panel=PLATE,
    ),
]
AllowMotionOption: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--allow-motion/--no-allow-motion",
        help="Estimate the plate from the running stream, for scenes that are never empty. "
        "Default: on for clips (file:...), off for cameras.",
        rich_help_panel=PLATE,
    ),
]
ShowOption: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--show/--no-show",
        help="Show the result in a window. Default: on where a display is available.",
    ),
]
ServeOption: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="[HOST:]PORT", help="Serve a page that shows the result in any browser."),
]
TokenFileOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Keep the page's token in this file, so that its link stays valid between runs.",
    ),
]
RecordOption: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Record the result to a video file.")
]
PublishOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--publish",
        metavar="URL",
        help="Send the result as a live H.264 stream to rtsp://, rtmp://, srt://, udp:// or "
        "tcp://. May be given several times.",
    ),
]
VirtualCameraOption: TypeAlias = Annotated[
    bool, typer.Option("--virtual-camera", help="Offer the result as a camera to other programs.")
]
VirtualCameraDeviceOption: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="DEVICE", help="The virtual camera to use, such as /dev/video10."),
]
SizeOption: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="WxH", help="Ask the camera for this size, such as 1280x720."),
]
FpsOption: TypeAlias = Annotated[
    float | None,
    typer.Option(min=1, max=1000, help="Ask the camera for this rate, in frames per second."),
]
PixelFormatOption: TypeAlias = Annotated[
    Literal["auto", "mjpg", "yuyv"], typer.Option(help="Ask the camera for this format.")
]
DurationOption: TypeAlias = Annotated[
    float | None, typer.Option(metavar="SECS", min=0, help="End after this time.")
]
MaxFramesOption: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="End after this many frames.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """What a camera or a stream is asked for."""

    heading: ClassVar[str] = INPUT

    size: SizeOption = None
    fps: FpsOption = None
    pixel_format: PixelFormatOption = "auto"
    rtsp_transport: TransportOption = "auto"

    def settings(self, uri: str) -> dict[str, Any]:
        """For `open_camera`.

        Raises:
            InputError: the size has another form than WxH, or `uri` is no camera and has its own,
                or no RTSP stream.
        """
        from edgeds.errors import InputError

        auto = self.pixel_format == "auto"
        given = {"--size": self.size, "--fps": self.fps, "--pixel-format": None if auto else "mjpg"}
        names = [name for name, value in given.items() if value is not None]
        if names and not (uri.isdecimal() or uri.lower().startswith(("/dev/", "csi:"))):
            raise InputError(
                f"{names[0]} was given, and SOURCE is no camera",
                why="a stream or a clip has its own size and rate",
                fix=f"leave {names[0]} out, or set it where the stream is made",
            )
        check_transport(uri, self.rtsp_transport)
        return asked_of_camera(self.size, self.fps, self.pixel_format, self.rtsp_transport)
