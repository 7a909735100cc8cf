"""10-bit and HDR input: what the layers keep of it, read back by readers that are not ours."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.estimate.unmixed_colours import unmixed
from edgeds.sinks.layers.code_values import Coding, DepthCodes
from edgeds.sinks.layers.layers_folder import SIDECAR, LayersSink, LayersWanted
from edgeds.sinks.layers.names import LayerFormat
from edgeds.sources import open_source
from edgeds.sources.deep_colours import deep_rgb, yuv_from_deep
from edgeds.types import ColourTags, FloatMap, Maps
from edgeds.views.editor_layers import layers_composer

HEIGHT, WIDTH = 48, 96
BT709, BT2020, PQ, HLG = 1, 9, 16, 18


def picture(planes: list[npt.NDArray[Any]], pix_fmt: str) -> av.VideoFrame:
    frame = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], pix_fmt)
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint16).reshape(plane.height, -1)
        rows[:, : values.shape[1]] = values
    return frame


def semi_planar(planes: list[npt.NDArray[Any]], pix_fmt: str, bits: int) -> av.VideoFrame:
    y, u, v = (plane << (16 - bits) for plane in planes)
    return picture([y, np.stack([u, v], axis=-1).reshape(u.shape[0], -1)], pix_fmt)


def grey(luma: npt.NDArray[Any], pix_fmt: str = "yuv420p10le") -> av.VideoFrame:
    half = np.full((luma.shape[0] // 2, luma.shape[1] // 2), 512, np.uint16)
    return picture([luma.astype(np.uint16), half, half], pix_fmt)


def recording(path: Path, luma: npt.NDArray[Any], *, transfer: int = BT709) -> Path:
    """A lossless clip of 10 bits with two equal frames."""
    hdr = transfer in (PQ, HLG)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p10le"
        stream.codec_context.time_base = Fraction(1, 25)
        stream.codec_context.color_range = 1
        stream.codec_context.colorspace = BT2020 if hdr else BT709
        stream.codec_context.color_primaries = BT2020 if hdr else BT709
        stream.codec_context.color_trc = transfer
        for pts in range(2):
            frame = grey(luma)
            frame.pts, frame.time_base = pts, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def ramp() -> npt.NDArray[np.uint16]:
    """A code more with each column: 8 bits cannot part neighbours."""
    return np.broadcast_to(np.arange(300, 300 + WIDTH, dtype=np.uint16), (HEIGHT, WIDTH))


def alpha() -> FloatMap:
    """1 on the right, a soft border, 0 on the left."""
    row = np.clip((np.arange(WIDTH, dtype=np.float32) - 30) / 8, 0, 1)
    return np.ascontiguousarray(np.broadcast_to(row, (HEIGHT, WIDTH)))


def layers(
    clip: Path,
    kind: LayerFormat,
    folder: Path,
    bits: int = 16,
    *,
    level: int = 20,
    found: FloatMap | None = None,
) -> list[str]:
    """Write foreground and composite of a clip before a grey plate; what the sink notes."""
    wanted = LayersWanted(
        layers=("foreground", "composite"), kind=kind, bits=8 if bits == 8 else 16,
        premultiplied=False,
    )  # fmt: skip
    plate = np.full((HEIGHT, WIDTH, 3), level, np.uint8)
    coding = Coding(depth=DepthCodes(near=1, far=0.1))
    maps = Maps(alpha() if found is None else found, alpha())
    with (
        open_source(str(clip)) as source,
        LayersSink(folder, source.info, wanted, coding, {}) as sink,
    ):
        compose = layers_composer(wanted.layers, plate=plate, to_light=sink.to_light)
        for frame in source:
            sink.write(compose(frame, maps))
        return sink.notes


def decoded(path: Path, how: str) -> npt.NDArray[Any]:
    with av.open(str(path)) as container:
        frame = list(container.decode(video=0))[-1]
    if frame.format.name != how:
        frame = frame.reformat(format=how, interpolation=0x2 | 0x2000 | 0x40000)
    return frame.to_ndarray()


@pytest.mark.parametrize("kind", ["png", "ffv1"])
def test_lossless_layers_keep_each_of_ten_bits(tmp_path: Path, kind: LayerFormat) -> None:
    assert not layers(recording(tmp_path / "in.mkv", ramp()), kind, tmp_path / "l")
    end = "/000001.png" if kind == "png" else ".mkv"
    rgba = decoded(tmp_path / f"l/foreground{end}", "rgba64le")
    composite = decoded(tmp_path / f"l/composite{end}", "rgb48le" if kind == "png" else "gbrp16le")
    opaque = alpha() == 1
    expected = (ramp() - 64.0) / 876 * 65535
    assert np.abs(rgba[..., :3] - expected[..., None])[opaque].max() <= 1
    assert len(np.unique(rgba[..., 0][opaque])) == len(np.unique(ramp()[opaque]))
    assert np.array_equal(composite[opaque], rgba[opaque][..., :3])
    # The border's colours have as many bits, too, and are no multiples of those of 8 bits.
    soft = (alpha() > 0.3) & (alpha() < 1)
    assert np.mean(rgba[..., 1][soft] % 257 == 0) < 0.2
    about = json.loads((tmp_path / "l" / SIDECAR).read_text())
    assert (about["colour"]["bits_of_colours"], about["colour"]["bits_of_input"]) == (16, 10)


def test_a_plate_of_eight_bits_costs_the_border_half_a_level() -> None:
    """Of a slow gradient, whose steps in the plate are the banding that there could be."""
    behind = np.linspace(40, 60, 400)[None, :, None].repeat(3, 2)
    own, alpha = np.array([180.0, 120, 90]), np.linspace(0.05, 0.95, 50, dtype=np.float32)
    alpha = np.repeat(alpha[:, None], 400, 1)
    mixed = alpha[..., None] * own + (1 - alpha[..., None]) * behind
    frame = (np.rint(mixed * 1023 / 255) / 1023 * 65535).round().astype(np.uint16)
    plate = np.rint(behind).astype(np.uint8).repeat(50, 0)
    light = alpha[..., None] * (unmixed(frame, alpha, plate) / 257 - own)
    assert np.abs(light).max() < 0.65  # half a level of the plate, an eighth of the frame's
    assert np.abs(light).mean() < 0.2


def test_prores_keeps_ten_bits(tmp_path: Path) -> None:
    assert not layers(recording(tmp_path / "in.mkv", ramp()), "prores", tmp_path / "l")
    with av.open(str(tmp_path / "l/composite.mov")) as container:
        frame = list(container.decode(video=0))[-1]
    assert frame.format.name.startswith("yuv444p1")  # FFmpeg decodes it to 10 or to 12 bits
    plane, bits = frame.planes[0], frame.format.components[0].bits
    luma = np.frombuffer(memoryview(plane), np.uint16).reshape(HEIGHT, -1)[:, :WIDTH] / 2 ** (
        bits - 10
    )
    opaque = alpha() == 1
    off = luma - ramp()
    assert np.abs(off)[opaque].mean() < 0.5  # it is lossy; 8 bits alone are off by 1 in the mean
    assert np.abs(off[opaque].mean()) < 0.1


def test_exr_keeps_ten_bits_in_linear_light(tmp_path: Path) -> None:
    oiio = pytest.importorskip("OpenImageIO")
    assert not layers(recording(tmp_path / "in.mkv", ramp()), "exr", tmp_path / "l")
    red = oiio.ImageBuf(str(tmp_path / "l/000001.exr")).get_pixels(oiio.FLOAT)[..., 0]
    opaque = alpha() == 1
    signal = (ramp() - 64.0) / 876
    light = ((signal + 0.055) / 1.055) ** 2.4
    assert np.abs(red / light - 1)[opaque].max() < 1e-3
    assert len(np.unique(red[opaque])) == len(np.unique(ramp()[opaque]))


@pytest.mark.parametrize(("kind", "bits"), [("webm", 16), ("png", 8)])
def test_what_cannot_keep_ten_bits_says_so(tmp_path: Path, kind: LayerFormat, bits: int) -> None:
    (note,) = layers(recording(tmp_path / "in.mkv", ramp()), kind, tmp_path / "l", bits)
    assert "have 10 bits, those of the layers have 8" in note
    assert "ffv1" in note
    if kind == "png":
        grey8 = decoded(tmp_path / "l/foreground/000001.png", "rgba")[..., 0]
        expected = (ramp() - 64.0) / 876 * 255
        assert np.abs(grey8 - expected)[alpha() == 1].max() <= 0.51


def pq_code(nits: float) -> int:
    """10-bit limited range, by SMPTE ST 2084."""
    y = (nits / 10000) ** 0.1593017578125
    return round(64 + 876 * ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375)


def test_exr_has_the_light_of_hdr_from_before_tone_mapping(tmp_path: Path) -> None:
    oiio = pytest.importorskip("OpenImageIO")
    nits = np.array([20, 100, 203, 400, 800, 1500])
    luma = np.zeros((HEIGHT, WIDTH), np.uint16)
    for number, value in enumerate(nits):
        luma[:, 48 + 8 * number : 56 + 8 * number] = pq_code(float(value))
    clip = recording(tmp_path / "in.mkv", luma, transfer=PQ)
    (note,) = layers(clip, "exr", tmp_path / "l")
    assert "203 cd/m2" in note
    pixels = oiio.ImageBuf(str(tmp_path / "l/000001.exr")).get_pixels(oiio.FLOAT)
    found = pixels[HEIGHT // 2, 52::8, 0] * 203
    assert np.abs(found / nits - 1).max() < 0.02  # a code of PQ is about 1 %
    about = json.loads((tmp_path / "l" / SIDECAR).read_text())
    assert "203 cd/m2" in about["colour"]["transfer"]


@pytest.mark.parametrize("white", [1.0, 2.9, 6.0])
@pytest.mark.parametrize("wrong_by", [0.0, -0.3])
def test_hdr_is_unmixed_in_linear_light(tmp_path: Path, white: float, wrong_by: float) -> None:
    oiio = pytest.importorskip("OpenImageIO")
    level, a = 120, alpha()[0]
    behind = ((level / 255 + 0.055) / 1.055) ** 2.4  # under the knee, where nothing is compressed
    mixed = a * white + (1 - a) * behind
    luma = np.array([pq_code(203 * float(light)) for light in mixed])
    clip = recording(tmp_path / "in.mkv", np.tile(luma, (HEIGHT, 1)), transfer=PQ)
    soft = (a > 0.15) & (a < 0.98)
    believed = np.where(soft, a + np.float32(wrong_by * (1 - a) * 2), a).astype(np.float32)
    found = np.ascontiguousarray(np.tile(np.clip(believed, 0, 1), (HEIGHT, 1)))
    layers(clip, "exr", tmp_path / "l", level=level, found=found)
    image = oiio.ImageBuf(str(tmp_path / "l/000001.exr"))
    pixels = image.get_pixels(oiio.FLOAT)[HEIGHT // 2]
    row = dict(zip(image.spec().channelnames, pixels.T, strict=True))
    own, share = row["R"], row["A"]
    assert own.max() <= 1.5 * 1.02 * white
    again = share * own + (1 - share) * behind
    assert np.abs(row["composite.R"] - again).max() < 0.01 * white
    if not wrong_by:
        assert np.abs(own / white - 1)[soft & (a > 0.3)].max() < 0.04
        # A code of PQ is about 1 %; where alpha is faint the colour beside it stands in.
        assert np.abs(again / mixed - 1).max() < 0.03


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_is_tone_mapped_with_sixteen_bits_elsewhere(tmp_path: Path, transfer: int) -> None:
    clip = recording(tmp_path / "in.mkv", ramp(), transfer=transfer)
    layers(clip, "png", tmp_path / "l")
    rgba = decoded(tmp_path / "l/foreground/000001.png", "rgba64le")
    opaque = alpha() == 1
    with open_source(str(clip)) as source:
        eight = next(iter(source)).pixels
    assert (
        np.abs(rgba[..., 0] / 257 - eight[..., 0])[opaque].max() < 1.5
    )  # of 8 bits, by coarser curves
    assert len(np.unique(rgba[..., 0][opaque])) == len(np.unique(ramp()[opaque]))
    about = json.loads((tmp_path / "l" / SIDECAR).read_text())
    assert about["colour"]["transfer"] == "bt709, tone-mapped from HDR"


@pytest.mark.parametrize("pix_fmt", [
    "yuv420p10le", "yuv422p10le", "yuv444p12le", "p010le", "p012le", "p210le",
])  # fmt: skip
@pytest.mark.parametrize("full_range", [False, True])
def test_deep_colours_obey_the_matrix(pix_fmt: str, full_range: bool) -> None:
    bits = 12 if pix_fmt.endswith("12le") else 10
    white = 2**bits - 1
    rng = np.random.default_rng(1)
    flat = rng.integers(white // 3, white // 2, (3, 2, 3))  # flat patches: nothing is interpolated
    y, u, v = (np.kron(part, np.ones((16, 16), int)) for part in flat)
    if "420" in pix_fmt or pix_fmt.startswith("p0"):
        u, v = (part[::2, ::2] for part in (u, v))
    elif "444" not in pix_fmt:
        u, v = (part[:, ::2] for part in (u, v))
    if pix_fmt.startswith("p"):
        frame = semi_planar([y, u, v], pix_fmt, bits)
    else:
        frame = picture([y, u, v], pix_fmt)
    tags = ColourTags(matrix=BT2020, full_range=full_range)
    finer = 2 ** (bits - 8)
    luma, chroma, black = (white, white, 0) if full_range else (219 * finer, 224 * finer, 16)
    ey = (flat[0] - black * finer) / luma
    cb, cr = ((part - 128 * finer) / chroma for part in flat[1:])
    red, blue = ey + 1.4746 * cr, ey + 1.8814 * cb
    green = (ey - 0.2627 * red - 0.0593 * blue) / 0.6780
    found = deep_rgb(frame, tags)[8::16, 8::16]
    expected = np.clip(np.stack([red, green, blue], axis=-1), 0, 1) * 65535
    assert np.abs(found - expected).max() <= 2
    inside = (expected > 0).all(axis=-1) & (expected < 65535).all(axis=-1)
    back = yuv_from_deep(found, tags, bits)
    assert np.abs(back - np.stack(list(flat), axis=-1))[inside].max() <= 1


def test_semi_planar_pictures_have_the_colours_of_planar_ones() -> None:
    rng = np.random.default_rng(1)
    planes = [rng.integers(64, 940, (1088 // n, 1928 // n)).astype(np.uint16) for n in (1, 2, 2)]
    expected = deep_rgb(picture(planes, "yuv420p10le"), ColourTags())
    frame = semi_planar(planes, "p010le", 10)
    for _ in range(6):  # threads of swscale went wrong in every fifth
        assert np.array_equal(deep_rgb(frame, ColourTags()), expected)


def test_images_of_sixteen_bits_keep_them(tmp_path: Path) -> None:
    codes = np.linspace(20_000, 20_000 + 9 * (WIDTH - 1), WIDTH).astype(np.uint16)
    picture16 = np.ascontiguousarray(np.broadcast_to(codes[None, :, None], (HEIGHT, WIDTH, 3)))
    (tmp_path / "in").mkdir()
    for number in range(2):
        cv2.imwrite(str(tmp_path / f"in/{number}.png"), picture16)
    assert not layers(tmp_path / "in", "png", tmp_path / "l")
    rgba = decoded(tmp_path / "l/foreground/000001.png", "rgba64le")
    opaque = alpha() == 1
    assert np.array_equal(rgba[opaque][:, :3], picture16[opaque])
    about = json.loads((tmp_path / "l" / SIDECAR).read_text())
    assert (about["colour"]["bits_of_colours"], about["colour"]["bits_of_input"]) == (16, 16)


def test_the_command_keeps_ten_bits(tmp_path: Path) -> None:
    clip = recording(tmp_path / "in.mkv", ramp())
    plate = tmp_path / "plate.png"
    cv2.imwrite(str(plate), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    options = ["--layers", "foreground", "--engine", "difference", "-b", str(plate), "--json"]
    done = CliRunner().invoke(
        app, ["video", str(clip), *options, "--plate-fixed", "-o", str(tmp_path / "l")]
    )
    assert done.exit_code == 0, done.stderr
    rgba = decoded(tmp_path / "l/foreground/000001.png", "rgba64le")
    opaque = rgba[..., 3] == 65535
    assert opaque.sum() > 100
    expected = (ramp() - 64.0) / 876 * 65535
    assert np.abs(rgba[..., 0] - expected)[opaque].max() <= 1
