"""Blocks are read once and kept whole; what is kept is what would be read."""

import runpy
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from data.errors import LedgerError
from pipelines import reading
from pipelines.blocks import Block
from pipelines.reading import Reader, png_bytes, weights_key, write_atomically
from vision.segment import segment
from vision.weights import load_model

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
RED, GREEN = (255, 0, 0), (0, 255, 0)
SIZE = (1000, 300)
"""Two blocks: the second is the last 104 columns."""
WHOLE = Block(0, 0, *SIZE)
LEFT, RIGHT = Block(0, 0, 400, 300), Block(950, 0, 1000, 300)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return CASES["install_weights"](tmp_path_factory.mktemp("eye") / "weights")


@pytest.fixture(scope="module")
def model(weights: Path):
    return load_model(None, folder=weights)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    rgb = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    rgb[20:80, 30:90], rgb[100:200, 850:980] = RED, GREEN
    path = tmp_path / "picture"
    path.write_bytes(CASES["tiff"](rgb))
    return path


@pytest.fixture
def open_picture(picture: Path, model, tmp_path: Path):
    def reader(reads="reads", *, gsd_m=0.02, model=model, path=picture) -> Reader:
        digest = sha256(path.read_bytes()).hexdigest()
        return Reader(path, digest, SIZE, model, gsd_m=gsd_m, reads=tmp_path / reads)

    return reader


def copied(picture: Path, more: bytes) -> Path:
    other = picture.with_name("other")
    other.write_bytes(picture.read_bytes() + more)
    return other


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_only_blocks_that_are_asked_for_are_read_and_each_once(open_picture, tmp_path):
    reader = open_picture()
    reader.planes(LEFT)
    assert len(reader.entries) == len(files_in(tmp_path / "reads")) == 1
    reader.planes(LEFT)
    assert len(reader.entries) == 1
    reader.planes(WHOLE)
    assert len(reader.entries) == len(files_in(tmp_path / "reads")) == 2


def test_the_planes_are_what_the_weights_say_of_the_whole_picture(
    open_picture, model, picture
):
    found = open_picture().planes(WHOLE)
    whole = segment(model, reading.read_rgb(picture), gsd_m=0.02)
    assert np.array_equal(found[:, :, 0], whole.damage)
    assert np.array_equal(found[:, :, 1], whole.component)
    assert np.array_equal(found[:, :, 2], whole.damage_probability)
    assert set(np.unique(found[:, :, 0])) == {0, 1, 2}


def test_a_part_is_the_part_of_the_whole(open_picture):
    assert np.array_equal(
        open_picture().planes(RIGHT), open_picture("others").planes(WHOLE)[:, 950:]
    )


def test_a_kept_block_is_not_segmented_again(open_picture, monkeypatch):
    first = open_picture().planes(WHOLE)
    monkeypatch.setattr(reading, "segment", None)
    again = open_picture()
    assert np.array_equal(again.planes(WHOLE), first)
    assert len(again.entries) == 2


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"no picture at all",
        png_bytes(np.zeros((5, 5, 3), np.uint8)),
        png_bytes(np.zeros((300, 896, 3), np.uint8))[:-100],
    ],
)
def test_a_damaged_kept_block_is_read_again(open_picture, tmp_path, damage: bytes):
    reader = open_picture()
    first, before = reader.planes(WHOLE).copy(), files_in(tmp_path / "reads")
    for name in before:
        (tmp_path / "reads" / name).write_bytes(damage)
    again = open_picture()
    assert np.array_equal(again.planes(WHOLE), first)
    assert files_in(tmp_path / "reads") == before
    assert again.entries == reader.entries


def test_two_readers_give_the_same_bytes_in_any_order(open_picture, tmp_path):
    one, other = open_picture(), open_picture("others")
    one.planes(LEFT), one.planes(RIGHT)
    other.planes(RIGHT), other.planes(LEFT)
    assert sorted(one.entries) == sorted(other.entries)
    assert files_in(tmp_path / "reads") == files_in(tmp_path / "others")


def test_another_picture_distance_or_card_is_another_block(
    open_picture, picture, model
):
    card = replace(model.card, scales=(1.0,))
    readers = [
        open_picture(),
        open_picture(gsd_m=0.03),
        open_picture(gsd_m=None),
        open_picture(path=copied(picture, b"and more")),
        open_picture(model=replace(model, card=card)),
    ]
    for reader in readers:
        reader.planes(RIGHT)
    assert len({reader.entries[0][1] for reader in readers}) == len(readers)


def test_other_code_reads_a_block_anew(open_picture, monkeypatch):
    before = open_picture()
    before.planes(RIGHT)
    monkeypatch.setattr(reading, "code_sha256", lambda: "d" * 64)
    after = open_picture()
    after.planes(RIGHT)
    assert before.entries[0][1] != after.entries[0][1]


def test_a_threshold_calibrated_anew_is_another_key_of_the_same_weights(model):
    card = model.card
    thresholds = replace(
        card.thresholds, damage=card.thresholds.damage | {"crack": 0.9}
    )
    changed = replace(card, thresholds=thresholds)
    assert changed.sha256 == card.sha256
    assert weights_key(changed) != weights_key(card)


def test_a_file_is_whole_or_not_there(tmp_path: Path):
    path = tmp_path / "folder" / "file"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert files_in(path.parent) == {"file": b"second"}


def test_a_picture_that_changed_in_the_store_is_no_picture_of_ours(
    open_picture, picture
):
    reader = open_picture()
    picture.write_bytes(picture.read_bytes() + b"x")
    with pytest.raises(LedgerError, match="ingest it again"):
        reader.planes(WHOLE)
    picture.unlink()
    with pytest.raises(LedgerError, match="ingest it again"):
        reader.planes(WHOLE)
