"""A picture of a stream with its time. Knows nothing about files, codecs, networks or screens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from edgeds.types.arrays import Box, DeepPixels, Indices, Pixels, Size
from edgeds.types.picture import Picture, RgbPicture


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Frame:
    """One picture of a stream, upright, with its exact time.

    It keeps the planes it was decoded to (`picture`), and gives RGB of any size or part on demand.
    """

    picture: Picture
    """What was decoded: planes, layout, device. Shared between stages: nobody writes into it."""
    index: int
    """Position in the stream, from 0."""
    pts: int
    """Presentation time in ticks of `time_base`."""
    time_base: Fraction
    """Seconds per tick."""
    name: str
    """File stem, for frames that come from image files."""
    grabbed_secs: float | None
    """When a live source grabbed it, on `time.monotonic`'s clock; None for files and folders."""
    duration: int
    """How long it is shown, in ticks; 0 is unknown: until the next frame."""

    def __init__(
        self,
        pixels: Pixels | None = None,
        index: int = 0,
        pts: int = 0,
        time_base: Fraction = Fraction(1, 30),
        name: str = "",
        grabbed_secs: float | None = None,
        duration: int = 0,
        *,
        picture: Picture | None = None,
    ) -> None:
        """
        Args:
            pixels: uint8 RGB (H, W, 3), or RGBA (H, W, 4) for a cutout; goes before `picture`, so
                that `dataclasses.replace(frame, pixels=...)` shows other pixels.
            picture: a picture of any layout.

        Raises:
            TypeError: neither is given.
        """
        shown = RgbPicture(pixels) if pixels is not None else picture
        if shown is None:
            raise TypeError("a Frame needs pixels or a picture")
        fields = (shown, index, pts, time_base, name, grabbed_secs, duration)
        for field, value in zip(self.__slots__, fields, strict=True):
            object.__setattr__(self, field, value)

    @property
    def pixels(self) -> Pixels:
        """uint8 RGB (H, W, 3); RGBA (H, W, 4) for a cutout. Made once. Read-only."""
        return self.picture.rgb()

    def deep_pixels(self) -> DeepPixels | None:
        """uint16 RGB (H, W, 3) of full range; None where the source has no more than 8 bits. It is
        made on each call.
        """
        picture = self.picture
        if isinstance(picture, RgbPicture) and picture.deeper is not None:
            return picture.deeper()
        return None

    def rgb(self, size: Size | None = None) -> Pixels:
        """uint8 RGB (h, w, 3) at a (height, width): much cheaper than `pixels` where small."""
        return self.picture.rgb(size)

    def region(self, box: Box) -> Pixels:
        """uint8 RGB of a part at full size, a level or two off `pixels` where that is quicker."""
        return self.picture.region(box)

    def colours(self, rows: Indices, columns: Indices) -> Pixels:
        """uint8 RGB (n, 3) of single pixels, as `region` has them."""
        return self.picture.colours(rows, columns)

    def with_pixels(self, pixels: Pixels) -> Frame:
        """Another picture at the same place and time."""
        return replace(self, picture=RgbPicture(pixels))

    def with_picture(self, picture: Picture) -> Frame:
        """This frame's time and name with another picture."""
        return replace(self, picture=picture)

    @property
    def pts_secs(self) -> float:
        """Presentation time from the start of the stream's clock."""
        return float(self.pts * self.time_base)

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.picture.size
