"""Windows cover a picture, their weights sum to 1, and no seam or batch shows."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.windows import blended_rows, cut_axis, window_pixels, window_starts

SIDES = st.integers(1, 150)


def whole(blocks):
    blocks = list(blocks)
    firsts = [block.first for block in blocks]
    lengths = [block.planes.shape[1] for block in blocks]
    assert firsts == [sum(lengths[:number]) for number in range(len(lengths))]
    return np.concatenate([block.planes for block in blocks], axis=1)


def brightness(pixels):
    """A network without any surroundings: planes are the channels themselves."""
    return np.moveaxis(pixels, -1, 1).astype(np.float32)


@given(st.integers(1, 3000), st.sampled_from([64, 128, 512]), st.integers(1, 31))
@settings(deadline=None)
def test_the_weights_of_every_pixel_sum_to_one(size, window, overlap):
    axis = cut_axis(size, window_px=window, overlap_px=overlap)
    total = np.zeros(max(size, axis.window_px))
    for start, weights in zip(axis.starts, axis.weights, strict=True):
        total[start : start + axis.window_px] += weights
    assert np.abs(total - 1).max() < 1e-6
    assert axis.window_px % 32 == 0
    assert axis.weights.min() >= 0


@given(st.integers(513, 5000), st.integers(0, 200))
@settings(deadline=None)
def test_neighbours_overlap_at_least_as_asked_and_reach_the_end(size, overlap):
    starts = window_starts(size, 512, overlap)
    assert starts[0] == 0
    assert starts[-1] + 512 == size
    assert all(a + 512 - b >= overlap for a, b in pairwise(starts))


@given(SIDES, SIDES, st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_blending_a_pixelwise_network_gives_the_picture_back(h, w, batch, seed):
    rgb = np.random.default_rng(seed).integers(0, 256, (h, w, 3), np.uint8)
    planes = whole(
        blended_rows(
            brightness, rgb, classes=3, window_px=64, overlap_px=16, batch=batch
        )
    )
    assert planes.shape == (3, h, w)
    assert np.abs(planes - np.moveaxis(rgb, -1, 0)).max() < 1e-3


@given(SIDES, SIDES, st.integers(2, 6))
@settings(deadline=None, max_examples=20)
def test_the_batch_changes_no_bit(h, w, batch):
    rgb = np.random.default_rng(h * 1000 + w).integers(0, 256, (h, w, 3), np.uint8)
    one, many = (
        whole(
            blended_rows(
                brightness, rgb, classes=3, window_px=32, overlap_px=8, batch=size
            )
        )
        for size in (1, batch)
    )
    assert one.tobytes() == many.tobytes()


def test_a_window_beyond_the_picture_is_filled_by_its_mirror():
    rgb = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    window = window_pixels(rgb, 0, 0, (4, 4))
    assert (window[:, 2:] == window[:, 1::-1]).all()
    assert (window[2:] == window[1::-1]).all()


def test_a_single_pixel_becomes_one_window_of_the_smallest_side():
    rgb = np.full((1, 1, 3), 7, np.uint8)
    shapes = []

    def predict(pixels):
        shapes.append(pixels.shape)
        return brightness(pixels)

    planes = whole(blended_rows(predict, rgb, classes=3))
    assert shapes == [(1, 32, 32, 3)]
    assert planes.ravel().tolist() == [7, 7, 7]
