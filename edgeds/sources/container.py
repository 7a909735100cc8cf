"""Opening a media file for reading, the same with every PyAV. Knows nothing about streams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av


def open_container(path: Path) -> av.container.InputContainer:
    """A file's container, even where its titles are not UTF-8.

    Raises:
        OSError, ValueError: FFmpeg cannot read it.
    """
    import av

    # Before PyAV 19, titles in another encoding were an error unless asked not to be.
    lenient: dict[str, Any] = (
        {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "ignore"}
    )
    container: av.container.InputContainer = av.open(str(path), "r", **lenient)
    return container
