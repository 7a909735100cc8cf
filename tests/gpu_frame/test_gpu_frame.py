"""The frame as a GPU computes it, on torch's CPU device, against the CPU pipeline on real clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from edgeds.engine import open_engine  # noqa: E402
from edgeds.engine.gpu.composer import DeviceComposer  # noqa: E402
from edgeds.engine.gpu.estimator import DeviceEstimator  # noqa: E402
from edgeds.engine.gpu.transfer import DevicePicture  # noqa: E402
from edgeds.errors import ShapeError  # noqa: E402
from edgeds.estimate.estimator import Estimator  # noqa: E402
from edgeds.estimate.look_settings import WHOLE  # noqa: E402
from edgeds.estimate.maintained_estimator import MaintainedEstimator  # noqa: E402
from edgeds.estimate.matte_for_view import matte_for_view  # noqa: E402
from edgeds.plate.plate import Plate  # noqa: E402
from edgeds.sinks.encoding import encodable, format_of  # noqa: E402
from edgeds.sources import VideoSource  # noqa: E402
from edgeds.sources.images import pixels_from_image  # noqa: E402
from edgeds.types import ColourTags, Frame, RgbPicture  # noqa: E402
from edgeds.views.compose import composer  # noqa: E402
from edgeds.views.settings import View  # noqa: E402

DATA = Path(__file__).parents[1] / "data"
CLIPS = ("people_walking.mp4", "moving_person.mp4")


@dataclass
class Clip:
    """Frames of a real clip, far apart, and both ways to their maps."""

    frames: list[Frame]
    colour: ColourTags
    on_cpu: Estimator
    on_device: DeviceEstimator


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    with open_engine("torch", device="cpu") as opened:
        yield opened


@pytest.fixture(scope="module", params=CLIPS)
def clip(request: pytest.FixtureRequest, engine: Any) -> Clip:
    with VideoSource(DATA / request.param) as source:
        frames = list(islice(source.every(15), 6))
    if request.param == "moving_person.mp4":  # she stands in the median
        plate = Plate(pixels_from_image(DATA / "moving_person_plate.jpg"))
    else:
        plate = Plate(np.median([frame.pixels for frame in frames], axis=0).astype(np.uint8))
    colour = frames[0].picture.colour  # type: ignore[attr-defined]
    on_device = DeviceEstimator(engine, plate, colour, looks=WHOLE)
    on_cpu = Estimator(engine, plate, looks=WHOLE)
    return Clip(frames[1:4], colour, on_cpu, on_device)


def test_alpha_and_depth_are_those_of_the_cpu(clip: Clip) -> None:
    for frame in clip.frames:
        wanted, got = clip.on_cpu(frame), clip.on_device(frame)
        assert np.abs(got.alpha - wanted.alpha).mean() < 3e-4
        depth = np.abs(got.inverse_depth - wanted.inverse_depth).mean()
        assert depth < 1e-3 * wanted.inverse_depth.mean()
        assert wanted.alpha.max() > 0.9  # there is somebody


def test_the_network_looks_where_it_does_on_the_cpu(engine: Any) -> None:
    """Frames in their order: parts, the whole, the same maps again."""
    with VideoSource(DATA / "moving_person.mp4") as source:
        frames = list(islice(source, 9, 17))  # somebody enters
    plate = Plate(pixels_from_image(DATA / "moving_person_plate.jpg"))
    colour = frames[0].picture.colour  # type: ignore[attr-defined]
    on_cpu = Estimator(engine, plate)
    on_device = DeviceEstimator(engine, plate, colour)
    depths = []
    for frame in [*frames[:5], frames[4], frames[4], *frames[5:]]:
        wanted, got = on_cpu(frame), on_device(frame)
        looks, own = on_cpu._looks, on_device._device_looks
        assert own._use.place == looks._use.place
        assert (own._reused, own._use.whole_age) == (looks._reused, looks._use.whole_age)
        assert np.abs(got.alpha - wanted.alpha).mean() < 3e-4
        off = np.abs(got.inverse_depth - wanted.inverse_depth).mean()
        depths.append(off / wanted.inverse_depth.mean())
    assert max(depths) < 1e-3
    assert own._use.place is not None
    assert own._use.level == pytest.approx(
        looks._use.level, rel=2e-2
    )  # medians of a few hundred pixels


def test_another_clip_begins_anew(engine: Any) -> None:
    with VideoSource(DATA / "moving_person.mp4") as source:
        frame = next(iter(source))
    colour = frame.picture.colour  # type: ignore[attr-defined]
    plate = Plate(pixels_from_image(DATA / "moving_person_plate.jpg"))
    estimate = DeviceEstimator(engine, plate, colour)
    for _ in range(2):
        estimate(frame)
    assert estimate._device_looks._reused == 1
    estimate.start_over()
    estimate(frame)
    assert estimate._device_looks._reused == 0


def planes_of(frame: Frame, colour: ColourTags) -> list[np.ndarray[Any, Any]]:
    """Y, U and V as the encoder gets them."""
    video = encodable(frame, format_of(Path("a.mp4"), alpha=False), colour)
    rows = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size) for p in video.planes]
    return [r[:, : p.width].astype(int) for r, p in zip(rows, video.planes, strict=True)]


@pytest.mark.parametrize("view", ["overlay", "side-by-side", "mask", "depth", "replace", "blur"])
def test_pictures_are_those_of_the_cpu(clip: Clip, view: View) -> None:
    on_cpu, on_device = clip.on_cpu, clip.on_device
    if view == "replace":  # its border is drawn again at full size
        engine, plate, matte = on_device.network, on_cpu.plate, matte_for_view(view)
        on_cpu = Estimator(engine, plate, looks=WHOLE, matte=matte)
        on_device = DeviceEstimator(engine, plate, clip.colour, looks=WHOLE, matte=matte)
    draw = composer(
        view,
        plate=on_cpu.plate.pixels,
        plate_depth=on_cpu.plate_depth,
        depth_range=on_cpu.depth_range,
    )
    draw_on_device = DeviceComposer(view, on_device)
    for frame in clip.frames[1:2]:
        wanted = planes_of(draw(frame, on_cpu(frame)), clip.colour)
        got = planes_of(draw_on_device(frame, on_device(frame)), clip.colour)
        for one, other in zip(got, wanted, strict=True):
            off = np.abs(one - other)
            # blur goes to planes by way of RGB, and swscale rounds it
            assert off.mean() < 0.15  # the CPU's tint is up to a level off
            assert (off > 1).mean() < 0.01


def test_what_is_background_keeps_its_very_planes(clip: Clip) -> None:
    draw = DeviceComposer("overlay", clip.on_device)
    for frame in clip.frames:
        maps = clip.on_device(frame)
        drawn = draw(frame, maps).picture.planes
        bare = maps.alpha == 0
        bare[frame.size[0] // 2 :, frame.size[1] // 2 :] = False  # the inset
        bare = cv2.erode(bare.view(np.uint8), np.ones((9, 9))) > 0  # the outline
        assert bare.mean() > 0.3
        assert np.array_equal(drawn[0][bare], frame.picture.planes[0][bare])
        half = bare[::2, ::2]
        for got, was in zip(drawn[1:], frame.picture.planes[1:], strict=True):
            assert np.array_equal(got[half], was[half])


def test_pictures_for_nvenc_lie_in_one_piece_of_memory(clip: Clip) -> None:
    frame = clip.frames[0]
    maps = clip.on_device(frame)
    drawn = DeviceComposer("overlay", clip.on_device, keeps=True)(frame, maps).picture
    luma, chroma = drawn.planes
    pitch = luma.stride(0)
    assert pitch % 4 == 0
    assert chroma.stride() == (pitch, 2, 1)
    assert chroma.data_ptr() == luma.data_ptr() + pitch * frame.size[0]
    height, width = frame.size
    video = av.VideoFrame.from_dlpack(drawn.planes, format="nv12", width=width, height=height)
    on_host = DeviceComposer("overlay", clip.on_device)(frame, maps).picture
    assert np.array_equal(video.to_ndarray()[:height], on_host.planes[0])
    assert np.array_equal(chroma.numpy(), np.dstack(on_host.planes[1:]))


class Asked(TorchDispatchMode):
    """Refuses what would wait for a GPU: values of tensors as numbers, shapes made of values."""

    waits = ("_local_scalar_dense", "nonzero", "masked_select", "item", "equal")

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen += 1
        name = func.overloadpacket.__name__
        assert name not in self.waits, f"{name} asks the host"
        if name in ("index", "index_put", "index_put_"):
            assert all(at is None or at.dtype != torch.bool for at in args[1])
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("view", ["overlay", "replace"])
def test_nothing_in_a_frame_asks_the_host(clip: Clip, view: View) -> None:
    draw = DeviceComposer(view, clip.on_device)
    with Asked() as asked:
        draw(clip.frames[0], clip.on_device(clip.frames[0]))
    assert asked.seen > 100
    with pytest.raises(AssertionError, match="asks the host"), Asked():
        float(torch.ones(2).sum())


def test_pictures_of_all_layouts_come_to_the_same(clip: Clip) -> None:
    frame = clip.frames[0]
    y, u, v = frame.picture.planes
    uploads = clip.on_device.uploads
    wanted = uploads(frame.picture)
    assert np.array_equal(wanted[0].numpy(), y)
    assert np.array_equal(wanted[1].numpy(), np.dstack([u, v]))
    nv12 = DevicePicture(wanted, clip.colour, clip.on_device.stream)
    assert [torch.equal(a, b) for a, b in zip(uploads(nv12), wanted, strict=True)] == [True, True]
    assert np.array_equal(nv12.rgb(), frame.pixels)
    # RGB loses what two conversions lose
    of_rgb = uploads(RgbPicture(frame.pixels))
    assert (of_rgb[0].float() - wanted[0].float()).abs().mean() < 0.5


def test_the_plate_follows_the_light_as_on_the_cpu(clip: Clip, engine: Any) -> None:
    plate = Plate(np.clip(clip.on_cpu.plate.pixels * 0.8, 0, 255).astype(np.uint8))
    on_cpu = MaintainedEstimator(Estimator(engine, plate, looks=WHOLE))
    on_device = MaintainedEstimator(DeviceEstimator(engine, plate, clip.colour, looks=WHOLE))
    frame = clip.frames[0]
    wanted, got = on_cpu(frame), on_device(frame)
    assert on_device.followed.gain == pytest.approx(on_cpu.followed.gain, abs=0.01)
    assert on_device.followed.gain[1] > 1.1
    assert np.abs(got.alpha - wanted.alpha).mean() < 3e-3


def test_frames_that_cannot_be_nv12_are_refused(engine: Any) -> None:
    for size, why in (((361, 640), "odd"), ((96, 160), "smaller")):
        plate = Plate(np.zeros((*size, 3), np.uint8))
        with pytest.raises(ShapeError, match="GPU") as caught:
            DeviceEstimator(engine, plate, ColourTags())
        assert why in caught.value.why
