import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.ridges import (
    DIRECTIONS,
    flattened,
    ridge_crests,
    ridge_kernels,
    ridge_lines,
    ridge_strength,
    without_straight_runs,
)

SIDE = 128


def drawn(points, *, ground=140, line=112, seed=0, side=SIDE):
    """A line 2 px wide through `points` on a surface with a little noise."""
    grey = np.full((side, side), ground, np.uint8)
    corners = np.array(points, np.int32).reshape(-1, 1, 2)
    cv2.polylines(grey, [corners], isClosed=False, color=line, thickness=2)
    noise = np.random.default_rng(seed).normal(0, 4, grey.shape)
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def strength_of(grey):
    return ridge_strength(grey, width_px=1.0, length_px=5.0)


def lines_of(grey, *, least=4.0):
    return ridge_lines(ridge_crests(strength_of(grey), least=least))


def longest(lines):
    return max(lines, key=lambda line: line.extent_px)


def test_each_filter_ignores_even_surfaces_and_has_unit_energy():
    kernels = ridge_kernels(1.0, 5.0)
    assert len(kernels) == DIRECTIONS
    for kernel in kernels:
        assert abs(float(kernel.sum())) < 1e-3
        assert np.linalg.norm(kernel) == pytest.approx(1.0, abs=1e-5)


@settings(deadline=None, max_examples=12)
@given(angle_deg=st.floats(0, 180), shade=st.integers(-40, 40), seed=st.integers(0, 99))
def test_a_line_is_found_along_its_direction_at_any_angle_and_shade(
    angle_deg, shade, seed
):
    middle = SIDE / 2
    step = 45 * np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    ends = [np.rint(middle - step), np.rint(middle + step)]
    grey = drawn(ends, ground=140 + shade, line=112 + shade, seed=seed)
    line = longest(lines_of(grey))
    along = np.array(ends[1]) - ends[0]
    along /= np.linalg.norm(along)
    assert abs(float(along @ line.direction)) > 0.995
    assert line.extent_px > 75
    assert line.deviation_px < 1.2
    offset = line.middle - middle
    assert abs(offset[0] * along[1] - offset[1] * along[0]) < 1.5


def test_where_opencv_drew_the_line_there_are_its_points():
    grey = drawn([(10, 30), (60, 40), (118, 90)])
    line = longest(lines_of(grey))
    drawing = np.full((SIDE, SIDE), 255, np.uint8)
    corners = np.array([[(10, 30), (60, 40), (118, 90)]], np.int32)
    cv2.polylines(drawing, corners, isClosed=False, color=0)
    away = cv2.distanceTransform(drawing, cv2.DIST_L2, 5)
    assert away[line.rows, line.columns].max() <= 3.5


def test_bright_lines_are_the_dark_ones_of_the_negative():
    grey = drawn([(10, 20), (110, 100)], ground=90, line=118)
    bright = ridge_crests(-strength_of(grey), least=4.0)
    dark = ridge_crests(strength_of(255 - grey), least=4.0)
    assert longest(ridge_lines(bright)).extent_px > 100
    assert abs(len(bright.rows) - len(dark.rows)) <= 2


def test_shade_and_a_change_of_light_are_flattened():
    grey = drawn([(20, 64), (108, 64)])
    light = np.linspace(0, 80, SIDE)[None, :]
    shaded = np.clip(grey + light, 0, 255).astype(np.uint8)
    inner = slice(20, -20)
    difference = flattened(shaded)[inner, inner] - flattened(grey)[inner, inner]
    assert np.abs(difference).mean() < 0.15


def test_lines_of_two_directions_side_by_side_stay_two():
    grey = np.minimum(
        drawn([(10, 20), (118, 20)]), drawn([(10, 40), (118, 118)], seed=1)
    )
    long_ones = [line for line in lines_of(grey) if line.extent_px > 90]
    assert len(long_ones) == 2


def test_a_web_of_joints_falls_apart_and_goes():
    grey = np.minimum(
        drawn([(30, 0), (30, SIDE)]), drawn([(0, 95), (SIDE, 95)], seed=1)
    )
    crests = ridge_crests(strength_of(grey), least=4.0)
    assert longest(ridge_lines(crests)).deviation_px > 5  # as one, it bends
    bent = without_straight_runs(crests, extent_px=50.0, deviation_px=1.0)
    assert len(bent.rows) < 0.35 * len(crests.rows)


def test_a_line_that_wanders_is_no_straight_run():
    wander = [(8 + 8 * n, 64 + (-1) ** n * 6) for n in range(15)]
    crests = ridge_crests(strength_of(drawn(wander)), least=4.0)
    bent = without_straight_runs(crests, extent_px=50.0, deviation_px=1.0)
    assert len(bent.rows) == len(crests.rows) > 80


def test_turned_by_a_right_angle_the_same_line_is_found():
    grey = drawn([(12, 40), (50, 30), (115, 80)])
    line, turned = longest(lines_of(grey)), longest(lines_of(np.rot90(grey).copy()))
    assert turned.extent_px == pytest.approx(line.extent_px, abs=3)
    assert turned.strength == pytest.approx(line.strength, rel=0.05)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (40, 40)])
def test_an_empty_or_tiny_surface_has_no_line(shape):
    assert lines_of(np.full(shape, 120, np.uint8)) == []


def test_the_same_picture_gives_the_same_lines_in_the_same_order():
    grey = np.random.default_rng(5).integers(0, 256, (96, 96), dtype=np.uint8)
    one, two = lines_of(grey, least=2.5), lines_of(grey, least=2.5)
    assert len(one) == len(two) > 0
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first.rows, second.rows)
        assert first.strength == second.strength
