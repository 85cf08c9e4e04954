"""Blocks cover a picture once, and depend on its size alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.blocks import Block, blocks_of, bounds, core_of, overlaps, with_margin

SIDES = st.integers(1, 3000)


@given(SIDES, SIDES)
def test_blocks_cover_every_pixel_once(width_px: int, height_px: int) -> None:
    times = np.zeros((height_px, width_px), np.uint8)
    for block in blocks_of(width_px, height_px):
        times[block.rows, block.columns] += 1
    assert (times == 1).all()


@given(SIDES, SIDES)
def test_the_core_of_what_is_read_is_the_block_itself(
    width_px: int, height_px: int
) -> None:
    picture = np.arange(width_px * height_px, dtype=np.uint64).astype(np.uint8)
    picture = picture.reshape(height_px, width_px)
    for block in blocks_of(width_px, height_px):
        read = with_margin(block, width_px, height_px)
        core = core_of(picture[read.rows, read.columns], block, read)
        assert np.array_equal(core, picture[block.rows, block.columns])


def test_bounds_stay_inside_and_miss_what_is_outside() -> None:
    whole = Block(0, 0, 100, 50)
    outline = np.array([[-5.0, 10.2], [20.5, 60.0]])
    assert bounds([outline], whole) == Block(0, 10, 21, 50)
    assert bounds([outline + 200], whole) is None
    assert bounds([], whole) is None


def test_blocks_that_only_touch_share_no_pixel() -> None:
    assert not overlaps(Block(0, 0, 10, 10), Block(10, 0, 20, 10))
    assert overlaps(Block(0, 0, 11, 10), Block(10, 0, 20, 10))
