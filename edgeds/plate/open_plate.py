"""Opens a plate: a file, or the empty background of the clip itself (`estimated_from_clip`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgeds.errors import PlateError
from edgeds.plate.estimated_from_clip import plate_from_samples
from edgeds.plate.file import plate_from_file
from edgeds.plate.plate import Plate, plate_at_size
from edgeds.plate.settings import PLATE_FROM_CLIP
from edgeds.sources.sampling import spread_pixels
from edgeds.types import Pixels, Size


def plate_from_clip(
    uri: str | Path,
    *,
    on_frame: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_samples: Callable[[list[Pixels]], None] | None = None,
) -> Plate:
    """The plate as the empty background of a whole clip.

    Args:
        on_samples: is given the frames that the plate is made of.

    Raises:
        SourceError: the clip cannot be opened, or breaks off at its start.
        PlateError: it gives no believable plate.
        CancelledError: `cancelled`, asked with every frame, returned true.
    """
    settings = PLATE_FROM_CLIP

    def sampled(count: int) -> list[Pixels]:
        return _samples(uri, count, settings.memory_bytes, on_frame, cancelled)

    samples = sampled(settings.samples)
    if on_samples is not None:
        on_samples(samples)
    try:
        plate, refusal = plate_from_samples(samples, settings), None
    except PlateError as error:
        plate, refusal = None, error
    if plate is not None and (plate.doubtful or 0) <= settings.warn_doubtful:
        return plate
    # More samples separate a rarely visible background from passers-by.
    more = sampled(settings.more_samples)
    if len(more) > len(samples):
        if on_samples is not None:
            on_samples(more)
        return plate_from_samples(more, settings)
    if plate is None:
        assert refusal is not None
        raise refusal
    return plate


def _samples(
    uri: str | Path,
    count: int,
    memory_bytes: int,
    on_frame: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> list[Pixels]:
    samples = spread_pixels(
        uri,
        count,
        least=PLATE_FROM_CLIP.min_samples,
        memory_bytes=memory_bytes,
        on_frame=on_frame,
        cancelled=cancelled,
    )
    sizes = {sample.shape for sample in samples}
    if len(sizes) > 1:
        raise PlateError(
            "the clip gives no believable plate",
            why=f"its frames have {len(sizes)} sizes",
            fix="give a clip whose frames have one size",
        )
    return samples


def open_plate(
    path: str | Path | None,
    clip: str | Path,
    size: Size,
    *,
    on_frame: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_samples: Callable[[list[Pixels]], None] | None = None,
) -> Plate:
    """The plate from its file, or else from the clip, at the clip's size.

    Raises:
        CancelledError: `cancelled`, asked with every frame of the clip, returned true.
    """
    if path is not None:
        return plate_at_size(plate_from_file(path), size)
    plate = plate_from_clip(clip, on_frame=on_frame, cancelled=cancelled, on_samples=on_samples)
    return plate_at_size(plate, size)
