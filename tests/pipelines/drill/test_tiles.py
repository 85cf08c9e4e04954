"""Windows to train on: exact labels, and the same bytes however they are made."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("numba")
from pipelines.drill import tiles
from pipelines.drill.tiles import labels_of, tile_scenario, write_tiles

SEED = 12_000


def files_of(folder):
    """Content of every file by its place in the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_one_and_two_workers_write_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(tiles, "PER_WORLD", 1)
    for workers in (1, 2):
        done = write_tiles(
            tmp_path / str(workers), count=2, first_seed=SEED, workers=workers
        )
        assert done == 2
    written = files_of(tmp_path / "1")
    assert written == files_of(tmp_path / "2")
    index = json.loads(written["tiles.json"])
    assert sorted(index) == [f"{SEED:06d}-00", f"{SEED + 1:06d}-00"]
    for stem, about in index.items():
        assert set(about) == {"seed", "gsd_m", "kind", "grade", "view"}
        assert 0.003 < about["gsd_m"] < 0.05
        for plane, top in (("damage", 9), ("component", 10)):
            with Image.open(tmp_path / "1" / plane / f"{stem}.png") as mask:
                labels = np.asarray(mask)
            assert labels.shape == (512, 512)
            assert (labels[labels != tiles.IGNORE] <= top).all()


def test_in_five_worlds_a_bridge_has_every_grade():
    grades = {tile_scenario(SEED + k).bridge_grade for k in range(5)}
    assert grades == {0, 1, 2, 3, 4}


def test_the_same_seed_is_the_same_world():
    assert tile_scenario(SEED) == tile_scenario(SEED)
    assert tile_scenario(SEED) != tile_scenario(SEED + 1)


def test_a_pixel_that_a_wire_barely_touches_is_ignored():
    picture = SimpleNamespace(
        damage=np.array([[8, 8, 0]], np.uint8),
        component=np.array([[4, 4, 9]], np.uint8),
        asset=np.array([[1, 1, 0]], np.uint16),
        thin=np.array([[255, 30, 0]], np.uint8),
    )
    about = {"gsd_m": 0.01, "view": "level"}
    damage, component = labels_of(SimpleNamespace(picture=picture, about=about))
    assert damage.tolist() == [[8, 255, 0]]
    assert component.tolist() == [[4, 255, 9]]
    assert picture.damage.tolist() == [[8, 8, 0]]  # the truth itself stays
