"""Deinterlaces frames; their number stays the same. Knows nothing about files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    import av
    from av.filter import Graph

_Shape: TypeAlias = "tuple[int, int, str]"


class Deinterlaced:
    """The frames, with interlaced ones deinterlaced (bwdif); others pass unchanged.

    The filter starts with the first interlaced frame, so progressive films cost nothing.
    """

    def __init__(self, frames: Iterator[av.VideoFrame]) -> None:
        self._frames = frames
        self.found = False
        """Whether an interlaced frame has come."""

    def __iter__(self) -> Iterator[av.VideoFrame]:
        graph: Graph | None = None
        shape: _Shape | None = None
        for frame in self._frames:
            if graph is None and not frame.interlaced_frame:
                yield frame
                continue
            self.found = True
            now = (frame.width, frame.height, frame.format.name)
            if graph is None or now != shape:
                yield from _rest(graph)
                graph, shape = _graph(frame), now
            graph.push(frame)
            yield from _ready(graph)
        yield from _rest(graph)


def _graph(like: av.VideoFrame) -> Graph:
    import av

    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=like.width,
        height=like.height,
        format=like.format,
        time_base=like.time_base,
    )
    # One frame for each frame, not for each field; only frames that are marked as interlaced.
    graph.link_nodes(
        source,
        graph.add("bwdif", "mode=send_frame:deint=interlaced"),
        graph.add("settb", str(like.time_base)),  # bwdif halves it, for films of fields
        graph.add("buffersink"),
    ).configure()
    return graph


def _ready(graph: Graph) -> Iterator[av.VideoFrame]:
    import av

    while True:
        try:
            yield cast("av.VideoFrame", graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _rest(graph: Graph | None) -> Iterator[av.VideoFrame]:
    if graph is not None:
        graph.push(None)
        yield from _ready(graph)
