"""Where `edgeds video` writes to, and how it draws a frame."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeds.cli.layers_options import check_names_folder, default_folder
from edgeds.cli.output_name import default_output
from edgeds.cli.video_checks import Wanted, check_places

if TYPE_CHECKING:
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.settings import Matte
    from edgeds.plate.plate import Plate
    from edgeds.types import FileSink, Frame, Maps, StreamInfo
    from edgeds.views.backdrop import Backdrop
    from edgeds.views.compose import Compose
    from edgeds.views.effects import Effects

_SEEN = 0.3
"""An inserted picture of which less is in view was hardly meant so."""


def output_of(wanted: Wanted, info: StreamInfo, stack: ExitStack) -> tuple[Path, FileSink | None]:
    """Where the result goes, and its sink; that of layers opens when the plate is known."""
    from edgeds.sinks import open_sink
    from edgeds.sinks.layers.earlier_layers import check_layers_folder

    # `file:in.mp4` is a file, too
    source = str(info.path) if info.path is not None else wanted.source
    if wanted.layers.layers is not None:
        folder = wanted.output or default_folder(source)
        check_places(wanted, info.files, folder)
        check_names_folder(folder)
        check_layers_folder(folder, again=wanted.layers.again)
        return folder, None
    target = wanted.output or default_output(source, wanted.view)
    check_places(wanted, info.files, target)
    sink = open_sink(target, info, alpha=wanted.view == "cutout")
    stack.callback(sink.close)  # where the run never begins, nothing is left of it
    _make_folders(wanted, stack)
    return target, sink


def _make_folders(wanted: Wanted, stack: ExitStack) -> None:
    """For files that are written into the output's folder before its first picture is."""
    from edgeds.errors import SinkError
    from edgeds.sources.media_errors import translated

    for path in wanted.beside.values():
        if path is None or wanted.folder not in path.parents or path.parent.is_dir():
            continue
        new = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
        with translated(SinkError, f"cannot make the folder {str(path.parent)!r}"):
            path.parent.mkdir(parents=True)
        for folder in reversed(new):
            stack.callback(_remove_empty, folder)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def drawing_of(
    wanted: Wanted,
    plate: Plate,
    estimate: Estimator,
    backdrop: Backdrop | None,
) -> Compose:
    """The view, or the effects, that were asked for."""
    from edgeds.views.compose import composer
    from edgeds.views.effects import effects_composer

    if wanted.effects.are_given:
        given = wanted.effects.effects(estimate.depth_range, estimate.scale, plate.size)
        _note_what_is_hidden(given, wanted, estimate)
        effects = effects_composer(
            given,
            plate=plate.pixels,
            plate_depth=estimate.plate_depth,
            depth_range=estimate.depth_range,
        )
        return with_steady_alpha(effects, wanted)
    view = composer(
        wanted.view,
        plate=plate.pixels,
        plate_depth=estimate.plate_depth,
        depth_range=estimate.depth_range,
        backdrop=backdrop,
        opacity=wanted.opacity,
        shadow=wanted.layers.shadow == "keep",
    )
    return with_steady_alpha(view, wanted)


def _note_what_is_hidden(effects: Effects, wanted: Wanted, estimate: Estimator) -> None:
    from edgeds.cli.console import say
    from edgeds.views.insert import seen_share

    for text, thing in zip(wanted.effects.insert or (), effects.inserts, strict=True):
        share = seen_share(thing, estimate.plate_depth)
        if share < _SEEN:
            say(
                f"note: --insert {text}: {share:.0%} of the picture is in view, as the plate is "
                "nearer there or the frame ends: give a nearer depth, or its foot (y=0.9)"
            )


def with_steady_alpha(
    compose: Callable[[Frame, Maps], Any], wanted: Wanted
) -> Callable[[Frame, Maps], Any]:
    """A composer that is given steady alpha, if asked for."""
    from edgeds.views.steadiness import steadied

    return steadied(compose) if wanted.steady else compose


def matte_of(wanted: Wanted) -> Matte:
    """How the border of what is made is drawn."""
    from edgeds.estimate.matte_for_view import matte_for_view

    return matte_for_view("layers" if wanted.layers.layers is not None else wanted.view)
