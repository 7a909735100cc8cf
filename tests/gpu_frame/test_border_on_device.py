"""The border drawn again as a GPU does it, on torch's CPU device, against the CPU's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed")

from edgeds.engine.cuda_stream import CpuStream  # noqa: E402
from edgeds.engine.gpu import border_drawn_again as twin  # noqa: E402
from edgeds.engine.gpu.border_calmed import smoothed  # noqa: E402
from edgeds.engine.gpu.border_features import features_of, surroundings  # noqa: E402
from edgeds.engine.gpu.border_of_parts import BorderOfParts, window_around  # noqa: E402
from edgeds.engine.gpu.border_regression import layers_on, open_squares  # noqa: E402
from edgeds.engine.gpu.colour import colour_for  # noqa: E402
from edgeds.engine.gpu.field import crop_of, in_square  # noqa: E402
from edgeds.engine.gpu.looks import CroppedField  # noqa: E402
from edgeds.engine.gpu.matte_refinement import around  # noqa: E402
from edgeds.estimate.border_drawn_again import drawn_again  # noqa: E402
from edgeds.estimate.border_features import features, squares_of  # noqa: E402
from edgeds.estimate.border_of_boxes import Piece, boxes_drawn_again  # noqa: E402
from edgeds.estimate.matte_refinement import refined  # noqa: E402
from edgeds.estimate.settings import DRAWN_AGAIN, DRAWN_ONCE, MATTE, Matte  # noqa: E402
from edgeds.sources.scaling import resized  # noqa: E402
from edgeds.sources.yuv_planes import YuvPicture  # noqa: E402
from edgeds.types import Box, ColourTags, FloatMap, Frame, Pixels, Size, whole  # noqa: E402

CPU = torch.device("cpu")
COLOUR = ColourTags(matrix=1)


def tensor(values: Any) -> Any:
    """(H, W) as it is, (H, W, c) as (c, H, W)."""
    return torch.from_numpy(np.array(values if values.ndim == 2 else values.transpose(2, 0, 1)))


def a_disc(size: Size) -> tuple[FloatMap, FloatMap, FloatMap]:
    """Soft alpha, frame and plate of textures with noise, float32."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    alpha = np.clip((size[0] / 3 - np.hypot(y - size[0] / 2, x - size[1] / 2)) / 6, 0, 1)
    plate, clothes = (
        cv2.GaussianBlur(rng.integers(0, 256, (*size, 3)).astype(np.float32), (0, 0), sigma)
        for sigma in (3, 5)
    )
    noise = rng.normal(0, 2, (*size, 3))
    frame = alpha[..., None] * clothes + (1 - alpha[..., None]) * plate + noise
    return alpha.astype(np.float32), frame.astype(np.float32), plate


@pytest.mark.parametrize("is_finer", [False, True])
def test_features_are_the_cpus(is_finer: bool) -> None:
    alpha, frame, plate = a_disc((120, 160))
    finer = cv2.resize(alpha, (320, 240)) if is_finer else None
    squares = squares_of(np.asarray(cv2.inRange(alpha, 0.05, 0.95), np.uint8))
    wanted = features(alpha, frame, plate, squares, finer)
    maps = surroundings(tensor(alpha), tensor(frame), tensor(plate))
    numbers, _ = open_squares(tensor(alpha), 0.05, 60 * 80)
    assert np.array_equal(numbers[: len(squares.flat)], np.sort(squares.flat))
    as_squares = None if finer is None else twin._by_squares(tensor(finer), 4)
    own, rest = features_of(maps, torch.from_numpy(squares.flat), as_squares)
    got = torch.cat((own, rest.T), 1).numpy()
    assert got.shape == wanted.shape
    assert np.abs(got - wanted).max() < 1e-4


@pytest.mark.parametrize("matte", [MATTE, DRAWN_AGAIN])
@pytest.mark.parametrize("is_finer", [False, True])
def test_the_same_pictures_give_the_same_border(is_finer: bool, matte: Matte) -> None:
    alpha, frame, plate = a_disc((120, 160))
    finer = cv2.resize(alpha, (320, 240)) if is_finer else None
    square = np.ones((15, 15), np.uint8)
    bounds = np.dstack([cv2.erode(alpha, square), cv2.dilate(alpha, square)])[::2, ::2]
    wanted = drawn_again(alpha, frame, plate, bounds, finer, settings=matte)
    as_tensor = None if finer is None else tensor(finer)
    given = twin.Prepared(tensor(alpha), tensor(frame), tensor(plate), tensor(bounds), as_tensor)
    change = twin._change(given, layers_on(CPU, finer=is_finer), matte)[None]
    if finer is None:
        got = tensor(alpha) + torch.nn.functional.pixel_shuffle(change, 2)[0, 0]
    else:
        change = torch.nn.functional.pixel_shuffle(change, 4)[0]
        got = (tensor(finer) + smoothed(change)[0]).clamp(0, 1)
    assert np.abs(wanted - (alpha if finer is None else finer)).max() > 0.3
    assert np.abs(got.numpy() - wanted).max() < 1e-4


class Scene:
    """A person-sized disc in a frame of a size, seen whole by a network, drawn once."""

    def __init__(self, size: Size) -> None:
        alpha, frame, plate = a_disc(size)
        self.size, self.plate = size, np.clip(plate, 0, 255).astype(np.uint8)
        rgb = np.clip(frame, 0, 255).astype(np.uint8)
        video = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
        self.picture = YuvPicture(video, COLOUR)
        self.coarse = resized(alpha, (96, 160))
        self.small: tuple[Pixels, Pixels] = (
            resized(self.picture.rgb(), (96, 160)), resized(self.plate, (96, 160)),
        )  # fmt: skip
        self.once = refined(self.coarse, self.picture.rgb(), self.plate, small=self.small)
        self.picture = YuvPicture(video, COLOUR)  # whose RGB nobody made

    def by_cpu(self, matte: Matte) -> FloatMap:
        box = whole(self.size)
        pieces = [Piece(box, box, self.once)]
        return boxes_drawn_again(pieces, Frame(None, picture=self.picture), self.plate, matte)[0]

    def look(self, part: Box | None = None) -> CroppedField:
        """Of the whole; a `part` of it says how large the network saw it."""
        small = (tensor(one).float() for one in self.small)
        field = around(tensor(self.coarse), *small, torch.zeros(96, 160), MATTE)
        crop = torch.from_numpy(crop_of(whole(self.size), (96, 160)))
        return CroppedField(in_square(field, 160), crop, part or whole(self.size), (192, 320))

    def planes(self) -> tuple[Any, Any]:
        luma, *chroma = (np.array(plane) for plane in self.picture.planes)
        return torch.from_numpy(luma), torch.from_numpy(np.dstack(chroma))

    def drawer(self, matte: Matte, stream: CpuStream | None = None) -> BorderOfParts:
        return BorderOfParts(
            stream or CpuStream(), tensor(self.plate), matte, colour_for(COLOUR, CPU), self.look(),
            compiled=False,
        )  # fmt: skip

    def by_device(self, matte: Matte) -> FloatMap:
        alpha = tensor(self.once.alpha)
        self.drawer(matte)(alpha, self.look(), self.planes())
        drawn: FloatMap = alpha.numpy()
        return drawn


@pytest.mark.parametrize("times", [1, 2, 4])
def test_a_frame_is_drawn_as_a_box_of_the_cpu_is(times: int) -> None:
    scene, matte = Scene((384, 640)), replace(MATTE, again=times)
    wanted, got = scene.by_cpu(matte), scene.by_device(matte)
    assert np.abs(wanted - scene.once.alpha).mean() > 2e-3
    # Of 96x160 pixels, windows reach past the frame's edge, where the CPU has a seam.
    assert np.abs(got - wanted).mean() < (1e-5 if times < 4 else 5e-4)


@pytest.mark.parametrize("times", [1, 2, 4])
def test_frames_of_any_even_size_are_drawn_as_well_as_on_the_cpu(times: int) -> None:
    size = (188, 306)  # no multiples of what a square covers: the CPU stretches them
    scene, matte, (truth, _, _) = Scene(size), replace(MATTE, again=times), a_disc(size)
    by_cpu, by_device = (
        np.abs(drawn - truth).mean() for drawn in (scene.by_cpu(matte), scene.by_device(matte))
    )
    assert by_device < 1.02 * by_cpu


def test_alpha_without_a_border_is_kept() -> None:
    scene = Scene((192, 320))
    full = torch.ones(scene.size)
    scene.drawer(replace(MATTE, again=1))(full, scene.look(), scene.planes())
    assert bool((full == 1).all())


def test_what_a_cpu_draws_once_a_device_does() -> None:
    scene = Scene((192, 320))
    assert np.array_equal(scene.by_device(DRAWN_ONCE), scene.once.alpha)


def test_of_too_many_squares_the_lowest_keep_their_border(monkeypatch: Any) -> None:
    scene, matte = Scene((192, 320)), replace(MATTE, again=1)
    everything = scene.by_device(matte)
    monkeypatch.setattr(twin, "MOST_SQUARES", 300)
    some = scene.by_device(matte)
    changed = np.abs(some - scene.once.alpha) > 0.002  # ALPHA_ZERO
    last = np.flatnonzero(changed.any(1)).max()
    assert 30 < last < 150
    assert np.array_equal(some[: last - 1], everything[: last - 1])
    assert not np.array_equal(some, everything)


def test_a_part_is_drawn_in_a_window_and_at_its_own_size() -> None:
    scene = Scene((720, 1280))
    part, alpha = Box(216, 400, 504, 880), tensor(scene.once.alpha)  # 288x480: at full size
    drawer = scene.drawer(MATTE)
    drawer(alpha, scene.look(part), scene.planes())
    at = {times: size for size, times in drawer._made}
    assert at[2] == scene.size
    assert at[1] == (360, 640)
    (window, _) = drawer._of(part, (192, 320)) or (None, None)
    assert window is not None
    outside = np.ones(scene.size, bool)
    outside[window.of] = False
    assert np.array_equal(alpha.numpy()[outside], scene.once.alpha[outside])
    assert not np.array_equal(alpha.numpy(), scene.once.alpha)


class Crowded(CpuStream):
    """A device that has memory for one function."""

    room = 1

    def captured(self, work: Any) -> Any:
        self.room -= 1
        if self.room < 0:
            raise RuntimeError("CUDA out of memory")
        return super().captured(work)


def test_without_memory_for_a_window_the_whole_frame_is_drawn() -> None:
    scene = Scene((720, 1280))
    drawer = scene.drawer(MATTE, Crowded())
    alpha, other = tensor(scene.once.alpha), tensor(scene.once.alpha)
    drawer(alpha, scene.look(), scene.planes())
    drawer(other, scene.look(Box(216, 400, 504, 880)), scene.planes())
    assert torch.equal(alpha, other)
    with pytest.raises(RuntimeError, match="out of memory"):
        stream = Crowded()
        stream.room = 0
        scene.drawer(MATTE, stream)


@settings(deadline=None)
@given(st.data())
def test_a_window_holds_its_part_and_has_one_of_few_sizes(data: Any) -> None:
    full = tuple(2 * data.draw(st.integers(96, 1200)) for _ in range(2))
    begin = [8 * data.draw(st.integers(0, (side - 16) // 8)) for side in full]
    end = [
        low + data.draw(st.integers(8, side - low)) for low, side in zip(begin, full, strict=True)
    ]
    part = Box(*begin, *end)
    window = window_around(part, (full[0], full[1]))
    assert window.holds(part)
    assert whole((full[0], full[1])).holds(window)
    assert window.top % 8 == window.left % 8 == 0
    for side, own, most in zip(part.size, window.size, full, strict=True):
        step = max(8, most // 2 // 8 * 8)
        assert (most - own) % step == 0
        assert own < side + 16 + step
