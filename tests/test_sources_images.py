"""Images as a stream."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources import open_source
from edgeds.sources.image_names import unique_names
from edgeds.sources.images import ImagesSource, pixels_from_image


def _write(path: Path, level: int, size: tuple[int, int] = (20, 30)) -> None:
    cv2.imwrite(str(path), np.full((*size, 3), level, np.uint8))


def test_numbers_in_names_count_as_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        _write(tmp_path / f"shot{number}.png", number)
    frames = list(open_source(tmp_path))
    assert [frame.name for frame in frames] == ["shot1", "shot2", "shot10"]
    assert [int(frame.pixels[0, 0, 0]) for frame in frames] == [1, 2, 10]


def test_a_glob_takes_what_it_matches(tmp_path: Path) -> None:
    for name in ("a1.png", "a2.png", "b1.png"):
        _write(tmp_path / name, 5)
    assert [frame.name for frame in open_source(str(tmp_path / "a*.png"))] == ["a1", "a2"]


def test_red_stays_red(tmp_path: Path) -> None:
    bgr = np.zeros((8, 8, 3), np.uint8)
    bgr[..., 2] = 200
    cv2.imwrite(str(tmp_path / "red.png"), bgr)
    assert tuple(pixels_from_image(tmp_path / "red.png")[0, 0]) == (200, 0, 0)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no images in"):
        open_source(tmp_path)


def test_an_image_of_another_size_ends_the_stream_and_is_named(tmp_path: Path) -> None:
    _write(tmp_path / "1.png", 5)
    _write(tmp_path / "2.png", 5, size=(21, 30))
    with pytest.raises(SourceFailed, match=r"2\.png is 30x21"):
        list(open_source(tmp_path))


def test_a_damaged_image_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"not a picture")
    with pytest.raises(SourceError, match=r"1\.png"):
        open_source(tmp_path)


def test_two_folders_do_not_interleave_and_their_frames_have_names_of_their_own(
    tmp_path: Path,
) -> None:
    for camera in ("cam10", "cam2"):
        (tmp_path / camera).mkdir()
        for number in (1, 2, 10):
            _write(tmp_path / camera / f"{number}.png", number)
    frames = list(open_source(str(tmp_path / "cam*" / "*.png")))
    assert [frame.name for frame in frames] == [
        *("cam2_1", "cam2_2", "cam2_10"),
        *("cam10_1", "cam10_2", "cam10_10"),
    ]


def test_images_that_differ_by_their_suffix_alone_have_names_of_their_own(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "b.png"):
        _write(tmp_path / name, 5)
    assert [frame.name for frame in open_source(tmp_path)] == ["a_jpg", "a_png", "b"]


@given(
    st.lists(
        st.builds(
            lambda parts, suffix: Path("/in", *parts).with_suffix(suffix),
            st.lists(st.text("aA_1", min_size=1, max_size=3), min_size=1, max_size=3),
            st.sampled_from([".png", ".PNG", ".jpg"]),
        ),
        unique=True,
        min_size=1,
    )
)
def test_no_two_images_share_a_name(paths: list[Path]) -> None:
    names = unique_names(paths)
    assert len({name.lower() for name in names}) == len(paths)
    assert not any("/" in name for name in names)


def test_hidden_files_are_no_images(tmp_path: Path) -> None:
    _write(tmp_path / "1.png", 5)
    (tmp_path / "._1.png").write_bytes(b"\0\5\x16\7 AppleDouble")
    (tmp_path / ".thumb.png").write_bytes(b"")
    assert [frame.name for frame in open_source(tmp_path)] == ["1"]
    assert [frame.name for frame in open_source(str(tmp_path / "*1.png"))] == ["1"]
    with pytest.raises(SourceError, match="no images"):
        open_source(str(tmp_path / "._*.png"))


def test_a_numbered_pattern_names_its_images(tmp_path: Path) -> None:
    for name in ("f00002.png", "f00010.png", "f3.png", "g00001.png"):
        _write(tmp_path / name, 5)
    assert [f.name for f in open_source(tmp_path / "f%05d.png")] == ["f00002", "f00010"]
    assert [f.name for f in open_source(tmp_path / "f%d.png")] == ["f00002", "f3", "f00010"]
    with pytest.raises(SourceError, match="no images in"):
        open_source(tmp_path / "h%05d.png")


def test_signs_of_a_glob_in_a_folders_name_stand_for_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "shots [1]*"
    folder.mkdir()
    _write(folder / "1.png", 5)
    assert [f.name for f in open_source(folder)] == ["1"]
    assert [f.name for f in open_source(str(folder / "*.png"))] == ["1"]


@pytest.mark.skipif(not cv2.haveImageWriter("x.avif"), reason="this OpenCV writes no AVIF")
def test_avif_images_are_read(tmp_path: Path) -> None:
    for name in ("1.avif", "2.avif"):
        _write(tmp_path / name, 80, size=(64, 64))
    frames = list(open_source(tmp_path))
    assert [frame.name for frame in frames] == ["1", "2"]
    assert abs(int(frames[0].pixels[5, 5, 0]) - 80) <= 3


def test_a_folder_given_as_a_dot_has_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shots"
    folder.mkdir()
    _write(folder / "1.png", 5)
    monkeypatch.chdir(folder)
    assert open_source(".").info.name == "shots"


@pytest.mark.parametrize("name", ["n" * 250 + ".ts", "n" * 5000 + ".mp4", "a\0b.mp4"])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match="cannot open") as caught:
        open_source(name)
    assert len(str(caught.value)) < 400


def _animated(path: Path, levels: tuple[int, ...], durations: tuple[int, ...]) -> None:
    animation = cv2.Animation()
    animation.frames = [np.full((20, 30, 4), (0, 0, level, 255), np.uint8) for level in levels]
    animation.durations = list(durations)
    assert cv2.imwriteanimation(str(path), animation)


@pytest.mark.skipif(not hasattr(cv2, "imwriteanimation"), reason="needs OpenCV 4.11")
@pytest.mark.parametrize("name", ["a.webp", "a.png"])
def test_an_animated_image_gives_all_its_pictures_with_their_times(
    tmp_path: Path, name: str
) -> None:
    _animated(tmp_path / name, (40, 120, 200), (100, 300, 200))
    with open_source(tmp_path / name) as source:
        frames = list(source)
        assert source.info.frame_count in (3, None)
    reds = [int(frame.pixels[5, 5, 0]) for frame in frames]
    assert reds == pytest.approx([40, 120, 200], abs=4)
    assert [frame.pts_secs for frame in frames] == pytest.approx([0.0, 0.1, 0.4], abs=1e-3)


@pytest.mark.skipif(not hasattr(cv2, "imwriteanimation"), reason="needs OpenCV 4.11")
def test_an_animation_among_images_gives_its_first_picture_and_a_note(tmp_path: Path) -> None:
    _animated(tmp_path / "a.webp", (40, 120, 200), (100, 300, 200))
    _write(tmp_path / "b.png", 5)
    source = open_source(tmp_path)
    assert isinstance(source, ImagesSource)
    assert len(list(source)) == 2
    assert source.notes == ["a.webp is an animation of 3 pictures; the first is used"]
