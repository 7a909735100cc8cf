"""`edgeds video --layers`: the options, the folder and the composer of layers for editors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

import typer

from edgeds.cli.option_groups import LAYERS

if TYPE_CHECKING:
    from edgeds.estimate.estimator import Estimator
    from edgeds.plate.plate import Plate
    from edgeds.sinks.layers.layers_folder import LayersSink, LayersWanted
    from edgeds.sinks.layers.names import Layer
    from edgeds.types import StreamInfo
    from edgeds.views.backdrop import Backdrop
    from edgeds.views.editor_layers import ComposeLayers

_FORMAT_OF = {
    ".mov": "prores", ".mp4": "prores", ".m4v": "prores", ".mkv": "ffv1", ".avi": "ffv1",
    ".webm": "webm", ".png": "png", ".exr": "exr",
}  # fmt: skip
"""What is meant by an output with a file's suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerOptions:
    """What `edgeds video` is asked for beside or instead of a view."""

    heading: ClassVar[str] = LAYERS

    layers: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Write layers for an editor to a folder; NAMES is all, or some of alpha, "
            "foreground, depth, shadow, mask, plate, composite, separated by commas.",
        ),
    ] = None
    layer_format: Annotated[
        str,
        typer.Option("--format", metavar="png|exr|ffv1|prores|webm", help="Format of the layers."),
    ] = "png"
    bits: Annotated[
        int, typer.Option(help="Bits per channel of PNG layers: 8 or 16.", min=8, max=16)
    ] = 16
    premultiplied: Annotated[
        bool | None,
        typer.Option(
            "--premultiplied/--straight",
            help="Multiply the foreground's colours by alpha, or leave them straight. "
            "Default: premultiplied for EXR, else straight.",
            show_default=False,
        ),
    ] = None
    again: Annotated[
        bool,
        typer.Option("--again", help="Remove the layers of an earlier run from the folder first."),
    ] = False
    shadow: Annotated[
        Literal["keep", "drop"],
        typer.Option(help="Keep or drop the shadow in the view replace and the layer composite."),
    ] = "drop"

    @property
    def names(self) -> tuple[str, ...]:
        """The layers that are asked for, as they were written."""
        from edgeds.sinks.layers.names import LAYERS

        names = [name.strip().lower() for name in (self.layers or "").split(",") if name.strip()]
        return LAYERS if names == ["all"] else tuple(dict.fromkeys(names))

    def wanted(self) -> LayersWanted | None:
        """
        Raises:
            InputError: a name is not a layer, or options contradict each other.
        """
        from edgeds.errors import InputError
        from edgeds.sinks.layers.layers_folder import LayersWanted
        from edgeds.sinks.layers.names import LAYER_FORMATS, LAYERS

        if self.layers is None:
            return None
        names = self.names
        unknown = [name for name in names if name not in LAYERS]
        if unknown or not names:
            raise InputError(
                f"{', '.join(map(repr, unknown)) or 'nothing'} is not a layer",
                why="--layers takes names of layers, with commas between them",
                fix=f"choose from {','.join(LAYERS)}, or write all",
            )
        if self.layer_format not in LAYER_FORMATS:
            raise InputError(
                f"{self.layer_format!r} is not a format of layers",
                why="edgeds cannot write layers in that format",
                fix=f"choose from {', '.join(LAYER_FORMATS)}",
            )
        if self.bits not in (8, 16):
            raise InputError(
                f"PNG images of {self.bits} bits cannot be written",
                why="a channel of them has 8 or 16",
                fix="leave --bits out",
            )
        return LayersWanted(
            layers=cast("tuple[Layer, ...]", names),
            kind=self.layer_format,
            bits=8 if self.bits == 8 else 16,
            premultiplied=self.premultiplied,
        )


def check_names_folder(folder: Path) -> None:
    """
    Raises:
        SinkError: it has the name of a file, and there is no such folder.
    """
    from edgeds.errors import SinkError

    kind = _FORMAT_OF.get(folder.suffix.lower())
    if kind is not None and not folder.is_dir():
        raise SinkError(
            f"cannot write layers to {str(folder)!r}",
            why="it is the name of a file, and layers are a folder of files",
            fix=f"--format {kind} -o {folder.with_suffix('')}",
        )


def default_folder(source: str) -> Path:
    """Beside the input: in.mp4 -> in.layers."""
    from edgeds.cli.output_name import default_output

    named = default_output(source, "overlay")
    return named.with_name(
        f"{named.name.removesuffix(named.suffix).removesuffix('.edgeds')}.layers"
    )


def open_layers(
    folder: Path,
    info: StreamInfo,
    options: LayerOptions,
    estimate: Estimator,
    *,
    plate: Plate,
    given_plate: Path | None,
    engine: str,
    backdrop: Backdrop | None,
) -> tuple[LayersSink, ComposeLayers]:
    """The sink of the layers, and what makes them.

    Raises:
        SinkError: the folder is not empty, cannot be written, or a library is missing.
    """
    from edgeds.sinks.layers.code_values import Coding, DepthCodes
    from edgeds.sinks.layers.earlier_layers import check_layers_folder, discard_layers
    from edgeds.sinks.layers.layers_folder import LayersSink
    from edgeds.views.editor_layers import layers_composer

    wanted = options.wanted()
    assert wanted is not None
    far, near = estimate.depth_range
    scale = estimate.scale
    depth = DepthCodes(near=near, far=far)
    if scale is not None:
        depth = DepthCodes(
            near=near,
            far=far,
            metres=(scale.per_unit, scale.offset),
            uncertainty=scale.uncertainty,
        )
    about: dict[str, Any] = {
        "engine": engine,
        "plate": {
            "file": str(given_plate) if given_plate else None,
            "origin": plate.origin,
            "samples": plate.samples,
            "taken": plate.taken or None,
        },
    }
    if options.again:
        check_layers_folder(folder, again=True)  # nobody else writes there by now
        discard_layers(folder)
    coding = Coding(depth=depth, premultiplied=wanted.is_premultiplied)
    sink = LayersSink(folder, info, wanted, coding, about)
    compose = layers_composer(
        wanted.layers,
        plate=plate.pixels,
        backdrop=backdrop,
        shadow=options.shadow,
        to_light=sink.to_light,
    )
    return sink, compose
