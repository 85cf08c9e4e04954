"""Painted cracks and wires: the label says what the picture shows."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.classes import COMPONENT, DAMAGE, IGNORED
from vision.painting.blending import Tone, blended, contrast
from vision.painting.cracks import crack_mask, paint_cracks
from vision.painting.strokes import Stroke, coverage
from vision.painting.wires import paint_wires
from vision.sample import SURROUNDINGS

SIDE_PX = 96
relaxed = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 2**32 - 1)


def wall(seed, *, spread=5.0):
    """Rough grey concrete."""
    rng = np.random.default_rng(seed)
    grey = 150 + rng.normal(0, spread, (SIDE_PX, SIDE_PX, 1))
    return np.repeat(grey, 3, axis=2).astype(np.float32)


def sound():
    return np.full((SIDE_PX, SIDE_PX), DAMAGE["none"], np.uint8)


@relaxed
@given(seeds)
def test_the_same_chance_paints_the_same_crack_and_leaves_the_background(seed):
    image, damage = wall(1), sound()
    kept = image.copy()
    painted = [paint_cracks(image, damage, np.random.default_rng(seed)) for _ in "ab"]
    assert np.array_equal(painted[0][0], painted[1][0])
    assert np.array_equal(painted[0][1], painted[1][1])
    assert np.array_equal(image, kept)
    assert not damage.any()


@relaxed
@given(seeds)
def test_a_painted_wall_holds_nothing_but_sound_crack_and_unknown(seed):
    image, damage = paint_cracks(wall(2), sound(), np.random.default_rng(seed))
    assert {*np.unique(damage)} <= {DAMAGE["none"], DAMAGE["crack"], IGNORED}
    assert image.dtype == np.float32
    assert np.isfinite(image).all()


def test_about_one_wall_in_eight_stays_without_a_crack():
    empty = sum(
        not (
            paint_cracks(wall(3), sound(), np.random.default_rng(n))[1]
            == DAMAGE["crack"]
        ).any()
        for n in range(200)
    )
    assert 10 <= empty <= 50  # 13 %, and a few cracks that miss the crop


def test_what_is_called_crack_is_darker_than_what_surrounds_it():
    darker = []
    for seed in range(40):
        image, damage = paint_cracks(wall(4), sound(), np.random.default_rng(seed))
        crack = (damage == DAMAGE["crack"]).astype(np.uint8)
        if crack.sum() < 40:
            continue
        near = cv2.dilate(crack, np.ones((13, 13), np.uint8)) > 0
        beside = near & (damage == DAMAGE["none"])
        darker.append(image[beside].mean() - image[crack > 0].mean())
    assert len(darker) > 20
    assert np.mean(np.array(darker) > 5) > 0.9


@relaxed
@given(seeds, st.floats(1, 25))
def test_a_crack_is_never_fainter_than_its_texture(seed, spread):
    image = wall(seed, spread=spread)
    covered = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    covered[40:44] = 1
    weak = Tone(0.0, 1e-6, floor=1.7)
    shift = contrast(image, covered, weak, np.random.default_rng(0))
    assert shift >= 1.5 * spread  # 1.7 x, of a spread measured on a few hundred pixels


def test_uncovered_pixels_stay_as_they_are():
    image = wall(5)
    covered = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    covered[10:20, 10:20] = 1
    changed = blended(image, covered, Tone(0.5, 0.6), np.random.default_rng(1))
    assert np.array_equal(changed[covered == 0], image[covered == 0])
    assert (changed[covered == 1] < image[covered == 1]).mean() > 0.95


def test_partly_covered_pixels_are_unknown():
    covered = np.array([[0.05, 0.2, 0.5]], np.float32)
    mask = crack_mask(np.zeros((1, 3), np.uint8), covered)
    assert mask.tolist() == [[0, IGNORED, DAMAGE["crack"]]]


@pytest.mark.parametrize("width_px", [0.5, 1.0, 3.0, 8.0])
def test_coverage_adds_up_to_the_area_of_the_stroke(width_px):
    points = np.array([[10.0, 48.0], [86.0, 48.0]])
    covered = coverage([Stroke(points, np.full(2, width_px))], SIDE_PX)
    per_column = covered[:, 20:76].sum(axis=0)
    assert per_column.mean() == pytest.approx(width_px, abs=0.3)


@relaxed
@given(seeds)
def test_painted_wires_are_conductors_on_surroundings(seed):
    ground = np.full((SIDE_PX, SIDE_PX), SURROUNDINGS, np.uint8)
    image, component = paint_wires(wall(6), ground, np.random.default_rng(seed))
    assert {*np.unique(component)} <= {SURROUNDINGS, COMPONENT["conductor"], IGNORED}
    assert image.shape == (SIDE_PX, SIDE_PX, 3)
    unchanged = component == SURROUNDINGS
    assert unchanged.mean() > 0.2
