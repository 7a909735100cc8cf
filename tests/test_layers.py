"""Layers for editors: written, and read back by readers that are not ours."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from typer.testing import CliRunner

from edgeds.cli import app
from edgeds.errors import InputError, SinkError, SinkFailed
from edgeds.sinks.atomic_files import PendingFile, part_name
from edgeds.sinks.layers.code_values import Coding, DepthCodes, LayerFrame
from edgeds.sinks.layers.earlier_layers import check_layers_folder, discard_parts
from edgeds.sinks.layers.layers_folder import LayersSink, LayersWanted
from edgeds.sinks.layers.names import LAYERS, WITH_ALPHA, Layer, LayerFormat
from edgeds.sources import SyntheticSource
from edgeds.sources.timecode import Recorded, recorded, timecode_after
from edgeds.types import Frame, Maps
from edgeds.views.editor_layers import layers_composer

MakeClip = Callable[..., Path]
SIZE = (61, 97)  # odd sides: 4:2:0 has none
SCENE = SyntheticSource(size=SIZE, frame_count=4, empty=1, rate=Fraction(30000, 1001))
DEPTH = DepthCodes(near=0.8, far=0.2)
FAST = ("--engine", "difference")


def pictures(layers: tuple[Layer, ...] = LAYERS) -> list[LayerFrame]:
    compose = layers_composer(layers, plate=SCENE.plate)
    ramp = np.linspace(0.1, 1.5, SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE)
    return [compose(frame, Maps(SCENE.alpha(frame.index), ramp)) for frame in scene()]


def scene() -> SyntheticSource:
    return SyntheticSource(size=SIZE, frame_count=4, empty=1, rate=Fraction(30000, 1001))


def written(
    folder: Path,
    kind: LayerFormat,
    *,
    bits: Literal[8, 16] = 16,
    premultiplied: bool | None = None,
    depth: DepthCodes = DEPTH,
) -> list[LayerFrame]:
    wanted = LayersWanted(layers=LAYERS, kind=kind, bits=bits, premultiplied=premultiplied)
    coding = Coding(depth=depth, premultiplied=wanted.is_premultiplied)
    made = pictures()
    with LayersSink(folder, SCENE.info, wanted, coding, {"engine": "none"}) as sink:
        for picture in made:
            sink.write(picture)
    return made


def decoded(path: Path, how: str) -> npt.NDArray[Any]:
    """The last picture of a file as FFmpeg reads it."""
    return all_decoded(path, how)[-1]


def all_decoded(path: Path, how: str) -> list[npt.NDArray[Any]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = stream.codec_context
        if path.suffix == ".webm":  # FFmpeg's own VP9 decoder drops alpha
            decoder = av.CodecContext.create("libvpx-vp9", "r")
        packets = [packet for packet in container.demux(stream) if packet.size]
        frames = [f for packet in packets for f in decoder.decode(packet)] + decoder.decode(None)
    if frames[0].format.name == how:  # swscale would take RGB to RGB through YUV
        return [frame.to_ndarray() for frame in frames]
    # Of YUV these flags of swscale round exactly.
    exact = {} if frames[0].format.is_rgb else {"interpolation": 0x2 | 0x2000 | 0x40000}
    return [f.reformat(format=how, threads=1, **exact).to_ndarray() for f in frames]


def sides(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values[: SIZE[0], : SIZE[1]]


@pytest.mark.parametrize("kind", ["png", "ffv1"])
def test_lossless_layers_are_read_back_exactly(tmp_path: Path, kind: LayerFormat) -> None:
    last = written(tmp_path / "l", kind)[-1]

    def read(layer: Layer, how: str) -> npt.NDArray[Any]:
        name = f"{layer}/000003.png" if kind == "png" else f"{layer}.mkv"
        return sides(decoded(tmp_path / "l" / name, how))

    alpha = last.alpha.astype(np.float64)
    assert np.array_equal(read("alpha", "gray16le"), np.floor(alpha * 65535 + 0.5))
    depth = read("depth", "gray16le") / 65535 * DEPTH.white
    assert np.abs(depth - last.values["depth"]).max() < DEPTH.white / 65535
    assert np.array_equal(read("mask", "gray"), np.where(alpha > 0.5, 255, 0))
    for layer in ("plate", "composite"):
        assert np.array_equal(read(layer, "rgb24"), last.values[layer])
    rgba = read("foreground", "rgba64le")
    assert np.array_equal(rgba[..., :3], last.values["foreground"].astype(int) * 257)
    assert np.array_equal(rgba[..., 3], read("alpha", "gray16le"))
    assert not read("shadow", "rgba64le")[..., :3].any()


def test_the_room_is_not_under_the_foreground_nor_in_its_colours(tmp_path: Path) -> None:
    last = written(tmp_path / "l", "png")[-1]
    rgba = decoded(tmp_path / "l" / "foreground" / "000003.png", "rgba64le")
    hidden = rgba[..., 3] == 0
    assert hidden.mean() > 0.3
    source = last.of.pixels.astype(int) * 257
    same = (np.abs(rgba[..., :3].astype(int) - source).max(axis=-1) < 257) & hidden
    assert not same.any()


def test_exr_has_standard_channels_in_linear_light(tmp_path: Path) -> None:
    oiio = pytest.importorskip("OpenImageIO")
    last = written(tmp_path / "l", "exr")[-1]
    path = tmp_path / "l" / "000003.exr"
    image = oiio.ImageInput.open(str(path))
    spec, pixels = image.spec(), image.read_image(oiio.FLOAT)
    image.close()
    read = {name: pixels[..., index] for index, name in enumerate(spec.channelnames)}
    assert set(read) >= {"R", "G", "B", "A", "Z", "alpha.A", "shadow.A", "mask.A", "plate.R"}
    assert np.array_equal(read["alpha.A"], last.alpha)
    assert np.allclose(read["Z"], DEPTH.near / last.values["depth"], rtol=1e-6)
    assert np.allclose(spec.getattribute("chromaticities")[:2], (0.64, 0.33))
    assert spec.getattribute("smpte:TimeCode")[0] == 0x03  # hours, minutes, seconds, frame 3
    signal = last.values["foreground"][..., 0] / 255
    light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    assert np.allclose(read["R"], light * last.alpha, atol=2e-3)  # associated, as EXR has it
    with av.open(str(path)) as container:  # a reader that is not OpenEXR's
        frame = next(container.decode(video=0))
    plane = frame.planes[2]  # green, blue, red
    red = sides(np.frombuffer(plane, np.float16).reshape(-1, plane.line_size // 2))
    assert frame.format.name == "gbrapf16le"
    assert np.array_equal(red, read["R"])


def test_exr_colours_are_straight_where_somebody_asks(tmp_path: Path) -> None:
    oiio = pytest.importorskip("OpenImageIO")
    last = written(tmp_path / "l", "exr", premultiplied=False)[-1]
    image = oiio.ImageBuf(str(tmp_path / "l" / "000003.exr"))
    red = image.get_pixels(oiio.FLOAT)[..., 0]
    edge = (last.alpha > 0.2) & (last.alpha < 0.8)
    signal = last.values["foreground"][..., 0] / 255
    light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    assert edge.any()
    assert np.allclose(red[edge], light[edge], atol=2e-3)
    assert json.loads((tmp_path / "l" / "layers.json").read_text())["alpha"] == "straight"


@pytest.mark.parametrize(
    # 10 bits of alpha are half a code off at most; VP9 is lossy, and has 8.
    ("kind", "alpha_off", "colour_off"),
    [("prores", 0.6 / 1023, 3), ("webm", 0.03, 12)],
)
def test_lossy_videos_keep_alpha_and_colours_closely(
    tmp_path: Path, kind: LayerFormat, alpha_off: float, colour_off: float
) -> None:
    last = written(tmp_path / "l", kind)[-1]
    suffix = {"prores": "mov", "webm": "webm"}[kind]
    # swscale's way from 8-bit YUV to 16-bit RGB loses green.
    how, white = ("rgba64le", 65535) if kind == "prores" else ("rgba", 255)
    rgba = sides(decoded(tmp_path / "l" / f"foreground.{suffix}", how)) / white
    assert np.abs(rgba[..., 3] - last.alpha).mean() < alpha_off
    inside = last.alpha > 0.99
    wrong = np.abs(rgba[..., :3] * 255 - last.values["foreground"])[inside]
    assert wrong.mean() < colour_off
    grey = sides(decoded(tmp_path / "l" / f"alpha.{suffix}", how))[..., 0] / white
    assert np.abs(grey - last.alpha).mean() < max(alpha_off, 2 / 1023)
    plate = sides(decoded(tmp_path / "l" / f"plate.{suffix}", "rgb24"))
    assert np.abs(plate.astype(int) - last.values["plate"]).mean() < colour_off


def test_premultiplied_colours_are_black_where_alpha_is(tmp_path: Path) -> None:
    last = written(tmp_path / "l", "png", premultiplied=True)[-1]
    rgba = decoded(tmp_path / "l" / "foreground" / "000003.png", "rgba64le").astype(int)
    assert not rgba[last.alpha == 0].any()
    expected = last.values["foreground"] / 255 * last.alpha[..., None] * 65535
    assert np.abs(rgba[..., :3] - expected).max() <= 1


def test_the_sidecar_says_how_to_read_depth_and_when_frames_are_shown(tmp_path: Path) -> None:
    metric = DepthCodes(near=0.8, far=0.2, metres=(0.5, 0.1), uncertainty=0.06)
    last = written(tmp_path / "l", "png", depth=metric)[-1]
    about = json.loads((tmp_path / "l" / "layers.json").read_text())
    assert about["complete"] is True
    assert about["engine"] == "none"
    assert about["size"] == [SIZE[1], SIZE[0]]
    assert about["time"]["pts"] == [0, 1, 2, 3]
    assert Fraction(about["time"]["time_base"]) == Fraction(1001, 30000)
    code = decoded(tmp_path / "l" / "depth" / "000003.png", "gray16le") / 65535
    inverse = about["depth"]["white"] * code
    metres = 1 / (about["depth"]["metres"]["per_unit"] * inverse + 0.1)
    true = 1 / (0.5 * last.values["depth"] + 0.1)
    assert np.abs(metres / true - 1).max() < 1e-3


def test_exr_depth_is_metres_where_the_scale_is_known(tmp_path: Path) -> None:
    oiio = pytest.importorskip("OpenImageIO")
    metric = DepthCodes(near=0.8, far=0.2, metres=(0.5, 0.1), uncertainty=0.06)
    last = written(tmp_path / "l", "exr", depth=metric)[-1]
    image = oiio.ImageBuf(str(tmp_path / "l" / "000003.exr"))
    z = image.get_pixels(oiio.FLOAT)[..., image.spec().channelnames.index("Z")]
    assert np.allclose(z, 1 / (0.5 * last.values["depth"] + 0.1), rtol=1e-5)
    about = json.loads((tmp_path / "l" / "layers.json").read_text())
    assert about["depth"]["unit"].startswith("metres")


def test_a_composite_over_the_plate_is_the_frame_again() -> None:
    last = pictures(("composite",))[-1]
    wrong = np.abs(last.values["composite"].astype(int) - last.of.pixels)
    # The noise of the frame is missing where it shows the plate, and the rest is rounding.
    assert wrong.mean() < 1.5
    assert wrong[last.alpha > 0.02].mean() < 1.5


def test_foreground_and_plate_are_the_frame_again_where_the_light_changed() -> None:
    y, x = np.mgrid[:96, :128].astype(np.float32)
    alpha = np.clip((30 - np.hypot(y - 48, x - 64)) / 8, 0, 1).astype(np.float32)
    plate = np.full((96, 128, 3), (60, 120, 90), np.uint8)
    shade = alpha[..., None]
    frame = np.rint(shade * (200, 80, 60) + (1 - shade) * (plate + 12.0)).astype(np.uint8)
    offset = np.full((24, 32, 3), 12, np.float32)
    compose = layers_composer(("foreground", "plate", "composite"), plate=plate)
    made = compose(Frame(frame), Maps(alpha, alpha, plate_offset=offset)).values
    again = shade * made["foreground"] + (1 - shade) * made["plate"]
    border = (alpha > 0.15) & (alpha < 0.98)
    assert np.abs(again - frame)[border].max() < 2
    assert np.abs(made["composite"][border].astype(int) - frame[border]).max() <= 2
    far = np.hypot(y - 48, x - 64) > 56
    assert np.array_equal(made["plate"][far], plate[far])


def test_the_plate_has_no_shadow_of_the_foreground_which_is_a_layer_of_its_own() -> None:
    y, x = np.mgrid[:192, :128].astype(np.float32)
    alpha = np.clip((60 - np.hypot((y - 96) * 0.75, x - 64)) / 8, 0, 1).astype(np.float32)
    plate = np.full((192, 128, 3), (160, 120, 90), np.uint8)
    offset = np.zeros((48, 32, 3), np.float32)
    offset[38:] = np.float32(-0.3) * plate[0, 0]  # at the feet
    made = layers_composer(("plate",), plate=plate)(
        Frame(plate), Maps(alpha, alpha, plate_offset=offset)
    )
    assert np.abs(made.values["plate"].astype(int) - plate).max() <= 2


def test_the_light_on_the_plate_does_not_end_at_the_boxes_of_the_foreground() -> None:
    y, x = np.mgrid[:96, :128].astype(np.float32)
    alpha = np.clip((30 - np.hypot(y - 48, x - 64)) / 8, 0, 1).astype(np.float32)
    plate = np.full((96, 128, 3), (60, 120, 90), np.uint8)
    maps = Maps(alpha, alpha, plate_offset=np.full((24, 32, 3), 12, np.float32))
    made = layers_composer(("plate",), plate=plate)(Frame(plate), maps).values["plate"]
    change = made.astype(int) - plate
    assert change.max() == 12
    assert max(np.abs(np.diff(change, axis=axis)).max() for axis in (0, 1)) <= 3


def test_a_full_folder_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SinkError, match="not empty"):
        written(tmp_path, "png")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["notes.txt", "alpha/notes.txt", "alpha/old"])
def test_the_foreign_file_of_a_refused_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "alpha").mkdir()
    (tmp_path / "alpha/000000.png").touch()
    with pytest.raises(SinkError, match="not empty") as caught:
        check_layers_folder(tmp_path)
    assert "'alpha/000000.png' in it is of a run that was killed" in caught.value.why
    assert "--again" in caught.value.fix
    (tmp_path / name).touch()
    with pytest.raises(SinkError, match="not empty") as caught:
        check_layers_folder(tmp_path)
    assert caught.value.why == f"{name!r} in it was not written by edgeds"


def test_system_files_and_what_a_killed_run_left_are_not_in_the_way(tmp_path: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._alpha.mkv"):
        (tmp_path / name).touch()
    left = part_name(tmp_path / "foreground.mkv")
    left.write_bytes(b"half")
    check_layers_folder(tmp_path)
    assert left.exists()  # until a run begins
    written(tmp_path, "ffv1")
    assert not left.exists()
    assert (tmp_path / "foreground.mkv").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_layer_that_another_run_is_writing_is_never_removed(tmp_path: Path) -> None:
    running = PendingFile(tmp_path / "foreground.mkv")
    wanted = LayersWanted(layers=("alpha",), kind="ffv1")
    with pytest.raises(SinkError, match="not empty") as caught:
        LayersSink(tmp_path, SCENE.info, wanted, Coding(depth=DEPTH), {})
    assert caught.value.why == "another run is writing layers to it"
    discard_parts(tmp_path)
    assert running.part.exists()
    running.discard()


@pytest.mark.parametrize("kind", ["png", "ffv1"])
def test_a_run_that_breaks_off_leaves_whole_files_and_says_so(
    tmp_path: Path, kind: LayerFormat
) -> None:
    wanted = LayersWanted(layers=("alpha", "foreground"), kind=kind)
    sink = LayersSink(tmp_path / "l", SCENE.info, wanted, Coding(depth=DEPTH), {})
    with pytest.raises(SinkFailed), sink:
        for picture in pictures()[:2]:
            sink.write(picture)
        raise SinkFailed("the disk is full")
    about = json.loads((tmp_path / "l" / "layers.json").read_text())
    assert about["complete"] is False
    assert len(about["time"]["pts"]) == 2
    if kind == "ffv1":
        assert len(all_decoded(tmp_path / "l" / "alpha.mkv", "gray16le")) == 2
    assert not list((tmp_path / "l").rglob("*.part*"))


def test_nothing_is_left_where_no_frame_came(tmp_path: Path) -> None:
    for kind in ("png", "ffv1"):
        wanted = LayersWanted(layers=("alpha",), kind=kind)  # type: ignore[arg-type]
        LayersSink(tmp_path / "l", SCENE.info, wanted, Coding(depth=DEPTH), {}).close()
    assert not (tmp_path / "l").exists()


def test_exr_without_its_library_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(SinkError, match=r"edgeds\[layers\]"):
        written(tmp_path / "l", "exr")
    assert not (tmp_path / "l").exists()


def test_videos_keep_times_sound_and_tags(make_clip: MakeClip) -> None:
    pts = [0, 40, 80, 500, 510, 900, 1000, 1033, 1400, 1440]
    clip = make_clip(
        pts=pts, time_base=Fraction(1, 1000), frame_count=10, audio=True, matrix=1, full_range=True
    )
    for kind, suffix in (("ffv1", "mkv"), ("prores", "mov")):
        done = CliRunner().invoke(
            app,
            ["video", str(clip), *FAST, "--layers", "alpha,foreground,mask", "--format", kind,
             "-o", str(clip.with_name(kind)), "--json"],
        )  # fmt: skip
        assert done.exit_code == 0, done.stderr
        assert json.loads(done.stdout)["audio"] == "copied"
        folder = clip.with_name(kind)
        assert sorted(path.name for path in folder.iterdir()) == [
            f"alpha.{suffix}", f"foreground.{suffix}", "layers.json", f"mask.{suffix}",
        ]  # fmt: skip
        sounds = []
        for layer in ("alpha", "foreground", "mask"):
            with av.open(str(folder / f"{layer}.{suffix}")) as container:
                stream = container.streams.video[0]
                frames = list(container.decode(stream))
                # In Matroska the sound starts before 0, as AAC does, and all times move along.
                assert [round(1000 * (f.time - frames[0].time)) for f in frames] == pts
                assert {f.color_range for f in frames} == {2 if kind == "ffv1" else 1}
                sounds.append(bool(container.streams.audio))
                rgb = kind == "ffv1" and layer in WITH_ALPHA
                assert {int(f.colorspace) for f in frames} == {0 if rgb else 1}
        assert sounds == [False, True, False]  # one of them is enough


@pytest.mark.parametrize("kind", ["ffv1", "prores", "webm", "png"])
def test_padding_to_even_sides_is_reported(tmp_path: Path, kind: LayerFormat) -> None:
    wanted = LayersWanted(layers=("mask",), kind=kind)
    with LayersSink(tmp_path / "l", SCENE.info, wanted, Coding(depth=DEPTH), {}) as sink:
        sink.write(pictures(("mask",))[0])
    mask = json.loads((tmp_path / "l" / "layers.json").read_text())["layers"]["mask"]
    if kind == "png":
        assert not sink.notes
        assert "size" not in mask
        return
    (note,) = sink.notes
    assert "98x62" in note
    assert "97x61" in note
    assert (mask["size"], mask["size_of_picture"]) == ([98, 62], [97, 61])
    with av.open(str(tmp_path / "l" / mask["files"])) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (98, 62)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layers", "alhpa"], "is not a layer"),
        (["--layers", "alpha", "--format", "tiff"], "not a format"),
        (["--layers", "alpha", "--bits", "12"], "8 or 16"),
        (["--layers", "alpha", "--bits", "8", "--format", "exr"], "without --format png"),
        (["--layers", "alpha", "--view", "mask"], "--view"),
        (["--layers", "alpha", "--backdrop", "#fff"], "composite"),
    ],
)
def test_options_that_cannot_work_are_refused_before_the_work(
    make_clip: MakeClip, options: list[str], message: str
) -> None:
    clip = make_clip(frame_count=2)
    done = CliRunner().invoke(app, ["video", str(clip), *FAST, *options])
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)
    assert [path.name for path in clip.parent.iterdir()] == [clip.name]


def test_again_replaces_the_layers_of_a_killed_run(make_clip: MakeClip, tmp_path: Path) -> None:
    left = tmp_path / "l" / "alpha" / "000007.png"
    left.parent.mkdir(parents=True)
    left.touch()
    clip = make_clip(frame_count=8)
    wanted = ["video", str(clip), *FAST, "--layers", "alpha", "-o", str(tmp_path / "l")]
    assert isinstance(CliRunner().invoke(app, wanted).exception, SinkError)
    assert left.exists()
    assert CliRunner().invoke(app, [*wanted, "--again"]).exit_code == 0
    assert sorted(p.name for p in left.parent.iterdir()) == [f"{n:06d}.png" for n in range(8)]
    assert (tmp_path / "l" / "layers.json").exists()


def test_png_layers_of_eight_bits(tmp_path: Path) -> None:
    made = written(tmp_path / "l", "png", bits=8)
    read = cv2.imread(str(tmp_path / "l" / "alpha" / "000003.png"), cv2.IMREAD_UNCHANGED)
    assert read.dtype == np.uint8
    assert np.abs(read / 255 - made[3].alpha).max() <= 0.5 / 255 + 1e-6


def test_frames_with_names_keep_them_in_the_sidecar(tmp_path: Path) -> None:
    wanted = LayersWanted(layers=("mask",), kind="png")
    picture = pictures(("mask",))[0]
    named = LayerFrame(
        of=Frame(picture.of.pixels, name="beach"), alpha=picture.alpha, values=picture.values
    )
    with LayersSink(tmp_path / "l", SCENE.info, wanted, Coding(depth=DEPTH), {}) as sink:
        sink.write(named)
    about = json.loads((tmp_path / "l" / "layers.json").read_text())
    assert about["time"]["names"] == ["beach"]


@pytest.mark.parametrize(
    ("start", "count", "rate", "expected"),
    [
        (None, 61, Fraction(30), "00:00:02:01"),
        ("01:00:00:00", 24 * 60, Fraction(24000, 1001), "01:01:00:00"),
        ("00:00:59;29", 1, Fraction(30000, 1001), "00:01:00;02"),  # 00 and 01 are dropped
        ("00:09:59;29", 1, Fraction(30000, 1001), "00:10:00;00"),  # but not in a tenth minute
        ("00:00:00;00", 107892, Fraction(30000, 1001), "01:00:00;00"),
        ("23:59:59:24", 1, Fraction(25), "00:00:00:00"),
    ],
)
def test_timecode_goes_on_as_smpte_counts(
    start: str | None, count: int, rate: Fraction, expected: str
) -> None:
    assert timecode_after(start, count, rate) == expected


def test_a_recording_keeps_its_timecode(tmp_path: Path) -> None:
    path = tmp_path / "ten.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("prores_ks", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv422p10le"
        stream.metadata["timecode"] = "10:20:30:05"
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv422p10le")))
        container.mux(stream.encode(None))
    assert recorded(path) == Recorded("10:20:30:05", 10)
    info = replace(SCENE.info, path=path)
    movie = LayersWanted(layers=("alpha",), kind="prores")
    with LayersSink(tmp_path / "m", info, movie, Coding(depth=DEPTH), {}) as sink:
        for picture in pictures(("alpha",)):
            sink.write(picture)
    assert recorded(tmp_path / "m" / "alpha.mov").timecode == "10:20:30:05"
    assert len(all_decoded(tmp_path / "m" / "alpha.mov", "gray")) == 4
    wanted = LayersWanted(layers=("foreground",), kind="exr")
    with LayersSink(tmp_path / "l", info, wanted, Coding(depth=DEPTH), {}) as sink:
        assert not sink.notes
        sink.write(pictures(("foreground",))[1])
    about = json.loads((tmp_path / "l" / "layers.json").read_text())
    assert about["time"]["start_timecode"] == "10:20:30:05"
    oiio = pytest.importorskip("OpenImageIO")
    spec = oiio.ImageBuf(str(tmp_path / "l" / "000001.exr")).spec()
    assert spec.getattribute("smpte:TimeCode")[0] == 0x10203006  # a frame later
