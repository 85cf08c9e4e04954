import hashlib
import os
import struct
import time

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from data.errors import ConfigError, RefusedError, UsageError
from data.intake import batch_root, check_picture, find_batch_toml, list_batch


def refused(path):
    with pytest.raises(RefusedError) as caught:
        check_picture(path, name=path.name)
    return caught.value.refusal


def write_tiff(path, *, bands=3, dtype="uint8", side=64):
    profile = {"driver": "GTiff", "width": side, "height": side, "count": bands}
    pixels = np.arange(bands * side * side).reshape(bands, side, side) % 251
    with pytest.warns(NotGeoreferencedWarning):  # noqa: SIM117 - only the opening warns
        with rasterio.open(path, "w", dtype=dtype, **profile) as dataset:
            dataset.write(pixels.astype(dtype))
    return path


def tiff_header_of(width, height):
    entries = [
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8 << 16)),
        *((259, 3, 1, 1 << 16), (262, 3, 1, 1 << 16), (273, 4, 1, 200)),
        *((277, 3, 1, 1 << 16), (278, 4, 1, height), (279, 4, 1, width * height)),
    ]
    body = b"".join(struct.pack(">HHII", *entry) for entry in entries)
    head = b"MM\x00*" + struct.pack(">IH", 8, len(entries))
    return head + body + struct.pack(">I", 0)


def test_a_whole_picture_gives_its_size_and_hash(tmp_path, write_picture):
    path = write_picture(tmp_path / "a.JPG")
    header = check_picture(path, name="a.JPG")
    assert (header.kind, header.width_px, header.height_px) == ("jpeg", 400, 300)
    assert header.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert header.size_bytes == path.stat().st_size


def test_a_tiff_picture_passes_whatever_it_is_called(tmp_path):
    path = write_tiff(tmp_path / "picture.jpg")
    assert check_picture(path, name="picture.jpg").kind == "tiff"


def test_text_named_jpg_is_no_picture(tmp_path):
    path = tmp_path / "notes.JPG"
    path.write_text("this is not a picture")
    refusal = refused(path)
    assert refusal.code == "unknown_type"
    assert refusal.what == "notes.JPG"
    assert refusal.remedy


@pytest.mark.parametrize(
    ("start", "said"),
    [(b"\x89PNG\r\n", "PNG"), (b"PK\x03\x04", "zip"), (b"\0\0\0\x18ftypheic", "HEIC")],
)
def test_another_type_is_named_in_the_refusal(tmp_path, start, said):
    path = tmp_path / "a.JPG"
    path.write_bytes(start + bytes(40))
    assert said in refused(path).value


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "a.JPG"
    path.touch()
    assert refused(path).code == "empty"


def test_a_pipe_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.JPG")
    start = time.monotonic()
    assert refused(tmp_path / "a.JPG").code == "not_a_file"
    assert time.monotonic() - start < 1


def test_a_link_is_refused_even_to_a_good_picture(tmp_path, write_picture):
    (tmp_path / "link.JPG").symlink_to(write_picture(tmp_path / "a.JPG"))
    assert refused(tmp_path / "link.JPG").code == "not_a_file"


def test_a_folder_and_a_missing_file_cost_only_themselves(tmp_path):
    assert refused(tmp_path).code == "not_a_file"
    assert refused(tmp_path / "gone.JPG").code == "unreadable"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_picture_cut_anywhere_is_truncated(tmp_path, write_picture, share):
    path = write_picture(tmp_path / "a.JPG")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert refused(path).code == "truncated"


def test_a_picture_filled_up_with_zeros_is_truncated(tmp_path, write_picture):
    path = write_picture(tmp_path / "a.JPG")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) // 2))
    assert refused(path).code == "truncated"


def test_a_cut_picture_with_a_forged_end_is_found_by_decoding(tmp_path, write_picture):
    path = write_picture(tmp_path / "a.JPG")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.8)] + b"\xff\xd9")
    assert refused(path).code in ("truncated", "unreadable")


def test_bytes_behind_the_end_do_no_harm(tmp_path, write_picture):
    path = write_picture(tmp_path / "a.JPG")
    path.write_bytes(path.read_bytes() + bytes(1000))
    assert check_picture(path, name="a").width_px == 400


def test_noise_behind_the_magic_bytes_is_refused(tmp_path):
    path = tmp_path / "a.JPG"
    for seed in range(50):
        noise = np.random.default_rng(seed).bytes(3000)
        path.write_bytes(b"\xff\xd8\xff" + noise)
        assert refused(path).code in ("unreadable", "truncated", "too_large")


def test_a_header_of_65500_pixels_is_refused_before_decoding(tmp_path, write_picture):
    path = write_picture(tmp_path / "a.JPG")
    data = bytearray(path.read_bytes())
    at = data.rindex(b"\xff\xc0\x00\x11")
    struct.pack_into(">HH", data, at + 5, 65500, 65500)
    path.write_bytes(data)
    assert refused(path).code == "too_large"


def test_a_thousand_scans_are_a_bomb(tmp_path, write_picture):
    path = write_picture(tmp_path / "a.JPG")
    data = path.read_bytes()
    scan = data.rindex(b"\xff\xda")
    path.write_bytes(data[:scan] + data[scan:-2] * 1000 + b"\xff\xd9")
    assert refused(path).code == "bomb"


def test_a_tiff_of_30000_by_30000_is_refused_from_its_header(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff_header_of(30_000, 30_000))
    start = time.monotonic()
    assert refused(path).code == "too_large"
    assert time.monotonic() - start < 2


def test_a_cut_tiff_is_truncated(tmp_path):
    path = write_tiff(tmp_path / "a.tif", side=300)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert refused(path).code in ("truncated", "unreadable")


def test_an_elevation_grid_is_no_picture_and_the_remedy_says_terrain(tmp_path):
    path = write_tiff(tmp_path / "dem.tif", bands=1, dtype="float32")
    refusal = refused(path)
    assert refusal.code == "unknown_type"
    assert "terrain" in refusal.remedy


def test_a_virtual_raster_named_tif_never_opens_another_file(tmp_path):
    secret = write_tiff(tmp_path / "secret.tif")
    path = tmp_path / "a.tif"
    path.write_text(
        '<VRTDataset rasterXSize="64" rasterYSize="64"><VRTRasterBand dataType="Byte" '
        f'band="1"><SimpleSource><SourceFilename>{secret}</SourceFilename>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    assert refused(path).code == "unknown_type"


def test_tiff_magic_before_a_virtual_raster_stays_unreadable(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\x00<VRTDataset rasterXSize='1' rasterYSize='1'/>")
    assert refused(path).code == "unreadable"


def test_a_folder_is_listed_sorted_and_deep(tmp_path, write_picture):
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in ("z.JPG", "b/a.JPG", "b/c/d.JPG"):
        write_picture(tmp_path / name)
    files, refusals = list_batch(tmp_path, tmp_path / "scratch")
    assert [file.name for file in files] == ["b/a.JPG", "b/c/d.JPG", "z.JPG"]
    assert refusals == ()


def test_only_the_short_list_is_left_out_in_silence(tmp_path):
    quiet = (".DS_Store", "Thumbs.db", "notes.txt", "poses.csv", "a.xml", "._a.JPG")
    for name in (*quiet, "video.MP4", "report.pdf", "other.tif"):
        (tmp_path / name).write_bytes(b"x")
    files, _ = list_batch(tmp_path, tmp_path)
    assert [file.name for file in files] == ["other.tif", "report.pdf", "video.MP4"]


def test_the_terrain_that_batch_toml_names_is_left_out(tmp_path, write_picture):
    write_picture(tmp_path / "a.JPG")
    write_tiff(tmp_path / "dsm.tif", bands=1, dtype="float32")
    (tmp_path / "batch.toml").write_text('terrain = "dsm.tif"\n')
    files, _ = list_batch(tmp_path, tmp_path)
    assert [file.name for file in files] == ["a.JPG"]
    assert find_batch_toml(batch_root(tmp_path, tmp_path)) == tmp_path / "batch.toml"


def test_a_bad_batch_toml_stops_the_batch(tmp_path):
    (tmp_path / "batch.toml").write_text("altitude = 3\n")
    with pytest.raises(ConfigError, match="altitude"):
        list_batch(tmp_path, tmp_path)


def test_a_linked_folder_is_refused_and_not_followed(tmp_path, write_picture):
    outside, batch = tmp_path / "outside", tmp_path / "batch"
    outside.mkdir()
    batch.mkdir()
    write_picture(outside / "a.JPG")
    (batch / "link").symlink_to(outside)
    files, refusals = list_batch(batch, tmp_path)
    assert files == ()
    assert [(r.what, r.code) for r in refusals] == [("link", "not_a_file")]


def test_a_name_of_raw_bytes_is_listed_escaped_and_readable(tmp_path, write_picture):
    good = write_picture(tmp_path / "a.JPG").read_bytes()
    for raw in (b"\xff\xfe.JPG", "橋.JPG".encode("cp932")):
        with open(os.fsencode(tmp_path) + b"/" + raw, "wb") as file:  # noqa: PTH123
            file.write(good)
    files, _ = list_batch(tmp_path, tmp_path)
    assert [file.name for file in files] == ["\\xff\\xfe.JPG", "a.JPG", "橋.JPG"]
    for file in files:
        assert check_picture(file.path, name=file.name).width_px == 400


def test_one_picture_is_a_batch_of_one(tmp_path, write_picture):
    path = write_picture(tmp_path / "a.JPG")
    files, refusals = list_batch(path, tmp_path)
    assert [(f.path, f.name) for f in files] == [(path, "a.JPG")]
    assert refusals == ()


def test_a_batch_that_is_not_there_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="not found"):
        list_batch(tmp_path / "gone", tmp_path)
