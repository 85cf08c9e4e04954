"""Each layout gives the same kind of sample, and nothing is in two splits."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import ConfigError
from vision.classes import COMPONENT, DAMAGE, IGNORED
from vision.datasets import (
    LabelledPicture,
    aerial_pictures,
    quay_wall_pictures,
    rendered_tiles,
    train_and_held_out,
    ttpla_pictures,
    uav75_pictures,
)
from vision.sample import SURROUNDINGS

picture_sets = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).with_name("picture_sets.py")))
)


def picture(name, group):
    return LabelledPicture(name, group, lambda: None)


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), max_size=120))
def test_no_group_is_in_both_splits_and_no_picture_is_lost(groups):
    pictures = [picture(f"p{n}", f"g{group}") for n, group in enumerate(groups)]
    train, held_out = train_and_held_out(pictures)
    assert {p.group for p in train}.isdisjoint(p.group for p in held_out)
    assert sorted(p.name for p in (*train, *held_out)) == sorted(
        p.name for p in pictures
    )
    assert len({p.group for p in held_out}) == len({*groups}) // 10


def test_the_order_of_files_does_not_move_the_splits():
    pictures = [picture(f"p{n:02d}", f"g{n % 25}") for n in range(50)]
    assert train_and_held_out(pictures) == train_and_held_out(pictures[::-1])


def test_crops_of_one_photograph_are_one_group(tmp_path):
    picture_sets.write_uav75(tmp_path)
    assert [p.group for p in uav75_pictures(tmp_path)] == [
        "DSC1",
        "DSC1",
        "DSC2",
        "DSC3",
    ]


def test_cracks_and_joints_of_a_wall_keep_their_rows(tmp_path):
    picture_sets.write_uav75(tmp_path)
    sample = uav75_pictures(tmp_path)[0].read()
    assert (sample.damage[20:23] == DAMAGE["crack"]).all()
    assert (sample.damage[60:63] == DAMAGE["distractor"]).all()
    assert (sample.component == IGNORED).all()


def test_what_a_box_holds_is_not_judged(tmp_path):
    picture_sets.write_quay_wall(tmp_path)
    boxed, free, *_ = (p.read().damage for p in quay_wall_pictures(tmp_path))
    assert (boxed[0:48, 24:72] == IGNORED).all()
    assert (boxed[48:] == DAMAGE["none"]).all()
    assert (free == DAMAGE["none"]).all()


def test_real_lines_and_ground_know_that_the_rest_is_no_asset(tmp_path):
    picture_sets.write_lines(tmp_path / "lines")
    picture_sets.write_aerial(tmp_path / "air")
    line = ttpla_pictures(tmp_path / "lines")[0].read().component
    assert {*np.unique(line)} == {
        COMPONENT["conductor"],
        COMPONENT["tower"],
        SURROUNDINGS,
    }
    ground = aerial_pictures(tmp_path / "air")[0].read()
    assert (ground.component == SURROUNDINGS).all()
    assert not ground.damage.any()


def test_tiles_of_one_world_are_one_group(tmp_path):
    picture_sets.write_tiles(tmp_path, seed=10_007)
    tiles = rendered_tiles(tmp_path)
    assert {tile.group for tile in tiles} == {"010007"}
    sample = tiles[0].read()
    assert (sample.damage[30:33] == DAMAGE["collapse"]).all()
    assert (sample.component[50:53] == COMPONENT["bridge"]).all()


def test_a_tile_that_its_index_does_not_know_is_left_out(tmp_path):
    picture_sets.write_tiles(tmp_path, seed=10_007)
    path = tmp_path / "tiles.json"
    index = json.loads(path.read_text())
    index.popitem()
    path.write_text(json.dumps(index))
    assert len(rendered_tiles(tmp_path)) == 2


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"images holds no picture \.jpg"):
        uav75_pictures(tmp_path)


def test_a_mask_of_another_size_is_refused(tmp_path):
    picture_sets.write_uav75(tmp_path)
    path = tmp_path / "masks" / "DSC2.png"
    cv2.imwrite(str(path), np.zeros((5, 5), np.uint8))
    with pytest.raises(ConfigError, match=r"DSC2\.png is missing or not 8-bit"):
        uav75_pictures(tmp_path)[2].read()


def test_real_folders_are_read_whole(shared):
    imagery = shared / "data" / "imagery"
    counts = {
        "train": len(uav75_pictures(imagery / "uav75" / "train")),
        "val": len(uav75_pictures(imagery / "uav75" / "val")),
        "quay": len(quay_wall_pictures(imagery / "omu_quaywall")),
        "lines": len(ttpla_pictures(imagery / "ttpla")),
    }
    assert counts == {"train": 50, "val": 10, "quay": 222, "lines": 2}
