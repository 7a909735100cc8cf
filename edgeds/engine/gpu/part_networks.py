"""The network at each of its sizes, and the parts of the plate that it saw last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgeds.engine.device_engine import DeviceEngine
from edgeds.engine.gpu.part_network import PartNetwork, PlatePart
from edgeds.estimate.part_maps import view_of_part
from edgeds.estimate.part_place import Place, networks_like
from edgeds.estimate.whole_or_part import KEPT_PARTS
from edgeds.plate.plate import noise_of
from edgeds.types import AnySizeEngine, Size

if TYPE_CHECKING:
    from edgeds.engine.gpu.colour import Colour
    from edgeds.estimate.plate_state import PlateState
    from edgeds.estimate.settings import Matte


class PartNetworks:
    """Call it from one thread at a time, inside `with stream`."""

    def __init__(
        self, engine: DeviceEngine, full: Size, matte: Matte, colour: Colour, *, compiled: bool
    ) -> None:
        """
        Args:
            full: of frames, (height, width).
        """
        self._engine, self._full, self._matte, self._compiled = engine, full, matte, compiled
        self._colour = colour
        many = isinstance(engine, AnySizeEngine)
        self.sizes = networks_like(engine.size) if many else (engine.size,)
        self.side = max(max(size) for size in self.sizes)
        self._networks: dict[Size, PartNetwork] = {}
        self._is_full = False
        self.forget()

    def forget(self) -> None:
        """There is another plate."""
        self._parts: dict[Place, PlatePart] = {}

    def has_room_for(self, size: Size) -> bool:
        """Whether the device has memory for the network of a size."""
        try:
            if not self._is_full:
                self.at(size)
        except RuntimeError:  # torch's
            self._is_full = True
        return size in self._networks

    def at(self, size: Size) -> PartNetwork:
        """The network for parts; it is made when it is first needed."""
        if size not in self._networks:
            self._networks[size] = self.new(size)
        return self._networks[size]

    def new(self, size: Size) -> PartNetwork:
        """Another one, whose buffers are its own."""
        engine, compiled = self._at_size(size), self._compiled
        return PartNetwork(
            engine, self._full, self.side, self._matte, self._colour, compiled=compiled
        )

    def plate(self, place: Place, state: PlateState) -> tuple[PlatePart, bool]:
        """The plate's part, encoded, and whether that was done now; those used last are kept."""
        part, is_new = self._parts.pop(place, None), False
        if part is None:
            view, is_new = view_of_part(state.view, place), True
            depth = cv2.resize(
                state.raw[place.box.of], place.network[::-1], interpolation=cv2.INTER_AREA
            )
            noise = noise_of(state.plate, place.network, place.box)
            features = self._at_size(place.network).encode_plate(view.small, noise)
            near = np.asarray(depth, np.float32)
            part = PlatePart(place.box, view.small, near, view.doubt, state.middle, features)
        self._parts[place] = part
        while len(self._parts) > KEPT_PARTS:
            del self._parts[next(iter(self._parts))]
        return part, is_new

    def place_of(self, plate: PlatePart) -> Place:
        """The place of a part that was seen in this frame."""
        return next(place for place, part in self._parts.items() if part is plate)

    def _at_size(self, size: Size) -> DeviceEngine:
        if size == self._engine.size:
            return self._engine
        assert isinstance(self._engine, AnySizeEngine)
        return self._engine.at_size(size)  # type: ignore[return-value]
