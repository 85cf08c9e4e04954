"""Pixels as the file has them; sharpness and exposure that mean what they say."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.errors import KarteError
from vision.images import (
    PixelWindow,
    crop,
    quality,
    read_rgb,
    read_window,
    reduced,
    unusable_reason,
)

RNG = np.random.default_rng(5)


def scene(height=240, width=320):
    """Blocks with sharp edges and fine grain, like a wall seen from near."""
    blocks = np.random.default_rng(3).integers(60, 200, (height // 8, width // 8, 3))
    large = np.kron(blocks, np.ones((8, 8, 1)))
    grain = np.random.default_rng(4).normal(0, 12, (height, width, 1))
    return np.clip(large + grain, 0, 255).astype(np.uint8)


def test_a_jpeg_says_what_pillow_says(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(scene()).save(path, quality=95)
    with Image.open(path) as picture:
        expected = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(read_rgb(path).astype(int) - expected).max() <= 2


def test_the_orientation_tag_turns_nothing_unless_asked(tmp_path):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(scene(240, 320)).save(path, exif=exif)
    assert read_rgb(path).shape == (240, 320, 3)
    assert read_rgb(path, upright=True).shape == (320, 240, 3)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_lossless_files_come_back_bit_by_bit(tmp_path, name):
    rgb = scene()
    Image.fromarray(rgb).save(tmp_path / name)
    assert (read_rgb(tmp_path / name) == rgb).all()


def test_alpha_is_dropped_and_grey_repeated(tmp_path):
    rgb = scene()
    alpha = np.dstack([rgb, np.zeros(rgb.shape[:2], np.uint8)])
    Image.fromarray(alpha).save(tmp_path / "alpha.tif")
    Image.fromarray(rgb[:, :, 0]).save(tmp_path / "grey.tif")
    assert (read_rgb(tmp_path / "alpha.tif") == rgb).all()
    assert (read_rgb(tmp_path / "grey.tif") == rgb[:, :, :1]).all()


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    rgb = scene()
    bgr = rgb[:, :, ::-1].astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "deep.tif"), bgr)
    assert (read_rgb(tmp_path / "deep.tif") == rgb).all()


def test_a_float_tiff_is_refused_with_a_remedy(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(KarteError, match=r"f\.tif.*float32.*8 or 16 bits"):
        read_rgb(tmp_path / "f.tif")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
@pytest.mark.parametrize("kept", [0.5, 0.02])
def test_a_file_cut_off_is_a_clear_error(tmp_path, name, kept):
    path = tmp_path / name
    Image.fromarray(scene()).save(path)
    encoded = path.read_bytes()
    path.write_bytes(encoded[: int(len(encoded) * kept)])
    with pytest.raises(KarteError, match=name):
        read_rgb(path)


def test_what_is_no_picture_is_a_clear_error(tmp_path):
    for content in (b"", b"hello", b"II*\0", b"\xff\xd8\xff"):
        (tmp_path / "x.jpg").write_bytes(content)
        with pytest.raises(KarteError, match=r"x\.jpg"):
            read_rgb(tmp_path / "x.jpg")


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@given(st.tuples(*[st.integers(-30, 90)] * 2, *[st.integers(1, 90)] * 2))
@settings(deadline=None, max_examples=25)
def test_a_window_is_a_crop_of_the_whole(tmp_path_factory, name, box):
    path = tmp_path_factory.getbasetemp() / name
    if not path.exists():
        Image.fromarray(scene(64, 80)).save(path)
    window = PixelWindow(*box)
    part = read_window(path, window)
    expected = crop(read_rgb(path), window)
    assert part.size == expected.size
    assert part.size == 0 or (part == expected).all()


def test_more_blur_is_never_sharper():
    rgb = scene()
    blurred = [rgb, *(cv2.GaussianBlur(rgb, (0, 0), s) for s in (0.7, 1, 1.5, 2, 3))]
    measured = [quality(picture).sharpness for picture in blurred]
    assert measured == sorted(measured, reverse=True)
    assert measured[0] > 1.8 * measured[3]


@given(st.floats(0.35, 1.0), st.integers(0, 40))
@settings(deadline=None, max_examples=20)
def test_brightness_and_contrast_do_not_change_sharpness(gain, offset):
    rgb = scene()
    other = np.clip(rgb * gain + offset, 0, 255).astype(np.uint8)
    assert quality(other).sharpness == pytest.approx(quality(rgb).sharpness, abs=0.02)


@pytest.mark.parametrize(
    ("value", "reason"), [(0, "dark"), (3, "dark"), (255, "overexposed"), (128, "blur")]
)
def test_an_empty_picture_is_unusable_for_its_own_reason(value, reason):
    rgb = np.full((50, 60, 3), value, np.uint8)
    assert unusable_reason(quality(rgb)) == reason


def test_exposure_is_the_mean_luminance():
    rgb = np.zeros((10, 10, 3), np.uint8)
    rgb[:5] = 255
    measured = quality(rgb)
    assert measured.exposure == pytest.approx(0.5)
    assert (measured.dark_share, measured.bright_share) == (0.5, 0.5)


def test_a_single_pixel_can_be_judged():
    assert 0 <= quality(np.zeros((1, 1, 3), np.uint8)).blur <= 1


def test_reducing_keeps_the_mean():
    rgb = scene()
    assert reduced(rgb, 0.5).shape == (120, 160, 3)
    assert reduced(rgb, 0.5).mean() == pytest.approx(rgb.mean(), abs=0.5)
    assert reduced(rgb, 2.0) is rgb


def test_real_photographs_are_usable_and_blurred_ones_not(shared):
    frames = sorted((shared / "data/georef_brighton").rglob("*.JPG"))[:3]
    assert frames
    for path in frames:
        rgb = read_rgb(path)
        assert unusable_reason(quality(rgb)) is None
        assert unusable_reason(quality(cv2.GaussianBlur(rgb, (0, 0), 3))) == "blur"
        assert unusable_reason(quality((rgb * 0.03).astype(np.uint8))) == "dark"


@pytest.mark.slow
def test_twenty_megapixels_are_judged_in_a_third_of_a_second():
    rgb = RNG.integers(0, 256, (3648, 5472, 3), np.uint8)
    quality(rgb[:100])
    start = time.process_time()
    quality(rgb)
    assert time.process_time() - start < 0.6  # two threads of a busy machine
