"""A window on the screen, through SDL (pygame-ce): the picture, a line about it, and keys.

Knows nothing about cameras or what the keys mean.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from edgeds.errors import SinkError
from edgeds.live.prompts import plate_prompt, whole_secs
from edgeds.types import Closing, Frame, Pixels, Size

if TYPE_CHECKING:
    import pygame

    from edgeds.live.control import LiveStatus

_MARGIN_PX = 10
_TEXT_PX = 20
_COUNT_SHARE = 0.4  # of the window's height, so that people can read it across the room
_SCREEN_SHARE = 0.9
_PLATE_SHARE = 0.3  # of the window's width, so that a person in the plate is visible
_PLATE_SECS = 6.0


class WindowSink(Closing):
    """All calls come from one thread, the main one on macOS. The window may be resized."""

    location = "window"
    lost = 0

    def __init__(self, title: str, size: Size) -> None:
        """
        Raises:
            SinkError: there is no display, or pygame-ce is not installed.
        """
        check_display()
        # pygame prints no greeting on stdout, and SDL leaves Ctrl-C alone.
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")
        try:
            import pygame
        except ImportError as error:
            raise SinkError(
                "cannot open a window",
                why=f"pygame-ce is not installed ({error})",
                fix='pip install "edgeds[window]", or use --serve',
            ) from error
        self._pygame = pygame
        try:
            pygame.display.init()
            _check_driver(pygame.display.get_driver())
            pygame.font.init()
            pygame.display.set_caption(title)
            self._screen = pygame.display.set_mode(_fitting(size), pygame.RESIZABLE)
        except SinkError:
            pygame.display.quit()
            raise
        except pygame.error as error:
            raise SinkError(
                "cannot open a window", why=str(error), fix="use --serve, or --no-show"
            ) from error
        self._font = pygame.font.Font(None, _TEXT_PX)
        self._picture: pygame.Surface | None = None
        self._line = self._prompt = self._count = ""
        self._recording = self._closed = False
        self._plate: pygame.Surface | None = None
        self._plate_until_secs = 0.0

    def write(self, frame: Frame) -> None:
        height, width = frame.size
        pixels = np.ascontiguousarray(frame.pixels).data  # shared, not copied
        self._picture = self._pygame.image.frombuffer(pixels, (width, height), "RGB")
        self._draw()

    def show_status(self, status: LiveStatus) -> None:
        """Write the status onto the window; recordings and snapshots do not show it."""
        health = status.plate.health
        self._line = (
            f"{status.fps:.0f} fps   {status.latency_p50_ms:.0f} ms   "
            f"p95 {status.latency_p95_ms:.0f} ms   {status.dropped} dropped   {status.view}"
        ) + ("" if health is None else f"   plate {health:.0%}")
        self._prompt = prompt(status)
        counting = status.plate.phase == "counting" and status.source_state == "running"
        self._count = str(whole_secs(status.plate.secs_left)) if counting else ""
        self._recording = status.recording is not None
        self._draw()

    def show_plate(self, pixels: Pixels) -> None:
        """Show a new plate in a corner for some seconds, so that a person in it is noticed."""
        height, width = pixels.shape[:2]
        data = np.ascontiguousarray(pixels).data
        self._plate = self._pygame.image.frombuffer(data, (width, height), "RGB")
        self._plate_until_secs = time.monotonic() + _PLATE_SECS
        self._draw()

    def keys(self) -> str | None:
        """The keys typed since the last call; None after the window was closed."""
        typed = ""
        for event in self._pygame.event.get():
            if event.type == self._pygame.QUIT:
                return None
            if event.type == self._pygame.KEYDOWN:
                typed += "q" if event.key == self._pygame.K_ESCAPE else event.unicode
        return typed

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._pygame.font.quit()
            self._pygame.display.quit()

    def _draw(self) -> None:
        screen, picture = self._screen, self._picture
        if picture is None or self._closed:
            return
        (wide, tall), (width, height) = screen.get_size(), picture.get_size()
        scale = min(wide / width, tall / height)
        shown = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (wide - shown[0]) // 2, (tall - shown[1]) // 2
        screen.fill("black")
        if shown != (width, height):
            picture = self._pygame.transform.scale(picture, shown)
        screen.blit(picture, (left, top))
        if self._count:
            font = self._pygame.font.Font(None, max(1, round(_COUNT_SHARE * tall)))
            number = font.render(self._count, True, "white", "black")
            screen.blit(number, number.get_rect(center=(wide // 2, tall // 2)))
        self._draw_plate()
        self._write(self._wrapped(self._line), top=_MARGIN_PX)
        lines = self._wrapped(self._prompt)
        self._write(lines, top=tall - _MARGIN_PX - _TEXT_PX * len(lines))
        if self._recording:
            spot = wide - 2 * _MARGIN_PX, 2 * _MARGIN_PX
            self._pygame.draw.circle(screen, "red", spot, _MARGIN_PX)
        self._pygame.display.flip()

    def _draw_plate(self) -> None:
        """At the right, below the line of figures, with a frame around it."""
        if self._plate is None or time.monotonic() > self._plate_until_secs:
            self._plate = None
            return
        (wide, _), (width, height) = self._screen.get_size(), self._plate.get_size()
        scale = _PLATE_SHARE * wide / width
        size = max(1, round(width * scale)), max(1, round(height * scale))
        at = wide - size[0] - _MARGIN_PX, 2 * _TEXT_PX + _MARGIN_PX
        self._screen.blit(self._pygame.transform.smoothscale(self._plate, size), at)
        self._pygame.draw.rect(self._screen, "white", (*at, *size), 1)
        caption = self._font.render("the plate", True, "white", "black")
        self._screen.blit(caption, (at[0] + 2, at[1] + 2))

    def _wrapped(self, text: str) -> list[str]:
        """In lines that fit the window's width."""
        width = self._screen.get_width() - 2 * _MARGIN_PX
        lines: list[str] = []
        for word in text.split(" ") if text else ():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self._font.size(longer)[0] <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def _write(self, lines: list[str], *, top: int) -> None:
        for number, text in enumerate(lines):
            letters = self._font.render(text, True, "white")
            ground = self._pygame.Surface((letters.get_width() + 8, _TEXT_PX))
            ground.set_alpha(150)  # readable on any picture
            at = top + number * _TEXT_PX
            self._screen.blit(ground, (_MARGIN_PX - 4, at - 2))
            self._screen.blit(letters, (_MARGIN_PX, at))


def prompt(status: LiveStatus) -> str:
    """The one thing the user should know or do now, or nothing."""
    if status.source_state != "running":
        return status.source_message or status.source_state
    return plate_prompt(status.plate)


def check_display() -> None:
    """Check for a screen before SDL falls back to something else, such as the text console.

    Raises:
        SinkError: there is no screen.
    """
    if sys.platform in ("win32", "darwin"):
        return
    if any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")):
        return
    raise SinkError(
        "cannot open a window",
        why="there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)",
        fix="use --serve to look at it in a browser, or --record out.mp4; over ssh: ssh -X",
    )


def _check_driver(driver: str) -> None:
    """Check that SDL draws to a screen: it draws into memory if the display does not answer.

    Raises:
        SinkError: SDL draws into memory, and nobody asked for that.
    """
    if driver not in ("dummy", "offscreen") or os.environ.get("SDL_VIDEODRIVER"):
        return
    named = ", ".join(
        f"{name}={os.environ[name]}"
        for name in ("DISPLAY", "WAYLAND_DISPLAY")
        if name in os.environ
    )
    raise SinkError(
        "cannot open a window",
        why=f"the display does not answer ({named})",
        fix="use --serve to look at it in a browser, or --no-show; over ssh: ssh -X",
    )


def _fitting(size: Size) -> tuple[int, int]:
    """(width, height) of a window that is not larger than the screen."""
    import pygame

    wide, tall = pygame.display.get_desktop_sizes()[0]
    height, width = size
    scale = min(1.0, _SCREEN_SHARE * wide / width, _SCREEN_SHARE * tall / height)
    return max(1, round(width * scale)), max(1, round(height * scale))
