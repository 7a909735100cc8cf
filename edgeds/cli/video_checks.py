"""What `edgeds video` is asked to make, and the checks of it that need no file to be opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edgeds.cli.effects_options import EffectOptions
from edgeds.cli.layers_options import LayerOptions
from edgeds.cli.mesh_options import MeshOptions
from edgeds.cli.rules_and_events import SignalOptions
from edgeds.cli.same_file_twice import check_clashes
from edgeds.plate.ground.depth_wanted import DepthWanted
from edgeds.views.settings import ALPHA_VIEWS, STYLE, TINTED_VIEWS, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options that say what to make."""

    source: str
    plate: Path | None = None
    output: Path | None = None
    view: View = "overlay"
    backdrop: str | None = None
    opacity: float = STYLE.opacity
    sheet: Path | None = None
    save_plate: Path | None = None
    plate_fixed: bool = False
    depth: DepthWanted = field(default_factory=DepthWanted)
    signals: SignalOptions = field(default_factory=SignalOptions)
    layers: LayerOptions = field(default_factory=LayerOptions)
    effects: EffectOptions = field(default_factory=EffectOptions)
    mesh: MeshOptions = field(default_factory=MeshOptions)
    steady: bool = False

    @property
    def shows_depth(self) -> bool:
        from edgeds.views.settings import DEPTH_VIEWS

        shows = self.view in DEPTH_VIEWS
        if self.layers.layers is not None:
            shows = "depth" in self.layers.names
        shows = shows or self.effects.are_given or self.mesh.mesh is not None
        return shows or self.sheet is not None or self.signals.are_given

    @property
    def shows_alpha(self) -> bool:
        if self.layers.layers is not None:
            return not {"depth", "plate"}.issuperset(self.layers.names)
        return self.effects.are_given or self.view in ALPHA_VIEWS

    @property
    def measures_depth(self) -> bool:
        keeps = self.save_plate is not None and self.save_plate.suffix.lower() == ".npz"
        return self.shows_depth or keeps or self.depth.is_asked

    @property
    def plate_keeps_depth(self) -> bool:
        """Whether the plate comes from a file that keeps its depth."""
        from edgeds.plate.file import keeps_depth

        return self.plate is not None and keeps_depth(self.plate)

    @property
    def folder(self) -> Path | None:
        """The folder that the run makes for images; None where it makes none."""
        from edgeds.sinks import VIDEO_SUFFIXES
        from edgeds.sources.settings import IMAGE_SUFFIXES

        output = self.output
        if output is None or self.layers.layers is not None:
            return None
        if "%" in output.name:
            return output.parent
        return None if output.suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES else output

    def in_place(self, path: Path | None) -> Path | None:
        """The path to check in place of one in a folder that the run makes: beside that folder."""
        folder = self.folder
        if path is None or folder is None or folder not in path.parents or folder.is_dir():
            return path
        there = next(parent for parent in folder.absolute().parents if parent.is_dir())
        return there / path.name

    @property
    def beside(self) -> dict[str, Path | None]:
        """What is written beside the output: what people call it -> its file."""
        return {
            "the contact sheet": self.sheet,
            "the kept plate": self.save_plate,
            "the mesh": self.mesh.mesh,
            "the events": self.signals.events_file,
        }

    @property
    def shown(self) -> str:
        """What is made, for the report: a view's name, or "layers"."""
        if self.layers.layers is not None:
            return "layers"
        return "effects" if self.effects.are_given else self.view

    @property
    def said(self) -> str:
        """`shown` in words, for people: with the names and the format of the layers."""
        if self.layers.layers is None:
            return "effects" if self.effects.are_given else f"view {self.view}"
        return f"layers {self.layers.layers} as {self.layers.layer_format}"


def check_options(wanted: Wanted) -> None:
    """
    Raises:
        InputError: options contradict each other, a picture of --insert cannot be read, or there
            is no such backdrop.
        SinkError: a file cannot be written.
        PlateError: there is no such plate.
    """
    from edgeds.errors import SinkError
    from edgeds.plate.file import check_plate_target, plate_from_file
    from edgeds.sinks.atomic_files import check_writable
    from edgeds.sinks.mesh import check_mesh_target
    from edgeds.sources.typed_paths import is_there
    from edgeds.views.backdrop import check_backdrop

    check_contradictions(wanted)
    _check_beside_layers(wanted)
    if wanted.plate is not None and not is_there(wanted.plate):
        plate_from_file(wanted.plate)  # it knows why
    check_backdrop(wanted.backdrop)
    if wanted.output is not None and wanted.layers.layers is None:
        _check_video(wanted.output)
    wanted.effects.check_pictures()
    if wanted.layers.layers is not None and wanted.layers.layer_format == "exr":
        from edgeds.sinks.layers.exr import check_library

        check_library()
    sheet = wanted.in_place(wanted.sheet)
    if sheet is not None:
        if sheet.name != "-" and sheet.suffix.lower() != ".png":
            raise SinkError(
                f"cannot write the contact sheet {str(wanted.sheet)!r}",
                why="it must be a .png",
                fix="give a path such as sheet.png",
            )
        check_writable(sheet, "the contact sheet")
    if (mesh := wanted.in_place(wanted.mesh.mesh)) is not None:
        check_mesh_target(mesh)
    if (kept := wanted.in_place(wanted.save_plate)) is not None:
        check_plate_target(kept)


def check_source(source: str) -> None:
    """
    Raises:
        SourceError: there is no such source.
    """
    from edgeds.sources import open_source
    from edgeds.sources.typed_paths import is_there

    if not is_there(Path(source)):
        open_source(source).close()


def _check_video(path: Path) -> None:
    """
    Raises:
        SinkError: it is a video's name, and cannot be written; what images need depends on them.
    """
    from edgeds.sinks.atomic_files import check_writable
    from edgeds.sinks.encoding import VIDEO_SUFFIXES
    from edgeds.sources.typed_paths import is_there

    is_folder = is_there(path) and path.is_dir()  # it may be called x.mp4
    if path.suffix.lower() in VIDEO_SUFFIXES and not is_folder:
        check_writable(path, "the file")


def _check_beside_layers(wanted: Wanted) -> None:
    """
    Raises:
        SinkError: something else would be written among the layers: the next run removes these, and
            nothing else.
    """
    from edgeds.cli.layers_options import default_folder
    from edgeds.errors import SinkError
    from edgeds.sources.typed_paths import is_there

    if wanted.layers.layers is None:
        return
    if wanted.output is None and not is_there(Path(wanted.source)):
        return  # a pattern, or no source at all: for either there are better words, later
    folder = (wanted.output or default_folder(wanted.source)).absolute()
    for what, path in wanted.beside.items():
        if path is not None and folder in path.absolute().parents:
            raise SinkError(
                f"cannot write {what} {str(path)!r}",
                why=f"{folder.name!r} holds the layers, and nothing else",
                fix="give a place beside that folder",
            )


def check_contradictions(wanted: Wanted) -> None:
    """Check the options against each other. Looks at no file.

    Raises:
        InputError: two contradict each other, or one would change nothing.
    """
    from edgeds.errors import InputError

    layers = wanted.layers.wanted()
    shown = wanted.view == "replace" or (layers is not None and "composite" in layers.layers)
    if wanted.backdrop is not None and not shown:
        raise InputError(
            "--backdrop was given, but no backdrop is shown",
            why=f"the view is {wanted.view!r}" if layers is None else "composite is not a layer",
            fix="add --view replace, or leave --backdrop out"
            if layers is None
            else "add the layer composite, or leave --backdrop out",
        )
    _check_companions(wanted, shows_backdrop=shown)
    wanted.effects.check()
    by_people = wanted.depth.source != "network"
    wanted.effects.check_metres(
        scale=by_people or bool(wanted.depth.points), focal=by_people,
        why="--depth-from network measures nothing",
    )  # fmt: skip
    if wanted.effects.are_given and (layers is not None or wanted.view != "overlay"):
        raise InputError(
            "--insert, --fog, --focus or --stereo were given with a view or layers",
            why="they make a picture of their own",
            fix="leave --view and --layers out",
        )
    if layers is not None and wanted.view != "overlay":
        raise InputError(
            "--view and --layers were given together",
            why="a run writes a view or layers",
            fix="leave one of them out; --layers composite is the view replace",
        )


def _check_companions(wanted: Wanted, *, shows_backdrop: bool) -> None:
    """
    Raises:
        InputError: an option would do nothing, for want of the option that it belongs to.
    """
    from edgeds.errors import InputError

    layers, effects, mesh = wanted.layers, wanted.effects, wanted.mesh
    none = layers.layers is None
    usual = LayerOptions()
    idle = {
        "--format": (none and layers.layer_format != usual.layer_format, "--layers"),
        "--bits": (
            layers.bits != usual.bits and (none or layers.layer_format != "png"),
            "--layers" if none else "--format png",
        ),
        "--premultiplied": (none and layers.premultiplied is True, "--layers"),
        "--straight": (none and layers.premultiplied is False, "--layers"),
        "--again": (none and layers.again, "--layers"),
        "--shadow keep": (
            layers.shadow == "keep" and not shows_backdrop,
            "--view replace or the layer composite",
        ),
        "--opacity": (
            wanted.opacity != STYLE.opacity and wanted.shown not in TINTED_VIEWS,
            " or ".join(f"--view {view}" for view in TINTED_VIEWS),
        ),
        "--aperture": (
            effects.focus is None and effects.aperture != EffectOptions().aperture,
            "--focus",
        ),
        "--steady": (wanted.steady and not wanted.shows_alpha, "a view or layer with alpha"),
        "--at": (mesh.mesh is None and mesh.at != MeshOptions().at, "--mesh"),
    }
    for option, (is_idle, needed) in idle.items():
        if is_idle:
            raise InputError(
                f"{option} was given without {needed}",
                why="alone it changes nothing",
                fix=f"add {needed}, or leave {option} out",
            )


def check_places(wanted: Wanted, files: tuple[Path, ...], target: Path) -> None:
    """No output may be an input or another output."""
    given = {"the plate": wanted.plate, "the backdrop": wanted.backdrop}
    check_clashes(
        {
            "the input": files,
            **given,
            "the inserted picture": wanted.effects.pictures,
            "the rules": wanted.signals.rules,
        },
        {"the output": target, **wanted.beside},
    )
