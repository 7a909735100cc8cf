"""Whether the whole frame of `edgeds video` stays on the GPU, and what it runs through there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from edgeds.estimate.settings import MATTE, Matte
from edgeds.views.settings import STYLE, View

AnySink = TypeVar("AnySink", bound="Closing")

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from edgeds.cli.video_checks import Wanted
    from edgeds.engine.device_engine import DeviceEngine
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.kept_depth import KnownDepth
    from edgeds.plate.plate import Plate
    from edgeds.sinks import VideoSink
    from edgeds.types import ClipSource, Closing, Engine, StreamInfo
    from edgeds.views.backdrop import Backdrop
    from edgeds.views.compose import Compose


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is drawn of which source."""

    source: str
    view: View
    opacity: float = STYLE.opacity
    drawn_on_cpu: str = ""
    """Why the CPU draws it, whatever the engine; empty where the GPU can."""


def shown_of(wanted: Wanted) -> Shown:
    """What `edgeds video` was asked to draw."""
    return Shown(
        source=wanted.source,
        view=wanted.view,
        opacity=wanted.opacity,
        drawn_on_cpu=_drawn_on_cpu(wanted),
    )


def _drawn_on_cpu(wanted: Wanted) -> str:
    if wanted.layers.layers is not None:
        return "layers are made on the CPU"
    if wanted.effects.are_given or wanted.mesh.mesh is not None:
        return "effects and meshes are made on the CPU"
    if wanted.steady:
        return "alpha is made steady on the CPU"
    if wanted.view == "replace" and wanted.layers.shadow == "keep":
        return "shadows are drawn on the CPU"
    return ""


class OnGpu:
    """Decoder, estimator, composer and encoder of a run: the GPU's where that is possible.

    `notes` says what stays on the GPU and, once, why the rest does not.
    """

    def __init__(
        self,
        network: Engine,
        info: StreamInfo,
        target: Path,
        shown: Shown,
        *,
        kinds: frozenset[str] = frozenset({"cuda"}),
    ) -> None:
        """
        Args:
            kinds: of torch's devices that count as a GPU.
        """
        from edgeds.engine.device_engine import DeviceEngine, device_of

        self._network, self._info, self._target, self._shown = network, info, target, shown
        self.notes: list[str] = []
        self.is_used = isinstance(network, DeviceEngine) and network.stream.device.type in kinds
        if not self.is_used:
            return
        self._device = device_of(network)
        self._no_encoder: str | None = None
        if problem := self._problem():
            self.is_used = False
            self.notes.append(
                f"only the network is on {self._device}; frames are decoded, drawn and encoded on "
                f"the CPU: {problem}"
            )

    def estimator(self, plate: Plate, known: KnownDepth | None, matte: Matte = MATTE) -> Estimator:
        """The estimator for frames where they are; with the plate's depth, where it is known."""
        from edgeds.estimate.estimator import Estimator

        if not self.is_used:
            return Estimator(self._network, plate, known=known, matte=matte)
        from edgeds.engine.gpu.estimator import DeviceEstimator
        from edgeds.sinks.encoding import written_colour

        try:
            return DeviceEstimator(
                cast("DeviceEngine", self._network),
                plate,
                written_colour(self._info.colour, self._info.size),
                known=known,
                matte=matte,
                compiled=self._is_compiled,
            )
        except RuntimeError as error:  # torch's, such as too little memory for frames of this size
            self._give_up(error)
            return Estimator(self._network, plate, known=known, matte=matte)

    def source(self, frames: ClipSource, stack: ExitStack) -> ClipSource:
        """The source with its decoder on the GPU, in place of the one that was opened."""
        if not self.is_used or self._device == "cpu":
            return frames
        from edgeds.sources import open_source

        frames.close()
        return stack.enter_context(open_source(self._shown.source, device=self._device))

    def sink(self, output: AnySink, stack: ExitStack) -> AnySink | VideoSink:
        """The sink with its encoder on the GPU, where it can be, in place of the one opened."""
        if not self.is_used:
            return output
        if problem := self._encoder_problem():
            self.notes.append(f"the frame is on {self._device}; encoded on the CPU: {problem}")
            return output
        from edgeds.sinks import VideoSink
        from edgeds.sinks.nvenc import nvenc_format

        output.close()  # nothing was written: nothing is left of it
        sink = VideoSink(self._target, self._info, kind=nvenc_format(self._target))
        stack.callback(sink.close)
        self.notes.append(f"the frame is on {self._device}, encoded by NVENC")
        return sink

    def composer(self, estimate: Estimator, backdrop: Backdrop | None) -> Compose | None:
        """What draws the view on the GPU; None where the CPU does."""
        if not self.is_used:
            return None
        from edgeds.engine.gpu.composer import DeviceComposer
        from edgeds.engine.gpu.estimator import DeviceEstimator

        try:
            return DeviceComposer(
                self._shown.view,
                cast(DeviceEstimator, estimate),
                backdrop=backdrop,
                opacity=self._shown.opacity,
                keeps=not self._encoder_problem(),
                compiled=self._is_compiled,
            )
        except RuntimeError as error:
            self._give_up(error)
            return None

    @property
    def _is_compiled(self) -> bool:
        from edgeds.engine.device_engine import DeviceEngine

        return isinstance(self._network, DeviceEngine) and self._network.is_compiled

    def _give_up(self, error: RuntimeError) -> None:
        self.is_used = False
        reason = (str(error).strip().splitlines() or ["?"])[0]
        self.notes.append(f"the picture is made on the CPU: {self._device} refuses: {reason}")

    def _problem(self) -> str:
        """Why frames do not stay on the GPU; empty where they do."""
        from edgeds.engine.gpu.composer import DEVICE_VIEWS
        from edgeds.engine.gpu.estimator import size_problem

        if self._shown.drawn_on_cpu:
            return self._shown.drawn_on_cpu
        if self._shown.view not in DEVICE_VIEWS:
            return f"the view {self._shown.view} is drawn on the CPU"
        return size_problem(self._info.size, self._network.size)

    def _encoder_problem(self) -> str:
        """Why the CPU encodes; empty where NVENC does. Found out once."""
        from edgeds.sinks.encoding import VIDEO_SUFFIXES
        from edgeds.sinks.nvenc import nvenc_problem

        if self._no_encoder is None:
            height, width = self._info.size
            size = height, width * (2 if self._shown.view == "side-by-side" else 1)
            self._no_encoder = (
                "images are written"
                if self._target.suffix.lower() not in VIDEO_SUFFIXES
                else nvenc_problem(self._target, size, self._device)
            )
        return self._no_encoder


def live_estimator(
    network: Engine,
    info: StreamInfo,
    say: Callable[[str], None],
    *,
    kinds: frozenset[str] = frozenset({"cuda"}),
) -> Callable[[Engine, Plate], Estimator]:
    """What makes the estimator of each plate of a live run: on a GPU, a frame goes there once, and
    comes back once somebody looks at it.

    Args:
        say: is called once, with the reason, where frames do not go there.
        kinds: of torch's devices that count as a GPU.
    """
    from edgeds.engine.device_engine import DeviceEngine, device_of
    from edgeds.estimate.estimator import Estimator

    if not isinstance(network, DeviceEngine) or network.stream.device.type not in kinds:
        return Estimator
    from edgeds.engine.gpu.estimator import DeviceEstimator, size_problem
    from edgeds.sinks.encoding import written_colour

    said: list[str] = []

    def only_the_network(engine: Engine, plate: Plate, why: str) -> Estimator:
        if not said:
            said.append(why)
            say(f"only the network is on {device_of(network)}: {why}")
        return Estimator(engine, plate)

    def made(engine: Engine, plate: Plate) -> Estimator:
        if problem := size_problem(plate.size, network.size):
            return only_the_network(engine, plate, problem)
        try:
            colour = written_colour(info.colour, info.size)
            return DeviceEstimator(network, plate, colour)
        except RuntimeError as error:  # torch's, such as too little memory
            why = (str(error).strip().splitlines() or ["?"])[0]
            return only_the_network(engine, plate, why)

    return made
